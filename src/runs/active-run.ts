import type { LinkedAbort } from '../core/abort.js'
import { clock } from '../core/clock.js'
import { AdkError, messageOf, publicMessage } from '../core/errors.js'
import type { Event } from '../core/event.js'
import type { SessionKey } from '../core/session.js'
import type { Runner } from '../runner/runner.js'
import type { RunStatus } from '../schema/run.js'
import type { Log } from '../telemetry/log.js'
import { EventLog, type LoggedEvent, type ReadLog } from './event-log.js'
import type { AttachedRun, Once, StartRun } from './run.js'

interface RunOptions {
  id: string
  invocationId: string
  /** The name of its session, as `sessionName` gives it. */
  session: string
  isAttached: boolean
  /** Follows the signal of the request; ends with the run. */
  abort: LinkedAbort
  maxLlmCalls: number | undefined
  log: Log
}

/** What it takes to run. */
interface Work {
  runner: Runner
  abort: LinkedAbort
  events: AsyncGenerator<Event, void>
  isPulling: boolean
}

/**
 * The life of a run: it waits for its turn, is driven event by event, and ends. Thousands are kept after their end, so
 * they let go of their work, and have promises and iterators only when somebody asks for them.
 */
export class ActiveRun implements AttachedRun {
  readonly id: string
  readonly invocationId: string
  readonly session: string
  readonly key: SessionKey
  readonly isAttached: boolean
  readonly once: Once | undefined
  readonly createdAt = clock.now()
  readonly #log: Log
  readonly #events = new EventLog()
  #work: Work | undefined
  #status: RunStatus = 'queued'
  #startedAt: number | undefined
  #endedAt: number | undefined
  /** What the reader of an attached run is thrown. */
  #error: unknown
  #onStart: (() => void)[] = []
  #onEnd: (() => void)[] = []

  constructor(request: StartRun, options: RunOptions) {
    const { abort } = options
    this.id = options.id
    this.invocationId = options.invocationId
    this.session = options.session
    this.key = request.key
    this.isAttached = options.isAttached
    this.once = request.once
    this.#log = options.log
    this.#work = { runner: request.runner, abort, events: open(request, options), isPulling: false }
    abort.signal.addEventListener('abort', () => void this.#stop(), { once: true })
  }

  get runner(): Runner | undefined {
    return this.#work?.runner
  }

  get started(): Promise<void> {
    return this.#status === 'queued'
      ? new Promise((resolve) => this.#onStart.push(resolve))
      : Promise.resolve()
  }

  get done(): Promise<void> {
    return new Promise((resolve) => this.onEnd(resolve))
  }

  get reading(): AsyncIterableIterator<Event, void> {
    return {
      next: () => this.#pull(),
      return: () => this.#leave(),
      [Symbol.asyncIterator]() {
        return this
      },
    }
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
    this.#work?.abort.abort(reason)
  }

  onEnd(ending: () => void): void {
    if (this.#work) this.#onEnd.push(ending)
    else ending()
  }

  /** Its turn has come. Throws when it was cancelled meanwhile. */
  begin(): void {
    if (!this.#work) throw this.#error
    this.#status = 'running'
    this.#startedAt = clock.now()
    this.#tellStart()
  }

  /** Reads a run that nobody else drives. How it went is in `status` and `failure`. */
  async drive(): Promise<void> {
    try {
      while (!(await this.#pull()).done);
    } catch {
      // Told already to the log, and to whoever asks for the failure.
    }
  }

  /** Ends a run that does not get its turn. */
  refuse(error: unknown): void {
    this.#end('failed', error)
  }

  async #pull(): Promise<IteratorResult<Event, void>> {
    if (this.#work?.abort.signal.aborted) await this.done
    const work = this.#work
    if (!work) {
      if (this.#error !== undefined) throw this.#error
      return { done: true, value: undefined }
    }
    const { signal } = work.abort
    work.isPulling = true
    try {
      const next = await work.events.next()
      if (next.done) {
        signal.throwIfAborted()
        this.#end('completed')
      } else if (!(this.isAttached && next.value.partial)) {
        this.#events.append(next.value)
      }
      return next
    } catch (error) {
      if (signal.aborted) this.#end('cancelled', signal.reason)
      else this.#end('failed', this.#explain(error))
      throw this.#error
    } finally {
      work.isPulling = false
    }
  }

  /** A run that is being pulled notices by itself; one whose reader takes its time must not hold its turn as long. */
  async #stop(): Promise<void> {
    const work = this.#work
    if (!work || work.isPulling) return
    try {
      if (this.#status === 'running') await work.events.return()
    } catch (error) {
      this.#log.warn({ ...this.#where(), err: error }, 'run.not_closed')
    } finally {
      this.#end('cancelled', work.abort.signal.reason)
    }
  }

  async #leave(): Promise<IteratorResult<Event, void>> {
    this.cancel(new AdkError('run_cancelled', 'The reader has left'))
    await this.done
    return { done: true, value: undefined }
  }

  #end(status: RunStatus, error?: unknown): void {
    if (!this.#work) return
    this.#work.abort.release()
    this.#work = undefined
    this.#status = status
    this.#error = error
    this.#endedAt = clock.now()
    this.#events.end()
    this.#tellStart()
    for (const ending of this.#onEnd) ending()
    this.#onEnd = []
    const ms = this.#startedAt && Math.round((this.#endedAt - this.#startedAt) * 1000)
    // Of an attached run the line of its request tells as much.
    this.#log[this.isAttached ? 'debug' : 'info']({ ...this.#where(), status, ms }, 'run.end')
  }

  #tellStart(): void {
    for (const tell of this.#onStart) tell()
    this.#onStart = []
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

function open(
  request: StartRun,
  { invocationId, abort, maxLlmCalls }: RunOptions,
): AsyncGenerator<Event, void> {
  const { runner, key, message, stateDelta, customMetadata, streaming, traceOrigin } = request
  return runner.runAsync({
    ...key,
    newMessage: message,
    invocationId,
    abortSignal: abort.signal,
    traceOrigin,
    ...(stateDelta && { stateDelta }),
    ...(customMetadata && { customMetadata }),
    runConfig: {
      streamingMode: streaming ? 'sse' : 'none',
      ...(maxLlmCalls !== undefined && { maxLlmCalls }),
    },
  })
}
