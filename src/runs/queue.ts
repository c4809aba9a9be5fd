import { AdkError } from '../core/errors.js'

/** Most runs that may wait for their turn on one session. */
const MAX_WAITING = 8
/** Longest time a run may wait for its turn, in milliseconds. */
const MAX_WAIT_MS = 60_000

type Release = () => void
type Waiting = { start: () => void }

/** Hands out turns, one at a time per name, in order of arrival. Names that nobody holds take no memory. */
export class Turns {
  readonly #waiting = new Map<string, Waiting[]>()

  /** Resolves to the function that gives the turn back. Rejects when too many wait, after a minute, or on abort. */
  async take(name: string, busy: string, signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted()
    const waiting = this.#waiting.get(name)
    if (!waiting) return this.#hold(name)
    if (waiting.length >= MAX_WAITING) throw new AdkError('session_busy', busy)
    await this.#wait(waiting, busy, signal)
    return this.#release(name)
  }

  /** Only if nobody has it. */
  tryTake(name: string): Release | undefined {
    return this.#waiting.has(name) ? undefined : this.#hold(name)
  }

  #hold(name: string): Release {
    this.#waiting.set(name, [])
    return this.#release(name)
  }

  #wait(waiting: Waiting[], busy: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (error: unknown) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        const index = waiting.indexOf(entry)
        if (index !== -1) waiting.splice(index, 1)
        if (error) reject(error instanceof Error ? error : new Error('aborted', { cause: error }))
        else resolve()
      }
      const onAbort = () => leave(signal.reason ?? new Error('aborted'))
      const timer = setTimeout(() => leave(new AdkError('session_busy', busy)), MAX_WAIT_MS)
      const entry: Waiting = { start: () => leave(undefined) }
      signal.addEventListener('abort', onAbort, { once: true })
      waiting.push(entry)
    })
  }

  #release(name: string): Release {
    let held = true
    return () => {
      if (!held) return
      held = false
      const next = this.#waiting.get(name)?.[0]
      if (next) next.start()
      else this.#waiting.delete(name)
    }
  }
}
