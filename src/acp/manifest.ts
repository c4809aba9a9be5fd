import type { BaseAgent } from '../core/agent.js'
import { agentTree, type AgentNode } from '../graph/agent-tree.js'
import type { AgentManifest } from '../schema/acp-agent.js'

type Dependency = AgentManifest['metadata']['dependencies'][number]

/** What is told of an app; without an agent, of one that fails to load. */
export function manifestOf(name: string, appName: string, rootAgent?: BaseAgent): AgentManifest {
  const tree = rootAgent && agentTree(rootAgent)
  const dependencies = tree ? withoutDoubles([...dependenciesOf(tree)]) : []
  return {
    name,
    description: tree?.description ?? '',
    input_content_types: ['*/*'],
    output_content_types: ['*/*'],
    metadata: {
      annotations: { adk: { app_name: appName, ...(tree && { root_agent: tree.name }) } },
      framework: 'ADK',
      programming_language: 'TypeScript',
      dependencies,
      recommended_models: dependencies.flatMap(({ type, name: model }) => (type === 'model' ? [model] : [])),
    },
  }
}

function* dependenciesOf(node: AgentNode): Generator<Dependency> {
  if (node.model) yield { type: 'model', name: node.model }
  for (const tool of node.tools) yield { type: tool.type === 'agent' ? 'agent' : 'tool', name: tool.name }
  for (const child of node.sub_agents) {
    yield { type: 'agent', name: child.name }
    yield* dependenciesOf(child)
  }
}

function withoutDoubles(dependencies: readonly Dependency[]): Dependency[] {
  return [...new Map(dependencies.map((each) => [JSON.stringify([each.type, each.name]), each])).values()]
}
