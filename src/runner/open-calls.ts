import type { FunctionCall, FunctionResponse } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import { createEvent, getFunctionCalls, getFunctionResponses, inOrder, type Event } from '../core/event.js'
import { REQUEST_CONFIRMATION_FUNCTION_CALL_NAME } from '../core/framework-calls.js'
import type { BaseSessionService, Session } from '../core/session.js'
import { isJsonObject } from '../schema/json.js'

/** Calls of the last turn that nothing has answered, with the event that made them. */
interface OpenCalls {
  event: Event
  calls: FunctionCall[]
}

/**
 * Finds calls that a run left unanswered because it was cancelled, failed or died. Only the last turn is looked at:
 * earlier ones were settled before the next began. Left alone are calls whose answer is still to come: of long-running
 * tools, those that wait for a person, and those that the next message answers.
 */
function findOpenCalls(events: readonly Event[], answered: Iterable<string> = []): OpenCalls[] {
  const settled = new Set(Array.from(answered, (id) => keyOf(undefined, id)))
  const open: OpenCalls[] = []
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index]
    if (!event) continue
    for (const { id } of getFunctionResponses(event)) settled.add(keyOf(event, id))
    const calls: FunctionCall[] = []
    for (const call of getFunctionCalls(event)) {
      const waitsFor = confirmedBy(call)
      if (waitsFor !== undefined && !isAnswered(events, index, call)) settled.add(keyOf(event, waitsFor))
      const isSettled = settled.delete(keyOf(event, call.id)) || settled.delete(keyOf(undefined, call.id))
      if (!isSettled && !event.longRunningToolIds?.includes(call.id ?? '')) calls.push(call)
    }
    if (calls.length > 0 && event.author !== 'user') open.unshift({ event, calls })
    if (isStartOfTurn(event)) break
  }
  return open
}

/** Some models use an id again, also in agents that work in parallel; what a user answers is for any of them. */
function keyOf(event: Event | undefined, id = ''): string {
  return event && event.author !== 'user' ? JSON.stringify([event.author, id]) : JSON.stringify([id])
}

/** The call that waits for this question to be answered. */
function confirmedBy({ name, args }: FunctionCall): string | undefined {
  const original = name === REQUEST_CONFIRMATION_FUNCTION_CALL_NAME ? args?.originalFunctionCall : undefined
  return isJsonObject(original) && typeof original.id === 'string' ? original.id : undefined
}

function isAnswered(events: readonly Event[], index: number, { id }: FunctionCall): boolean {
  return events
    .slice(index + 1)
    .some((event) => getFunctionResponses(event).some((answer) => answer.id === id))
}

/** A message of the user that is not itself an answer to a call. */
function isStartOfTurn(event: Event): boolean {
  return event.author === 'user' && event.content !== undefined && getFunctionResponses(event).length === 0
}

/**
 * Answers the calls that were left open: a model that later reads the history must not find a call without an answer.
 * Resolves to their number.
 */
export async function closeOpenCalls(
  sessionService: BaseSessionService,
  session: Session,
  { reason, answered }: { reason: string; answered?: Iterable<string> },
): Promise<number> {
  let count = 0
  for (const open of findOpenCalls(session.events, answered)) {
    try {
      await sessionService.appendEvent({ session, event: errorAnswer(session, open, reason) })
      count += open.calls.length
    } catch (error) {
      if (!isLost(error)) throw error
    }
  }
  return count
}

/** A session that was deleted under the run has no history left to mend, and one that another run took over is its own. */
const isLost = (error: unknown): boolean =>
  error instanceof AdkError && (error.code === 'session_deleted' || error.code === 'session_conflict')

function errorAnswer(session: Session, { event, calls }: OpenCalls, reason: string): Event {
  const parts = calls.map(({ id, name }) => ({
    // A class in the SDK; these are its fields.
    functionResponse: { id, name, response: { error: reason } } as FunctionResponse,
  }))
  const answer = createEvent({
    invocationId: event.invocationId,
    author: event.author,
    ...(event.branch !== undefined && { branch: event.branch }),
    content: { role: 'user', parts },
  })
  return inOrder(session, answer)
}
