import { LlmAgent } from 'adk-ts'

export const rootAgent = new LlmAgent({
  name: 'hello_agent',
  model: 'gemini-2.5-flash',
  description: 'Greets people.',
  instruction: 'Greet the user in the language they write in.',
})
