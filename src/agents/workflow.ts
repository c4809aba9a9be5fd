import { linkAbort } from '../core/abort.js'
import { BaseAgent, type BaseAgentConfig } from '../core/agent.js'
import type { Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { LOOP_BRAND, PARALLEL_BRAND, SEQUENTIAL_BRAND } from './is-workflow.js'
import { mergeStreams } from './merge-streams.js'
import { roundsOf, unfinishedAgents, wasFinished } from './resume.js'

const isOver = (context: InvocationContext): boolean => context.abortSignal.aborted

/** Runs its sub-agents one after the other. State that one writes is seen by the next. */
export class SequentialAgent extends BaseAgent {
  readonly [SEQUENTIAL_BRAND] = true

  protected override async *runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void> {
    for (const agent of unfinishedAgents(this.subAgents, context)) {
      if (isOver(context)) return
      yield* agent.runAsync(context)
    }
  }
}

/** Runs its sub-agents at the same time, each on a branch of its own: they do not see each other's events. */
export class ParallelAgent extends BaseAgent {
  readonly [PARALLEL_BRAND] = true

  protected override async *runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void> {
    const parent = context.branch ? `${context.branch}.` : ''
    const abort = linkAbort(context.abortSignal)
    const streams = unfinishedAgents(this.subAgents, context).map((agent) =>
      agent.runAsync(
        context.derive({ branch: `${parent}${this.name}.${agent.name}`, abortSignal: abort.signal }),
      ),
    )
    let isComplete = false
    try {
      yield* mergeStreams(streams)
      isComplete = true
    } finally {
      // When one has failed, or nobody listens any more, the others have nothing left to do.
      if (!isComplete) abort.abort(new Error(`Agent "${this.name}" was stopped`))
      abort.release()
    }
  }
}

/** Lets the process do something else: a round that never waits must not keep it from hearing that it should stop. */
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export interface LoopAgentConfig extends BaseAgentConfig {
  /** Without it the loop goes on until an event escalates. */
  maxIterations?: number
}

/** Runs its sub-agents again and again, until one of their events has `actions.escalate`. */
export class LoopAgent extends BaseAgent<LoopAgentConfig> {
  readonly [LOOP_BRAND] = true
  readonly maxIterations: number

  constructor(config: LoopAgentConfig) {
    super(config)
    this.maxIterations = config.maxIterations ?? Infinity
  }

  protected override async *runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void> {
    if (this.subAgents.length === 0 || wasFinished(this, context)) return
    const { rounds, current } = roundsOf(this.subAgents, context.earlierEvents)
    for (let round = rounds; round < this.maxIterations; round++) {
      if (round > rounds) await pause()
      // What was done before an interruption concerns the round that it interrupted only.
      const inRound = context.derive({ earlierEvents: round === rounds ? current : [] })
      for (const agent of unfinishedAgents(this.subAgents, inRound)) {
        if (isOver(context)) return
        let escalated = false
        for await (const event of agent.runAsync(inRound)) {
          yield event
          if (event.actions.escalate) escalated = true
        }
        if (escalated) return
      }
    }
  }
}

export { isLoopAgent, isParallelAgent, isSequentialAgent } from './is-workflow.js'
