import { describe, expect, test, vi } from 'vitest'
import type { BaseAgent } from '../../src/core/agent.js'
import { AdkError } from '../../src/core/errors.js'
import type { Event } from '../../src/core/event.js'
import { Runner } from '../../src/runner/runner.js'
import { Runs, type Run, type RunsOptions, type StartRun } from '../../src/runs/runs.js'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import { createLog } from '../../src/telemetry/log.js'
import { said, throwingAgent, weatherAgent, WorkingAgent } from '../support/agents.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'

const KEY = { appName: 'app', userId: 'u', sessionId: 's' }
const reason = new AdkError('session_deleted', 'because')

/** Runs of one agent on sessions that exist. */
async function openRuns(agent: BaseAgent, options: Partial<RunsOptions> = {}) {
  const sessions = new InMemorySessionService()
  for (const sessionId of ['s', 's2']) await sessions.createSession({ ...KEY, sessionId })
  const log = await createLog({ level: 'silent', pretty: false })
  const runner = new Runner({ appName: 'app', agent, sessionService: sessions, log })
  const runs = new Runs({ log, ...options })
  const start = (changes: Partial<StartRun> = {}): Promise<Run> =>
    runs.start({
      runner,
      key: KEY,
      message: { role: 'user', parts: [{ text: 'Hi' }] },
      streaming: false,
      signal: new AbortController().signal,
      ...changes,
    })
  const stored = async (): Promise<Event[]> => (await sessions.getSession(KEY))?.events ?? []
  return { runs, start, stored }
}

const modelAgent = (...turns: Turn[]) => weatherAgent(scriptedModel(turns))
const collect = async ({ events }: Run) => {
  const all: Event[] = []
  for await (const event of events) all.push(event)
  return all
}

describe('a run', () => {
  test('is running until its last event is read', async () => {
    const { runs, start } = await openRuns(modelAgent('Hello.'))
    const run = await start()
    expect(run).toMatchObject({ status: 'running', key: KEY })
    const events = await collect(run)
    expect(events.map(({ invocationId }) => invocationId)).toEqual([run.id])
    expect(run.status).toBe('completed')
    expect(runs.size).toBe(0)
  })

  test('that fails says so, in words for the client', async () => {
    const { runs, start } = await openRuns(throwingAgent(new Error('no luck at /home/x/y.js')))
    const run = await start()
    const failure = { code: 'agent_failed', message: 'Agent "app" failed: no luck at [path]' }
    await expect(collect(run)).rejects.toMatchObject(failure)
    expect(run.status).toBe('failed')
    expect(runs.size).toBe(0)
  })

  test('ends when its reader leaves', async () => {
    const agent = new WorkingAgent(async function* (context) {
      for (;;) yield said(context, 'more')
    })
    const { runs, start } = await openRuns(agent)
    const run = await start()
    for await (const event of run.events) if (event) break
    expect(run.status).toBe('cancelled')
    expect(runs.size).toBe(0)
    expect(await start()).toMatchObject({ status: 'running' })
  })

  test('can be cancelled while it waits for its model', async () => {
    const { start, stored } = await openRuns(modelAgent({ hang: true }))
    const run = await start()
    const events = collect(run)
    await vi.waitFor(async () => expect(await stored()).toHaveLength(1))
    run.cancel(reason)
    await expect(events).rejects.toBe(reason)
    expect(run.status).toBe('cancelled')
  })

  test('that is cancelled before it is read gives its turn back and does nothing', async () => {
    const { runs, start, stored } = await openRuns(modelAgent('Hello.'))
    const first = await start()
    const second = start()
    first.cancel(reason)
    expect(first.status).toBe('cancelled')
    const next = await second
    await expect(collect(first)).rejects.toBe(reason)
    expect(await stored()).toEqual([])
    expect(await collect(next)).toHaveLength(1)
    expect(runs.size).toBe(0)
  })

  test('may not make more model calls than allowed', async () => {
    const turns: Turn[] = Array.from({ length: 5 }, () => ({ call: 'get_weather' }))
    const { start } = await openRuns(modelAgent(...turns), { maxLlmCalls: 2 })
    const events = await collect(await start())
    expect(events).toHaveLength(5)
    expect(events.at(-1)?.errorMessage).toContain('limit of 2')
  })

  test('is not started for a signal that has fired', async () => {
    const { runs, start, stored } = await openRuns(modelAgent('Hello.'))
    await expect(start({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(runs.size).toBe(0)
    expect(await stored()).toEqual([])
  })

  test('leaves no listener on the signal of its client', async () => {
    const { start } = await openRuns(modelAgent('One.', 'Two.'))
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    for (let round = 0; round < 2; round++) await collect(await start({ signal }))
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed).toHaveBeenCalledTimes(2)
  })
})

describe('runs', () => {
  test('of one session are cancelled together, others go on', async () => {
    const { runs, start } = await openRuns(modelAgent({ hang: true }, 'Other.'))
    const run = collect(await start())
    const waiting = start()
    const other = await start({ key: { ...KEY, sessionId: 's2' } })
    runs.cancelSession(KEY, reason)
    await expect(run).rejects.toBe(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(other.status).toBe('running')
    expect(runs.size).toBe(1)
  })

  test('are told apart by all three parts of the key', async () => {
    const { runs, start } = await openRuns(modelAgent('Hello.'))
    const run = await start()
    for (const part of ['appName', 'userId', 'sessionId']) runs.cancelSession({ ...KEY, [part]: 'x' }, reason)
    expect(await collect(run)).toHaveLength(1)
  })

  test('are limited', async () => {
    const { runs, start } = await openRuns(modelAgent('Hello.'), { maxRuns: 2 })
    const first = await start()
    const waiting = start()
    await expect(start({ key: { ...KEY, sessionId: 's2' } })).rejects.toMatchObject({ code: 'too_many_runs' })
    expect(runs.size).toBe(2)
    await collect(first)
    await waiting
    expect(await start({ key: { ...KEY, sessionId: 's2' } })).toMatchObject({ status: 'running' })
  })

  test('are not accepted after closing; those under way and those that wait go on', async () => {
    const { runs, start } = await openRuns(modelAgent('One.', 'Two.'))
    const first = await start()
    const waiting = start()
    const closed = new AdkError('shutting_down', 'closing')
    runs.close(closed)
    await expect(start()).rejects.toBe(closed)
    expect(await collect(first)).toHaveLength(1)
    expect(await collect(await waiting)).toHaveLength(1)
  })

  test('can all be cancelled', async () => {
    const { runs, start } = await openRuns(modelAgent({ hang: true }))
    const running = collect(await start())
    const waiting = start()
    runs.cancelAll(reason)
    await expect(running).rejects.toBe(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(runs.size).toBe(0)
  })
})
