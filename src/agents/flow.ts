import { CallbackError } from '../core/callback.js'
import { newEventId } from '../core/clock.js'
import { Context } from '../core/context.js'
import { envelope } from '../core/envelope.js'
import { publicMessage } from '../core/errors.js'
import { createEvent, getFunctionCalls, isFinalResponse, type Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import type { LlmRequest } from '../core/model.js'
import { PluginError } from '../core/plugin.js'
import { ModelError } from '../models/model-error.js'
import { findAnsweredCalls } from './answers.js'
import type { LlmAgent } from './llm-agent.js'
import { respond } from './model-call.js'
import { takeActions, toEvent, type ModelCall, type ModelEvent } from './model-event.js'
import { addTools, beginRequest, currentContents } from './request.js'
import { executeCalls, type ExecuteCalls } from './tool-calls.js'

/** Steps, until the agent has had its say, failed, handed over, or was told to stop. */
export async function* runSteps(agent: LlmAgent, context: InvocationContext): AsyncGenerator<Event, void> {
  let goesOn = true
  while (goesOn && !context.endInvocation && !context.abortSignal.aborted) {
    goesOn = yield* runStep(agent, context)
  }
}

/** One model call and the tool calls that it causes. Returns whether the model has to be asked again. */
async function* runStep(agent: LlmAgent, context: InvocationContext): AsyncGenerator<Event, boolean> {
  const modelContext = new Context({ invocationContext: context })
  const request = await beginRequest(agent, context)
  if (context.abortSignal.aborted) return false
  const call: ModelCall = { request, modelContext, eventId: newEventId() }
  const { count } = context.calls
  try {
    await addTools(agent, request, modelContext)
    if (!(yield* resumeCalls(agent, context, request))) return false
    return yield* askModel(agent, context, call)
  } catch (error) {
    // Leaving is not a failure: whoever aborted knows why, and the history stays as it is.
    if (context.abortSignal.aborted) return false
    if (error instanceof PluginError) throw error
    // Counts although no model was asked: what fails so in a loop would never come to its limit.
    if (context.calls.count === count) context.calls.count++
    yield errorEvent(agent, context, call, error)
    return false
  }
}

async function* askModel(
  agent: LlmAgent,
  context: InvocationContext,
  call: ModelCall,
): AsyncGenerator<Event, boolean> {
  let goesOn = false
  for await (const response of respond(agent, context, call)) {
    const answer = await toEvent(agent, context, { ...call, response })
    yield answer.event
    // Chunks, and metadata that some models send after everything else, decide nothing.
    if (answer.event.partial || !(answer.event.content || answer.event.errorCode)) continue
    goesOn = yield* handleCalls(agent, context, answer, call.request)
  }
  return goesOn
}

async function* handleCalls(
  agent: LlmAgent,
  context: InvocationContext,
  { event, refused }: ModelEvent,
  { toolsDict: tools }: LlmRequest,
): AsyncGenerator<Event, boolean> {
  const calls = getFunctionCalls(event)
  if (calls.length === 0) return !isFinalResponse(event)
  if (context.runConfig.pauseOnToolCalls) {
    context.endInvocation = true
    return false
  }
  return yield* answerCalls(agent, context, { calls, refused, tools })
}

/** Runs the calls that a person has just allowed, before the model is asked again. */
async function* resumeCalls(
  agent: LlmAgent,
  context: InvocationContext,
  request: LlmRequest,
): AsyncGenerator<Event, boolean> {
  const { calls, confirmations } = findAnsweredCalls(agent, context)
  if (calls.length === 0) return true
  const goesOn = yield* answerCalls(agent, context, { calls, confirmations, tools: request.toolsDict })
  request.contents = currentContents(agent, context)
  return goesOn
}

/** Executes calls, tells the answers, and hands over if one of them says so. Returns whether the model should read them. */
async function* answerCalls(
  agent: LlmAgent,
  context: InvocationContext,
  request: ExecuteCalls,
): AsyncGenerator<Event, boolean> {
  const { events, failure } = await executeCalls(agent, context, request)
  yield* events
  if (failure) throw failure
  const target = events.find(({ actions }) => actions.transferToAgent !== undefined)?.actions.transferToAgent
  if (target !== undefined) {
    yield* handOver(context, target)
    return false
  }
  const last = events.at(-1)
  return last !== undefined && !isFinalResponse(last)
}

/** The named agent answers within this step, and has the last word. */
async function* handOver(context: InvocationContext, name: string): AsyncGenerator<Event, void> {
  const { rootAgent } = context.agent
  const target = rootAgent.findAgent(name)
  if (!target) throw new Error(`Agent "${name}" is not in the tree of "${rootAgent.name}"`)
  yield* target.runAsync(context)
}

/** A failed step is part of the conversation: the client sees what happened, and the next turn works. */
function errorEvent(agent: LlmAgent, context: InvocationContext, call: ModelCall, error: unknown): Event {
  const errorCode = errorCodeOf(error)
  const errorMessage = publicMessage(error)
  if (context.isPastLimit) context.log.warn({ ...context.where, errorMessage }, 'model.limit')
  else if (error instanceof ModelError) {
    context.log.warn({ ...context.where, errorCode, errorMessage }, 'model.failed')
  } else {
    const kind = error instanceof CallbackError ? 'callback.failed' : 'step.failed'
    context.log.warn({ ...context.where, err: error }, kind)
  }
  return createEvent({
    ...envelope(agent, context),
    id: call.eventId,
    errorCode,
    errorMessage,
    actions: takeActions(call.modelContext),
  })
}

function errorCodeOf(error: unknown): string {
  const code = error instanceof Error && 'errorCode' in error ? error.errorCode : undefined
  return typeof code === 'string' ? code : 'UNKNOWN_ERROR'
}
