import { copyFile } from 'node:fs/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../src/core/event.js'
import { openDatabase } from '../../src/database/database.js'
import { sqliteDriver } from '../../src/database/sqlite-driver.js'
import { parseStoreUri } from '../../src/database/uri.js'
import { openSqlSessions } from '../../src/sessions/sql.js'
import { folder, run } from '../cli/support.js'
import { speakingAgent } from '../support/agents.js'
import { freshSqlite } from '../support/database.js'
import { buildTestServer } from '../support/server.js'
import { copyOf, fixturePath, MAKERS, type Copy } from './fixtures.js'

const APP = 'weather_time_agent'
const SESSIONS = `/apps/${APP}/users/u_123/sessions`

/** The state of `s_123`, whoever made it. */
const STATE = {
  key1: 'value1',
  key2: 42,
  nothing: null,
  camelCaseKey: { a_b: 1 },
  last_city: 'New York',
  cleared: null,
  'app:version': 3,
  'app:runs': 1,
  'user:city': 'Paris',
  'user:visits': 1,
}

const NO_ACTIONS = {
  stateDelta: {},
  artifactDelta: {},
  requestedAuthConfigs: {},
  requestedToolConfirmations: {},
}

/** The events of `s_123`, but for their times. */
const EVENTS = [
  {
    author: 'user',
    content: { role: 'user', parts: [{ text: 'What is the weather in New York? ☂ "é"' }] },
    actions: NO_ACTIONS,
  },
  {
    author: APP,
    content: {
      role: 'model',
      parts: [
        {
          functionCall: {
            id: 'adk-1',
            name: 'get_weather',
            args: { city: 'New York', nestedKey: { inner_key: 1 } },
          },
          thoughtSignature: 'Af8C',
        },
      ],
    },
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    actions: NO_ACTIONS,
  },
  {
    author: APP,
    content: {
      role: 'user',
      parts: [
        {
          functionResponse: {
            id: 'adk-1',
            name: 'get_weather',
            response: { status: 'success', reportText: 'Sunny, 25 degrees.' },
          },
        },
      ],
    },
    actions: {
      ...NO_ACTIONS,
      stateDelta: { last_city: 'New York', 'user:visits': 1, 'app:runs': 1, cleared: null },
      artifactDelta: { 'report.txt': 0 },
    },
  },
  {
    author: APP,
    branch: 'root.child',
    content: { role: 'model', parts: [{ text: 'It is sunny in New York.' }] },
    customMetadata: { someKey: { x_y: true } },
    actions: NO_ACTIONS,
  },
]

interface AnySession {
  id: string
  state: object
  events: Event[]
  lastUpdateTime: number
}

/** A server on the copy; its store is closed with the test. */
async function serveCopy({ uri }: Copy) {
  const store = parseStoreUri(uri, 'session service')
  if (store.kind === 'memory') throw new Error('A copy is not in memory')
  const database = await openDatabase(store)
  onTestFinished(() => database.close())
  const { send } = await buildTestServer({
    apps: { [APP]: speakingAgent({ say: 'Still sunny.' }) },
    sessions: await openSqlSessions(database),
  })
  return {
    send,
    async get<T = AnySession>(path: string): Promise<T> {
      const reply = await send('GET', path)
      expect(reply).toMatchObject({ status: 200 })
      return reply.body as T
    },
  }
}

describe.each(MAKERS)('a database of %s', (_, maker) => {
  const rawTimes = ({ query }: Copy) =>
    query(
      `select id, ${maker.time('timestamp')} as time, event_data as data from events where session_id = 's_123' order by timestamp`,
    )

  test('is read', async () => {
    const { get } = await serveCopy(await copyOf(maker.file))
    const session = await get(`${SESSIONS}/s_123`)
    expect(session.state).toEqual(STATE)
    expect(session.events).toMatchObject(EVENTS)
    expect(session.events.map(({ id }) => id)).toEqual(
      [1, 2, 3, 4].map((number) => `0000000${number}-0000-4000-8000-000000000000`),
    )
    expect(new Set(session.events.map(({ invocationId }) => invocationId))).toEqual(
      new Set(['e-11111111-1111-4111-8111-111111111111']),
    )
    const times = [1, 2, 3, 4].map((number) => maker.start + number * 0.25)
    expect(session.events.map(({ timestamp }) => timestamp.toFixed(6))).toEqual(
      times.map((time) => time.toFixed(6)),
    )
    expect(session.lastUpdateTime).toBeCloseTo(maker.start + 1, 6)
    const { stateDelta } = session.events[2]?.actions ?? {}
    expect(stateDelta).toEqual(EVENTS[2]?.actions.stateDelta)
    const list = await get<AnySession[]>(SESSIONS)
    expect(list.map(({ id }) => id).sort()).toEqual(['s_123', 's_empty'])
    expect(list.find(({ id }) => id === 's_123')).toMatchObject({ state: STATE, events: [] })
    expect(await get('/apps/other_app/users/u_9/sessions/x%2Fy%20z')).toMatchObject({
      id: 'x/y z',
      events: [],
    })
  })

  test('is continued, in the way of its maker', async () => {
    const copy = await copyOf(maker.file)
    const before = await rawTimes(copy)
    const { get, send } = await serveCopy(copy)
    const message = { appName: APP, userId: 'u_123', sessionId: 's_123', newMessage: 'And now?' }
    expect((await send('POST', '/run', message)).body).toMatchObject([
      { content: { parts: [{ text: 'Still sunny.' }] } },
    ])
    const { events, lastUpdateTime } = await get(`${SESSIONS}/s_123`)
    expect(events).toMatchObject([...EVENTS, { author: 'user' }, { author: 'weather' }])
    expect(events.every(({ timestamp }, index) => timestamp > (events[index - 1]?.timestamp ?? 0))).toBe(true)

    const after = await rawTimes(copy)
    expect(after.slice(0, 4)).toEqual(before)
    expect(after.slice(4).map(({ id }) => id)).toEqual(events.slice(4).map(({ id }) => id))
    for (const { time, data } of after.slice(4)) {
      expect(time).toMatch(maker.columnTime)
      const { timestamp, ...event } = (typeof data === 'string' ? JSON.parse(data) : data) as {
        timestamp: number
      }
      expect(String(timestamp)).toMatch(maker.eventTime)
      expect(event).toMatchObject({ invocation_id: events[4]?.invocationId, actions: { state_delta: {} } })
    }
    const [row] = await copy.query(
      `select ${maker.time('update_time')} as updated from sessions where id = 's_123'`,
    )
    expect(row?.updated).toBe(after[5]?.time)
    expect(lastUpdateTime).toBe(events[5]?.timestamp)
  })

  test('takes new sessions and state, in the way of its maker', async () => {
    const copy = await copyOf(maker.file)
    const { get, send } = await serveCopy(copy)
    const key = '/apps/new_app/users/new_user/sessions/new'
    expect((await send('POST', key, { own: 1, 'user:u': [2], 'app:a': null })).status).toBe(200)
    expect(await get(key)).toMatchObject({ state: { own: 1, 'user:u': [2], 'app:a': null }, events: [] })
    const tables = ['sessions', 'user_states', 'app_states']
    for (const table of tables) {
      const [row] = await copy.query(
        `select state, ${maker.time('update_time')} as updated from ${table} where app_name = 'new_app'`,
      )
      expect(row?.updated).toMatch(maker.columnTime)
      const state: unknown = typeof row?.state === 'string' ? JSON.parse(row.state) : row?.state
      expect(state).toEqual([{ own: 1 }, { u: [2] }, { a: null }][tables.indexOf(table)])
    }
  })

  test('loses all of a session that is deleted, and nothing else', async () => {
    const copy = await copyOf(maker.file)
    const { get, send } = await serveCopy(copy)
    expect((await send('DELETE', `${SESSIONS}/s_123`)).status).toBe(204)
    expect(await copy.query(`select id from events`)).toEqual([])
    expect((await get<AnySession[]>(SESSIONS)).map(({ id }) => id)).toEqual(['s_empty'])
  })
})

test('a database that the server of @google/adk recorded is read', async () => {
  const { get } = await serveCopy(await copyOf('adk-js-2.0.0-recorded.sqlite'))
  const session = await get(`${SESSIONS}/s_123`)
  expect(session.state).toEqual({
    key1: 'value1',
    key2: 42,
    last_city: 'new york',
    camelCaseKey: { a_b: 1 },
    'app:version': 3,
    'user:city': 'Paris',
    'user:visits': 1,
  })
  expect(session.events.map(({ id, timestamp }) => [id, timestamp])).toEqual([
    ['ckDcpDFF', 1795176700.243],
    ['XYMTtyIg', 1795176700.281],
    ['2XWmiBxg', 1795176700.311],
    ['lBPe98cA', 1795176700.36],
  ])
})

/** Refuses a copy, and leaves everything in it as it is. */
async function expectRefused(file: string, advice: RegExp, change?: string): Promise<void> {
  const open = await sqliteDriver()
  const { uri, path } = await freshSqlite()
  await copyFile(fixturePath(file), path)
  const rows = () => {
    const connection = open(path)
    const tables = connection.all("select name, sql from sqlite_master where type = 'table'", [])
    const contents = tables.map(({ name }) => connection.all(`select * from ${String(name)}`, []))
    connection.close()
    return { tables, contents }
  }
  const connection = open(path)
  if (change) connection.run(change, [])
  connection.close()
  const before = rows()
  const agents = await folder()
  const { code, stderr } = await run(['api_server', agents, '--port', '0', '--session_service_uri', uri])
  expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, lines: 1 })
  expect(stderr).toMatch(advice)
  expect(rows()).toEqual(before)
}

test('a legacy database is refused with advice, and stays as it is', () =>
  expectRefused('adk-python-1.14.1-legacy.sqlite', /legacy.*migrate session/))

test('a database of a later version is refused, and stays as it is', () =>
  expectRefused(
    'adk-python-2.13.0.sqlite',
    /version 2.*version 1/,
    "update adk_internal_metadata set value = '2'",
  ))
