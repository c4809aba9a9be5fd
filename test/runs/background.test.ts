import { afterEach, describe, expect, test, vi } from 'vitest'
import { clock } from '../../src/core/clock.js'
import { AdkError } from '../../src/core/errors.js'
import type { Run } from '../../src/runs/runs.js'
import { said, throwingAgent, WorkingAgent } from '../support/agents.js'
import type { Turn } from '../support/scripted-model.js'
import { KEY, modelAgent, openRuns } from './support.js'

const reason = new AdkError('run_cancelled', 'because')

async function indexesOf(run: Run): Promise<number[]> {
  const indexes: number[] = []
  for await (const { index } of run.events()) indexes.push(index)
  return indexes
}

describe('a background run', () => {
  test('goes through its states without being read', async () => {
    const { runs, start, stored } = await openRuns(modelAgent('Hello.'))
    const run = start()
    expect(run).toMatchObject({ status: 'queued', key: KEY, isAttached: false, startedAt: undefined })
    await run.started
    expect(run).toMatchObject({ status: 'running', startedAt: expect.any(Number) })
    await run.done
    expect(run).toMatchObject({ status: 'completed', size: 1, failure: undefined })
    expect(runs.size).toBe(0)
    expect(await stored()).toHaveLength(2)
    expect(await indexesOf(run)).toEqual([0])
    expect(runs.find(KEY, run.id)).toBe(run)
  })

  test('that fails says why, and ends its readers all the same', async () => {
    const { start } = await openRuns(throwingAgent(new Error('no luck at /home/x/y.js')))
    const run = start()
    expect(await indexesOf(run)).toEqual([0])
    expect(run.status).toBe('failed')
    expect(run.failure).toMatchObject({
      code: 'agent_failed',
      message: 'Agent "app" failed: no luck at [path]',
    })
  })

  test('ends before its turn when it is cancelled, or its signal fires', async () => {
    const { runs, start, stored } = await openRuns(modelAgent({ hang: true }))
    const first = start()
    const second = start()
    const leaving = new AbortController()
    const third = start({ signal: leaving.signal })
    second.cancel(reason)
    leaving.abort(new Error('The caller left'))
    await Promise.all([second.started, second.done, third.done])
    expect(second).toMatchObject({ status: 'cancelled', failure: reason, startedAt: undefined })
    expect(third.failure).toMatchObject({ code: 'run_cancelled', message: 'The caller left' })
    expect(runs.size).toBe(1)
    first.cancel(reason)
    await first.done
    expect(first).toMatchObject({ status: 'cancelled', failure: reason })
    expect(await stored()).toHaveLength(1)
    first.cancel(new AdkError('session_deleted', 'too late'))
    expect(first.failure).toBe(reason)
  })

  test('is refused at once, and leaves nothing behind', async () => {
    const { runs, start } = await openRuns(modelAgent({ hang: true }), { maxWaiting: 1, maxRuns: 3 })
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const kept = [start(), start()]
    expect(() => start({ signal })).toThrow(expect.objectContaining({ code: 'session_busy' }))
    expect(removed).toHaveBeenCalledTimes(1)
    expect(() => start({ signal: AbortSignal.abort(reason) })).toThrow(reason)
    kept.push(start({ key: { ...KEY, sessionId: 's2' } }))
    expect(() => start({ key: { ...KEY, sessionId: 's3' } })).toThrow(
      expect.objectContaining({ code: 'too_many_runs' }),
    )
    expect(runs.list(KEY)).toEqual(kept.slice(0, 2))
    runs.close(reason)
    expect(() => start()).toThrow(reason)
    runs.cancelAll(reason)
    await runs.whenIdle()
    expect(runs.size).toBe(0)
  })

  test('waits as long as it takes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { start } = await openRuns(modelAgent({ hang: true }))
    const [first, second] = [start(), start()]
    vi.advanceTimersByTime(3_600_000)
    await first.started
    expect(second.status).toBe('queued')
    vi.useRealTimers()
    for (const run of [second, first]) run.cancel(reason)
    await Promise.all([first.done, second.done])
  })

  test('lets attached runs have their turns between', async () => {
    const { start, attach, stored } = await openRuns(modelAgent('One.', 'Two.', 'Three.'))
    const text = (each: string) => ({ message: { role: 'user', parts: [{ text: each }] } })
    start(text('first'))
    const attached = attach(text('second'))
    const last = start(text('third'))
    for await (const event of (await attached).reading) expect(event.content?.parts?.[0]?.text).toBe('Two.')
    await last.done
    const texts = (await stored()).map(({ content }) => content?.parts?.[0]?.text)
    expect(texts).toEqual(['first', 'One.', 'second', 'Two.', 'third', 'Three.'])
  })
})

describe('runs that have ended', () => {
  afterEach(() => void vi.restoreAllMocks())

  test('are kept up to a number, the latest of all sessions', async () => {
    const { runs, start } = await openRuns(modelAgent(...Array<Turn>(5).fill('Hello.')), {
      keep: { count: 2 },
    })
    const ended: Run[] = []
    for (const sessionId of ['s', 's2', 's', 's2']) {
      const run = start({ key: { ...KEY, sessionId } })
      await run.done
      ended.push(run)
    }
    expect(runs.list(KEY)).toEqual([ended[2]])
    expect(runs.list({ ...KEY, sessionId: 's2' })).toEqual([ended[3]])
    expect(runs.find(KEY, ended[0]?.id ?? '')).toBeUndefined()
  })

  test('are kept for a time', async () => {
    const { runs, start } = await openRuns(modelAgent('Hello.', { hang: true }))
    const [first, second] = [start(), start()]
    await second.started
    expect(runs.list(KEY)).toEqual([first, second])
    const now = clock.now()
    vi.spyOn(clock, 'now').mockReturnValue(now + 3601)
    expect(runs.list(KEY)).toEqual([second])
    second.cancel(reason)
    await second.done
  })

  test('are kept up to a size', async () => {
    const agent = new WorkingAgent(async function* (context) {
      yield said(context, 'x'.repeat(1000))
    })
    const { runs, start } = await openRuns(agent, { keep: { characters: 3000 } })
    const all = Array.from({ length: 5 }, () => start())
    await Promise.all(all.map(({ done }) => done))
    expect(runs.list(KEY)).toEqual(all.slice(3))
  })

  test('are forgotten with their session, and so are those that end by it', async () => {
    const { runs, start } = await openRuns(modelAgent('Hello.', { hang: true }))
    const [first, second] = [start(), start()]
    await second.started
    runs.cancelSession(KEY, reason)
    expect(runs.list(KEY)).toEqual([])
    await second.done
    expect(runs.list(KEY)).toEqual([])
    expect(second.failure).toBe(reason)
    expect(await indexesOf(first)).toEqual([0])
  })
})
