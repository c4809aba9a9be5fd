import { LlmAgent, SequentialAgent } from 'adk-ts'

const GEMINI_MODEL = 'gemini-2.5-flash'

const writer = new LlmAgent({
  name: 'CodeWriterAgent',
  model: GEMINI_MODEL,
  instruction: 'Write a function for what the user asks.',
  description: 'Writes code.',
  outputKey: 'generated_code',
})

const reviewer = new LlmAgent({
  name: 'CodeReviewerAgent',
  model: GEMINI_MODEL,
  instruction: 'Review this code:\n{generated_code?}',
  outputKey: 'review_comments',
  includeContents: 'none',
})

export const rootAgent = new SequentialAgent({
  name: 'CodePipelineAgent',
  subAgents: [writer, reviewer],
  description: 'Writes and reviews code.',
})
