// Where an interrupted invocation stopped, read from what it left in the session.
import type { BaseAgent } from '../core/agent.js'
import { getFunctionResponses, isFinalResponse, type Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { isLoopAgent, isParallelAgent, isSequentialAgent } from './is-workflow.js'
import type { LoopAgent } from './workflow.js'

const isBelow = (agent: BaseAgent, event: Event): boolean => agent.findAgent(event.author) !== undefined

function isFinished(agent: BaseAgent, events: readonly Event[]): boolean {
  if (isLoopAgent(agent)) return isLoopFinished(agent, events)
  if (isSequentialAgent(agent) || isParallelAgent(agent)) {
    return agent.subAgents.every((child) => isFinished(child, events))
  }
  return hasSpoken(agent, events)
}

/** Whether the last thing an agent said leaves nothing open. What waited for an answer goes on from there. */
function hasSpoken(agent: BaseAgent, events: readonly Event[]): boolean {
  const last = events.findLast((event) => (event.content || event.errorCode) && isBelow(agent, event))
  if (!last || last.errorCode) return false
  return isFinalResponse(last) && !last.longRunningToolIds?.length && getFunctionResponses(last).length === 0
}

function isLoopFinished(loop: LoopAgent, events: readonly Event[]): boolean {
  const hasEscalated = events.some((event) => event.actions.escalate && isBelow(loop, event))
  return hasEscalated || roundsOf(loop.subAgents, events).rounds >= loop.maxIterations
}

/** Whether this agent did all of its work before the interruption. */
export function wasFinished(agent: BaseAgent, { earlierEvents }: InvocationContext): boolean {
  return earlierEvents.length > 0 && isFinished(agent, earlierEvents)
}

/** Those of the agents that still have something to do, in order. */
export function unfinishedAgents(agents: readonly BaseAgent[], context: InvocationContext): BaseAgent[] {
  return agents.filter((agent) => !wasFinished(agent, context))
}

/** How many rounds of a loop are complete, and the events of the one after them. */
export function roundsOf(
  agents: readonly BaseAgent[],
  events: readonly Event[],
): { rounds: number; current: Event[] } {
  let rounds = 0
  let current: Event[] = []
  for (const event of events) {
    current.push(event)
    if (!agents.every((agent) => isFinished(agent, current))) continue
    rounds++
    current = []
  }
  return { rounds, current }
}
