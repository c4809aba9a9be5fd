import { clock } from '../core/clock.js'
import { sessionName, type SessionKey } from '../core/session.js'
import type { ActiveRun } from './active-run.js'

/** How much of what has ended is kept. */
export interface Bounds {
  runs: number
  seconds: number
  /** Of events, as JSON. */
  characters: number
}

const DEFAULTS: Bounds = { runs: 1000, seconds: 3600, characters: 32 * 1024 * 1024 }

/** The runs that can be asked for: those under way, and of those that have ended the latest. */
export class KnownRuns {
  readonly #bounds: Bounds
  /** By the name of their session and their id; oldest first. */
  readonly #runs = new Map<string, Map<string, ActiveRun>>()
  /** In the order in which they ended. */
  readonly #ended = new Set<ActiveRun>()
  #characters = 0

  constructor(bounds: Partial<Bounds> = {}) {
    this.#bounds = { ...DEFAULTS, ...bounds }
  }

  find(key: SessionKey, id: string): ActiveRun | undefined {
    this.#dropOldest()
    return this.#runs.get(sessionName(key))?.get(id)
  }

  list(key: SessionKey): ActiveRun[] {
    this.#dropOldest()
    return [...(this.#runs.get(sessionName(key))?.values() ?? [])]
  }

  add(run: ActiveRun): void {
    const runs = this.#runs.get(run.session)
    if (runs) runs.set(run.id, run)
    else this.#runs.set(run.session, new Map([[run.id, run]]))
    run.onEnd(() => this.#keep(run))
  }

  /** A name for a run that continues an invocation. */
  freeId(key: SessionKey, invocationId: string): string {
    let id = invocationId
    for (let number = 2; this.find(key, id); number++) id = `${invocationId}.${number}`
    return id
  }

  forget(key: SessionKey): void {
    const name = sessionName(key)
    for (const run of this.#runs.get(name)?.values() ?? []) this.#release(run)
    this.#runs.delete(name)
  }

  #keep(run: ActiveRun): void {
    if (this.#runs.get(run.session)?.get(run.id) !== run) return // forgotten with its session
    this.#ended.add(run)
    this.#characters += run.characters
    this.#dropOldest()
  }

  #dropOldest(): void {
    const { runs, seconds, characters } = this.#bounds
    const longAgo = clock.now() - seconds
    for (const run of this.#ended) {
      const isOld = run.endedAt !== undefined && run.endedAt < longAgo
      if (!isOld && this.#ended.size <= runs && this.#characters <= characters) return
      this.#drop(run)
    }
  }

  #drop(run: ActiveRun): void {
    this.#release(run)
    const others = this.#runs.get(run.session)
    others?.delete(run.id)
    if (others?.size === 0) this.#runs.delete(run.session)
  }

  #release(run: ActiveRun): void {
    if (this.#ended.delete(run)) this.#characters -= run.characters
  }
}
