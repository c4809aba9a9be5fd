import { newFunctionCallId } from '../core/clock.js'
import type { FunctionCall, Part } from '../core/content.js'
import type { Envelope } from '../core/envelope.js'
import { createEvent, type Event, type EventActions } from '../core/event.js'
import {
  REQUEST_CONFIRMATION_FUNCTION_CALL_NAME,
  REQUEST_CREDENTIAL_FUNCTION_CALL_NAME,
} from '../core/framework-calls.js'

/** Questions to a person are function calls that only a client can answer, and so are long-running. */
function questionEvent(
  envelope: Envelope,
  name: string,
  questions: Record<string, unknown>[],
  actions?: EventActions,
): Event {
  const calls: FunctionCall[] = questions.map((args) => ({ id: newFunctionCallId(), name, args }))
  return createEvent({
    ...envelope,
    content: { role: 'user', parts: calls.map((functionCall): Part => ({ functionCall })) },
    longRunningToolIds: calls.map(({ id }) => id ?? ''),
    ...(actions && { actions }),
  })
}

/** Asks for the confirmations that tools requested; the original calls stay open until they come. */
export function askForConfirmation(envelope: Envelope, calls: FunctionCall[], actions: EventActions): Event {
  const questions = Object.entries(actions.requestedToolConfirmations).map(([id, toolConfirmation]) => ({
    originalFunctionCall: calls.find((call) => call.id === id) ?? { id },
    toolConfirmation,
  }))
  return questionEvent(envelope, REQUEST_CONFIRMATION_FUNCTION_CALL_NAME, questions, actions)
}

/** Asks for the credentials that tools requested, if any. */
export function askForCredentials(
  envelope: Envelope,
  { requestedAuthConfigs }: EventActions,
): Event | undefined {
  const questions = Object.entries(requestedAuthConfigs).map(([functionCallId, authConfig]) => ({
    functionCallId,
    authConfig,
  }))
  if (questions.length === 0) return undefined
  return questionEvent(envelope, REQUEST_CREDENTIAL_FUNCTION_CALL_NAME, questions)
}
