// The lives of runs: many at once, in a queue, without their client, at the end of the server, and after their own.
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { describe, expect, vi } from 'vitest'
import { clock } from '../../src/core/clock.js'
import type { AcpRun } from '../../src/schema/acp.js'
import type { Event } from '../../src/core/event.js'
import { verifies } from '../contract/verifies.js'
import { acpServer, askingAgent, runRequest, says, text, textsOf, type AcpServer } from '../support/acp.js'
import { said, WorkingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { listen } from '../support/server.js'
import { bytesOf, EventStream, exchange, open as connect } from '../support/socket.js'

/** An agent that says what it hears, in two pieces, and takes its time. */
const echo = () =>
  new WorkingAgent(async function* (context) {
    const heard = context.userContent?.parts?.[0]?.text ?? ''
    yield said(context, `${heard}, `)
    await new Promise((resolve) => setImmediate(resolve))
    yield said(context, `${heard}!`)
  }, 'echo')

const UUIDS = Array.from({ length: 100 }, (_, n) => `3c90c3cc-0d44-4b50-8888-${String(n).padStart(12, '0')}`)

async function storedTexts({ send }: AcpServer, sessionId: string): Promise<unknown[]> {
  const { events } = (await send('GET', `/apps/echo/users/acp/sessions/${sessionId}`)).body
  return events.map(({ content }: Event) => content?.parts?.[0]?.text)
}

async function historyOf({ send }: AcpServer, sessionId: string): Promise<unknown[]> {
  const { history } = (await send('GET', `/sessions/${sessionId}`)).body
  return Promise.all(
    history.map(async (url: string) => (await send('GET', new URL(url).pathname)).body.parts[0].content),
  )
}

const body = (text: string, session_id: string | undefined, mode: string) =>
  runRequest({ agent_name: 'echo', input: says(text), session_id, mode })

async function post(port: number, path: string, fields: object): Promise<IncomingMessage> {
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false })
  sent.end(JSON.stringify(fields))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return response
}

verifies('acp.queue', '100 runs on 100 sessions', async () => {
  const server = await acpServer({ apps: { echo: echo() } })
  const port = await listen(server)
  await Promise.all(
    UUIDS.map(async (id, n) => {
      const mode = ['sync', 'async', 'stream'][n % 3] ?? 'sync'
      const response = await post(port, '/runs', body(`hello ${n}`, id, mode))
      expect(response.statusCode).toBe(mode === 'async' ? 202 : 200)
      await response.toArray()
      const run = await server.until(String(response.headers['run-id']), 'completed')
      expect(textsOf(run)).toEqual([[`hello ${n}, `], [`hello ${n}!`]])
    }),
  )
  for (const [n, id] of UUIDS.entries()) {
    const texts = [`hello ${n}`, `hello ${n}, `, `hello ${n}!`]
    expect(await storedTexts(server, id)).toEqual(texts)
    expect(await historyOf(server, id)).toEqual(texts)
  }
})

verifies('acp.queue', '50 runs on one session', async () => {
  const server = await acpServer({ apps: { echo: echo() } })
  await listen(server)
  const [id = ''] = UUIDS
  const runs: AcpRun[] = []
  for (let n = 0; n < 50; n++)
    runs.push((await server.send('POST', '/runs', body(`hello ${n}`, id, 'async'))).body)
  expect(new Set(runs.map(({ run_id }) => run_id)).size).toBe(50)
  await Promise.all(runs.map(({ run_id }) => server.until(run_id, 'completed')))
  const texts = runs.flatMap((_, n) => [`hello ${n}`, `hello ${n}, `, `hello ${n}!`])
  expect(await storedTexts(server, id)).toEqual(texts)
  expect(await historyOf(server, id)).toEqual(texts)
})

verifies('acp.queue', '50 at once on one session', async () => {
  const server = await acpServer({ apps: { echo: echo() } })
  const port = await listen(server)
  const [id = ''] = UUIDS
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, n) => post(port, '/runs', body(`hello ${n}`, id, 'sync'))),
  )
  for (const response of replies)
    expect(JSON.parse(Buffer.concat(await response.toArray()).toString()).status).toBe('completed')
  const texts = await storedTexts(server, id)
  expect(texts).toHaveLength(150)
  const heard = texts.filter((_, index) => index % 3 === 0)
  expect(texts).toEqual(heard.flatMap((text) => [text, `${String(text)}, `, `${String(text)}!`]))
  expect(new Set(heard).size).toBe(50)
  expect(await historyOf(server, id)).toEqual(texts)
})

verifies('acp.queue', 'is bounded', async () => {
  const { opened, open } = gate()
  const server = await acpServer({ always: [{ until: opened }, { say: 'Hi.' }] })
  const [session_id] = UUIDS
  const start = () => server.send('POST', '/runs', runRequest({ session_id, mode: 'async' }))
  const replies = []
  for (let n = 0; n < 66; n++) replies.push(await start())
  expect(replies.map(({ status }) => status)).toEqual([...Array<number>(65).fill(202), 409])
  expect(replies.at(-1)).toMatchObject({ headers: { 'retry-after': '1' }, body: { code: 'invalid_input' } })
  open()
  await Promise.all(replies.slice(0, 65).map(({ body: run }) => server.until(run.run_id, 'completed')))
  expect((await start()).status).toBe(202)
})

/** A session on which an ADK run is under way, until it is opened. */
async function busySession() {
  const { opened, open } = gate()
  const server = await acpServer({ turns: [[{ until: opened }, { say: 'first' }]], always: 'second' })
  const [session_id = ''] = UUIDS
  const key = { appName: 'weather', userId: 'acp', sessionId: session_id }
  await server.sessions.createSession(key)
  const first = server.send('POST', '/run', { ...key, newMessage: 'one' })
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
  return { server, session_id, first, open }
}

verifies('acp.queue', 'runs of the ADK on the same session have their turn, too', async () => {
  const { server, session_id, first, open } = await busySession()
  const { run_id } = await server.run({ session_id, mode: 'async' })
  await vi.waitFor(() => expect(server.runs.size).toBe(2))
  expect((await server.get(run_id)).status).toBe('created')
  open()
  expect((await first).status).toBe(200)
  expect(textsOf(await server.until(run_id, 'completed'))).toEqual([['second']])
})

verifies('acp.queue', 'what was said before is told when it is the turn of the run', async () => {
  const { server, session_id, first, open } = await busySession()
  const input = [...says('before'), { role: 'agent/weather', parts: [text('yes')] }, ...says('two')]
  const { run_id } = await server.run({ session_id, mode: 'async', input })
  expect((await server.get(run_id)).status).toBe('created')
  open()
  expect((await first).status).toBe(200)
  expect(textsOf(await server.until(run_id, 'completed'))).toEqual([['second']])
  const { body } = await server.send('GET', `/apps/weather/users/acp/sessions/${session_id}`)
  const texts = body.events.map(({ content }: Event) => content?.parts?.[0]?.text)
  expect(texts).toEqual(['one', 'first', 'before', 'yes', 'two', 'second'])
})

verifies('acp.queue', 'what others were told is not forgotten when a run does not get its turn', async () => {
  const server = await acpServer({ apps: { echo: echo() }, turns: [{ hang: true }], always: 'Yes.' })
  const [session_id = ''] = UUIDS
  const key = { appName: 'weather', userId: 'acp', sessionId: session_id }
  await server.run({ agent_name: 'echo', session_id, input: says('told to echo') })
  await server.sessions.createSession(key)
  const leaving = new AbortController()
  const port = await listen(server)
  const url = `http://127.0.0.1:${port}/run`
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ ...key, newMessage: 'one' })
  fetch(url, { method: 'POST', headers, body, signal: leaving.signal }).catch(() => {})
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
  const { run_id } = await server.run({ session_id, mode: 'async', input: says('two') })
  await server.send('POST', `/runs/${run_id}/cancel`)
  await server.until(run_id, 'cancelled')
  leaving.abort()
  await server.run({ session_id, input: says('three') })
  const { body: session } = await server.send('GET', `/apps/weather/users/acp/sessions/${session_id}`)
  const texts = session.events.map(({ content }: Event) => content?.parts?.[0]?.text)
  expect(texts).toEqual(['one', 'told to echo', 'told to echo, ', 'told to echo!', 'three', 'Yes.'])
})

describe('a client that leaves', () => {
  for (const mode of ['sync', 'stream']) {
    verifies('acp.leave', mode, async () => {
      const { opened, open } = gate()
      const server = await acpServer({ always: [{ until: opened }, { say: 'Done.' }] })
      const port = await listen(server)
      const [session_id] = UUIDS
      const socket = await connect(port)
      socket.write(
        bytesOf({ method: 'POST', path: '/runs', body: JSON.stringify(runRequest({ session_id, mode })) }),
      )
      await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
      socket.destroy()
      await vi.waitFor(() =>
        expect(server.logged.filter((line) => line.includes('"evt":"request"'))).toHaveLength(1),
      )
      expect(server.model.last.signal?.aborted).toBe(false)
      open()
      await vi.waitFor(async () => {
        expect((await server.send('GET', `/sessions/${session_id}`)).body.history).toHaveLength(2)
      })
    })
  }

  verifies('acp.leave', 'of several readers', async () => {
    const { opened, open } = gate()
    const server = await acpServer({ always: [{ say: ['a'] }, { until: opened }, { say: ['b'] }] })
    const port = await listen(server)
    const stream = new EventStream(await post(port, '/runs', runRequest({ mode: 'stream' })))
    for (let n = 0; n < 4; n++) await stream.next()
    stream.leave()
    open()
    const run = await server.until(String(stream.response.headers['run-id']), 'completed')
    expect(textsOf(run).join('')).toContain('b')
  })
})

describe('the end of the server', () => {
  verifies('acp.shutdown', async () => {
    const server = await acpServer({ always: [{ say: ['a'] }, { hang: true }], drainMs: 20 })
    const port = await listen(server)
    const stream = new EventStream(await post(port, '/runs', runRequest({ mode: 'stream' })))
    const sync = exchange(port, { method: 'POST', path: '/runs', body: JSON.stringify(runRequest()) })
    const [session_id] = UUIDS
    await server.run({ mode: 'async', session_id })
    const queued = new EventStream(await post(port, '/runs', runRequest({ mode: 'stream', session_id })))
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(3))
    await server.app.close()
    const error = { code: 'server_error', message: 'The server is shutting down' }
    for (const each of [stream, queued]) {
      expect((await each.rest()).at(-1)).toMatchObject({
        type: 'run.failed',
        run: { status: 'failed', error },
      })
    }
    expect(await sync).toMatchObject({ status: 200, body: { status: 'failed', error } })
  })
})

verifies('acp.retention', 'runs', async () => {
  const server = await acpServer({ always: 'Hi.' })
  const first = await server.run()
  const now = vi.spyOn(clock, 'now')
  try {
    now.mockReturnValue(clock.now() + 59 * 60)
    expect(await server.get(first.run_id)).toEqual(first)
    const session = `/sessions/${first.session_id}`
    expect((await server.send('GET', session)).status).toBe(200)
    now.mockReturnValue(clock.now() + 2 * 60)
    expect((await server.send('GET', `/runs/${first.run_id}`)).status).toBe(404)
    expect((await server.send('GET', session)).status).toBe(404)
    expect((await server.send('GET', `/apps/weather/users/acp${session}`)).status).toBe(200)
  } finally {
    now.mockRestore()
  }
})

verifies('acp.deleted', 'what was said to one agent, not what was said to others', async () => {
  const { send, run, get } = await acpServer({
    apps: {
      echo: echo(),
      other: new WorkingAgent(async function* (context) {
        yield said(context, 'Me, too.')
      }),
    },
  })
  const { run_id, session_id } = await run({ agent_name: 'echo', input: says('a secret') })
  const resource = async () => (await send('GET', `/sessions/${session_id}`)).body.history
  const [secret] = await resource()
  const later = await run({ agent_name: 'echo', input: says('elsewhere') })
  const path = `/apps/echo/users/acp/sessions/${session_id}`
  expect((await send('DELETE', path)).status).toBe(204)
  expect(await resource()).toEqual([])
  expect((await send('GET', new URL(secret).pathname)).status).toBe(404)
  expect((await send('GET', `/runs/${run_id}`)).status).toBe(404)
  expect(await get(later.run_id)).toEqual(later)
  await run({ agent_name: 'other', session_id, input: says('And you?') })
  await run({ agent_name: 'echo', session_id, input: says('Hello again') })
  expect((await send('GET', path)).text).not.toContain('secret')
  expect((await send('DELETE', `/apps/echo/users/somebody/sessions/${session_id}`)).status).toBe(204)
  expect(await resource()).toHaveLength(5)
})

verifies('acp.deleted', 'a run that waits for an answer', async () => {
  const { send, run } = await acpServer({ apps: { refunds: askingAgent({ call: 'approve' }) } })
  const waiting = await run({ agent_name: 'refunds' })
  expect(waiting.status).toBe('awaiting')
  await send('DELETE', `/apps/refunds/users/acp/sessions/${waiting.session_id}`)
  expect((await send('GET', `/runs/${waiting.run_id}`)).status).toBe(404)
})
