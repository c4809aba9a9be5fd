import { expect, test, vi } from 'vitest'
import { InMemoryArtifactService } from '../../src/artifacts/memory.js'
import { AdkError } from '../../src/core/errors.js'
import { createEvent } from '../../src/core/event.js'
import { SILENT } from '../../src/core/log.js'
import type { SessionKey } from '../../src/core/session.js'
import { InMemoryMemoryService } from '../../src/memory/memory.js'
import { Retention } from '../../src/runs/retention.js'
import { Runs } from '../../src/runs/runs.js'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import { createLog } from '../../src/telemetry/log.js'
import { TraceStore } from '../../src/telemetry/traces.js'

const HOUR = 3600
const keyOf = (sessionId: string): SessionKey => ({ appName: 'app', userId: 'user', sessionId })

async function setUp() {
  const log = await createLog({ level: 'silent', pretty: false })
  const keepers = {
    runs: new Runs({ log }),
    sessions: new InMemorySessionService(),
    artifacts: new InMemoryArtifactService(),
    memory: new InMemoryMemoryService(),
    traces: new TraceStore(),
  }
  const retention = new Retention({ keepers, ttl: HOUR, log })

  /** A session with something of everything. */
  async function add(id: string): Promise<SessionKey> {
    const key = keyOf(id)
    const session = await keepers.sessions.createSession(key)
    const content = { role: 'user', parts: [{ text: 'apple' }] }
    await keepers.sessions.appendEvent({
      session,
      event: createEvent({ author: 'user', invocationId: 'e-1', content }),
    })
    await keepers.artifacts.saveArtifact({ ...key, filename: 'n', artifact: { text: 'x' } })
    await keepers.artifacts.saveArtifact({ ...key, filename: 'user:n', artifact: { text: 'x' } })
    await keepers.memory.addSessionToMemory(session)
    return key
  }

  const left = async () => {
    const { sessions } = await keepers.sessions.listSessions({ appName: 'app' })
    return sessions.map(({ id }) => id)
  }
  const remembered = async () =>
    (await keepers.memory.searchMemory({ appName: 'app', userId: 'user', query: 'apple' })).memories.length
  return { keepers, retention, add, left, remembered }
}

/** Does `work` so much later. */
async function later<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  try {
    return await work()
  } finally {
    vi.useRealTimers()
  }
}

test('sessions end when nobody has used them for the time given, with all that is theirs', async () => {
  const { keepers, retention, add, left, remembered } = await setUp()
  await add('old')
  expect(await retention.sweep()).toBe(0)
  await later(HOUR / 2, () => add('new'))
  expect(await later(HOUR + 1, () => retention.sweep())).toBe(1)
  expect(await left()).toEqual(['new'])
  expect(await keepers.artifacts.listArtifactKeys(keyOf('old'))).toEqual(['user:n'])
  expect(await keepers.artifacts.listArtifactKeys(keyOf('new'))).toEqual(['n', 'user:n'])
  expect(await remembered()).toBe(1)
})

test('with a session go the runs that are kept of it', async () => {
  const { keepers, retention, add } = await setUp()
  const key = await add('old')
  const forget = vi.spyOn(keepers.runs, 'cancelSession')
  await later(HOUR + 1, () => retention.sweep())
  expect(forget).toHaveBeenCalledExactlyOnceWith(key, expect.objectContaining({ code: 'session_deleted' }))
})

test('many of them are removed in one sweep', async () => {
  const { retention, keepers, left } = await setUp()
  for (let number = 0; number < 250; number++) await keepers.sessions.createSession(keyOf(`s${number}`))
  expect(await later(HOUR + 1, () => retention.sweep())).toBe(250)
  expect(await left()).toEqual([])
})

test('a session with a run under way stays, however long it takes', async () => {
  const { keepers, retention, add, left } = await setUp()
  const key = await add('busy')
  await add('idle')
  const release = await keepers.runs.reserve(key, new AbortController().signal)
  expect(await later(HOUR + 1, () => retention.sweep())).toBe(1)
  expect(await left()).toEqual(['busy'])
  release()
  expect(await later(HOUR + 1, () => retention.sweep())).toBe(1)
})

test('a session that is updated at the last moment keeps all it has', async () => {
  const { keepers, retention, add, left } = await setUp()
  const key = await add('one')
  const list = keepers.sessions.listExpiredSessions.bind(keepers.sessions)
  vi.spyOn(keepers.sessions, 'listExpiredSessions').mockImplementation(async (request) => {
    const found = await list(request)
    const session = await keepers.sessions.getSession(key)
    if (session)
      await keepers.sessions.appendEvent({
        session,
        event: createEvent({ author: 'user', invocationId: 'e-2' }),
      })
    return found
  })
  expect(await later(HOUR + 1, () => retention.sweep())).toBe(0)
  expect(await left()).toEqual(['one'])
  expect(await keepers.artifacts.listArtifactKeys(key)).toEqual(['n', 'user:n'])
})

test('what could not be deleted is, before any other session ends', async () => {
  const { keepers, retention, add, left } = await setUp()
  const keys = [await add('one'), await add('two'), await add('three')]
  const spy = vi
    .spyOn(keepers.artifacts, 'deleteSession')
    .mockRejectedValue(new AdkError('storage_unavailable', 'no'))
  await expect(later(HOUR + 1, () => retention.sweep())).rejects.toMatchObject({
    code: 'storage_unavailable',
  })
  await expect(later(HOUR + 1, () => retention.sweep())).rejects.toMatchObject({
    code: 'storage_unavailable',
  })
  expect(await left()).toHaveLength(2)
  spy.mockRestore()
  expect(await later(HOUR + 1, () => retention.sweep())).toBe(2)
  for (const key of keys) expect(await keepers.artifacts.listArtifactKeys(key)).toEqual(['user:n'])
})

test('what could not be deleted stays where the id is in use again', async () => {
  const { keepers, retention, add } = await setUp()
  const key = await add('one')
  const spy = vi
    .spyOn(keepers.artifacts, 'deleteSession')
    .mockRejectedValue(new AdkError('storage_unavailable', 'no'))
  await expect(later(HOUR + 1, () => retention.sweep())).rejects.toThrow()
  spy.mockRestore()
  await later(HOUR + 1, async () => {
    await keepers.sessions.createSession(key)
    await retention.sweep()
  })
  expect(await keepers.artifacts.listArtifactKeys(key)).toEqual(['n', 'user:n'])
})

test('it goes on by itself, also after a failure, and stops when it is told to', async () => {
  const { keepers, add, left } = await setUp()
  await add('one')
  const list = keepers.sessions.listExpiredSessions.bind(keepers.sessions)
  const spy = vi.spyOn(keepers.sessions, 'listExpiredSessions')
  const warn = vi.fn()
  const retention = new Retention({ keepers, ttl: 0.001, log: { ...SILENT, warn } })
  spy.mockImplementation(list)
  spy.mockRejectedValueOnce(new Error('not now'))
  retention.start()
  await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 10_000 })
  expect(warn).toHaveBeenCalledTimes(1)
  await retention.stop()
  const calls = spy.mock.calls.length
  await retention.stop()
  expect(spy.mock.calls.length).toBe(calls)
})
