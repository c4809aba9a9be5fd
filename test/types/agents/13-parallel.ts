import { GOOGLE_SEARCH, LlmAgent, ParallelAgent, SequentialAgent } from 'adk-ts'

const researcher = (topic: string) =>
  new LlmAgent({
    name: `${topic}_researcher`,
    model: 'gemini-2.5-flash',
    instruction: `Research ${topic} in one sentence.`,
    tools: [GOOGLE_SEARCH],
    outputKey: `${topic}_result`,
  })

const research = new ParallelAgent({
  name: 'research',
  subAgents: [researcher('energy'), researcher('transport')],
  description: 'Researches several topics at once.',
})

const merger = new LlmAgent({
  name: 'merger',
  model: 'gemini-2.5-flash',
  instruction: 'Combine: {energy_result?} {transport_result?}',
})

export const rootAgent = new SequentialAgent({ name: 'pipeline', subAgents: [research, merger] })
