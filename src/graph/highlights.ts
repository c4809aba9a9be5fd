import { getFunctionCalls, getFunctionResponses, type Event } from '../core/event.js'
import type { Highlight } from './dot.js'

/** Where an event goes from and to: calls from the agent to the tool, responses back; anything else is its author's. */
export function highlightsOf(event: Event): Highlight[] {
  const { author } = event
  const calls = getFunctionCalls(event)
  if (calls.length > 0) return calls.map(({ name = '' }) => ({ from: author, to: name }))
  const responses = getFunctionResponses(event)
  if (responses.length > 0) return responses.map(({ name = '' }) => ({ from: name, to: author }))
  return [{ from: author }]
}
