import { linkAbort, unlessAborted } from '../core/abort.js'
import { askCallbacks, CallbackError } from '../core/callback.js'
import type { FunctionCall } from '../core/content.js'
import { Context } from '../core/context.js'
import { messageOf, redactSecrets } from '../core/errors.js'
import { createEventActions, type EventActions, type ToolConfirmation } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { thaw } from '../core/json.js'
import { PluginError } from '../core/plugin.js'
import type { BaseTool } from '../core/tool.js'
import { ATTRIBUTE } from '../core/trace.js'
import type { JsonObject } from '../schema/json.js'
import type { LlmAgent } from './llm-agent.js'
import { startToolSpan } from './spans.js'
import { toResponse } from './tool-result.js'

/** Longest time one tool call may take, in milliseconds, unless the tool says otherwise. */
const DEFAULT_TOOL_TIMEOUT_MS = 300_000

/** What came of one call. */
export interface Outcome {
  /** What the model reads; `undefined` while the answer is still to come. */
  response: JsonObject | undefined
  actions: EventActions
  /** A callback or a plugin that failed: the call is answered, and the step ends. */
  failure?: Error
}

interface ToolCall {
  tool: BaseTool
  call: FunctionCall
  /** What a person said about it. */
  confirmation: ToolConfirmation | undefined
  /** Of the event that will tell the answer. */
  eventId: string
}

/** Runs one call, within its time. Failures are answers; only when the run itself was aborted does it throw. */
export async function runTool(
  agent: LlmAgent,
  context: InvocationContext,
  { tool, call, confirmation, eventId }: ToolCall,
): Promise<Outcome> {
  const timeoutMs = tool.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS
  const reason = () => new Error(`Tool '${tool.name}' timed out after ${timeoutMs / 1000} s`)
  const abort = linkAbort(context.abortSignal, { timeoutMs, reason })
  const actions = createEventActions()
  const span = startToolSpan(context, { tool, call, eventId })
  const toolContext = new Context({
    invocationContext: context,
    eventActions: actions,
    functionCallId: call.id,
    toolConfirmation: confirmation,
    abortSignal: abort.signal,
    span,
  })
  // The tool's own copy: what the model asked for is history and stays as it is.
  const args = thaw(call.args ?? {})
  try {
    const response = await unlessAborted(
      span.run(() => answerCall(agent, context, { tool, args, toolContext })),
      abort.signal,
    )
    span.set({ [ATTRIBUTE.toolResponse]: () => response })
    return { response, actions }
  } catch (error) {
    context.abortSignal.throwIfAborted()
    span.end({ error })
    const kind = abort.signal.aborted ? 'tool.timeout' : 'tool.failed'
    context.log.warn({ ...context.where, tool: tool.name, err: error }, kind)
    const response = { error: redactSecrets(messageOf(error)) }
    return { response, actions: soFar(actions), ...(endsStep(error) && { failure: error }) }
  } finally {
    span.end()
    abort.release()
  }
}

/** What a call did before it failed. It waits for nobody, and what it still does counts no more. */
function soFar({ stateDelta, artifactDelta, ...flags }: EventActions): EventActions {
  const nothingAsked = { requestedToolConfirmations: {}, requestedAuthConfigs: {} }
  return { ...flags, ...nothingAsked, stateDelta: { ...stateDelta }, artifactDelta: { ...artifactDelta } }
}

const endsStep = (error: unknown): error is Error =>
  error instanceof CallbackError || error instanceof PluginError

interface Call {
  tool: BaseTool
  args: JsonObject
  toolContext: Context
}

async function answerCall(
  agent: LlmAgent,
  context: InvocationContext,
  call: Call,
): Promise<JsonObject | undefined> {
  const { tool, toolContext } = call
  const early = await askBefore(agent, context, call)
  const result = early ?? (await confirmAndRun(context, call))
  if (Object.keys(toolContext.actions.requestedToolConfirmations).length > 0) return undefined
  if ((result === null || result === undefined) && tool.isLongRunning) return undefined
  const response = toResponse(result)
  const replaced = await askAfter(agent, context, { ...call, response })
  return replaced ? toResponse(replaced) : response
}

/** A tool that must be confirmed does not run before a person agreed. */
async function confirmAndRun(context: InvocationContext, call: Call): Promise<unknown> {
  const { tool, args, toolContext } = call
  const { toolConfirmation } = toolContext
  if (toolConfirmation?.confirmed || !(await tool.checkRequireConfirmation(args, toolContext))) {
    return callTool(context, call)
  }
  if (toolConfirmation) return { error: 'This tool call is rejected.' }
  toolContext.requestConfirmation({
    hint: `Please approve or reject the tool call ${tool.name}() by responding with a FunctionResponse with an expected ToolConfirmation payload.`,
  })
  toolContext.actions.skipSummarization = true
  return undefined
}

async function callTool(context: InvocationContext, { tool, args, toolContext }: Call): Promise<unknown> {
  try {
    return await tool.runAsync({ args, toolContext })
  } catch (error) {
    if (endsStep(error) || toolContext.abortSignal.aborted) throw error
    const failure = error instanceof Error ? error : new Error(messageOf(error))
    const params = { tool, toolArgs: args, toolContext, error: failure }
    const result = await context.pluginManager.ask('onToolErrorCallback', params)
    if (result) return result
    throw failure
  }
}

async function askBefore(agent: LlmAgent, context: InvocationContext, { tool, args, toolContext }: Call) {
  const hook = 'beforeToolCallback'
  const params = { tool, toolArgs: args, toolContext }
  return (
    (await context.pluginManager.ask(hook, params)) ??
    askCallbacks(agent[hook], { tool, args, context: toolContext }, { hook, agent, kind: 'result' })
  )
}

async function askAfter(
  agent: LlmAgent,
  context: InvocationContext,
  { tool, args, toolContext, response }: Call & { response: JsonObject },
) {
  const hook = 'afterToolCallback'
  const params = { tool, toolArgs: args, toolContext, result: response }
  return (
    (await context.pluginManager.ask(hook, params)) ??
    askCallbacks(agent[hook], { tool, args, context: toolContext, response }, { hook, agent, kind: 'result' })
  )
}
