import type { WireEvent } from '../schema/event.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'
import { clock, newEventId } from './clock.js'
import type {
  CitationMetadata,
  Content,
  FunctionCall,
  FunctionResponse,
  GroundingMetadata,
  UsageMetadata,
} from './content.js'
import { assignOwn, freezeParsed, frozenJson, setOwn } from './json.js'
import type { Session } from './session.js'
import { scopeOf } from './state.js'

/** A shape without its "any other field" signature, which plain interfaces do not fit. */
type Known<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] }

/** What a tool wants a person to confirm, or what that person said. */
export interface ToolConfirmation {
  hint?: string
  confirmed: boolean
  payload?: unknown
}

export interface EventCompaction {
  /** Seconds since the epoch, both inclusive. */
  startTimestamp: number
  endTimestamp: number
  compactedContent: Content
}

export type EventActions = Omit<Known<WireEvent['actions']>, 'requestedToolConfirmations'> & {
  requestedToolConfirmations: Record<string, ToolConfirmation>
  compaction?: EventCompaction
  setModelResponse?: unknown
  route?: unknown
}

/**
 * One step of a conversation. The shape is that of the wire schema, with the message types of the Gemini SDK.
 * Times are seconds. Once the runner has accepted it, an event is frozen.
 */
export type Event = Omit<
  Known<WireEvent>,
  'content' | 'actions' | 'usageMetadata' | 'groundingMetadata' | 'citationMetadata'
> & {
  content?: Content
  actions: EventActions
  usageMetadata?: UsageMetadata
  groundingMetadata?: GroundingMetadata
  citationMetadata?: CitationMetadata
}

export function createEventActions(actions: Partial<EventActions> = {}): EventActions {
  return {
    stateDelta: {},
    artifactDelta: {},
    requestedAuthConfigs: {},
    requestedToolConfirmations: {},
    ...actions,
  }
}

/**
 * Beyond the year 2200 in seconds: a time that was given in milliseconds, as `Date.now()` does, or finer. So far, and no
 * farther, a number tells one microsecond from the next.
 */
const FARTHEST = 2 ** 33

export type CreateEventParams = Partial<Omit<Event, 'actions'>> & { actions?: Partial<EventActions> }

/** A new event: id, time and the four action maps are filled in where they are missing. */
export function createEvent(fields: CreateEventParams = {}): Event {
  return {
    ...fields,
    id: fields.id || newEventId(),
    invocationId: fields.invocationId ?? '',
    author: fields.author ?? '',
    timestamp: toSeconds(fields.timestamp ?? clock.now()),
    actions: createEventActions(fields.actions),
  }
}

function toSeconds(time: number): number {
  if (!Number.isFinite(time)) return clock.now()
  return Math.abs(time) < FARTHEST ? time : toSeconds(time / 1000)
}

/** Whether actions do anything at all. */
export function hasActions(actions: EventActions): boolean {
  return Object.values(actions).some((action) =>
    isJsonObject(action) ? Object.keys(action).length > 0 : Boolean(action),
  )
}

/** True for events made by {@link createEvent} or read from a store; says nothing about their origin. */
export function isEvent(value: unknown): value is Event {
  return (
    typeof value === 'object' && value !== null && 'actions' in value && 'author' in value && 'id' in value
  )
}

export function getFunctionCalls(event: Event): FunctionCall[] {
  return event.content?.parts?.flatMap((part) => part.functionCall ?? []) ?? []
}

export function getFunctionResponses(event: Event): FunctionResponse[] {
  return event.content?.parts?.flatMap((part) => part.functionResponse ?? []) ?? []
}

export function hasTrailingCodeExecutionResult(event: Event): boolean {
  return event.content?.parts?.at(-1)?.codeExecutionResult !== undefined
}

/** The text of an event, thoughts left out. */
export function stringifyContent(event: Event): string {
  return event.content?.parts?.map((part) => (part.thought ? '' : (part.text ?? ''))).join('') ?? ''
}

/** Whether the agent has had its say: nothing is left to call, to answer or to stream. */
export function isFinalResponse(event: Event): boolean {
  const { skipSummarization, requestedAuthConfigs } = event.actions
  if (skipSummarization || event.longRunningToolIds?.length || Object.keys(requestedAuthConfigs).length > 0)
    return true
  return (
    !event.partial &&
    getFunctionCalls(event).length === 0 &&
    getFunctionResponses(event).length === 0 &&
    !hasTrailingCodeExecutionResult(event)
  )
}

/** The sealed events, and the wire form of those that were encoded. Chunks are sealed and written once: not kept. */
const sealed = new WeakMap<Event, string | undefined>()

/**
 * The event as a value: a frozen JSON copy that its author can no longer change. Sealing twice costs nothing.
 * Throws a TypeError when a part of it has no JSON form.
 */
export function sealEvent(event: Event): Event {
  if (sealed.has(event)) return event
  const copy = frozenJson(event) as Event // a JSON copy has the shape of its original
  if (!copy.partial) sealed.set(copy, undefined)
  return copy
}

/** Takes an event as sealed that was just made of parsed JSON: the one who calls gives it away. */
export function sealParsed(event: Event): Event {
  freezeParsed(event)
  sealed.set(event, undefined)
  return event
}

/**
 * What every append begins with: `temp:` state stays with this reader of the session and leaves the event, which is
 * then sealed.
 */
export function settleEvent(session: Session, event: Event): Event {
  if (sealed.has(event)) return event
  const { stateDelta } = event.actions
  const temporary = Object.keys(stateDelta).filter((key) => scopeOf(key).scope === 'temp')
  if (temporary.length === 0) return sealEvent(event)
  const kept: JsonObject = {}
  assignOwn(kept, stateDelta)
  for (const key of temporary) {
    setOwn(session.state, key, stateDelta[key])
    delete kept[key]
  }
  return sealEvent({ ...event, actions: { ...event.actions, stateDelta: kept } })
}

/** Smallest step between the times of two events, in seconds. */
const TICK = 1e-6

/**
 * Gives an event its place in time: no two events of a session share a moment, and time does not go back, even if the
 * clock does or agents work at the same time.
 */
export function inOrder(session: Pick<Session, 'lastUpdateTime'>, event: Event): Event {
  const { lastUpdateTime } = session
  if (event.timestamp > lastUpdateTime) return event
  // Rounded, because many small steps would add up to something else.
  return { ...event, timestamp: Math.round((lastUpdateTime + TICK) * 1e6) / 1e6 }
}

/** The wire form of a sealed event. It is made once and kept; chunks, which are written once, are not kept. */
export function encodeEvent(event: Event): string {
  const known = sealed.get(event)
  if (known !== undefined) return known
  const text = JSON.stringify(event)
  if (sealed.has(event)) sealed.set(event, text)
  return text
}

/** The wire form of an event of which there are very many: it is not kept, if it was not before. */
export const encodeOnce = (event: Event): string => sealed.get(event) ?? JSON.stringify(event)
