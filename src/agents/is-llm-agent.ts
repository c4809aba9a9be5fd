import type { LlmAgent } from './llm-agent.js'

export const LLM_AGENT_BRAND = Symbol.for('google.adk.llmAgent')

/** Apart from the class, so that what the class is made of can ask without importing it. */
export function isLlmAgent(value: unknown): value is LlmAgent {
  return typeof value === 'object' && value !== null && LLM_AGENT_BRAND in value
}
