import {
  Gemini,
  LlmAgent,
  LlmSummarizer,
  TokenBasedContextCompactor,
  TruncatingContextCompactor,
} from 'adk-ts'

const summarizer = new LlmSummarizer({ llm: new Gemini({ model: 'gemini-2.5-flash' }) })

export const rootAgent = new LlmAgent({
  name: 'talkative_agent',
  model: new Gemini({ model: 'gemini-2.5-pro', apiKey: 'a-key' }),
  contextCompactors: [
    new TokenBasedContextCompactor({ tokenThreshold: 1000, eventRetentionSize: 1, summarizer }),
    new TruncatingContextCompactor({ threshold: 100, preserveLeadingEvents: 2 }),
  ],
})
