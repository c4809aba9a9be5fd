import type { Content, Part } from '../core/content.js'
import type { Context } from '../core/context.js'
import { getFunctionCalls, isFinalResponse, type Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import type { LlmResponse } from '../core/model.js'
import { BasePlugin, type OfAgent, type OfRequest, type OfRun, type OfTool } from '../core/plugin.js'
import type { BaseTool } from '../core/tool.js'

/**
 * Says in the runner's log what happens in a run, step by step: at the level `info` what is done and how it goes, at the
 * level `debug` also what was said, in lines of their own whose names end in `.content`.
 */
export class LoggingPlugin extends BasePlugin {
  constructor(name = 'logging_plugin') {
    super(name)
  }

  override onUserMessageCallback({ invocationContext, userMessage }: OfRun & { userMessage: Content }) {
    tell(
      invocationContext,
      'user.message',
      { parts: userMessage.parts?.length ?? 0 },
      { message: userMessage },
    )
    return undefined
  }

  override beforeRunCallback({ invocationContext }: OfRun) {
    tell(invocationContext, 'run.begin')
    return undefined
  }

  override afterRunCallback({ invocationContext }: OfRun) {
    tell(invocationContext, 'run.done', { modelCalls: invocationContext.calls.count })
    return undefined
  }

  /** Chunks are many; those that make them hear of the whole. */
  override onEventCallback({ invocationContext, event }: OfRun & { event: Event }) {
    if (event.partial) return undefined
    const { id, author, content, actions } = event
    const calls = getFunctionCalls(event).map(({ name }) => name)
    const summary = { author, event: id, final: isFinalResponse(event), ...(calls.length > 0 && { calls }) }
    tell(invocationContext, 'event', summary, { message: content, actions })
    return undefined
  }

  override beforeAgentCallback({ callbackContext }: OfAgent) {
    tell(callbackContext.invocationContext, 'agent.begin')
    return undefined
  }

  override afterAgentCallback({ callbackContext }: OfAgent) {
    tell(callbackContext.invocationContext, 'agent.done')
    return undefined
  }

  override beforeModelCallback({ callbackContext, llmRequest }: OfRequest) {
    const { model, contents, config, toolsDict } = llmRequest
    const summary = { model, messages: contents.length, tools: Object.keys(toolsDict) }
    const { systemInstruction } = config ?? {}
    // Only what is new: the rest was said in earlier lines.
    tell(callbackContext.invocationContext, 'model.request', summary, {
      systemInstruction,
      message: contents.at(-1),
    })
    return undefined
  }

  override afterModelCallback({
    callbackContext,
    llmResponse,
  }: {
    callbackContext: Context
    llmResponse: LlmResponse
  }) {
    if (llmResponse.partial) return undefined
    const { content, modelVersion, finishReason, errorCode, usageMetadata } = llmResponse
    const { promptTokenCount, candidatesTokenCount } = usageMetadata ?? {}
    const summary = { modelVersion, finishReason, errorCode, promptTokenCount, candidatesTokenCount }
    tell(callbackContext.invocationContext, 'model.response', summary, { message: content })
    return undefined
  }

  override onModelErrorCallback({ callbackContext, error }: { callbackContext: Context; error: Error }) {
    const { log, where } = callbackContext.invocationContext
    log.warn({ ...where, err: error }, 'model.failed')
    return undefined
  }

  override beforeToolCallback({ tool, toolArgs, toolContext }: OfTool) {
    tell(toolContext.invocationContext, 'tool.begin', callOf(tool, toolContext), { args: toolArgs })
    return undefined
  }

  override afterToolCallback({ tool, toolContext, result }: OfTool & { result: Record<string, unknown> }) {
    tell(toolContext.invocationContext, 'tool.done', callOf(tool, toolContext), { result })
    return undefined
  }

  override onToolErrorCallback({ tool, toolContext, error }: OfTool & { error: Error }) {
    const { log, where } = toolContext.invocationContext
    log.warn({ ...where, ...callOf(tool, toolContext), err: error }, 'tool.failed')
    return undefined
  }
}

const callOf = (tool: BaseTool, { functionCallId }: Context) => ({ tool: tool.name, call: functionCallId })

interface Said {
  message?: Content | undefined
  [detail: string]: unknown
}

function tell({ log, where }: InvocationContext, kind: string, summary: object = {}, said?: Said): void {
  log.info({ ...where, ...summary }, kind)
  if (!said) return
  const { message, ...details } = said
  log.debug({ ...where, ...(message && { message: withoutData(message) }), ...details }, `${kind}.content`)
}

/** Files would bury everything else. */
function withoutData(content: Content): Content {
  if (!content.parts?.some((part) => part.inlineData)) return content
  return { ...content, parts: content.parts.map(describeData) }
}

function describeData(part: Part): Part {
  if (!part.inlineData) return part
  const { data = '', ...rest } = part.inlineData
  return { ...part, inlineData: { ...rest, data: `[${data.length} characters]` } }
}
