import { newEventId } from '../core/clock.js'
import type { FunctionCall, FunctionResponse, Part } from '../core/content.js'
import { envelope } from '../core/envelope.js'
import {
  createEvent,
  createEventActions,
  hasActions,
  type Event,
  type EventActions,
  type ToolConfirmation,
} from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { assignOwn } from '../core/json.js'
import type { BaseTool } from '../core/tool.js'
import type { JsonObject } from '../schema/json.js'
import { askForConfirmation, askForCredentials } from './ask-person.js'
import type { LlmAgent } from './llm-agent.js'
import { isAllowed } from './offered-tools.js'
import { runTool, type Outcome } from './run-tool.js'

export interface ExecuteCalls {
  calls: FunctionCall[]
  tools: Record<string, BaseTool>
  /** What a person said about a call, by its id. */
  confirmations?: ReadonlyMap<string, ToolConfirmation>
  /** Calls that cannot be executed as the model made them, with the reason, by their id. */
  refused?: ReadonlyMap<string, string>
}

/**
 * Executes calls at the same time and answers them in the order they were made: one event with all answers, and, where
 * tools ask a person something, one event with the questions. A long-running tool that returned nothing has no answer
 * yet, nor has a call that waits for a confirmation. `failure` is what ends the step once the events are told.
 */
export async function executeCalls(
  agent: LlmAgent,
  context: InvocationContext,
  request: ExecuteCalls,
): Promise<{ events: Event[]; failure: Error | undefined }> {
  const { calls } = request
  const eventId = newEventId()
  const outcomes = await Promise.all(
    calls.map((call) => executeCall(agent, context, { ...request, call, eventId })),
  )
  const parts = outcomes.flatMap(({ response }, index) => (response ? answer(calls[index], response) : []))
  const actions = mergeActions(outcomes.map((outcome) => outcome.actions))
  const { failure } = outcomes.find((outcome) => outcome.failure) ?? {}
  return { events: toEvents(agent, context, { calls, parts, actions, eventId }), failure }
}

async function executeCall(
  agent: LlmAgent,
  context: InvocationContext,
  { call, eventId, tools, confirmations, refused }: ExecuteCalls & { call: FunctionCall; eventId: string },
): Promise<Outcome> {
  const { id = '', name = '' } = call
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined // callbacks may have put any object there
  if (!tool || !isAllowed(tool, context)) return refusal(noSuchTool(name, tools, context))
  const error = refused?.get(id)
  if (error !== undefined) return refusal(error)
  return runTool(agent, context, { tool, call, confirmation: confirmations?.get(id), eventId })
}

const refusal = (error: string): Outcome => ({ response: { error }, actions: createEventActions() })

function noSuchTool(name: string, tools: Record<string, BaseTool>, context: InvocationContext): string {
  const names = Object.keys(tools).filter((other) => tools[other] && isAllowed(tools[other], context))
  const known = names.length > 0 ? `Available tools: ${names.join(', ')}.` : 'There are no tools.'
  const mayBeThere = context.allowedTools?.has(name) ?? true
  return `Tool '${name}' ${mayBeThere ? 'not found' : 'is not allowed by the tool access of this app'}. ${known}`
}

function answer({ id, name = '' }: FunctionCall = {}, response: JsonObject): Part {
  const functionResponse = { ...(id !== undefined && { id }), name, response } as FunctionResponse // a class in the SDK
  return { functionResponse }
}

interface Answers {
  calls: FunctionCall[]
  parts: Part[]
  actions: EventActions
  /** Of the event with the answers. */
  eventId: string
}

/** The run ends with a question; one for a credential comes with an answer that says the call is pending. */
function toEvents(
  agent: LlmAgent,
  context: InvocationContext,
  { calls, parts, actions, eventId }: Answers,
): Event[] {
  const from = envelope(agent, context)
  const { requestedToolConfirmations, skipSummarization, ...others } = actions
  const isWaiting = Object.keys(requestedToolConfirmations).length > 0
  const question = createEventActions({
    requestedToolConfirmations,
    ...(skipSummarization && { skipSummarization }),
    ...(parts.length === 0 && others),
  })
  const answers = createEvent({
    ...from,
    id: eventId,
    ...(parts.length > 0 && { content: { role: 'user', parts } }),
    actions: createEventActions(isWaiting ? others : actions),
  })
  const isAnswered = parts.length > 0 || (!isWaiting && hasActions(actions))
  return [
    askForCredentials(from, actions),
    isAnswered ? answers : undefined,
    isWaiting ? askForConfirmation(from, calls, question) : undefined,
  ].filter((event) => event !== undefined)
}

function mergeActions(all: EventActions[]): EventActions {
  const merged = createEventActions()
  for (const {
    stateDelta,
    artifactDelta,
    requestedAuthConfigs,
    requestedToolConfirmations,
    ...flags
  } of all) {
    assignOwn(merged.stateDelta, stateDelta)
    assignOwn(merged.artifactDelta, artifactDelta)
    assignOwn(merged.requestedAuthConfigs, requestedAuthConfigs)
    assignOwn(merged.requestedToolConfirmations, requestedToolConfirmations)
    Object.assign(merged, flags)
  }
  return merged
}
