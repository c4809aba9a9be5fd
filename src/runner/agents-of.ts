import { isAgentTool } from '../agents/agent-tool.js'
import { isLlmAgent } from '../agents/is-llm-agent.js'
import type { ToolUnion } from '../agents/llm-agent.js'
import type { BaseAgent } from '../core/agent.js'

/** An agent, those below it, and those that any of them uses as tools. */
export function agentsOf(agent: BaseAgent, seen = new Set<BaseAgent>()): Set<BaseAgent> {
  if (seen.has(agent)) return seen
  seen.add(agent)
  const tools = isLlmAgent(agent) ? agent.tools.filter(isAgentTool) : []
  for (const other of [...agent.subAgents, ...tools.map((tool) => tool.agent)]) agentsOf(other, seen)
  return seen
}

export const toolsOf = (agents: Iterable<BaseAgent>): ToolUnion[] =>
  [...agents].flatMap((agent) => (isLlmAgent(agent) ? agent.tools : []))
