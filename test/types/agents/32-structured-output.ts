import { Type, type Schema } from '@google/genai'
import { LlmAgent, SequentialAgent } from 'adk-ts'
import { z } from 'zod'

const CountryInput = z.object({ country: z.string().describe('The country to ask about.') })
const CapitalOutput = z.object({ capital: z.string().describe('Its capital.') })
const populationSchema: Schema = {
  type: Type.OBJECT,
  properties: { population: { type: Type.NUMBER } },
}

const capital = new LlmAgent({
  name: 'capital',
  model: 'gemini-2.5-flash',
  instruction: 'Answer as JSON.',
  inputSchema: CountryInput,
  outputSchema: CapitalOutput,
  outputKey: 'capital',
})

const population = new LlmAgent({
  name: 'population',
  model: 'gemini-2.5-flash',
  outputSchema: populationSchema,
  outputKey: 'population',
  disallowTransferToParent: true,
  disallowTransferToPeers: true,
})

export const rootAgent = new SequentialAgent({ name: 'facts', subAgents: [capital, population] })
