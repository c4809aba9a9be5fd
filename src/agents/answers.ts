// What a person answered, and the calls that can go on because of it.
import { credentialStateKey, type AuthConfig } from '../core/auth.js'
import type { FunctionCall, FunctionResponse } from '../core/content.js'
import { getFunctionCalls, getFunctionResponses, type Event, type ToolConfirmation } from '../core/event.js'
import {
  isFrameworkCall,
  REQUEST_CONFIRMATION_FUNCTION_CALL_NAME,
  REQUEST_CREDENTIAL_FUNCTION_CALL_NAME,
} from '../core/framework-calls.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { setOwn } from '../core/json.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'
import type { LlmAgent } from './llm-agent.js'

interface AnsweredCalls {
  calls: FunctionCall[]
  confirmations: Map<string, ToolConfirmation>
}

/**
 * The calls of this agent that the newest message sets free: confirmed, refused, or given their credential. What was
 * asked is read from our own events, never from the answer, and every question takes one answer, the first.
 */
export function findAnsweredCalls(agent: LlmAgent, context: InvocationContext): AnsweredCalls {
  const { events } = context.session
  const last = events.at(-1)
  const calls = new Map<string, FunctionCall>()
  const confirmations = new Map<string, ToolConfirmation>()
  for (const answer of last?.author === 'user' ? getFunctionResponses(last) : []) {
    const question = findQuestion(events, answer)
    if (question?.event.author !== agent.name) continue
    const response = unwrap(answer.response)
    const call = originalCall(events, question)
    if (!call?.id || calls.has(call.id)) continue
    calls.set(call.id, call)
    if (question.call.name === REQUEST_CONFIRMATION_FUNCTION_CALL_NAME) {
      confirmations.set(call.id, toConfirmation(response))
    } else {
      keepCredential(question.call.args?.authConfig, response, context)
    }
  }
  return { calls: [...calls.values()], confirmations }
}

interface Made {
  event: Event
  index: number
  call: FunctionCall
}

function findCall(events: readonly Event[], id: unknown): Made | undefined {
  if (typeof id !== 'string') return undefined
  const index = events.findLastIndex((event) => getFunctionCalls(event).some((call) => call.id === id))
  const event = events[index]
  const call = event && getFunctionCalls(event).find((candidate) => candidate.id === id)
  return event && call && { event, index, call }
}

/**
 * The question that an answer is for. Questions are long-running calls; a model that makes a call of their name asks
 * nobody anything. One that was answered before, by an earlier message, is settled.
 */
function findQuestion(events: readonly Event[], { id }: FunctionResponse): Made | undefined {
  const made = findCall(events, id)
  if (!made || !id || !isFrameworkCall(made.call) || !made.event.longRunningToolIds?.includes(id))
    return undefined
  const isSettled = events
    .slice(made.index + 1, -1)
    .some((event) => getFunctionResponses(event).some((response) => response.id === id))
  return isSettled ? undefined : made
}

/** Some models use an id again, also in agents that work in parallel: it was made by the one who asked, and before that. */
function originalCall(
  events: readonly Event[],
  { event: { author }, index, call: { name, args = {} } }: Made,
): FunctionCall | undefined {
  const earlier = events.slice(0, index).filter((event) => event.author === author)
  if (name === REQUEST_CREDENTIAL_FUNCTION_CALL_NAME) return findCall(earlier, args.functionCallId)?.call
  return isJsonObject(args.originalFunctionCall)
    ? findCall(earlier, args.originalFunctionCall.id)?.call
    : undefined
}

/** Some clients wrap their answer into a JSON string. */
function unwrap(response: JsonObject | undefined): JsonObject {
  if (typeof response?.response !== 'string') return response ?? {}
  try {
    const value: unknown = JSON.parse(response.response)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

function toConfirmation({ confirmed, hint, payload }: JsonObject): ToolConfirmation {
  return {
    hint: typeof hint === 'string' ? hint : '',
    confirmed: confirmed === true,
    ...(payload !== undefined && { payload }),
  }
}

/** For this run only: credentials are never stored with the session's state. */
function keepCredential(
  asked: unknown,
  { exchangedAuthCredential }: Partial<AuthConfig> & JsonObject,
  context: InvocationContext,
): void {
  const credentialKey = isJsonObject(asked) ? asked.credentialKey : undefined
  if (typeof credentialKey !== 'string' || !isJsonObject(exchangedAuthCredential)) return
  setOwn(context.session.state, credentialStateKey(credentialKey), exchangedAuthCredential)
}
