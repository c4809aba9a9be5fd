import { AdkError } from '../core/errors.js'
import { inOrder, sealEvent, type Event } from '../core/event.js'
import { assignOwn } from '../core/json.js'
import type { Session } from '../core/session.js'

/**
 * The place of an event behind those that were stored since its session was read. Changes of state by hand are welcome
 * at any time. But two runs that answer at once would mix their steps, so the one that comes second to a step that it
 * does not know of ends here.
 */
export function placeBehind(session: Session, unseen: readonly Event[], event: Event): Event {
  if (unseen.length === 0) return event
  if (event.content && unseen.some((other) => other.content)) {
    throw new AdkError(
      'session_conflict',
      `Session ${session.id} was continued by another run in the meantime; read it, then send the message again`,
    )
  }
  const lastUpdateTime = Math.max(session.lastUpdateTime, ...unseen.map(({ timestamp }) => timestamp))
  return sealEvent(inOrder({ lastUpdateTime }, event))
}

/** Brings a session up to what was stored since it was read, and to the event that was appended to it. */
export function joinEvents(session: Session, events: readonly Event[]): void {
  for (const event of events) {
    assignOwn(session.state, event.actions.stateDelta)
    session.events.push(event)
  }
}
