// A run is one message being answered: started once, read by whoever asked, cancelled by anyone who may.
// Every way in goes through here, so that turns on one session never mix. Agents are driven by runner/.
import { linkAbort, type LinkedAbort } from '../core/abort.js'
import { newInvocationId } from '../core/clock.js'
import type { Content } from '../core/content.js'
import { AdkError, publicMessage } from '../core/errors.js'
import type { Event } from '../core/event.js'
import type { SessionKey } from '../core/session.js'
import type { Runner } from '../runner/runner.js'
import type { JsonObject } from '../schema/json.js'
import type { Log } from '../telemetry/log.js'
import { Turns } from './queue.js'

export interface StartRun {
  runner: Runner
  key: SessionKey
  /** May be left out when an invocation is continued. */
  message?: Content | undefined
  /** The invocation to continue; without it a new one begins. */
  invocationId?: string | undefined
  stateDelta?: JsonObject
  customMetadata?: JsonObject
  /** Also yield the chunks of the model, as partial events. */
  streaming: boolean
  /** Cancels the run, whether it waits for its turn or is under way. */
  signal: AbortSignal
}

export interface RunsOptions {
  log: Log
  /** Most runs at once, over all sessions; those that wait for their turn count. */
  maxRuns?: number
  maxLlmCalls?: number
}

export type RunStatus = 'running' | 'completed' | 'failed' | 'cancelled'

/** One run. Its events can be read once. */
export interface Run {
  /** The invocation id that all its events carry. */
  readonly id: string
  readonly key: SessionKey
  readonly status: RunStatus
  /** Ends with the last event. Throws when the agent's own code failed, or with the reason of a cancellation. */
  readonly events: AsyncGenerator<Event, void>
  /** Stops the model call and the tools. Stored events stay. */
  cancel(reason: AdkError): void
}

const DEFAULT_MAX_RUNS = 256

export class Runs {
  readonly #turns = new Turns()
  readonly #active = new Set<ActiveRun>()
  readonly #log: Log
  readonly #maxRuns: number
  readonly #maxLlmCalls: number | undefined
  #closing: AdkError | undefined

  constructor({ log, maxRuns = DEFAULT_MAX_RUNS, maxLlmCalls }: RunsOptions) {
    this.#log = log
    this.#maxRuns = maxRuns
    this.#maxLlmCalls = maxLlmCalls
  }

  /**
   * Resolves once it is this run's turn on its session. Rejects with `session_busy` when too many wait already, and
   * with `too_many_runs` when the server has no room. The events must then be read, or the run cancelled.
   */
  async start(request: StartRun): Promise<Run> {
    if (this.#closing) throw this.#closing
    if (this.#active.size >= this.#maxRuns) {
      throw new AdkError(
        'too_many_runs',
        `The server is at its limit of ${this.#maxRuns} runs; try again in a moment`,
      )
    }
    const run = new ActiveRun(request, { log: this.#log, maxLlmCalls: this.#maxLlmCalls })
    this.#active.add(run)
    run.onEnd(() => this.#active.delete(run))
    try {
      run.onEnd(await this.reserve(request.key, run.signal))
      run.signal.throwIfAborted()
      return run
    } catch (error) {
      run.end('cancelled')
      throw error
    }
  }

  /** Waits for the session's turn, as a run does. Until what it resolves to is called, no run starts there. */
  reserve(key: SessionKey, signal: AbortSignal): Promise<() => void> {
    return this.#turns.take(turnOf(key), `Session ${key.sessionId} is busy; try again in a moment`, signal)
  }

  /** The same without waiting: `undefined` when a run is under way there. */
  tryReserve(key: SessionKey): (() => void) | undefined {
    return this.#turns.tryTake(turnOf(key))
  }

  /** Cancels what runs, or waits to run, on a session. */
  cancelSession(key: SessionKey, reason: AdkError): void {
    for (const run of this.#active) {
      const { appName, userId, sessionId } = run.key
      if (appName === key.appName && userId === key.userId && sessionId === key.sessionId) run.cancel(reason)
    }
  }

  /** Resolves once no run of this runner is under way. */
  async whenIdle(runner: Runner): Promise<void> {
    const underWay = [...this.#active].filter((run) => run.runner === runner)
    await Promise.all(underWay.map((run) => new Promise<void>((resolve) => run.onEnd(resolve))))
  }

  get size(): number {
    return this.#active.size
  }

  /** Accepts no more runs; those under way go on until they end or {@link cancelAll} is called. */
  close(reason: AdkError): void {
    this.#closing = reason
  }

  cancelAll(reason: AdkError): void {
    for (const run of this.#active) run.cancel(reason)
  }
}

/** JSON of a list, so that no choice of ids can make two sessions look alike. */
const turnOf = ({ appName, userId, sessionId }: SessionKey): string =>
  JSON.stringify([appName, userId, sessionId])

class ActiveRun implements Run {
  readonly id: string
  readonly key: SessionKey
  readonly events: AsyncGenerator<Event, void>
  readonly #abort: LinkedAbort
  readonly #endings: (() => void)[] = []
  #status: RunStatus = 'running'
  #started = false

  constructor(
    private readonly request: StartRun,
    private readonly options: { log: Log; maxLlmCalls: number | undefined },
  ) {
    this.id = request.invocationId ?? newInvocationId()
    this.key = request.key
    this.#abort = linkAbort(request.signal)
    this.events = this.#run()
    // A generator that was never entered has no `finally`: a run that nobody comes to read ends here.
    this.signal.addEventListener('abort', () => this.#started || this.end('cancelled'), { once: true })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get runner(): Runner {
    return this.request.runner
  }

  get status(): RunStatus {
    return this.#status
  }

  cancel(reason: AdkError): void {
    this.#abort.abort(reason)
  }

  onEnd(ending: () => void): void {
    if (this.#status === 'running') this.#endings.push(ending)
    else ending()
  }

  end(status: RunStatus): void {
    if (this.#status !== 'running') return
    this.#status = status
    this.#abort.release()
    for (const ending of this.#endings) ending()
  }

  async *#run(): AsyncGenerator<Event, void> {
    this.#started = true
    const { runner, key, message, stateDelta, customMetadata, streaming } = this.request
    const startedAt = performance.now()
    let status: RunStatus = 'cancelled' // what it stays when the reader leaves
    try {
      yield* runner.runAsync({
        ...key,
        newMessage: message,
        invocationId: this.id,
        abortSignal: this.signal,
        ...(stateDelta && { stateDelta }),
        ...(customMetadata && { customMetadata }),
        runConfig: {
          streamingMode: streaming ? 'sse' : 'none',
          ...(this.options.maxLlmCalls !== undefined && { maxLlmCalls: this.options.maxLlmCalls }),
        },
      })
      this.signal.throwIfAborted()
      status = 'completed'
    } catch (error) {
      if (!this.signal.aborted) status = 'failed'
      throw this.signal.aborted ? this.signal.reason : this.#explain(error)
    } finally {
      this.end(status)
      const ms = Math.round(performance.now() - startedAt)
      this.options.log.debug({ ...this.#where(), status, ms }, 'run.end')
    }
  }

  /** What an agent's own code throws may be told; the stack stays in the log. */
  #explain(error: unknown): AdkError {
    if (error instanceof AdkError) return error
    this.options.log.error({ ...this.#where(), err: error }, 'run.failed')
    return new AdkError('agent_failed', `Agent "${this.key.appName}" failed: ${publicMessage(error)}`, {
      cause: error,
    })
  }

  #where() {
    const { appName, userId, sessionId } = this.key
    return { app: appName, user: userId, session: sessionId, invocation: this.id }
  }
}
