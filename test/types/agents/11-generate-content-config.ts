import { HarmBlockThreshold, HarmCategory, type GenerateContentConfig } from '@google/genai'
import { LlmAgent } from 'adk-ts'

const generateContentConfig: GenerateContentConfig = {
  temperature: 0.2,
  maxOutputTokens: 250,
  thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
  safetySettings: [
    {
      category: HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
      threshold: HarmBlockThreshold.BLOCK_LOW_AND_ABOVE,
    },
  ],
}

export const rootAgent = new LlmAgent({
  name: 'careful_agent',
  model: 'gemini-2.5-flash',
  generateContentConfig,
})
