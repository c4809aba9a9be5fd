// Two servers on one database, and a session that is long.
import { describe, expect, it } from 'vitest'
import { createEvent } from '../../src/core/event.js'
import { openDatabase } from '../../src/database/database.js'
import { parseStoreUri } from '../../src/database/uri.js'
import { openSqlSessions } from '../../src/sessions/sql.js'
import { verifies } from '../contract/verifies.js'
import { freshPostgres, freshSqlite } from '../support/database.js'
import { gate } from '../support/gate.js'
import {
  buildTestServer,
  message,
  SESSION,
  type TestServer,
  type TestServerOptions,
} from '../support/server.js'

async function openOn(uri: string, options: TestServerOptions = {}): Promise<TestServer> {
  const parsed = parseStoreUri(uri, 'session service')
  if (parsed.kind === 'memory') throw new Error('This is no database')
  const sessions = await openSqlSessions(await openDatabase(parsed))
  const server = await buildTestServer({ ...options, sessions })
  server.app.addHook('onClose', () => sessions.close())
  return server
}

const ENGINES = { SQLite: async () => (await freshSqlite()).uri, PostgreSQL: freshPostgres }

describe.each(Object.entries(ENGINES))('two servers on %s', (_, freshUri) => {
  const conflict = async (route: string) => {
    const uri = await freshUri()
    const { open, opened } = gate()
    const called = gate()
    const first = await openOn(uri, {
      turns: [{ call: 'get_weather', args: { city: 'Paris' } }, [{ until: opened }, { say: 'Late' }]],
      tool: () => {
        called.open()
        return { status: 'success' }
      },
    })
    const second = await openOn(uri, { always: { say: 'In time' } })
    await first.send('POST', SESSION, {})
    const lost = first.send('POST', route, message())
    await called.opened
    await expect.poll(async () => (await second.send('GET', SESSION)).body.events.length).toBe(3)
    const won = await second.send('POST', '/run', message())
    expect(won.status).toBe(200)
    open()
    const { status, body, text } = await lost
    const sentence =
      'Session s1 was continued by another run in the meantime; read it, then send the message again'
    if (route === '/run') {
      expect({ status, body }).toEqual({ status: 409, body: { detail: sentence, error: sentence } })
    } else {
      const last = text.trim().split('\n\n').at(-1)?.slice('data: '.length)
      expect(JSON.parse(last ?? '')).toMatchObject({
        error: sentence,
        error_details: { error_type: 'session_conflict', error_message: sentence },
      })
    }
    const { events } = (await first.send('GET', SESSION)).body
    expect(events).toHaveLength(5)
    expect(
      new Set(events.slice(3).map(({ invocationId }: { invocationId: string }) => invocationId)).size,
    ).toBe(1)
    expect((await second.send('GET', SESSION)).body.events).toEqual(events)
    expect(first.logged.join('')).not.toContain('not_healed')
    expect((await first.send('POST', '/run', message())).status).toBe(200)
  }
  verifies('servers.conflict', '/run', () => conflict('/run'))
  verifies('servers.conflict', '/run_sse', () => conflict('/run_sse'))

  verifies('servers.patch', async () => {
    const uri = await freshUri()
    const [first, second] = [await openOn(uri), await openOn(uri)]
    await first.send('POST', SESSION, {})
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_each, index) =>
        (index % 2 ? first : second).send('PATCH', SESSION, { stateDelta: { [`k${index}`]: index } }),
      ),
    )
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200))
    for (const server of [first, second]) {
      const { body } = await server.send('GET', SESSION)
      expect(Object.keys(body.state)).toHaveLength(20)
      expect(body.events).toHaveLength(20)
      const times = body.events.map(({ timestamp }: { timestamp: number }) => timestamp)
      expect(times).toEqual([...new Set(times)].toSorted((a, b) => Number(a) - Number(b)))
    }
  })

  verifies('servers.create', async () => {
    const uri = await freshUri()
    const servers = [await openOn(uri), await openOn(uri)]
    const replies = await Promise.all(servers.map((server) => server.send('POST', SESSION, {})))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400])
  })
})

it('sends a session of thousands of events as it sends a short one', async () => {
  const server = await buildTestServer()
  await server.send('POST', SESSION, { '"events":[]': '"events":[]' })
  const session = await server.sessions.getSession({ appName: 'weather', userId: 'u1', sessionId: 's1' })
  if (!session) throw new Error('There is no such session')
  for (let index = 0; index < 5100; index++) {
    const content = { role: 'model', parts: [{ text: `é ${index}` }] }
    await server.sessions.appendEvent({ session, event: createEvent({ author: 'a', content }) })
  }
  const { status, headers, text } = await server.send('GET', SESSION)
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('application/json; charset=utf-8')
  const { id, appName, userId, state, events, lastUpdateTime } = session
  expect(text).toBe(JSON.stringify({ id, appName, userId, state, events, lastUpdateTime }))
})
