import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { linkAbort, unlessAborted } from '../../src/core/abort.js'

const REASON = new Error('enough')

describe('a linked signal', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('follows its parent, also one that has fired', () => {
    const parent = new AbortController()
    const link = linkAbort(parent.signal)
    parent.abort(REASON)
    expect(link.signal.reason).toBe(REASON)
    expect(linkAbort(parent.signal).signal.reason).toBe(REASON)
  })

  it('follows no longer once it is released', () => {
    const parent = new AbortController()
    const remove = vi.spyOn(parent.signal, 'removeEventListener')
    const link = linkAbort(parent.signal, { timeoutMs: 10, reason: () => REASON })
    link.release()
    parent.abort(REASON)
    vi.advanceTimersByTime(20)
    expect([link.signal.aborted, remove.mock.calls.length, vi.getTimerCount()]).toEqual([false, 1, 0])
  })

  it('fires by itself, by hand or in time, and leaves its parent alone', () => {
    const parent = new AbortController()
    const [timed, manual] = [
      linkAbort(parent.signal, { timeoutMs: 10, reason: () => REASON }),
      linkAbort(undefined),
    ]
    vi.advanceTimersByTime(9)
    expect(timed.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    manual.abort(REASON)
    expect([timed.signal.reason, manual.signal.reason, parent.signal.aborted]).toEqual([
      REASON,
      REASON,
      false,
    ])
  })

  it('may have many siblings without a warning', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const parent = new AbortController()
    const links = Array.from({ length: 50 }, () => linkAbort(parent.signal))
    for (const link of links) link.release()
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})

describe('work unless aborted', () => {
  it('settles like the work', async () => {
    const { signal } = new AbortController()
    expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1)
    await expect(unlessAborted(Promise.reject(REASON), signal)).rejects.toBe(REASON)
  })

  it.each(['before', 'after'])('rejects with the reason when the signal fires %s it began', async (when) => {
    const controller = new AbortController()
    if (when === 'before') controller.abort(REASON)
    const result = unlessAborted(new Promise(() => {}), controller.signal)
    controller.abort(REASON)
    await expect(result).rejects.toBe(REASON)
  })

  it('does not let work that fails unheard end the process', async () => {
    const unheard: unknown[] = []
    const hear = (reason: unknown) => void unheard.push(reason)
    process.on('unhandledRejection', hear)
    const work = Promise.reject(new Error('late'))
    await expect(unlessAborted(work, AbortSignal.abort(REASON))).rejects.toBe(REASON)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', hear)
    expect(unheard).toEqual([])
  })
})
