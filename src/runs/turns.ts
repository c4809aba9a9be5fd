import { AdkError } from '../core/errors.js'

/** Most runs that may wait for their turn on one session, unless said otherwise. */
const MAX_WAITING = 64

export type Release = () => void

export interface Patience {
  /** What those are told who are refused, or wait for too long. */
  busy: string
  signal: AbortSignal
  /** Longest time to wait, in milliseconds; without it, until the turn comes. */
  maxWaitMs?: number | undefined
}

interface Waiting {
  start(): void
}

/** Hands out turns, one at a time per name, in order of arrival. Names that nobody holds take no memory. */
export class Turns {
  readonly #waiting = new Map<string, Waiting[]>()

  constructor(private readonly maxWaiting = MAX_WAITING) {}

  /**
   * Resolves to the function that gives the turn back. Throws at once when too many wait already; rejects when the
   * wait takes too long, or on abort.
   */
  take(name: string, patience: Patience): Promise<Release> {
    patience.signal.throwIfAborted()
    const waiting = this.#waiting.get(name)
    if (!waiting) return Promise.resolve(this.#hold(name))
    if (waiting.length >= this.maxWaiting) throw new AdkError('session_busy', patience.busy)
    return this.#wait(waiting, patience).then(() => this.#release(name))
  }

  /** Only if nobody has it. */
  tryTake(name: string): Release | undefined {
    return this.#waiting.has(name) ? undefined : this.#hold(name)
  }

  #hold(name: string): Release {
    this.#waiting.set(name, [])
    return this.#release(name)
  }

  #wait(waiting: Waiting[], { busy, signal, maxWaitMs }: Patience): Promise<void> {
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
      const tooLong = () => leave(new AdkError('session_busy', busy))
      const timer = maxWaitMs === undefined ? undefined : setTimeout(tooLong, maxWaitMs)
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
