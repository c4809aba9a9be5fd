import { isAgentTool } from '../agents/agent-tool.js'
import { isLlmAgent } from '../agents/is-llm-agent.js'
import type { BaseAgent } from '../core/agent.js'
import { isBaseToolset, type BaseToolset } from '../core/tool.js'

/** The toolsets of an agent, of those below it, and of those that it uses as tools. */
export function toolsetsOf(agent: BaseAgent, seen = new Set<BaseAgent>()): BaseToolset[] {
  if (seen.has(agent)) return []
  seen.add(agent)
  const tools = isLlmAgent(agent) ? agent.tools : []
  const others = [...agent.subAgents, ...tools.filter(isAgentTool).map((tool) => tool.agent)]
  return [...tools.filter(isBaseToolset), ...others.flatMap((other) => toolsetsOf(other, seen))]
}
