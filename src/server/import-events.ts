import type { z } from 'zod'
import { AdkError } from '../core/errors.js'
import { createEvent, getFunctionCalls, type Event } from '../core/event.js'
import { isReservedCall } from '../core/framework-calls.js'
import type { InitialEvent } from '../schema/session.js'

/**
 * Events that a client brings along when it creates a session. They are history: what they say and the state they set is
 * kept, but they cannot act, wait for anything, or speak for the framework.
 */
export function importEvents(events: z.infer<typeof InitialEvent>[]): Event[] {
  return events.map((fields, index) => {
    const event = createEvent(fields as Partial<Event>) // checked by its schema
    const refused = whatIsRefused(event)
    if (refused) {
      throw new AdkError(
        'invalid_session_events',
        `Session initialization event ${index} cannot include ${refused}.`,
      )
    }
    return event
  })
}

function whatIsRefused(event: Event): string | undefined {
  if (event.longRunningToolIds?.length) return 'long-running tool IDs'
  const { stateDelta: _, artifactDelta: __, ...acts } = event.actions
  if (Object.values(acts).some(isSet)) return 'event actions'
  if (getFunctionCalls(event).some(isReservedCall)) return 'ADK protocol function calls'
  return undefined
}

const isSet = (action: unknown): boolean =>
  typeof action === 'object' && action !== null ? Object.keys(action).length > 0 : Boolean(action)
