import { z } from 'zod'
import type { BaseAgent } from '../core/agent.js'
import type { FunctionDeclaration } from '../core/content.js'
import { TRANSFER } from '../core/framework-calls.js'
import { appendInstruction, type LlmRequest } from '../core/model.js'
import { declareTool, type RunAsyncToolRequest } from '../core/tool.js'
import { objectSchema } from '../tools/declaration.js'
import { isLlmAgent } from './is-llm-agent.js'
import type { LlmAgent } from './llm-agent.js'
import { FrameworkTool } from './offered-tools.js'

/** Agents that this one may hand the conversation to: those below, the one above, and those beside it. */
function transferTargets(agent: LlmAgent): BaseAgent[] {
  const { parentAgent: parent } = agent
  const targets = [...agent.subAgents]
  if (!isLlmAgent(parent)) return targets
  if (!agent.disallowTransferToParent) targets.push(parent)
  if (!agent.disallowTransferToPeers) targets.push(...parent.subAgents.filter((peer) => peer !== agent))
  return targets
}

/** Tells the model whom it may hand over to, and gives it the tool to do so. */
export function addTransfer(agent: LlmAgent, request: LlmRequest): void {
  const targets = transferTargets(agent)
  if (targets.length === 0) return
  const lines = targets.map(
    ({ name, description }) => `Agent name: ${name}\nAgent description: ${description}`,
  )
  const { parentAgent: parent } = agent
  appendInstruction(
    request,
    [
      'You can hand the conversation over to one of these agents:',
      ...lines,
      `If another agent is better suited to answer, by its description, call \`${TRANSFER}\` with its name and say nothing else.`,
      ...(parent && targets.includes(parent)
        ? [`If none is, and neither are you, hand over to your parent agent ${parent.name}.`]
        : []),
    ].join('\n\n'),
  )
  declareTool(request, new TransferTool(targets.map(({ name }) => name)))
}

const PARAMETERS = objectSchema(
  z.object({ agentName: z.string().describe('The name of the agent to hand over to.') }),
)

class TransferTool extends FrameworkTool {
  constructor(private readonly names: readonly string[]) {
    super({
      name: TRANSFER,
      description: 'Hands the conversation over to another agent, which then answers.',
    })
  }

  override _getDeclaration(): FunctionDeclaration {
    return {
      name: this.name,
      description: this.description,
      parameters: PARAMETERS,
    }
  }

  override async runAsync({ args, toolContext }: RunAsyncToolRequest): Promise<unknown> {
    const name = args.agentName ?? args.agent_name // as other ADKs call it
    if (typeof name !== 'string' || !this.names.includes(name)) {
      return {
        error: `Agent "${String(name)}" is not one to hand over to. Available agents: ${this.names.join(', ')}.`,
      }
    }
    toolContext.actions.transferToAgent = name
    return { result: 'Transfer queued' }
  }
}
