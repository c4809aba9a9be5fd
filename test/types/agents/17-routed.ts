import { LlmAgent, RoutedAgent, type AgentRouter } from 'adk-ts'

const fast = new LlmAgent({ name: 'fast', model: 'gemini-2.5-flash' })
const strong = new LlmAgent({ name: 'strong', model: 'gemini-2.5-pro' })

const router: AgentRouter = async (agents, context, errorContext) => {
  if (errorContext?.failedKeys.has('strong')) return 'fast'
  const tier = context.session.state['tier']
  return typeof tier === 'string' && tier in agents ? tier : 'fast'
}

export const rootAgent = new RoutedAgent({ name: 'routed', agents: { fast, strong }, router })
