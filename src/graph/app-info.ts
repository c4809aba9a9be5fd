import { isLlmAgent } from '../agents/is-llm-agent.js'
import type { InstructionProvider, LlmAgent, ToolUnion } from '../agents/llm-agent.js'
import { unlessAborted } from '../core/abort.js'
import type { BaseAgent } from '../core/agent.js'
import { isBaseToolset, type BaseTool } from '../core/tool.js'
import type { AgentInfo } from '../schema/app.js'
import type { JsonObject } from '../schema/json.js'

/** How long a toolset may take to say what it holds, in milliseconds. */
const TOOLSET_MS = 5000

interface AppInfoOptions {
  /** Told of toolsets that cannot say what they hold; their tools are left out. */
  onProblem: (error: unknown, agent: string) => void
}

/** The LLM agents of a tree, by name. */
export async function llmAgentsOf(
  root: LlmAgent,
  options: AppInfoOptions,
): Promise<Record<string, AgentInfo>> {
  const agents = [...treeOf(root)].filter((agent) => isLlmAgent(agent))
  const infos = await Promise.all(agents.map((agent) => agentInfo(agent, options)))
  return Object.fromEntries(infos.map((info) => [info.name, info]))
}

function* treeOf(agent: BaseAgent): Generator<BaseAgent> {
  yield agent
  for (const child of agent.subAgents) yield* treeOf(child)
}

async function agentInfo(agent: LlmAgent, options: AppInfoOptions): Promise<AgentInfo> {
  const tools = (await Promise.all(agent.tools.map((tool) => toolsIn(tool, agent, options)))).flat()
  return {
    name: agent.name,
    description: agent.description,
    instruction: instructionText(agent.instruction),
    tools: tools.flatMap((tool) => {
      const declaration = tool._getDeclaration()
      return declaration ? [{ functionDeclarations: [asJson(declaration)] }] : []
    }),
    sub_agents: agent.subAgents.map(({ name }) => name),
  }
}

function instructionText(instruction: string | InstructionProvider): string {
  return typeof instruction === 'string' ? instruction : `<InstructionProvider: ${instruction.name}>`
}

async function toolsIn(
  tool: ToolUnion,
  { name }: LlmAgent,
  { onProblem }: AppInfoOptions,
): Promise<BaseTool[]> {
  if (!isBaseToolset(tool)) return [tool]
  try {
    return await unlessAborted(tool.getTools(), AbortSignal.timeout(TOOLSET_MS))
  } catch (error) {
    onProblem(error, name)
    return []
  }
}

/** As the model is sent it: without what JSON does not know. */
const asJson = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject // an object stays one
