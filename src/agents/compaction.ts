// Keeping long conversations short: what was said long ago is replaced by a summary in what the model is sent. Nothing
// is taken out of the session itself.
import { getFunctionCalls, getFunctionResponses, inOrder, type Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { ContextCompactionTrigger } from '../core/plugin.js'
import { asLines, type BaseSummarizer } from './summarizer.js'

/** Shortens what the model is sent, when it finds that necessary. Asked before every request of its agent. */
export interface BaseContextCompactor {
  shouldCompact(context: InvocationContext): boolean | Promise<boolean>
  compact(context: InvocationContext): void | Promise<void>
}

export interface TokenBasedContextCompactorOptions {
  /** Compact once a request had this many tokens. */
  tokenThreshold: number
  /** Events at the end that are always kept as they are. */
  eventRetentionSize: number
  summarizer: BaseSummarizer
}

/** Replaces all but the newest events by a summary, once requests have become too large. */
export class TokenBasedContextCompactor implements BaseContextCompactor {
  constructor(private readonly options: TokenBasedContextCompactorOptions) {}

  shouldCompact(context: InvocationContext): boolean {
    return (
      promptTokens(context.session.events) >= this.options.tokenThreshold &&
      compactable(context, this.options.eventRetentionSize).length > 0
    )
  }

  async compact(context: InvocationContext): Promise<void> {
    const events = compactable(context, this.options.eventRetentionSize)
    await storeSummary(context, events, this.options.summarizer)
  }
}

export interface TruncatingContextCompactorOptions {
  /** Most events that are sent. */
  threshold: number
  /** Events at the beginning that are always kept. */
  preserveLeadingEvents?: number
}

/** Leaves out old events of this run's view of the session; the message that is being answered stays. */
export class TruncatingContextCompactor implements BaseContextCompactor {
  constructor(private readonly options: TruncatingContextCompactorOptions) {}

  shouldCompact({ session }: InvocationContext): boolean {
    return session.events.length > this.options.threshold
  }

  compact({ session, invocationId }: InvocationContext): void {
    const { threshold, preserveLeadingEvents = 0 } = this.options
    const leading = Math.min(preserveLeadingEvents, threshold)
    const start = withoutSplit(session.events, session.events.length - (threshold - leading))
    if (start <= leading) return
    const question = (event: Event) => event.author === 'user' && event.invocationId === invocationId
    const kept = session.events.slice(leading, start).filter(question)
    session.events.splice(leading, start - leading, ...kept)
  }
}

/** Stores a summary of these events; from now on it stands for them. */
export async function storeSummary(
  context: InvocationContext,
  events: Event[],
  summarizer: BaseSummarizer,
): Promise<void> {
  const { session, invocationId, abortSignal } = context
  const event = await summarizer.summarize(events, abortSignal)
  abortSignal.throwIfAborted() // the session may be somebody else's by now
  await context.sessionService.appendEvent({ session, event: inOrder(session, { ...event, invocationId }) })
}

/** Does what shortens a conversation, and lets plugins know before and after. */
export async function compactAloud(
  invocationContext: InvocationContext,
  compact: () => void | Promise<void>,
): Promise<void> {
  const params = { invocationContext, trigger: ContextCompactionTrigger.Auto }
  await invocationContext.pluginManager.ask('beforeContextCompaction', params)
  await compact()
  await invocationContext.pluginManager.ask('afterContextCompaction', params)
}

/** The tokens of the newest request, or a guess: four characters each. */
export function promptTokens(events: readonly Event[]): number {
  const last = events.findLast(
    (event) => event.usageMetadata?.promptTokenCount !== undefined || event.actions.compaction,
  )
  if (last?.usageMetadata?.promptTokenCount !== undefined) return last.usageMetadata.promptTokenCount
  return Math.ceil(sinceCompaction(events).flatMap(asLines).join('\n').length / 4)
}

const sinceCompaction = (events: readonly Event[]): Event[] => {
  const end =
    events.findLast((event) => event.actions.compaction)?.actions.compaction?.endTimestamp ?? -Infinity
  return events.filter((event) => event.timestamp > end && !event.actions.compaction)
}

/** The events that a summary may stand for: not those of the current turn, nor the newest ones. */
function compactable(context: InvocationContext, retention: number): Event[] {
  const events = sinceCompaction(context.session.events)
  const turn = events.findIndex((event) => event.invocationId === context.invocationId)
  const limit = Math.min(turn === -1 ? events.length : turn, events.length - retention)
  return events.slice(0, withoutTie(events, withoutSplit(events, limit)))
}

/** Moves a boundary back until no call is on one side and its response on the other. */
function withoutSplit(events: readonly Event[], boundary: number): number {
  for (let index = Math.max(0, boundary); index > 0; index--) {
    const calls = new Set(
      events.slice(0, index).flatMap((event) => getFunctionCalls(event).map(({ id }) => id)),
    )
    const isSplit = events
      .slice(index)
      .some((event) => getFunctionResponses(event).some(({ id }) => calls.has(id)))
    if (!isSplit) return index
  }
  return 0
}

/** A summary covers a time, so the first event that is kept must be later than the last one that is not. */
function withoutTie(events: readonly Event[], boundary: number): number {
  let index = boundary
  while (index > 0 && events[index]?.timestamp === events[index - 1]?.timestamp) index--
  return index
}

/** The events with every summary in the place of those that it covers; a later summary includes earlier ones. */
export function applyCompactions(events: Event[]): Event[] {
  const summaries = events.filter((event) => event.actions.compaction).toReversed()
  if (summaries.length === 0) return events
  const summaryOf = (event: Event) => summaries.find((candidate) => covers(candidate, event))
  const answeredLater = callsAnsweredLater(events, summaryOf)
  const told = new Set<Event>()
  return events.flatMap((event) => {
    if (event.actions.compaction) return []
    const summary = summaryOf(event)
    if (!summary || answeredLater.has(event)) return [event]
    if (told.has(summary)) return []
    told.add(summary)
    // As something the user tells: the model should not take it for its own words.
    return [{ ...summary, content: { ...summary.actions.compaction?.compactedContent, role: 'user' } }]
  })
}

/** Calls that a summary covers, but not their answers: the model could make nothing of an answer alone. */
function callsAnsweredLater(
  events: readonly Event[],
  summaryOf: (event: Event) => Event | undefined,
): ReadonlySet<Event> {
  const answered = new Set<string | undefined>()
  const found = new Set<Event>()
  // From the end: an answer belongs to the nearest call before it, since some models use an id again.
  for (const event of events.toReversed()) {
    const isCovered = summaryOf(event) !== undefined
    if (!isCovered) for (const { id } of getFunctionResponses(event)) answered.add(id)
    for (const { id } of getFunctionCalls(event)) if (answered.delete(id) && isCovered) found.add(event)
  }
  return found
}

function covers({ actions: { compaction } }: Event, { timestamp }: Event): boolean {
  return (
    compaction !== undefined && timestamp >= compaction.startTimestamp && timestamp <= compaction.endTimestamp
  )
}
