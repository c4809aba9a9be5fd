import { describe, expect, test, vi } from 'vitest'
import { AdkError } from '../../src/core/errors.js'
import type { Event } from '../../src/core/event.js'
import type { AttachedRun } from '../../src/runs/runs.js'
import { said, throwingAgent, WorkingAgent } from '../support/agents.js'
import type { Turn } from '../support/scripted-model.js'
import { KEY, modelAgent, openRuns } from './support.js'

const reason = new AdkError('session_deleted', 'because')

const collect = async ({ reading }: AttachedRun) => {
  const all: Event[] = []
  for await (const event of reading) all.push(event)
  return all
}

describe('an attached run', () => {
  test('is running until its last event is read', async () => {
    const { runs, attach } = await openRuns(modelAgent('Hello.'))
    const run = await attach()
    expect(run).toMatchObject({ status: 'running', key: KEY })
    const events = await collect(run)
    expect(events.map(({ invocationId }) => invocationId)).toEqual([run.id])
    expect(run.status).toBe('completed')
    expect(runs.size).toBe(0)
  })

  test('that fails says so, in words for the client', async () => {
    const { runs, attach } = await openRuns(throwingAgent(new Error('no luck at /home/x/y.js')))
    const run = await attach()
    const failure = { code: 'agent_failed', message: 'Agent "app" failed: no luck at [path]' }
    await expect(collect(run)).rejects.toMatchObject(failure)
    expect(run.status).toBe('failed')
    expect(runs.size).toBe(0)
  })

  test('ends when its reader leaves', async () => {
    const agent = new WorkingAgent(async function* (context) {
      for (;;) yield said(context, 'more')
    })
    const { runs, attach } = await openRuns(agent)
    const run = await attach()
    for await (const event of run.reading) if (event) break
    expect(run.status).toBe('cancelled')
    expect(runs.size).toBe(0)
    expect(await attach()).toMatchObject({ status: 'running' })
  })

  test('can be cancelled while it waits for its model', async () => {
    const { attach, stored } = await openRuns(modelAgent({ hang: true }))
    const run = await attach()
    const events = collect(run)
    await vi.waitFor(async () => expect(await stored()).toHaveLength(1))
    run.cancel(reason)
    await expect(events).rejects.toBe(reason)
    expect(run.status).toBe('cancelled')
  })

  test('that is cancelled before it is read gives its turn back and does nothing', async () => {
    const { runs, attach, stored } = await openRuns(modelAgent('Hello.'))
    const first = await attach()
    const second = attach()
    first.cancel(reason)
    await first.done
    expect(first.status).toBe('cancelled')
    const next = await second
    await expect(collect(first)).rejects.toBe(reason)
    expect(await stored()).toEqual([])
    expect(await collect(next)).toHaveLength(1)
    expect(runs.size).toBe(0)
  })

  test('may not make more model calls than allowed', async () => {
    const turns: Turn[] = Array.from({ length: 5 }, () => ({ call: 'get_weather' }))
    const { attach } = await openRuns(modelAgent(...turns), { maxLlmCalls: 2 })
    const events = await collect(await attach())
    expect(events).toHaveLength(5)
    expect(events.at(-1)?.errorMessage).toContain('limit of 2')
  })

  test('is not started for a signal that has fired', async () => {
    const { runs, attach, stored } = await openRuns(modelAgent('Hello.'))
    await expect(attach({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(runs.size).toBe(0)
    expect(await stored()).toEqual([])
  })

  test('leaves no listener on the signal of its client', async () => {
    const { attach } = await openRuns(modelAgent('One.', 'Two.'))
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    for (let round = 0; round < 2; round++) await collect(await attach({ signal }))
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed).toHaveBeenCalledTimes(2)
  })
})

describe('attached runs', () => {
  test('of one session are cancelled together, others go on', async () => {
    const { runs, attach } = await openRuns(modelAgent({ hang: true }, 'Other.'))
    const run = collect(await attach())
    const waiting = attach()
    const other = await attach({ key: { ...KEY, sessionId: 's2' } })
    runs.cancelSession(KEY, reason)
    await expect(run).rejects.toBe(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(other.status).toBe('running')
    expect(runs.size).toBe(1)
  })

  test('are told apart by all three parts of the key', async () => {
    const { runs, attach } = await openRuns(modelAgent('Hello.'))
    const run = await attach()
    for (const part of ['appName', 'userId', 'sessionId']) runs.cancelSession({ ...KEY, [part]: 'x' }, reason)
    expect(await collect(run)).toHaveLength(1)
  })

  test('are limited', async () => {
    const { runs, attach } = await openRuns(modelAgent('Hello.'), { maxRuns: 2 })
    const first = await attach()
    const waiting = attach()
    await expect(attach({ key: { ...KEY, sessionId: 's2' } })).rejects.toMatchObject({
      code: 'too_many_runs',
    })
    expect(runs.size).toBe(2)
    await collect(first)
    await waiting
    expect(await attach({ key: { ...KEY, sessionId: 's2' } })).toMatchObject({ status: 'running' })
  })

  test('are not accepted after closing; those under way and those that wait go on', async () => {
    const { runs, attach } = await openRuns(modelAgent('One.', 'Two.'))
    const first = await attach()
    const waiting = attach()
    const closed = new AdkError('shutting_down', 'closing')
    runs.close(closed)
    await expect(attach()).rejects.toBe(closed)
    expect(await collect(first)).toHaveLength(1)
    expect(await collect(await waiting)).toHaveLength(1)
  })

  test('can all be cancelled', async () => {
    const { runs, attach } = await openRuns(modelAgent({ hang: true }))
    const running = collect(await attach())
    const waiting = attach()
    runs.cancelAll(reason)
    await expect(running).rejects.toBe(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(runs.size).toBe(0)
  })
})
