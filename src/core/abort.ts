import { setMaxListeners } from 'node:events'

/** Milliseconds as a timer takes them: one that is given more than this fires at once. */
export const toDelay = (milliseconds: number): number => Math.min(milliseconds, 2 ** 31 - 1)

/** A signal that follows another one, or fires by itself; `release` must be called when the work is over. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  release(): void
}

/**
 * Follows `parent` without staying attached to it: a run makes many calls, and listeners that pile up on its one signal
 * would keep every finished call in memory. With `timeoutMs` the signal also fires by itself, with `timeoutReason`.
 */
export function linkAbort(
  parent: AbortSignal | undefined,
  timeout?: { timeoutMs: number; reason: () => Error },
): LinkedAbort {
  const controller = new AbortController()
  const follow = () => controller.abort(parent?.reason)
  if (parent?.aborted) follow()
  else if (parent) {
    setMaxListeners(0, parent) // as many as there are calls at once; each one leaves with its call
    parent.addEventListener('abort', follow, { once: true })
  }
  const timer = timeout && setTimeout(() => controller.abort(timeout.reason()), toDelay(timeout.timeoutMs))
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => {
      clearTimeout(timer)
      parent?.removeEventListener('abort', follow)
    },
  }
}

/** Settles like `work`, or rejects with the signal's reason as soon as it fires; `work` itself goes on unheard. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {}) // heard below, unless the signal comes first
  signal.throwIfAborted()
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error) // whoever aborts gives an Error
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
