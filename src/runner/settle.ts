import { CONTENT_EXAMPLE, holdsContent, nameType } from '../core/callback.js'
import { newEventId } from '../core/clock.js'
import { messageOf } from '../core/errors.js'
import { createEvent, encodeEvent, inOrder, settleEvent, type Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { frozenJson } from '../core/json.js'
import type { Session } from '../core/session.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'

/** The error code of an event that took the place of one without a JSON form, or of one that is too large. */
export const UNSTORABLE = 'EVENT_NOT_STORABLE'

/** Largest event, in characters of JSON. */
const MAX_EVENT_LENGTH = 20 * 1024 * 1024

export interface Origin {
  context: InvocationContext
  /** What a plugin made of the event. */
  replaced: Event | undefined
  /** For every event of the run. */
  customMetadata: JsonObject | undefined
  /** Ids of the run so far; this one is added. */
  ids: Set<string>
}

/** An agent's event with everything that it may have left out. A plugin cannot change what it is, only what it says. */
export function completeEvent(event: Event, { context, replaced, customMetadata, ids }: Origin): Event {
  const { session } = context
  const complete = createEvent({
    ...event,
    ...replaced,
    // An agent may yield one object again and again; stores know events by their ids.
    id: event.id && !ids.has(event.id) ? event.id : newEventId(),
    invocationId: event.invocationId || context.invocationId,
    timestamp: event.timestamp,
    author: replaced?.author || event.author || context.agent.name,
    ...(customMetadata && { customMetadata: { ...customMetadata, ...(replaced ?? event).customMetadata } }),
  })
  ids.add(complete.id)
  return inOrder(session, complete)
}

/** Throws what a person can act on when an agent yields something else than an event, or one that nobody could read. */
export function checkYielded(value: unknown, { agent }: InvocationContext): void {
  if (!isJsonObject(value)) {
    throw new TypeError(
      `Agent "${agent.name}" yielded ${nameType(value)}, which is not an event; make one with createEvent()`,
    )
  }
  if (holdsContent(value)) return
  throw new TypeError(`Agent "${agent.name}" yielded an event whose content is not ${CONTENT_EXAMPLE}`)
}

/** The event as it is stored and yielded. One that cannot be stored is replaced by an error that says why. */
export function settleOrExplain(session: Session, event: Event): Event {
  try {
    const settled = settleEvent(session, event)
    if (settled.partial || encodeEvent(settled).length <= MAX_EVENT_LENGTH) return settled
    throw new RangeError(`it is larger than ${MAX_EVENT_LENGTH / 1024 / 1024} MiB`)
  } catch (error) {
    const { invocationId, author, timestamp } = event
    const failure = createEvent({
      invocationId,
      author,
      timestamp,
      errorCode: UNSTORABLE,
      errorMessage: `An event of agent "${author}" cannot be stored${culprit(event)}: ${messageOf(error)}`,
    })
    return settleEvent(session, failure)
  }
}

/** Most often it is a value in the state. */
function culprit({ actions: { stateDelta } }: Event): string {
  const key = Object.keys(stateDelta).find((name) => !isEncodable(stateDelta[name]))
  return key === undefined ? '' : `, because of its state "${key}"`
}

function isEncodable(value: unknown): boolean {
  try {
    frozenJson(value)
    return true
  } catch {
    return false
  }
}
