// The room of drawings: what an app is made of, as a tree and in DOT. Nothing is run here: tools that are only known
// once a server was asked, such as those of MCP, appear as their toolset.
import { isAgentTool } from '../agents/agent-tool.js'
import { isLlmAgent } from '../agents/is-llm-agent.js'
import { isLoopAgent, isParallelAgent, isSequentialAgent } from '../agents/is-workflow.js'
import type { ToolUnion } from '../agents/llm-agent.js'
import type { BaseAgent } from '../core/agent.js'
import { isBaseToolset } from '../core/tool.js'
import type { AgentTree } from '../schema/graph.js'

export type ToolNode = AgentTree['tools'][number]
export type AgentType = AgentTree['type']
export type AgentNode = Omit<AgentTree, 'sub_agents'> & { sub_agents: AgentNode[] }

export function agentTree(agent: BaseAgent): AgentNode {
  const model = isLlmAgent(agent) ? agent.modelName : undefined
  return {
    name: agent.name,
    type: agentType(agent),
    description: agent.description,
    ...(model !== undefined && { model }),
    tools: isLlmAgent(agent) ? agent.tools.map(toolNode) : [],
    sub_agents: agent.subAgents.map(agentTree),
  }
}

function agentType(agent: BaseAgent): AgentType {
  if (isLlmAgent(agent)) return 'agent'
  if (isSequentialAgent(agent)) return 'sequential'
  if (isParallelAgent(agent)) return 'parallel'
  return isLoopAgent(agent) ? 'loop' : 'custom'
}

function toolNode(tool: ToolUnion): ToolNode {
  if (isBaseToolset(tool)) return { name: tool.prefix || tool.constructor.name || 'Toolset', type: 'toolset' }
  return { name: tool.name, type: isAgentTool(tool) ? 'agent' : 'tool' }
}

/** The node at a path of names below the root, such as `team/billing`; `undefined` when there is none. */
export function nodeAt(root: AgentNode, path: readonly string[]): AgentNode | undefined {
  // The root's own name may come first.
  const below = path[0] === root.name && !root.sub_agents.some(({ name }) => name === root.name)
  let node: AgentNode | undefined = root
  for (const step of below ? path.slice(1) : path) node = node?.sub_agents.find(({ name }) => name === step)
  return node
}

/** Every agent that has agents below it, with the path of names that leads to it; the root, at the empty path, first. */
export function* groupsOf(node: AgentNode, path = ''): Generator<[path: string, group: AgentNode]> {
  if (path === '' || node.sub_agents.length > 0) yield [path, node]
  for (const child of node.sub_agents) {
    yield* groupsOf(child, path === '' ? child.name : `${path}/${child.name}`)
  }
}
