import { newInvocationId } from '../core/clock.js'
import { createEvent, inOrder } from '../core/event.js'
import type { BaseSessionService, Session } from '../core/session.js'
import type { AcpMessage } from '../schema/acp.js'
import { toParts } from './input.js'

/** Tells an ADK session what was said elsewhere: by the user, or by agents, under their names. */
export async function appendMessages(
  sessions: BaseSessionService,
  session: Session,
  messages: readonly AcpMessage[],
): Promise<void> {
  const invocationId = newInvocationId()
  for (const message of messages) {
    const parts = toParts(message)
    if (parts.length === 0) continue
    const author = authorOf(message)
    const content = { role: author === 'user' ? 'user' : 'model', parts }
    const event = inOrder(session, createEvent({ invocationId, author, content }))
    await sessions.appendEvent({ session, event })
  }
}

/** An agent that calls itself `user` is none. */
function authorOf({ role }: AcpMessage): string {
  if ((role ?? 'user') === 'user') return 'user'
  const name = role?.replace(/^agent\/?/, '')
  return name && name !== 'user' ? name : 'agent'
}
