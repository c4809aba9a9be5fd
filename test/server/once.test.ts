import { expect, vi } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { said, throwingAgent, WorkingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { listen, message, openSession, SESSION, type TestServer } from '../support/server.js'
import { openStream } from '../support/socket.js'

const RUNS = `${SESSION}/runs`
const KEY = { 'idempotency-key': 'k1' }
const eventsOf = async ({ send }: TestServer) => (await send('GET', SESSION)).body.events

for (const route of ['/run', '/run_sse']) {
  for (const streaming of [false, true]) {
    verifies('once.same', `${route}, streaming ${streaming}`, async () => {
      const server = await openSession()
      const ask = (headers = {}) => server.send('POST', route, message({ streaming }), headers)
      const first = await ask(KEY)
      expect(first.status).toBe(200)
      expect(await ask(KEY)).toMatchObject({ status: 200, text: first.text })
      expect(await eventsOf(server)).toHaveLength(4)
      expect((await ask()).status).toBe(200)
      expect((await eventsOf(server)).length).toBeGreaterThan(4)
    })
  }

  verifies('once.same', `${route}, as without a key`, async () => {
    const turns = { turns: ['Hello.', { say: ['Hel', 'lo.'] }] }
    const [plain, keyed] = await Promise.all([openSession(turns), openSession(turns)])
    const frames = async (server: TestServer, headers = {}) => {
      const { text, headers: replied } = await server.send(
        'POST',
        route,
        message({ streaming: true }),
        headers,
      )
      return [replied['content-type'], text.replace(/"(?:id|invocationId|timestamp)":[^,]*/g, '')]
    }
    expect(await frames(keyed, KEY)).toEqual(await frames(plain))
  })

  verifies('once.same', `${route}, a failure`, async () => {
    const server = await openSession({ apps: { thrower: throwingAgent(new Error('no')) } })
    const ask = (headers = {}) => server.send('POST', route, message({ appName: 'thrower' }), headers)
    const first = await ask(KEY)
    expect(first.text).toContain('Agent \\"thrower\\" failed: no')
    expect(first.status).toBe(route === '/run' ? 500 : 200)
    const again = await ask(KEY)
    const timeless = (text: string) => text.replace(/"timestamp":[^}]*\}\}/, '')
    expect({ ...again, text: timeless(again.text) }).toMatchObject({
      status: first.status,
      text: timeless(first.text),
    })
  })

  verifies('once.same', `${route}, when not all of the answer is kept`, async () => {
    const agent = new WorkingAgent(async function* (context) {
      for (let count = 0; count < 100; count++) yield said(context, 'x'.repeat(100_000))
    })
    const server = await openSession({ apps: { agent } })
    const ask = () => server.send('POST', route, message({ appName: 'agent' }), KEY)
    expect((await ask()).status).toBe(200)
    expect(await ask()).toMatchObject({
      status: 410,
      body: { error: 'The first events are no longer kept; read the session instead' },
    })
    const { paths } = (await server.send('GET', '/openapi.json')).body
    expect(paths[route].post.responses).toHaveProperty('410')
  })

  verifies('once.leave', route, async () => {
    const { opened, open } = gate()
    const server = await openSession({ turns: [[{ until: opened }, { say: 'Late.' }]] })
    const port = await listen(server)
    const leaving = new AbortController()
    const asked = fetch(`http://127.0.0.1:${port}${route}`, {
      method: 'POST',
      headers: { ...KEY, 'content-type': 'application/json' },
      body: JSON.stringify(message()),
      signal: leaving.signal,
    })
    asked.catch(() => {})
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
    leaving.abort()
    const again = server.send('POST', route, message(), KEY)
    await vi.waitFor(() => expect(server.logged.join('')).toContain('client_disconnect'))
    open()
    expect((await again).text).toContain('Late.')
    expect(server.model.calls).toHaveLength(1)
    expect(await eventsOf(server)).toHaveLength(2)
  })

  verifies('once.other', route, async () => {
    const server = await openSession({ always: 'Hello.' })
    await server.send('POST', route, message(), KEY)
    const other = await server.send('POST', route, message({ newMessage: 'Something else' }), KEY)
    expect(other).toMatchObject({ status: 422, body: { error: expect.stringContaining('Idempotency-Key') } })
    await server.send('POST', '/apps/weather/users/u1/sessions/s2')
    const elsewhere = message({ sessionId: 's2', newMessage: 'Something else' })
    expect((await server.send('POST', route, elsewhere, KEY)).status).toBe(200)
    expect(await eventsOf(server)).toHaveLength(2)
  })
}

verifies('once.same', 'in the background, at once', async () => {
  const server = await openSession({ always: { hang: true } })
  const ask = () => server.send('POST', RUNS, { newMessage: 'Hi' }, KEY)
  const replies = await Promise.all([1, 2, 3, 4].map(ask))
  expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
  expect(server.runs.size).toBe(1)
  await server.send('POST', `${RUNS}/${replies[0]?.body.id}/cancel`)
  expect((await ask()).body).toMatchObject({ id: replies[0]?.body.id, status: 'cancelled' })
})

verifies('once.same', 'a request that was refused is made anew', async () => {
  const server = await openSession({ turns: [{ hang: true }], always: 'Hello.', maxRuns: 1 })
  const stream = await openStream(await listen(server), message())
  expect((await server.send('POST', '/run', message(), KEY)).status).toBe(503)
  stream.leave()
  await vi.waitFor(() => expect(server.runs.size).toBe(0))
  expect((await server.send('POST', '/run', message(), KEY)).status).toBe(200)
})

for (const key of ['', ' ', 'x'.repeat(256)]) {
  verifies('once.other', `no key: ${JSON.stringify(key.slice(0, 5))}`, async () => {
    const server = await openSession()
    const reply = await server.send('POST', '/run', message(), { 'idempotency-key': key })
    expect(reply).toMatchObject({ status: 422, body: { detail: [{ loc: ['header', 'idempotency-key'] }] } })
  })
}
