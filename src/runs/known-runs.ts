import { sessionName, type SessionKey } from '../core/session.js'
import type { ActiveRun } from './active-run.js'
import { BoundedSet, type Bounds } from './bounded-set.js'

const DEFAULTS: Bounds = { count: 1000, seconds: 3600, characters: 32 * 1024 * 1024 }

/** The runs that can be asked for: those under way, and of those that have ended the latest. */
export class KnownRuns {
  /** By the name of their session and their id; oldest first. */
  readonly #runs = new Map<string, Map<string, ActiveRun>>()
  readonly #ended: BoundedSet<ActiveRun>

  /** The characters are those of events, as JSON. */
  constructor(bounds: Partial<Bounds> = {}) {
    this.#ended = new BoundedSet({ ...DEFAULTS, ...bounds }, (run) => this.#drop(run))
  }

  find(key: SessionKey, id: string): ActiveRun | undefined {
    return this.#runsOf(key)?.get(id)
  }

  list(key: SessionKey): ActiveRun[] {
    return [...(this.#runsOf(key)?.values() ?? [])]
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
    for (const run of this.list(key)) this.#ended.delete(run)
    this.#runs.delete(sessionName(key))
  }

  #runsOf(key: SessionKey): Map<string, ActiveRun> | undefined {
    this.#ended.dropOldest()
    return this.#runs.get(sessionName(key))
  }

  #keep(run: ActiveRun): void {
    if (this.#runs.get(run.session)?.get(run.id) !== run) return // forgotten with its session
    this.#ended.add(run, run.characters)
  }

  #drop(run: ActiveRun): void {
    const others = this.#runs.get(run.session)
    others?.delete(run.id)
    if (others?.size === 0) this.#runs.delete(run.session)
  }
}
