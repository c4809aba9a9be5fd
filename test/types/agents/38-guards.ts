import {
  AgentTool,
  FunctionTool,
  isAgentTool,
  isBaseAgent,
  isBaseLlm,
  isBaseTool,
  isBaseToolset,
  isFunctionTool,
  isLlmAgent,
  isLoopAgent,
  isParallelAgent,
  isSequentialAgent,
  LlmAgent,
  SequentialAgent,
  type BaseAgent,
} from 'adk-ts'

/** What an agent is made of, in words. */
export function describeAgent(agent: BaseAgent): string {
  const kind = isLlmAgent(agent)
    ? `llm ${isBaseLlm(agent.model) ? agent.model.model : (agent.model ?? 'no model')}`
    : isSequentialAgent(agent)
      ? 'sequence'
      : isParallelAgent(agent) || isLoopAgent(agent)
        ? 'workflow'
        : 'custom'
  const tools = isLlmAgent(agent)
    ? agent.tools.map((tool) => {
        if (isBaseToolset(tool)) return 'toolset'
        return isAgentTool(tool)
          ? 'agent'
          : isFunctionTool(tool)
            ? `function ${tool.name}`
            : String(isBaseTool(tool))
      })
    : []
  return [kind, ...tools, ...agent.subAgents.filter(isBaseAgent).map(describeAgent)].join('; ')
}

const helper = new LlmAgent({ name: 'helper', model: 'gemini-2.5-flash' })

export const rootAgent = new SequentialAgent({
  name: 'described',
  subAgents: [
    new LlmAgent({
      name: 'first',
      model: 'gemini-2.5-flash',
      tools: [
        new AgentTool({ agent: helper }),
        new FunctionTool({ name: 'noop', description: 'Does nothing.', execute: () => undefined }),
      ],
    }),
  ],
})
