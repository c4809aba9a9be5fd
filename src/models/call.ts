import { setTimeout as sleep } from 'node:timers/promises'
import { linkAbort, toDelay, type LinkedAbort } from '../core/abort.js'
import { isTransient, ModelError, retryAfterOf, toModelError } from './model-error.js'
import type { RetryBudget } from './retry-budget.js'

// One call of a model as callers want it: bounded in time, repeated while that may help, and ended all the way down
// when nobody wants its answer any more. It knows nothing of any provider.

export interface RetryPolicy {
  /** Most repetitions of one call; 0 switches them off. */
  retries: number
  /** Bounds of the random pause between two attempts. */
  minDelayMs: number
  maxDelayMs: number
  /** Longest pause that is granted to an API that asks for one; when it asks for more, the call fails at once. */
  maxRetryAfterMs: number
  /** No pause ends later than this after the first attempt began. */
  totalMs: number
}

export const RETRY_POLICY: Readonly<RetryPolicy> = {
  retries: 3,
  minDelayMs: 500,
  maxDelayMs: 8_000,
  maxRetryAfterMs: 30_000,
  totalMs: 60_000,
}

/** Longest silences, measured only while we wait for the model; a slow reader does not use them up. */
export interface Timeouts {
  firstByteMs: number
  idleMs: number
}

export const TIMEOUTS: Readonly<Timeouts> = { firstByteMs: 120_000, idleMs: 60_000 }

export interface CallOptions {
  abortSignal: AbortSignal | undefined
  retry: RetryPolicy
  timeouts: Timeouts
  /** Shared by all calls of a model. */
  budget: RetryBudget
}

/** Starts a request. It must end when the signal fires; what it throws may carry `status` and `retryAfter`. */
export type Send<Response> = (signal: AbortSignal) => Promise<AsyncIterable<Response>>

/**
 * Yields what the request yields. It is sent again after a passing failure, as long as nothing has come back. Throws
 * the abort reason when the caller aborts, a {@link ModelError} otherwise. Leaving the loop early ends the request.
 */
export async function* callModel<Response>(
  send: Send<Response>,
  options: CallOptions,
): AsyncGenerator<Response, void> {
  const { attempt, first } = await begin(send, options)
  try {
    let next = first
    while (!next.done) {
      yield next.value
      next = await attempt.next(options.timeouts.idleMs)
    }
  } catch (error) {
    options.abortSignal?.throwIfAborted()
    throw toModelError(error, { begun: true })
  } finally {
    attempt.close()
  }
}

/** The first attempt that brings something, and what it brings. */
async function begin<Response>(send: Send<Response>, { abortSignal, retry, timeouts, budget }: CallOptions) {
  const start = performance.now()
  budget.earn()
  for (let attempts = 1; ; attempts++) {
    const attempt = new Attempt(send, abortSignal)
    try {
      return { attempt, first: await attempt.next(timeouts.firstByteMs) }
    } catch (error) {
      attempt.close()
      abortSignal?.throwIfAborted()
      const delay = retryDelay(error, { attempts, elapsedMs: performance.now() - start }, retry)
      if (delay === undefined || !budget.spend()) throw toModelError(error, { begun: false })
      await pause(delay, abortSignal)
    }
  }
}

/** How long to wait before the next attempt, in milliseconds; `undefined`: there is none. */
export function retryDelay(
  error: unknown,
  { attempts, elapsedMs }: { attempts: number; elapsedMs: number },
  policy: RetryPolicy,
): number | undefined {
  if (attempts > policy.retries || !isTransient(error)) return undefined
  const asked = retryAfterOf(error)
  if (asked !== undefined && asked > policy.maxRetryAfterMs) return undefined
  const delay = asked ?? jitter(attempts, policy)
  return elapsedMs + delay <= policy.totalMs ? delay : undefined
}

/** Chance spreads clients that failed together; the room for it doubles with every attempt. */
function jitter(attempts: number, { minDelayMs, maxDelayMs }: RetryPolicy): number {
  const ceiling = Math.min(maxDelayMs, minDelayMs * 2 ** (attempts + 1))
  return minDelayMs + Math.random() * (ceiling - minDelayMs)
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal && { signal })
  } finally {
    signal?.throwIfAborted() // the caller's own reason, not the timer's
  }
}

/** One request, and the waiting for what it brings. Many chunks come, so what a wait needs is made once. */
class Attempt<Response> {
  readonly #send: Send<Response>
  readonly #request: LinkedAbort
  #responses: AsyncIterator<Response> | undefined
  #open = true
  #isWaiting = false
  #giveUp: (reason: Error) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #limitMs: number | undefined

  constructor(send: Send<Response>, abortSignal: AbortSignal | undefined) {
    this.#send = send
    this.#request = linkAbort(abortSignal)
    const { signal } = this.#request
    const giveUp = () => this.#giveUp(signal.reason as Error) // whoever aborts gives an Error
    signal.addEventListener('abort', giveUp, { once: true })
  }

  /** Settles like the next response, or rejects when the signal fires, or after a silence of so many milliseconds. */
  async next(limitMs: number): Promise<IteratorResult<Response>> {
    this.#request.signal.throwIfAborted() // before any work begins: a promise that nobody hears would crash the process
    this.#startTimer(limitMs)
    this.#isWaiting = true
    try {
      const next = await this.#unlessAborted(this.#responses?.next() ?? this.#begin())
      if (next.done) this.#open = false
      return next
    } finally {
      this.#isWaiting = false
    }
  }

  /** Ends the request, unless it was read to its end. */
  close(): void {
    clearTimeout(this.#timer)
    this.#request.release()
    if (this.#open) this.#request.abort(new Error('nobody reads the answer any more'))
  }

  async #begin(): Promise<IteratorResult<Response>> {
    const responses = await this.#send(this.#request.signal)
    this.#responses = responses[Symbol.asyncIterator]()
    return this.#responses.next()
  }

  #unlessAborted<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject
      work.then(resolve, reject)
      const { signal } = this.#request
      if (signal.aborted) reject(signal.reason as Error) // while the work began, when nobody was listening yet
    })
  }

  /** It runs on while the reader takes its time, and then means nothing. */
  #startTimer(limitMs: number): void {
    if (this.#limitMs === limitMs) {
      this.#timer?.refresh()
      return
    }
    clearTimeout(this.#timer)
    this.#limitMs = limitMs
    this.#timer = setTimeout(() => {
      const silence = `The model sent nothing for ${limitMs / 1000} seconds`
      if (this.#isWaiting) this.#request.abort(new ModelError('DEADLINE_EXCEEDED', silence))
    }, toDelay(limitMs))
  }
}

/** The policy of a call: what the model was given wins over `ADK_MODEL_RETRIES`, which wins over {@link RETRY_POLICY}. */
export function retryPolicy(given: Partial<RetryPolicy> = {}): RetryPolicy {
  return { ...RETRY_POLICY, ...retriesFromEnvironment(), ...given }
}

/** `ADK_MODEL_RETRIES`: most repetitions of a failed call, 0 for none. */
function retriesFromEnvironment(): Pick<RetryPolicy, 'retries'> | undefined {
  const text = process.env.ADK_MODEL_RETRIES?.trim() ?? ''
  return /^\d+$/.test(text) ? { retries: Number(text) } : undefined
}
