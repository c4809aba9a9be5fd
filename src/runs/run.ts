import { linkAbort, type LinkedAbort } from '../core/abort.js'
import { clock } from '../core/clock.js'
import type { Content } from '../core/content.js'
import { AdkError, messageOf, publicMessage } from '../core/errors.js'
import type { Event } from '../core/event.js'
import type { SessionKey } from '../core/session.js'
import type { Runner } from '../runner/runner.js'
import type { JsonObject } from '../schema/json.js'
import type { RunStatus } from '../schema/run.js'
import type { Log } from '../telemetry/log.js'
import { EventLog, type LoggedEvent, type ReadLog } from './log.js'

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
  signal?: AbortSignal
}

/** One run. Anyone may read it, as often as they like; what they do has no influence on it. */
export interface Run {
  /** Unique on its session. That of the invocation, with a number when an earlier run of the invocation is still kept. */
  readonly id: string
  /** The invocation that all its events carry. */
  readonly invocationId: string
  readonly key: SessionKey
  readonly status: RunStatus
  /** Whether it ends when the client leaves that started it. */
  readonly isAttached: boolean
  /** Times are seconds since the epoch. */
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  /** Why it failed or was cancelled, fit for a client. */
  readonly failure: AdkError | undefined
  /** Events so far. */
  readonly size: number
  /** Resolves when the run had its turn, or has ended without. */
  readonly started: Promise<void>
  /** Resolves when the run has ended, however that came. */
  readonly done: Promise<void>
  /**
   * The events as they come, until the run has ended, be it by a failure. A slow reader holds up nobody; one that is too
   * slow, or comes too late for what it asks, gets `run_events_gone`. An attached run has only complete events here.
   */
  events(options?: ReadLog): AsyncGenerator<LoggedEvent, void>
  /** Stops the model call and the tools. Stored events stay. Does nothing once the run has ended. */
  cancel(reason: AdkError): void
}

/** A run that its one reader drives: nothing happens faster than it reads, and leaving cancels it. */
export interface AttachedRun extends Run {
  /** Ends with the last event. Throws when the agent's own code failed, or with the reason of a cancellation. */
  readonly reading: AsyncIterableIterator<Event, void>
}

export interface RunOptions {
  id: string
  invocationId: string
  isAttached: boolean
  maxLlmCalls: number | undefined
  log: Log
}

/** The life of a run: it waits for its turn, is driven event by event, and ends. */
export class ActiveRun implements AttachedRun {
  readonly id: string
  readonly invocationId: string
  readonly key: SessionKey
  readonly isAttached: boolean
  readonly createdAt = clock.now()
  readonly started: Promise<void>
  readonly done: Promise<void>
  readonly reading: AsyncIterableIterator<Event, void>
  readonly #log: Log
  readonly #abort: LinkedAbort
  readonly #events = new EventLog()
  /** What it takes to run; let go at the end, because ended runs are kept. */
  #work: { runner: Runner; events: AsyncGenerator<Event, void> } | undefined
  #isPulling = false
  #status: RunStatus = 'queued'
  #startedAt: number | undefined
  #endedAt: number | undefined
  /** What the reader of an attached run is thrown. */
  #error: unknown
  #onStarted = () => {}
  #onDone = () => {}
  #endings: (() => void)[] = []

  constructor(request: StartRun, options: RunOptions) {
    this.id = options.id
    this.invocationId = options.invocationId
    this.key = request.key
    this.isAttached = options.isAttached
    this.#log = options.log
    this.#abort = linkAbort(request.signal)
    this.#work = { runner: request.runner, events: this.#open(request, options) }
    this.started = new Promise((resolve) => (this.#onStarted = resolve))
    this.done = new Promise((resolve) => (this.#onDone = resolve))
    this.reading = {
      next: () => this.#pull(),
      return: () => this.#leave(),
      [Symbol.asyncIterator]() {
        return this
      },
    }
    this.signal.addEventListener('abort', () => void this.#stop(), { once: true })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get runner(): Runner | undefined {
    return this.#work?.runner
  }

  get status(): RunStatus {
    return this.#status
  }

  get startedAt(): number | undefined {
    return this.#startedAt
  }

  get endedAt(): number | undefined {
    return this.#endedAt
  }

  get failure(): AdkError | undefined {
    const error = this.#error
    if (error === undefined || error instanceof AdkError) return error
    return new AdkError('run_cancelled', messageOf(error))
  }

  get size(): number {
    return this.#events.size
  }

  /** What its events take, in characters of JSON. */
  get characters(): number {
    return this.#events.characters
  }

  events(options?: ReadLog): AsyncGenerator<LoggedEvent, void> {
    return this.#events.read(options)
  }

  cancel(reason: AdkError): void {
    if (!this.#endedAt) this.#abort.abort(reason)
  }

  /** Calls back at the end, before anybody hears of it. */
  onEnd(ending: () => void): void {
    if (this.#endedAt === undefined) this.#endings.push(ending)
    else ending()
  }

  /** Its turn has come. */
  begin(): void {
    this.#status = 'running'
    this.#startedAt = clock.now()
    this.#onStarted()
  }

  /** Reads a run that nobody else drives. How it went is in `status` and `failure`. */
  async drive(): Promise<void> {
    try {
      while (!(await this.#pull()).done);
    } catch {
      // Told already to the log, and to whoever asks for the failure.
    }
  }

  /** Ends a run that never had its turn. */
  refuse(error: unknown): void {
    this.#end(this.signal.aborted ? 'cancelled' : 'failed', error)
  }

  #open(request: StartRun, { invocationId, maxLlmCalls }: RunOptions): AsyncGenerator<Event, void> {
    const { runner, key, message, stateDelta, customMetadata, streaming } = request
    return runner.runAsync({
      ...key,
      newMessage: message,
      invocationId,
      abortSignal: this.signal,
      ...(stateDelta && { stateDelta }),
      ...(customMetadata && { customMetadata }),
      runConfig: {
        streamingMode: streaming ? 'sse' : 'none',
        ...(maxLlmCalls !== undefined && { maxLlmCalls }),
      },
    })
  }

  async #pull(): Promise<IteratorResult<Event, void>> {
    if (this.signal.aborted) await this.done
    if (!this.#work) {
      if (this.#error !== undefined) throw this.#error
      return { done: true, value: undefined }
    }
    this.#isPulling = true
    try {
      const next = await this.#work.events.next()
      if (next.done) {
        this.signal.throwIfAborted()
        this.#end('completed')
      } else if (!(this.isAttached && next.value.partial)) {
        this.#events.append(next.value)
      }
      return next
    } catch (error) {
      if (this.signal.aborted) this.#end('cancelled', this.signal.reason)
      else this.#end('failed', this.#explain(error))
      throw this.#error
    } finally {
      this.#isPulling = false
    }
  }

  /** A run that is being pulled notices by itself; one whose reader takes its time must not hold its turn as long. */
  async #stop(): Promise<void> {
    if (this.#isPulling) return
    try {
      if (this.#status === 'running') await this.#work?.events.return()
    } catch (error) {
      this.#log.warn({ ...this.#where(), err: error }, 'run.not_closed')
    } finally {
      this.#end('cancelled', this.signal.reason)
    }
  }

  async #leave(): Promise<IteratorResult<Event, void>> {
    if (this.#endedAt === undefined) this.#abort.abort(new AdkError('run_cancelled', 'The reader has left'))
    await this.done
    return { done: true, value: undefined }
  }

  #end(status: RunStatus, error?: unknown): void {
    if (this.#endedAt !== undefined) return
    this.#status = status
    this.#error = error
    this.#endedAt = clock.now()
    this.#work = undefined
    this.#abort.release()
    for (const ending of this.#endings) ending()
    this.#endings = []
    this.#events.end()
    this.#onStarted()
    this.#onDone()
    const ms = this.#startedAt && Math.round((this.#endedAt - this.#startedAt) * 1000)
    this.#log.debug({ ...this.#where(), status, ms }, 'run.end')
  }

  /** What an agent's own code throws may be told; the stack stays in the log. */
  #explain(error: unknown): AdkError {
    if (error instanceof AdkError) return error
    this.#log.error({ ...this.#where(), err: error }, 'run.failed')
    return new AdkError('agent_failed', `Agent "${this.key.appName}" failed: ${publicMessage(error)}`, {
      cause: error,
    })
  }

  #where() {
    const { appName, userId, sessionId } = this.key
    return { app: appName, user: userId, session: sessionId, invocation: this.id }
  }
}
