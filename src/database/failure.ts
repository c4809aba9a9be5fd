import { setTimeout as sleep } from 'node:timers/promises'
import { AdkError } from '../core/errors.js'

/** What a failed statement means for whoever asked. */
export interface Failure {
  /** Nothing was done and it may pass: somebody holds a lock, or the server is about to be there. */
  passes: boolean
  /** Said to clients and to the person who starts the process: no path, no password. */
  reason: string
}

/** How long a failure that passes is waited out, in milliseconds. */
const PATIENCE_MS = 10_000

export interface Patience {
  explain: (error: unknown) => Failure | AdkError | undefined
  /** Longest pause between two attempts, in milliseconds. */
  maxPauseMs: number
  /** When the waiting began, as `performance.now()` tells; by default, now. */
  since?: number
}

/**
 * Repeats `attempt` while it fails for a reason that passes; then rejects with `storage_unavailable`. Errors that
 * `explain` does not know are passed on as they are.
 */
export async function persist<T>(
  attempt: () => Promise<T>,
  { explain, maxPauseMs, since = performance.now() }: Patience,
): Promise<T> {
  for (let pause = 1; ; pause = Math.min(pause * 2, maxPauseMs)) {
    try {
      return await attempt()
    } catch (error) {
      const failure = explain(error)
      if (!failure) throw error
      if (failure instanceof AdkError) throw failure
      if (!failure.passes || performance.now() - since > PATIENCE_MS) {
        throw new AdkError('storage_unavailable', `The database cannot be used: ${failure.reason}`, {
          cause: error,
        })
      }
      // By chance, so that processes that wait for each other do not come at the same time again.
      await sleep(pause * (0.5 + Math.random()))
    }
  }
}
