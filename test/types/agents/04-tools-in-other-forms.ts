import { FunctionTool, LlmAgent } from 'adk-ts'
import { z as z3 } from 'zod/v3'

/** The name of the function is the name of the tool. */
function get_time() {
  return new Date().toISOString()
}

const rollDie = new FunctionTool({
  name: 'roll_die',
  description: 'Rolls a die.',
  parameters: z3.object({ sides: z3.number().int().optional() }),
  execute: async ({ sides = 6 }) => {
    const result: number = await Promise.resolve(sides)
    return result
  },
})

export const rootAgent = new LlmAgent({
  name: 'tool_agent',
  model: 'gemini-2.5-flash',
  tools: [
    new FunctionTool({ description: 'Tells the time.', execute: get_time }),
    new FunctionTool({ name: 'ping', description: 'Answers.', execute: async () => 'pong' }),
    rollDie,
  ],
})
