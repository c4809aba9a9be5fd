import type { Content } from '@google/genai'
import { LlmAgent, type Context, type SingleAgentCallback } from 'adk-ts'

function checkOpen(context: Context): Content | undefined {
  console.info(`[before] ${context.agentName} in ${context.invocationId}`)
  if (!context.state.get<boolean>('closed', false)) return undefined
  return { role: 'model', parts: [{ text: `Agent ${context.agentName} is closed.` }] }
}

const countRuns: SingleAgentCallback = async (context) => {
  context.state.set('runs', (context.state.get<number>('runs') ?? 0) + 1)
  return undefined
}

export const rootAgent = new LlmAgent({
  name: 'shop_agent',
  model: 'gemini-2.5-flash',
  beforeAgentCallback: [checkOpen, countRuns],
  afterAgentCallback: (context) => {
    context.state.set('lastAgent', context.agentName)
  },
})
