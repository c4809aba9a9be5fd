// Deletes sessions that nobody has used for long. Which ones, the store of sessions says; how they end is in end-session.
import { setTimeout as sleep } from 'node:timers/promises'
import { clock } from '../core/clock.js'
import { AdkError } from '../core/errors.js'
import type { Log } from '../core/log.js'
import type { SessionKey } from '../core/session.js'
import { forget, type SessionKeepers } from './end-session.js'

/** Sessions that are looked up at a time. */
const BATCH = 100
/** Of the time that sessions are kept, how much may pass between two looks; within these bounds, in seconds. */
const SHARE = 0.1
const SHORTEST = 1
const LONGEST = 300

interface RetentionOptions {
  keepers: SessionKeepers
  /** How long a session is kept after its last update, in seconds. */
  ttl: number
  log: Log
}

export class Retention {
  readonly #stopping = new AbortController()
  /** Its session is deleted, what belonged to it not yet all. */
  #unfinished: SessionKey | undefined
  #done: Promise<void> | undefined

  constructor(private readonly options: RetentionOptions) {}

  /** Looks again and again, until it is stopped. Never keeps the process alive. */
  start(): void {
    this.#done ??= this.#repeat(this.#stopping.signal)
  }

  /** Resolves once nothing is being deleted any more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#done
  }

  /** Deletes everything that is due now; resolves to the number of sessions. */
  async sweep(signal: AbortSignal = this.#stopping.signal): Promise<number> {
    const { keepers, ttl } = this.options
    await this.#finish()
    const before = clock.now() - ttl
    let count = 0
    for (;;) {
      // Those that are being used stay, and must not fill the whole batch.
      const limit = BATCH + keepers.runs.size
      const keys = await keepers.sessions.listExpiredSessions({ before, limit })
      let removed = 0
      for (const key of keys) {
        if (signal.aborted) return count + removed
        if (await this.#expire(key, before)) removed++
      }
      count += removed
      if (keys.length < limit || removed === 0) return count
    }
  }

  async #repeat(signal: AbortSignal): Promise<void> {
    const { ttl, log } = this.options
    const interval = Math.min(Math.max(ttl * SHARE, SHORTEST), LONGEST)
    for (;;) {
      // By chance, so that several processes on one database do not look at the same moment.
      const pause = interval * 1000 * (0.5 + Math.random())
      const isOver = await sleep(pause, false, { signal, ref: false }).catch(() => true)
      if (isOver) return
      try {
        const sessions = await this.sweep(signal)
        if (sessions > 0) log.info({ sessions }, 'retention.swept')
      } catch (error) {
        log.warn({ err: error }, 'retention.failed')
      }
    }
  }

  /** The session goes first here: one that is updated at this very moment must keep all it has. */
  async #expire(key: SessionKey, before: number): Promise<boolean> {
    const { keepers } = this.options
    const release = keepers.runs.tryReserve(key)
    if (!release) return false
    try {
      if (!(await keepers.sessions.expireSession(key, before))) return false
      this.#unfinished = key
      await this.#finish()
      return true
    } finally {
      release()
    }
  }

  /** Deletes what belonged to a session that is gone; if that fails, nothing else is deleted before it has worked. */
  async #finish(): Promise<void> {
    const key = this.#unfinished
    if (!key) return
    const { keepers } = this.options
    // The id may be in use again, and what is there be somebody's.
    const isBack = await keepers.sessions.getSession({ ...key, config: { numRecentEvents: 0 } })
    if (!isBack) {
      keepers.runs.cancelSession(
        key,
        new AdkError('session_deleted', `Session has expired: ${key.sessionId}`),
      )
      await forget(keepers, key)
    }
    this.#unfinished = undefined
  }
}
