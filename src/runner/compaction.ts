import { compactAloud, promptTokens, storeSummary, TokenBasedContextCompactor } from '../agents/compaction.js'
import { LlmSummarizer, type BaseSummarizer } from '../agents/summarizer.js'
import { isLlmAgent } from '../agents/is-llm-agent.js'
import type { Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import type { EventsCompactionConfig } from './app.js'

/** Summarizes what a finished run has made too long. */
export async function compactEvents(
  context: InvocationContext,
  config: EventsCompactionConfig,
): Promise<void> {
  const summarizer = config.summarizer ?? defaultSummarizer(context)
  const { events } = context.session
  if (config.tokenThreshold !== undefined && promptTokens(events) >= config.tokenThreshold) {
    await compactAllButNewest(context, config.eventRetentionSize ?? 10, summarizer)
    return
  }
  const window = eventsToSummarize(events, config)
  if (window.length > 0) await compactAloud(context, () => storeSummary(context, window, summarizer))
}

async function compactAllButNewest(
  context: InvocationContext,
  eventRetentionSize: number,
  summarizer: BaseSummarizer,
) {
  const compactor = new TokenBasedContextCompactor({ tokenThreshold: 0, eventRetentionSize, summarizer })
  if (compactor.shouldCompact(context)) await compactAloud(context, () => compactor.compact(context))
}

function defaultSummarizer(context: InvocationContext): BaseSummarizer {
  const root = context.agent.rootAgent
  if (!isLlmAgent(root)) {
    throw new Error(
      'eventsCompactionConfig needs a `summarizer`, because the root agent has no model to write summaries',
    )
  }
  return new LlmSummarizer({ llm: context.resolveModel(root.inheritedModel) })
}

/** The invocations since the last summary, if they are enough, and the overlap before them. */
function eventsToSummarize(
  events: Event[],
  { compactionInterval, overlapSize = 0 }: EventsCompactionConfig,
): Event[] {
  if (compactionInterval === undefined) return []
  const spoken = events.filter((event) => event.content && !event.actions.compaction)
  const compacted =
    events.findLast((event) => event.actions.compaction)?.actions.compaction?.endTimestamp ?? -Infinity
  const invocations = [...new Set(spoken.map(({ invocationId }) => invocationId))]
  const latest = new Map(spoken.map(({ invocationId, timestamp }) => [invocationId, timestamp]))
  const fresh = invocations.findIndex((id) => (latest.get(id) ?? 0) > compacted)
  if (fresh === -1 || invocations.length - fresh < compactionInterval) return []
  const window = new Set(invocations.slice(Math.max(0, fresh - overlapSize)))
  return spoken.filter(({ invocationId }) => window.has(invocationId))
}
