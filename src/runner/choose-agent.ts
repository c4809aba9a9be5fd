import { isLlmAgent } from '../agents/is-llm-agent.js'
import type { BaseAgent } from '../core/agent.js'
import { getFunctionCalls, getFunctionResponses, type Event } from '../core/event.js'

export interface Choice {
  agent: BaseAgent
  /** Where the agent was when it made the call that is answered now. */
  branch?: string | undefined
}

/**
 * The agent that a message goes to: the one that made the call it answers; else the one that spoke last, if the
 * conversation may stay with it; else the root.
 */
export function chooseAgent(root: BaseAgent, events: readonly Event[]): Choice {
  const call = callThatIsAnswered(events)
  if (call) {
    const agent = root.findAgent(call.author)
    return agent ? { agent, branch: call.branch } : { agent: root }
  }
  const speaker = events.findLast(({ author, content }) => {
    if (author === 'user' || !content) return false
    const agent = root.findAgent(author)
    return agent === root || (agent !== undefined && mayKeepTheTurn(agent))
  })
  return { agent: (speaker && root.findAgent(speaker.author)) ?? root }
}

function callThatIsAnswered(events: readonly Event[]): Event | undefined {
  const last = events.at(-1)
  if (last?.author !== 'user') return undefined
  const ids = new Set(getFunctionResponses(last).map(({ id }) => id))
  if (ids.size === 0) return undefined
  return events.findLast((event) => getFunctionCalls(event).some(({ id }) => ids.has(id)))
}

/** A turn stays with an agent only if it could hand it back: all the way up, agents may transfer to their parents. */
function mayKeepTheTurn(agent: BaseAgent): boolean {
  for (let current: BaseAgent | undefined = agent; current; current = current.parentAgent) {
    if (!isLlmAgent(current) || current.disallowTransferToParent) return false
  }
  return true
}

/**
 * The agent that continues an invocation: the one that is answered, or that was at work last. Within a workflow it is
 * the workflow itself, which knows what is left to do.
 */
export function resumedAgent(root: BaseAgent, events: readonly Event[]): BaseAgent {
  const author = (callThatIsAnswered(events) ?? events.findLast((event) => event.author !== 'user'))?.author
  let agent = (author && root.findAgent(author)) || root
  for (let above = agent.parentAgent; above; above = above.parentAgent) if (!isLlmAgent(above)) agent = above
  return agent
}
