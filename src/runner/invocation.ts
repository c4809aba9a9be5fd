import type { Content } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import type { Event } from '../core/event.js'

/** What the session has of an invocation, and the message that began it; `undefined` when it has nothing. */
export function findInvocation(
  events: readonly Event[],
  invocationId: string | undefined,
): { events: Event[]; message: Content | undefined } | undefined {
  if (invocationId === undefined) return undefined
  const own = events.filter((event) => event.invocationId === invocationId)
  if (own.length === 0) return undefined
  return { events: own, message: own.find((event) => event.author === 'user' && event.content)?.content }
}

export const notResumable = (appName: string): AdkError =>
  new AdkError(
    'invalid_message',
    `App "${appName}" cannot continue an invocation; export an App with resumabilityConfig: { isResumable: true }`,
  )

export const nothingToAnswer = (invocationId: string | undefined): AdkError =>
  invocationId === undefined
    ? new AdkError(
        'invalid_message',
        'There is no new message, and no invocation to continue; send newMessage',
      )
    : new AdkError('invocation_not_found', `Invocation not found: ${invocationId}`)
