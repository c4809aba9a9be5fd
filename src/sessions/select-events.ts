import type { Event } from '../core/event.js'
import type { GetSessionConfig } from '../core/session.js'

/** The events that a reader asked for. They are frozen, so the list of them is all that has to be copied. */
export function selectEvents(events: readonly Event[], config: GetSessionConfig = {}): Event[] {
  const { numRecentEvents, afterTimestamp } = config
  let selected: readonly Event[] = events
  if (afterTimestamp !== undefined) selected = selected.filter((event) => event.timestamp >= afterTimestamp)
  if (numRecentEvents === undefined) return [...selected]
  return numRecentEvents >= 1 ? selected.slice(-numRecentEvents) : []
}
