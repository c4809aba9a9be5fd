import { randomUUID } from 'node:crypto'

/** Time and chance in one replaceable place, so that tests can pin both. */
export const clock = {
  /** Seconds since the epoch, with fractions: the unit of every time on the wire. */
  now: (): number => Date.now() / 1000,
  uuid: (): string => randomUUID(),
}

export const newEventId = (): string => clock.uuid()
export const newInvocationId = (): string => `e-${clock.uuid()}`

/** The prefix matters: ids that carry it are ours, and are taken out again before history goes to a model. */
export const FUNCTION_CALL_ID_PREFIX = 'adk-'
export const newFunctionCallId = (): string => `${FUNCTION_CALL_ID_PREFIX}${clock.uuid()}`
