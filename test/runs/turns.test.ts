import { afterEach, describe, expect, test, vi } from 'vitest'
import { AdkError } from '../../src/core/errors.js'
import { Turns } from '../../src/runs/turns.js'

/** The signal of a client that stays. */
const staying = () => new AbortController().signal
const busy = 'busy; try again'

/** What a promise has come to so far. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'pending'
  const settle = () => void (state = 'settled')
  promise.then(settle, settle)
  await new Promise((resolve) => setImmediate(resolve))
  return state
}

describe('turns', () => {
  test('are given one at a time, in order', async () => {
    const turns = new Turns()
    const order: number[] = []
    const first = await turns.take('s', { busy, signal: staying() })
    const others = [1, 2, 3].map(async (number) => {
      const release = await turns.take('s', { busy, signal: staying() })
      order.push(number)
      await new Promise((resolve) => setImmediate(resolve))
      expect(order.at(-1)).toBe(number)
      release()
    })
    expect(order).toEqual([])
    first()
    await Promise.all(others)
    expect(order).toEqual([1, 2, 3])
  })

  test('of different names do not wait for each other', async () => {
    const turns = new Turns()
    await turns.take('a', { busy, signal: staying() })
    expect(await stateOf(turns.take('b', { busy, signal: staying() }))).toBe('settled')
    expect(await stateOf(turns.take('a', { busy, signal: staying() }))).toBe('pending')
  })

  test('are refused when too many wait', async () => {
    const turns = new Turns(8)
    const release = await turns.take('s', { busy, signal: staying() })
    const waiting = Array.from({ length: 8 }, () => turns.take('s', { busy, signal: staying() }))
    expect(() => turns.take('s', { busy, signal: staying() })).toThrow(new AdkError('session_busy', busy))
    release()
    await waiting[0]
    expect(await stateOf(turns.take('s', { busy, signal: staying() }))).toBe('pending')
  })

  test('can be given back once', async () => {
    const turns = new Turns()
    const first = await turns.take('s', { busy, signal: staying() })
    const second = turns.take('s', { busy, signal: staying() })
    const third = turns.take('s', { busy, signal: staying() })
    first()
    first()
    await second
    expect(await stateOf(third)).toBe('pending')
  })

  test('are not given to those who left', async () => {
    const turns = new Turns()
    const release = await turns.take('s', { busy, signal: staying() })
    const leaving = new AbortController()
    const second = turns.take('s', { busy, signal: leaving.signal })
    const third = turns.take('s', { busy, signal: staying() })
    const reason = new Error('gone')
    leaving.abort(reason)
    await expect(second).rejects.toBe(reason)
    release()
    expect(await stateOf(third)).toBe('settled')
    expect(() => turns.take('x', { busy, signal: AbortSignal.abort(reason) })).toThrow(reason)
    expect(await stateOf(turns.take('x', { busy, signal: staying() }))).toBe('settled')
  })

  test('leave no listener behind', async () => {
    const turns = new Turns()
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    for (let round = 0; round < 20; round++) {
      const release = await turns.take('s', { busy, signal })
      const next = turns.take('s', { busy, signal })
      release()
      ;(await next)()
    }
    expect(removed.mock.calls.length).toBe(added.mock.calls.length)
  })

  describe('with a limit to the wait', () => {
    afterEach(() => void vi.useRealTimers())

    test('are refused after it', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const turns = new Turns()
      const release = await turns.take('s', { busy, signal: staying() })
      const second = turns.take('s', { busy, signal: staying(), maxWaitMs: 60_000 })
      const refused = expect(second).rejects.toMatchObject({ code: 'session_busy' })
      vi.advanceTimersByTime(59_999)
      expect(await stateOf(second)).toBe('pending')
      vi.advanceTimersByTime(1)
      await refused
      release()
      expect(await stateOf(turns.take('s', { busy, signal: staying() }))).toBe('settled')
      expect(vi.getTimerCount()).toBe(0)
    })
  })
})
