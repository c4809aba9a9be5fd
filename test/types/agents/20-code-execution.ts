import { BuiltInCodeExecutor, LlmAgent } from 'adk-ts'

export const rootAgent = new LlmAgent({
  name: 'calculator_agent',
  model: 'gemini-2.5-flash',
  codeExecutor: new BuiltInCodeExecutor(),
  instruction: 'Write and run code to calculate.',
})
