import { newInvocationId } from '../core/clock.js'
import { createEvent, inOrder } from '../core/event.js'
import type { BaseSessionService, Session } from '../core/session.js'
import type { AcpMessage } from '../schema/acp.js'
import { toParts } from './input.js'
import { roleOf } from './names.js'

/** Who is told: the root agent goes by the public name of its app in the protocol, and by its own in its session. */
interface Listener {
  agentName: string
  rootAgent: string
}

/** Tells an ADK session what was said before: by the user, by its own agents, or by others. */
export async function appendMessages(
  sessions: BaseSessionService,
  session: Session,
  messages: readonly AcpMessage[],
  listener: Listener,
): Promise<void> {
  const invocationId = newInvocationId()
  for (const message of messages) {
    const parts = toParts(message)
    if (parts.length === 0) continue
    const author = authorOf(message, listener)
    const content = { role: author === 'user' ? 'user' : 'model', parts }
    const event = inOrder(session, createEvent({ invocationId, author, content }))
    await sessions.appendEvent({ session, event })
  }
}

/** An agent that calls itself `user` is none. */
function authorOf({ role }: AcpMessage, { agentName, rootAgent }: Listener): string {
  if ((role ?? 'user') === 'user') return 'user'
  if (role === roleOf(agentName)) return rootAgent
  const name = role?.replace(/^agent\/?/, '')
  return name && name !== 'user' ? name : 'agent'
}
