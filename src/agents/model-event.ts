// From what a model answers to the event that is stored and told.
import { nameType } from '../core/callback.js'
import { newFunctionCallId } from '../core/clock.js'
import type { Content, FunctionCall } from '../core/content.js'
import type { Context } from '../core/context.js'
import { envelope } from '../core/envelope.js'
import {
  createEvent,
  createEventActions,
  getFunctionCalls,
  isFinalResponse,
  stringifyContent,
  type Event,
} from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { setOwn } from '../core/json.js'
import type { LlmRequest, LlmResponse } from '../core/model.js'
import { isJsonObject } from '../schema/json.js'
import type { LlmAgent } from './llm-agent.js'
import { asFinalAnswer, parseOutput } from './output-schema.js'

export interface ModelCall {
  request: LlmRequest
  /** Collects what callbacks do; the next complete event carries it. */
  modelContext: Context
  /** Of the event that will tell the answer. */
  eventId: string
}

/** What the model said, and those of its calls that cannot be executed, with the reason, by their id. */
export interface ModelEvent {
  event: Event
  refused: ReadonlyMap<string, string>
}

export async function toEvent(
  agent: LlmAgent,
  context: InvocationContext,
  { response, request, modelContext, eventId }: ModelCall & { response: LlmResponse },
): Promise<ModelEvent> {
  const { content, refused } = repairCalls(withRole(response.content))
  const event = createEvent({
    ...response,
    ...envelope(agent, context),
    ...(!response.partial && { id: eventId }),
    ...(content && { content }),
    actions: response.partial ? createEventActions() : takeActions(modelContext),
  } as Partial<Event>) // a response's metadata has the shape that events give it
  if (response.partial) return { event, refused }
  const calls = getFunctionCalls(event)
  if (calls.length > 0) {
    event.longRunningToolIds = calls.flatMap(({ id, name }) =>
      id && request.toolsDict[name ?? '']?.isLongRunning ? [id] : [],
    )
  }
  const answer = refused.size > 0 ? event : await asFinalAnswer(agent, event)
  await saveOutput(agent, answer)
  return { event: answer, refused }
}

/** Moves what callbacks did so far into an event: each change is announced once. */
export function takeActions({ actions }: Context) {
  const taken = createEventActions({
    ...actions,
    stateDelta: { ...actions.stateDelta },
    artifactDelta: { ...actions.artifactDelta },
  })
  for (const map of [actions.stateDelta, actions.artifactDelta])
    for (const key of Object.keys(map)) delete map[key]
  return taken
}

/** Own models and callbacks may leave it out; what nobody said would not be sent to the model again. */
const withRole = (content: Content | undefined): Content | undefined =>
  content && !content.role ? { ...content, role: 'model' } : content

/** Every call needs an id of its own that its response can name, and arguments that are an object. */
function repairCalls(content: Content | undefined): {
  content: Content | undefined
  refused: Map<string, string>
} {
  const refused = new Map<string, string>()
  if (!content?.parts?.some((part) => part.functionCall)) return { content, refused }
  const ids = new Set<string>()
  const parts = content.parts.map((part) => {
    if (!part.functionCall) return part
    const functionCall = repairCall(part.functionCall, ids, refused)
    return functionCall === part.functionCall ? part : { ...part, functionCall }
  })
  return { content: { ...content, parts }, refused }
}

function repairCall(call: FunctionCall, ids: Set<string>, refused: Map<string, string>): FunctionCall {
  const { id: given, args }: { id?: unknown; args?: unknown } = call // as the model wrote them
  const id = typeof given === 'string' && given && !ids.has(given) ? given : newFunctionCallId()
  ids.add(id)
  if (args === undefined || isJsonObject(args)) return id === given ? call : { ...call, id }
  if (args !== null) refused.set(id, `Invalid arguments: expected an object, received ${nameType(args)}`)
  return { ...call, id, args: {} }
}

async function saveOutput(agent: LlmAgent, event: Event): Promise<void> {
  if (agent.outputKey === undefined || event.errorCode || !isFinalResponse(event)) return
  const text = stringifyContent(event)
  if (!text) return
  const output = agent.outputSchema ? await parseOutput(agent.outputSchema, text) : text
  setOwn(event.actions.stateDelta, agent.outputKey, output)
}
