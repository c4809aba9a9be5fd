import { AgentTool, LlmAgent } from 'adk-ts'

const summarizer = new LlmAgent({
  name: 'summary_agent',
  model: 'gemini-2.5-flash',
  instruction: 'Summarize the text you are given.',
  description: 'Summarizes texts.',
})

export const rootAgent = new LlmAgent({
  name: 'root_agent',
  model: 'gemini-2.5-flash',
  instruction: 'Use summary_agent for long texts.',
  tools: [new AgentTool({ agent: summarizer, skipSummarization: true })],
})
