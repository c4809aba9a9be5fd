import type { Content } from '../core/content.js'
import type { Context } from '../core/context.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { thaw } from '../core/json.js'
import type { LlmRequest } from '../core/model.js'
import { PluginError } from '../core/plugin.js'
import { BaseTool, isBaseToolset } from '../core/tool.js'
import { CODE_EXECUTION } from '../tools/provider-tools.js'
import { compactAloud, type BaseContextCompactor } from './compaction.js'
import { buildContents } from './contents.js'
import { addInstructions } from './instructions.js'
import type { LlmAgent } from './llm-agent.js'
import { isAllowed, offerAllowed } from './offered-tools.js'
import { addOutputSchema, declareFinalAnswer, instructFinalAnswer } from './output-schema.js'
import { addTransfer } from './transfer.js'

/**
 * The request of one step as far as it is the author's own: settings, instruction and conversation. What fails here
 * fails the run.
 */
export async function beginRequest(agent: LlmAgent, context: InvocationContext): Promise<LlmRequest> {
  const { modelName } = agent
  const request: LlmRequest = {
    ...(modelName !== undefined && { model: modelName }),
    contents: [],
    config: thaw({ ...agent.generateContentConfig }),
    toolsDict: Object.create(null),
  }
  addOutputSchema(agent, request)
  await addInstructions(agent, context, request)
  instructFinalAnswer(agent, request)
  for (const compactor of agent.contextCompactors) await compact(compactor, context)
  request.contents = currentContents(agent, context)
  return request
}

/**
 * Everything that the model may call, as far as the policy of the app allows it. Tools may come from elsewhere, so a
 * failure here is part of the conversation.
 */
export async function addTools(agent: LlmAgent, llmRequest: LlmRequest, toolContext: Context): Promise<void> {
  const { invocationContext: context } = toolContext
  addTransfer(agent, llmRequest)
  for (const entry of agent.tools) {
    const isToolset = isBaseToolset(entry)
    if (isToolset && context.allowedTools?.size === 0) continue // it need not even connect
    const tools = isToolset ? await entry.getTools(toolContext) : [entry]
    for (const tool of tools) {
      if (isAllowed(tool, context)) await tool.processLlmRequest({ toolContext, llmRequest })
    }
    if (isToolset) await entry.processLlmRequest(toolContext, llmRequest)
  }
  offerAllowed(llmRequest, context)
  declareFinalAnswer(agent, llmRequest)
  if (isAllowed(CODE_EXECUTION, context)) agent.codeExecutor?.processLlmRequest(llmRequest)
}

/** The conversation as the model is told it; a copy, where callbacks or tools may edit it: what is stored is frozen. */
export function currentContents(agent: LlmAgent, context: InvocationContext): Content[] {
  const contents = buildContents(agent, context)
  const mayBeEdited =
    context.pluginManager.plugins.length > 0 ||
    agent.beforeModelCallback.length > 0 ||
    agent.tools.some((tool) => tool.processLlmRequest !== BaseTool.prototype.processLlmRequest)
  return mayBeEdited ? thaw(contents) : contents
}

async function compact(compactor: BaseContextCompactor, context: InvocationContext): Promise<void> {
  try {
    if (await compactor.shouldCompact(context)) await compactAloud(context, () => compactor.compact(context))
  } catch (error) {
    if (error instanceof PluginError) throw error
    if (context.abortSignal.aborted) return
    // The conversation is longer than it should be, and otherwise as it was.
    context.log.warn({ ...context.where, err: error }, 'compaction.failed')
  }
}
