import type { z } from 'zod'
import type { Part } from '../core/content.js'
import { createEvent, createEventActions, inOrder, type Event, type EventActions } from '../core/event.js'
import { isFrameworkCall } from '../core/framework-calls.js'
import type { InitialEvent } from '../schema/session.js'

/**
 * Events that a client brings along when it creates a session, such as those of a session that was exported. They are
 * history: what was said, called and set is kept. What would act is left out, because whoever writes the events could
 * give tools a permission that nobody was asked for.
 */
export function importEvents(events: z.infer<typeof InitialEvent>[]): Event[] {
  let lastUpdateTime = 0
  return events.flatMap((fields) => {
    const event = createEvent(fields as Partial<Event>) // checked by its schema
    // Those without a time of their own happened one after the other.
    const placed = fields.timestamp === undefined ? inOrder({ lastUpdateTime }, event) : event
    lastUpdateTime = Math.max(lastUpdateTime, placed.timestamp)
    return toHistory(placed)
  })
}

function toHistory({ content, actions, longRunningToolIds, ...event }: Event): Event[] {
  const history: Event = {
    ...event,
    actions: whatHappened(actions),
    ...(longRunningToolIds && { longRunningToolIds: [] }),
  }
  if (!content?.parts?.some(isQuestion)) return [{ ...history, ...(content && { content }) }]
  const parts = content.parts.filter((part) => !isQuestion(part))
  if (parts.length > 0) return [{ ...history, content: { ...content, parts } }]
  return Object.keys(actions.stateDelta).length > 0 ? [history] : []
}

/** What the framework asked a person on behalf of a tool, and the answer. */
const isQuestion = ({ functionCall, functionResponse }: Part): boolean =>
  isFrameworkCall(functionCall ?? functionResponse ?? {})

/** Actions that tell of the past. The others wait for a person, hold credentials, or steer a run. */
function whatHappened(actions: EventActions): EventActions {
  const { stateDelta, artifactDelta, transferToAgent, escalate, skipSummarization, compaction } = actions
  return createEventActions({
    stateDelta,
    artifactDelta,
    ...(transferToAgent !== undefined && { transferToAgent }),
    ...(escalate !== undefined && { escalate }),
    ...(skipSummarization !== undefined && { skipSummarization }),
    ...(compaction && { compaction }),
  })
}
