import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callModel, RETRY_POLICY, retryDelay, TIMEOUTS } from '../../src/models/call.js'
import { ModelError } from '../../src/models/model-error.js'
import { RetryBudget } from '../../src/models/retry-budget.js'
import { collect } from '../../src/testing.js'

const busy = Object.assign(new Error('busy'), { status: 503 })
const asking = (retryAfter: string) => Object.assign(new Error('busy'), { status: 429, retryAfter })
const options = { abortSignal: undefined, retry: RETRY_POLICY, timeouts: TIMEOUTS, budget: new RetryBudget() }

/** A request of which nothing is known but what its `next` gives. */
const requestOf = (next: () => Promise<IteratorResult<number>>) => async () => ({
  [Symbol.asyncIterator]: () => ({ next }),
})
const failWith = (thrown: Error) => requestOf(async () => Promise.reject(thrown))
const failing = (thrown: Error) => collect(callModel(failWith(thrown), options))

describe('the pause before a repetition', () => {
  it('is random, between half a second and eight', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), (attempts) => {
        const delay = retryDelay(busy, { attempts, elapsedMs: 0 }, RETRY_POLICY)
        expect(delay).toBeGreaterThanOrEqual(500)
        expect(delay).toBeLessThanOrEqual([2_000, 4_000, 8_000][attempts - 1] ?? 0)
      }),
    )
  })

  it('does not exist after the last attempt, or when the minute is over', () => {
    expect(retryDelay(busy, { attempts: 4, elapsedMs: 0 }, RETRY_POLICY)).toBeUndefined()
    expect(retryDelay(busy, { attempts: 1, elapsedMs: 59_600 }, RETRY_POLICY)).toBeUndefined()
  })

  it('is what the API asks for, up to half a minute', () => {
    const first = { attempts: 1, elapsedMs: 0 }
    expect(retryDelay(asking('30'), first, RETRY_POLICY)).toBe(30_000)
    expect(retryDelay(asking(new Date(0).toUTCString()), first, RETRY_POLICY)).toBe(0)
    expect(retryDelay(asking('31'), first, RETRY_POLICY)).toBeUndefined()
    expect(retryDelay(asking('soon'), first, RETRY_POLICY)).toBeLessThanOrEqual(2_000)
  })

  it('does not follow mistakes of the program', () => {
    expect(
      retryDelay(new TypeError('x is not a function'), { attempts: 1, elapsedMs: 0 }, RETRY_POLICY),
    ).toBeUndefined()
  })
})

describe('any request', () => {
  it('ends with the reason also when its signal fires as it is being sent, and it does not notice', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const send = async (): Promise<AsyncIterable<number>> => {
      controller.abort(reason)
      return new Promise(() => {})
    }
    const call = callModel(send, { ...options, abortSignal: controller.signal })
    await expect(collect(call)).rejects.toBe(reason)
  })

  it('ends with its signal aborted when its reader leaves, and not when it was read to the end', async () => {
    const signals: AbortSignal[] = []
    const send = async (signal: AbortSignal) => {
      signals.push(signal)
      return Readable.from([1, 2])
    }
    for await (const _ of callModel(send, options)) break
    expect(await collect(callModel(send, options))).toEqual([1, 2])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })

  it('is given up even when it does not heed its signal', async () => {
    const controller = new AbortController()
    const reason = new Error('the client left')
    const deaf = requestOf(() => new Promise(() => {}))
    const next = callModel(deaf, { ...options, abortSignal: controller.signal }).next()
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
  })

  it('may be given all the time there is', async () => {
    const slow = async function* () {
      yield await sleep(20, 1)
      yield await sleep(20, 2)
    }
    const timeouts = { firstByteMs: Infinity, idleMs: 2 ** 32 }
    expect(await collect(callModel(async () => slow(), { ...options, timeouts }))).toEqual([1, 2])
  })

  it('fails with an error of its own kind, whatever was thrown', async () => {
    const own = new ModelError('429', 'Busy.')
    await expect(failing(own)).rejects.toBe(own)
    const cause = new Error('odd\nthing at /home/somebody/agents/agent.ts')
    const told = { errorCode: 'UNKNOWN_ERROR', message: 'odd thing at [path]', cause }
    await expect(failing(cause)).rejects.toMatchObject(told)
    await expect(failing(new Error('<br>'))).rejects.toMatchObject({ message: 'The model call failed' })
    const late = new DOMException('late', 'AbortError')
    await expect(failing(late)).rejects.toMatchObject({ errorCode: 'DEADLINE_EXCEEDED' })
  })
})
