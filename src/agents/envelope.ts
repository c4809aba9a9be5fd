import type { Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import type { LlmAgent } from './llm-agent.js'

/** What every event of an agent says about where it comes from. */
export function envelope(
  agent: LlmAgent,
  context: InvocationContext,
): Pick<Event, 'invocationId' | 'author' | 'branch'> {
  return {
    invocationId: context.invocationId,
    author: agent.name,
    ...(context.branch !== undefined && { branch: context.branch }),
  }
}
