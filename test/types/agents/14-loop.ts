import { EXIT_LOOP, FunctionTool, LlmAgent, LoopAgent, type Context } from 'adk-ts'

const approve = new FunctionTool({
  name: 'approve',
  description: 'Call this only when the text is good.',
  execute: (_input, toolContext?: Context) => {
    if (toolContext) toolContext.actions.escalate = true
    return {}
  },
})

const critic = new LlmAgent({ name: 'critic', model: 'gemini-2.5-flash', tools: [approve, EXIT_LOOP] })
const refiner = new LlmAgent({ name: 'refiner', model: 'gemini-2.5-flash', outputKey: 'text' })

export const rootAgent = new LoopAgent({
  name: 'refinement_loop',
  subAgents: [critic, refiner],
  maxIterations: 2,
})
