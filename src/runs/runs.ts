// A run is one message being answered: started once, watched by any number of readers, cancelled by anyone who may, and
// kept for a while after its end. Every way in goes through here, so that turns on one session never mix. Agents are
// driven by runner/; who may start what, and how runs look on the wire, is for those who call.
import { linkAbort, type LinkedAbort } from '../core/abort.js'
import { newInvocationId } from '../core/clock.js'
import { AdkError } from '../core/errors.js'
import { sessionName, type SessionKey } from '../core/session.js'
import type { Runner } from '../runner/runner.js'
import type { Log } from '../telemetry/log.js'
import { ActiveRun } from './active-run.js'
import type { Bounds } from './bounded-set.js'
import { KnownRuns } from './known-runs.js'
import { Turns, type Release } from './turns.js'
import type { AttachedRun, Run, StartRun } from './run.js'

export interface RunsOptions {
  log: Log
  /** Most runs at once, over all sessions; those that wait for their turn count. */
  maxRuns?: number
  /** Most runs that may wait for their turn on one session. */
  maxWaiting?: number
  maxLlmCalls?: number
  /** How much of what has ended is kept. */
  keep?: Partial<Bounds>
}

const DEFAULT_MAX_RUNS = 256
/** How long a client is left waiting for its turn, in milliseconds. */
const MAX_WAIT_MS = 60_000

export class Runs {
  readonly #turns: Turns
  readonly #known: KnownRuns
  readonly #active = new Set<ActiveRun>()
  readonly #onSessionEnd: ((key: SessionKey) => void)[] = []
  readonly #log: Log
  readonly #maxRuns: number
  readonly #maxLlmCalls: number | undefined
  #closing: AdkError | undefined

  constructor({ log, maxRuns = DEFAULT_MAX_RUNS, maxWaiting, maxLlmCalls, keep }: RunsOptions) {
    this.#log = log
    this.#maxRuns = maxRuns
    this.#maxLlmCalls = maxLlmCalls
    this.#turns = new Turns(maxWaiting)
    this.#known = new KnownRuns(keep)
  }

  /**
   * Starts a run that goes on whether or not anybody reads it. Runs have their turns in the order of these calls; there
   * is no limit to how long one waits. Throws `session_busy` when too many wait already, and `too_many_runs` when the
   * server has no room. With `once`, a request that was made before gets the run that it got then.
   */
  start(request: StartRun): Run {
    const earlier = this.#findEarlier(request)
    if (earlier) return earlier
    const { run, turn } = this.#enter(request, false)
    void this.#drive(run, turn)
    return run
  }

  /**
   * Resolves once it is this run's turn on its session. Rejects as {@link start} throws, and with `session_busy` after
   * a minute of waiting. What `reading` gives must then be read, or the run cancelled.
   */
  async attach(request: StartRun & { signal: AbortSignal }): Promise<AttachedRun> {
    const { run, turn } = this.#enter(request, true)
    await this.#takeTurn(run, turn)
    return run
  }

  /** Waits for the session's turn, as a run does. Until what it resolves to is called, no run starts there. */
  async reserve(key: SessionKey, signal: AbortSignal): Promise<Release> {
    return this.#turns.take(sessionName(key), { busy: busyText(key), signal })
  }

  /** The same without waiting: `undefined` when a run is under way there. */
  tryReserve(key: SessionKey): Release | undefined {
    return this.#turns.tryTake(sessionName(key))
  }

  /** A run under way, or one that has ended and is still kept. */
  find(key: SessionKey, id: string): Run | undefined {
    return this.#known.find(key, id)
  }

  /** The runs of a session, oldest first. */
  list(key: SessionKey): readonly Run[] {
    return this.#known.list(key)
  }

  /** For a session that is deleted: cancels what runs, or waits to run, and forgets what has run. */
  cancelSession(key: SessionKey, reason: AdkError): void {
    const runs = this.#known.list(key)
    this.#known.forget(key)
    for (const run of runs) run.cancel(reason)
    for (const tell of this.#onSessionEnd) tell(key)
  }

  /** Calls back for every session that is deleted, for those who keep something of their own of it. */
  onSessionEnd(tell: (key: SessionKey) => void): void {
    this.#onSessionEnd.push(tell)
  }

  /** Resolves once no run is under way, or none of one runner. */
  async whenIdle(runner?: Runner): Promise<void> {
    const underWay = [...this.#active].filter((run) => !runner || run.runner === runner)
    await Promise.all(underWay.map(({ done }) => done))
  }

  get size(): number {
    return this.#active.size
  }

  /** Accepts no more runs; those under way go on until they end or {@link cancelAll} is called. */
  close(reason: AdkError): void {
    this.#closing = reason
  }

  /** Throws what {@link start} would throw now, whatever the session. */
  requireRoom(): void {
    if (this.#closing) throw this.#closing
    if (this.#active.size < this.#maxRuns) return
    throw new AdkError(
      'too_many_runs',
      `The server is at its limit of ${this.#maxRuns} runs; try again in a moment`,
    )
  }

  cancelAll(reason: AdkError): void {
    for (const run of this.#active) run.cancel(reason)
  }

  #findEarlier({ key, once }: StartRun): Run | undefined {
    if (!once) return undefined
    const earlier = this.#known.list(key).find((run) => run.once?.key === once.key)
    if (!earlier || earlier.once?.fingerprint === once.fingerprint) return earlier
    throw new AdkError(
      'idempotency_key_reused',
      `The Idempotency-Key was used on session ${key.sessionId} with another request; give every new request a new key`,
    )
  }

  /** Gives a run its place in the queue of its session. */
  #enter(request: StartRun, isAttached: boolean): { run: ActiveRun; turn: Promise<Release> } {
    this.requireRoom()
    const { key, invocationId = newInvocationId() } = request
    const session = sessionName(key)
    const abort = linkAbort(request.signal)
    const turn = this.#takePlace(key, abort, isAttached ? MAX_WAIT_MS : undefined)
    const isContinued = invocationId === request.invocationId
    const run = new ActiveRun(request, {
      id: isContinued ? this.#known.freeId(key, invocationId) : invocationId,
      invocationId,
      session,
      isAttached,
      abort,
      maxLlmCalls: this.#maxLlmCalls,
      log: this.#log,
    })
    this.#active.add(run)
    run.onEnd(() => this.#active.delete(run))
    this.#known.add(run)
    return { run, turn }
  }

  #takePlace(key: SessionKey, abort: LinkedAbort, maxWaitMs: number | undefined): Promise<Release> {
    try {
      return this.#turns.take(sessionName(key), { busy: busyText(key), signal: abort.signal, maxWaitMs })
    } catch (error) {
      abort.release()
      throw error
    }
  }

  async #takeTurn(run: ActiveRun, turn: Promise<Release>): Promise<void> {
    try {
      run.onEnd(await turn)
      run.begin()
    } catch (error) {
      run.refuse(error)
      throw error
    }
  }

  async #drive(run: ActiveRun, turn: Promise<Release>): Promise<void> {
    try {
      await this.#takeTurn(run, turn)
    } catch {
      return // it was cancelled, and says so
    }
    await run.drive()
  }
}

const busyText = ({ sessionId }: SessionKey): string => `Session ${sessionId} is busy; try again in a moment`

export type { LoggedEvent, ReadLog } from './event-log.js'
export type { AttachedRun, Once, Run, StartRun } from './run.js'
