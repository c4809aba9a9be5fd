import type { BaseAgent } from './agent.js'
import type { Event } from './event.js'
import type { InvocationContext } from './invocation-context.js'

/** What every event of an agent says about where it comes from. */
export type Envelope = Pick<Event, 'invocationId' | 'author' | 'branch'>

export const envelope = (agent: BaseAgent, { invocationId, branch }: InvocationContext): Envelope => ({
  invocationId,
  author: agent.name,
  ...(branch !== undefined && { branch }),
})
