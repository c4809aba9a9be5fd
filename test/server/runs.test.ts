import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, vi } from 'vitest'
import { BasePlugin } from '../../src/core/plugin.js'
import { verifies } from '../contract/verifies.js'
import { said, throwingAgent, WEATHER_TURN, WorkingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { listen, message, openSession, SESSION, type TestServer } from '../support/server.js'
import { openStream, watch, type EventStream } from '../support/socket.js'

const RUNS = `${SESSION}/runs`
const NEW = { newMessage: 'What is the weather in New York?' }

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they expect it to be
async function start({ send }: TestServer, body: object = NEW, url = RUNS): Promise<any> {
  const reply = await send('POST', url, body)
  expect(reply.status).toBe(202)
  return reply.body
}

const statusOf = async ({ send }: TestServer, id: string, url = RUNS) =>
  (await send('GET', `${url}/${id}`)).body

async function ended(server: TestServer, id: string, url = RUNS) {
  await vi.waitFor(async () => expect(await statusOf(server, id, url)).toHaveProperty('endedAt'))
  return statusOf(server, id, url)
}

const eventsOf = async ({ send }: TestServer) => (await send('GET', SESSION)).body.events

/** The frames of a stream that has ended. */
const framesOf = (text: string) =>
  text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => {
      const { id, data = '' } = /^id: (?<id>\d+)\ndata: (?<data>.*)$/.exec(frame)?.groups ?? {}
      return { id: Number(id), event: JSON.parse(data) }
    })

verifies('runs.start', async () => {
  const server = await openSession()
  const reply = await server.send('POST', RUNS, NEW)
  expect(reply).toMatchObject({
    status: 202,
    headers: { location: `${RUNS}/${reply.body.id}`, 'content-type': 'application/json; charset=utf-8' },
    body: {
      id: expect.stringMatching(/^e-/),
      background: true,
      eventCount: 0,
      createdAt: expect.any(Number),
    },
  })
  expect(['queued', 'running']).toContain(reply.body.status)
  expect(await ended(server, reply.body.id)).toMatchObject({ status: 'completed', eventCount: 3 })
  const events = await eventsOf(server)
  expect(events).toHaveLength(4)
  for (const { invocationId } of events) expect(invocationId).toBe(reply.body.id)
})

verifies('runs.start', 'every form of a body', async () => {
  const server = await openSession({ always: { say: ['Sun', 'ny.'] }, urlPrefix: '/adk' })
  const content = { role: 'user', parts: [{ text: 'Hi' }] }
  const { id } = await start(server, {
    new_message: content,
    streaming: true,
    state_delta: { mood: 'good' },
    custom_metadata: { trace: 1 },
    invocationId: null,
  })
  expect(await ended(server, id)).toMatchObject({ eventCount: 3 })
  const { events, state } = (await server.send('GET', SESSION)).body
  expect(state).toEqual({ mood: 'good' })
  expect(events[0]).toMatchObject({ content, customMetadata: { trace: 1 } })
  expect(server.model.last.streaming).toBe(true)
  const { headers } = await server.send('POST', RUNS, { newMessage: 'Again' })
  expect(headers.location).toMatch(/^\/adk\/apps\/weather\/users\/u1\/sessions\/s1\/runs\/e-/)
})

verifies('runs.start', 'names that need encoding', async () => {
  const server = await openSession()
  const key = { appName: 'weather', userId: 'ü/1', sessionId: 's%2F #1' }
  await server.sessions.createSession(key)
  const [user, session] = [key.userId, key.sessionId].map(encodeURIComponent)
  const reply = await server.send('POST', `/apps/weather/users/${user}/sessions/${session}/runs`, NEW)
  const status = await server.send('GET', String(reply.headers.location))
  expect(status).toMatchObject({ status: 200, body: { id: reply.body.id } })
})

describe('refusals', () => {
  const cases: [what: string, url: string, body: unknown, status: number][] = [
    ['an unknown session', '/apps/weather/users/u1/sessions/nope/runs', NEW, 404],
    ['an unknown app', '/apps/nope/users/u1/sessions/s1/runs', NEW, 404],
    ['no message', RUNS, {}, 422],
    ['a message without parts', RUNS, { newMessage: { parts: [] } }, 422],
    ['no body', RUNS, undefined, 422],
    [
      'an answer to no call',
      RUNS,
      { newMessage: { parts: [{ functionResponse: { id: 'x', name: 'y' } }] } },
      422,
    ],
  ]
  for (const [what, url, body, status] of cases) {
    verifies('runs.start-refused', what, async () => {
      const server = await openSession()
      const reply = await server.send('POST', url, body)
      expect(reply).toMatchObject({ status, body: { error: expect.any(String) } })
      expect(server.runs.size).toBe(0)
      expect(await eventsOf(server)).toEqual([])
    })
  }

  verifies('runs.start-refused', 'too many in line', async () => {
    const server = await openSession({ always: { hang: true }, maxWaiting: 2 })
    for (let count = 0; count < 3; count++) await start(server)
    const refused = await server.send('POST', RUNS, NEW)
    expect(refused).toMatchObject({ status: 409, headers: { 'retry-after': '1' } })
    expect((await server.send('GET', RUNS)).body).toHaveLength(3)
  })
})

verifies('runs.list', async () => {
  const server = await openSession({ always: 'Sunny.', apps: { other: throwingAgent(new Error('no')) } })
  expect((await server.send('GET', RUNS)).body).toEqual([])
  await server.send('POST', '/run', message())
  await server.send('POST', '/run_sse', message())
  const { id } = await start(server)
  await ended(server, id)
  const reply = await server.send('GET', RUNS)
  expect(reply.status).toBe(200)
  expect(reply.body).toMatchObject([
    { status: 'completed', background: false, eventCount: 1 },
    { status: 'completed', background: false, eventCount: 1 },
    { id, status: 'completed', background: true, eventCount: 1 },
  ])
  expect((await server.send('GET', '/apps/other/users/u1/sessions/s1/runs')).body).toEqual([])
  const unknown = await server.send('GET', '/apps/weather/users/u1/sessions/nope/runs')
  expect(unknown).toMatchObject({ status: 404, body: { error: 'Session not found: nope' } })
})

verifies('runs.status', async () => {
  const { opened, open } = gate()
  const server = await openSession({ turns: [[{ until: opened }, { say: 'Late.' }]], always: 'Next.' })
  const first = await start(server)
  const second = await start(server)
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
  expect(await statusOf(server, first.id)).toMatchObject({ status: 'running', startedAt: expect.any(Number) })
  const waiting = await statusOf(server, second.id)
  expect(waiting).toMatchObject({ id: second.id, invocationId: second.id, status: 'queued' })
  expect(waiting).not.toHaveProperty('startedAt')
  open()
  const { createdAt, startedAt, endedAt, ...rest } = await ended(server, second.id)
  expect(createdAt).toBeLessThanOrEqual(startedAt)
  expect(startedAt).toBeLessThanOrEqual(endedAt)
  const whole = {
    id: second.id,
    invocationId: second.id,
    status: 'completed',
    background: true,
    eventCount: 1,
  }
  expect(rest).toEqual(whole)
})

verifies('runs.status', 'of one that failed', async () => {
  const server = await openSession({ apps: { thrower: throwingAgent(new Error('no luck at /home/x/y.js')) } })
  const url = '/apps/thrower/users/u1/sessions/s1/runs'
  const { id } = await start(server, NEW, url)
  const error = 'Agent "thrower" failed: no luck at [path]'
  expect(await ended(server, id, url)).toMatchObject({
    status: 'failed',
    errorCode: 'agent_failed',
    errorMessage: error,
    eventCount: 1,
  })
  const frames = framesOf((await server.send('GET', `${url}/${id}/events`)).text)
  expect(frames).toMatchObject([
    { id: 0, event: { content: { parts: [{ text: 'before the fall' }] } } },
    { id: 1, event: { error, error_details: { error_type: 'agent_failed' } } },
  ])
  const seen = await server.send('GET', `${url}/${id}/events`, undefined, { 'last-event-id': '1' })
  expect(seen.status).toBe(204)
})

for (const path of ['', '/events', '/cancel']) {
  verifies('runs.missing', path || '/', async () => {
    const server = await openSession()
    const { id } = await start(server)
    await ended(server, id)
    await server.send('POST', '/apps/weather/users/u1/sessions/s2')
    for (const url of [`${RUNS}/nope`, `/apps/weather/users/u1/sessions/s2/runs/${id}`]) {
      const name = url.split('/').at(-1)
      const reply = await server.send(path === '/cancel' ? 'POST' : 'GET', url + path)
      expect(reply).toMatchObject({
        status: 404,
        body: { error: expect.stringContaining(`Run not found: ${name}.`) },
      })
    }
  })
}

verifies('runs.watch', async () => {
  const { opened, open } = gate()
  const server = await openSession({
    turns: [...WEATHER_TURN.slice(0, 1), [{ until: opened }, { say: ['Sun', 'ny.'] }]],
  })
  const port = await listen(server)
  const { id } = await start(server, { ...NEW, streaming: true })
  const early = await watch(port, `${RUNS}/${id}/events`)
  expect(early).toMatchObject({ status: 200 })
  expect(early.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
  })
  await early.next()
  await early.next()
  const middle = await watch(port, `${RUNS}/${id}/events`)
  open()
  await Promise.all([early.rest(), middle.rest()])
  const late = await watch(port, `${RUNS}/${id}/events`)
  await late.rest()
  expect(late.text).toMatch(/^(?:id: \d+\ndata: \{.*\}\n\n){5}$/)
  expect(early.text).toBe(late.text)
  expect(middle.text).toBe(late.text)
  const frames = framesOf(late.text)
  expect(frames.map((frame) => frame.id)).toEqual([0, 1, 2, 3, 4])
  expect(frames.map(({ event }) => event.partial ?? false)).toEqual([false, false, true, true, false])
  const stored = frames.map(({ event }) => event).filter(({ partial }) => !partial)
  expect((await eventsOf(server)).slice(1)).toEqual(stored)
})

verifies('runs.watch', 'a run of /run_sse has its complete events', async () => {
  const server = await openSession()
  const stream = await openStream(await listen(server), message({ streaming: true }))
  const events = await stream.rest()
  const [{ id }] = (await server.send('GET', RUNS)).body
  const frames = framesOf((await server.send('GET', `${RUNS}/${id}/events`)).text)
  expect(frames.map(({ event }) => event)).toEqual(events.filter(({ partial }) => !partial))
})

verifies('runs.leave', async () => {
  const { opened, open } = gate()
  const server = await openSession({
    turns: [...WEATHER_TURN.slice(0, 1), [{ until: opened }, { say: 'Sunny.' }]],
  })
  const port = await listen(server)
  const { id } = await start(server)
  const watchers = await Promise.all([1, 2, 3].map(() => watch(port, `${RUNS}/${id}/events`)))
  for (const watcher of watchers) {
    await watcher.next()
    watcher.leave()
  }
  const connections = () =>
    new Promise((resolve) => server.app.server.getConnections((_, count) => resolve(count)))
  await vi.waitFor(async () => expect(await connections()).toBe(0))
  expect(await statusOf(server, id)).toMatchObject({ status: 'running' })
  expect(server.model.last.signal?.aborted).toBe(false)
  open()
  expect(await ended(server, id)).toMatchObject({ status: 'completed', eventCount: 3 })
})

verifies('runs.slow-watcher', async () => {
  const text = 'x'.repeat(64 * 1024)
  let read = 0
  const isAhead = (count: number) => read < count - 10
  const agent = new WorkingAgent(async function* (context) {
    for (let count = 0; count < 400; count++) {
      while (isAhead(count)) await sleep(1) // it goes at the pace of the one that reads
      yield said(context, text, { partial: true })
    }
    yield said(context, 'done')
  })
  const server = await openSession({ apps: { agent } })
  const url = '/apps/agent/users/u1/sessions/s1/runs'
  const port = await listen(server)
  const { id } = await start(server, { ...NEW, streaming: true }, url)
  const slow = await watch(port, `${url}/${id}/events`) // reads nothing for now
  const fast = await watch(port, `${url}/${id}/events`)
  while ((await fast.next()) !== undefined) read++
  expect(read).toBe(401)
  expect(await ended(server, id, url)).toMatchObject({ status: 'completed', eventCount: 401 })
  const events = await slow.rest()
  expect(events.at(-1)).toMatchObject({ error_details: { error_type: 'run_events_gone' } })
  expect(events.length).toBeLessThan(401)
  const again = await watch(port, `${url}/${id}/events`)
  expect((await again.rest()).at(-1)).toMatchObject({ content: { parts: [{ text: 'done' }] } })
})

verifies('runs.resume', async () => {
  const seed = Date.now() & 0x7fffffff
  console.info(`cut points of seed ${seed}`)
  const words = Array.from({ length: 60 }, (_, index) => `word ${index} `)
  const agent = new WorkingAgent(async function* (context) {
    for (const [index, word] of words.entries()) {
      yield said(context, word, { partial: true })
      if (index % 5 === 0) await sleep(1)
      if (index % 20 === 19) yield said(context, words.slice(0, index + 1).join(''))
    }
  })
  const server = await openSession({ apps: { agent } })
  const url = '/apps/agent/users/u1/sessions/s1/runs'
  const port = await listen(server)
  const cutAfter = fc.array(fc.nat(25), { minLength: 4, maxLength: 4 })
  let cuts = 0
  for (const lengths of fc.sample(cutAfter, { numRuns: 25, seed })) {
    const { id } = await start(server, { ...NEW, streaming: true }, url)
    const path = `${url}/${id}/events`
    const ids: string[] = []
    const received: unknown[] = []
    const read = async (stream: EventStream, limit: number) => {
      for (let count = 0; count < limit; count++) {
        const event = await stream.next()
        if (event === undefined) return
        received.push(event)
        ids.push(stream.lastEventId ?? '')
      }
    }
    const next = () => watch(port, path, ids.length > 0 ? { 'last-event-id': ids.at(-1) ?? '' } : {})
    for (const length of lengths) {
      const stream = await next()
      await read(stream, length)
      stream.leave()
      cuts++
    }
    await read(await next(), Infinity)
    expect(ids).toEqual(Array.from({ length: 63 }, (_, index) => String(index)))
    const whole = framesOf((await server.send('GET', path)).text)
    expect(received).toEqual(whole.map(({ event }) => event))
  }
  expect(cuts).toBe(100)
})

verifies('runs.resume-end', async () => {
  const server = await openSession()
  const { id } = await start(server)
  await ended(server, id)
  const path = `${RUNS}/${id}/events`
  const after = (last: string) => server.send('GET', path, undefined, { 'last-event-id': last })
  expect(framesOf((await after('1')).text).map((frame) => frame.id)).toEqual([2])
  expect(await after('2')).toMatchObject({ status: 204, text: '' })
  expect(framesOf((await after('')).text)).toHaveLength(3)
})

for (const last of ['x', '-1', '1.5', '0x1', '1e3', '99999999999999999999', '0, 0', '3', '17']) {
  verifies('runs.resume-refused', last, async () => {
    const server = await openSession()
    const { id } = await start(server)
    await ended(server, id)
    const reply = await server.send('GET', `${RUNS}/${id}/events`, undefined, { 'last-event-id': last })
    expect(reply).toMatchObject({ status: 422, body: { error: expect.stringContaining('Last-Event-ID') } })
  })
}

verifies('runs.resume-refused', 'gone', async () => {
  const agent = new WorkingAgent(async function* (context) {
    for (let count = 0; count < 100; count++) yield said(context, 'x'.repeat(100_000), { partial: true })
    yield said(context, 'done')
  })
  const server = await openSession({ apps: { agent } })
  const url = '/apps/agent/users/u1/sessions/s1/runs'
  const { id } = await start(server, { ...NEW, streaming: true }, url)
  await ended(server, id, url)
  const reply = await server.send('GET', `${url}/${id}/events`, undefined, { 'last-event-id': '3' })
  expect(reply).toMatchObject({ status: 410, body: { error: expect.stringContaining('from its beginning') } })
})

describe('cancelling', () => {
  const cancel = (server: TestServer, id: string) => server.send('POST', `${RUNS}/${id}/cancel`)
  const CANCELLED = { status: 'cancelled', errorCode: 'run_cancelled', errorMessage: 'The run was cancelled' }

  verifies('runs.cancel', 'the model', async () => {
    const server = await openSession({
      turns: [...WEATHER_TURN.slice(0, 1), { hang: true }],
      always: 'Next.',
    })
    const { id } = await start(server)
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
    const stream = await watch(await listen(server), `${RUNS}/${id}/events`)
    expect(await cancel(server, id)).toMatchObject({ status: 200, body: { ...CANCELLED, eventCount: 2 } })
    expect(server.model.last).toMatchObject({ ended: true, signal: { aborted: true } })
    expect((await stream.rest()).at(-1)).toMatchObject({
      error: 'The run was cancelled',
      error_details: { error_type: 'run_cancelled' },
    })
    expect(await cancel(server, id)).toMatchObject({ status: 200, body: CANCELLED })
    expect((await server.send('POST', '/run', message())).status).toBe(200)
  })

  verifies('runs.cancel', 'a tool', async () => {
    const { opened, open } = gate()
    const tool = () => {
      open()
      return new Promise(() => {})
    }
    const server = await openSession({ tool })
    const { id } = await start(server)
    await opened
    expect((await cancel(server, id)).body).toMatchObject(CANCELLED)
    const events = await eventsOf(server)
    expect(events.at(-1).content.parts[0].functionResponse.response).toHaveProperty('error')
  })

  class Deaf extends BasePlugin {}
  for (const hook of [
    'onUserMessageCallback',
    'beforeRunCallback',
    'onEventCallback',
    'afterRunCallback',
  ] as const) {
    verifies('runs.cancel', `a plugin that does not notice, in ${hook}`, async () => {
      const { opened, open } = gate()
      let calls = 0
      const deaf = Object.assign(new Deaf('deaf'), {
        [hook]: () => {
          open()
          return calls++ === 0 ? new Promise<undefined>(() => {}) : undefined
        },
      })
      const server = await openSession({ always: 'Hello.', plugins: [deaf] })
      const { id } = await start(server)
      await opened
      expect((await cancel(server, id)).body).toMatchObject(CANCELLED)
      expect((await server.send('POST', '/run', message())).status).toBe(200)
    })
  }

  verifies('runs.cancel', 'one that waits', async () => {
    const { opened, open } = gate()
    const server = await openSession({ turns: [[{ until: opened }, { say: 'First.' }]], always: 'Third.' })
    const ids: string[] = []
    for (const newMessage of ['first', 'second', 'third']) ids.push((await start(server, { newMessage })).id)
    const second = (await cancel(server, ids[1] ?? '')).body
    expect(second).toMatchObject({ ...CANCELLED, eventCount: 0 })
    expect(second).not.toHaveProperty('startedAt')
    open()
    await ended(server, ids[2] ?? '')
    const texts = (await eventsOf(server)).map((event: { content: unknown }) => event.content)
    expect(texts).toMatchObject(['first', 'First.', 'third', 'Third.'].map((text) => ({ parts: [{ text }] })))
  })

  verifies('runs.cancel', 'after the end', async () => {
    const server = await openSession()
    const { id } = await start(server)
    const before = await ended(server, id)
    expect(await cancel(server, id)).toMatchObject({ status: 200, body: before })
  })

  verifies('runs.cancel', 'a run of /run', async () => {
    const server = await openSession({ always: { hang: true } })
    const running = server.send('POST', '/run', message())
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
    const [{ id }] = (await server.send('GET', RUNS)).body
    expect((await cancel(server, id)).body).toMatchObject({ ...CANCELLED, background: false })
    expect(await running).toMatchObject({ status: 409, body: { error: 'The run was cancelled' } })
  })

  verifies('runs.cancel', 'a run of /run_sse whose client does not read', async () => {
    const agent = new WorkingAgent(async function* (context) {
      for (;;) yield said(context, 'x'.repeat(1024 * 1024), { partial: true })
    })
    const server = await openSession({ apps: { agent } })
    const stream = await openStream(await listen(server), message({ appName: 'agent', streaming: true }))
    const url = '/apps/agent/users/u1/sessions/s1/runs'
    await sleep(100)
    const [{ id }] = (await server.send('GET', url)).body
    expect((await server.send('POST', `${url}/${id}/cancel`)).body).toMatchObject(CANCELLED)
    expect(server.runs.size).toBe(0)
    expect((await stream.rest()).at(-1)).toMatchObject({ error: 'The run was cancelled' })
  })
})

verifies('runs.order', async () => {
  const server = await openSession({ always: 'Done.' })
  const numbers = Array.from({ length: 50 }, (_, index) => `message ${index}`)
  const started = numbers.map((newMessage) => start(server, { newMessage }))
  const runs = await Promise.all(started)
  await Promise.all(runs.map(({ id }) => ended(server, id)))
  const events = await eventsOf(server)
  const texts = events.map(
    ({ content }: { content: { parts: { text: string }[] } }) => content.parts[0]?.text,
  )
  expect(texts).toEqual(numbers.flatMap((text) => [text, 'Done.']))
})

verifies('runs.deleted', async () => {
  const server = await openSession({ turns: ['First.', { hang: true }] })
  const port = await listen(server)
  const done = await start(server)
  await ended(server, done.id)
  const running = await start(server)
  const waiting = await start(server)
  const stream = await watch(port, `${RUNS}/${running.id}/events`)
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
  expect((await server.send('DELETE', SESSION)).status).toBe(204)
  expect(await stream.rest()).toMatchObject([{ error_details: { error_type: 'session_deleted' } }])
  await vi.waitFor(() => expect(server.runs.size).toBe(0))
  await server.send('POST', SESSION)
  expect((await server.send('GET', RUNS)).body).toEqual([])
  for (const { id } of [done, running, waiting]) {
    expect((await server.send('GET', `${RUNS}/${id}`)).status).toBe(404)
  }
  expect(await eventsOf(server)).toEqual([])
})

describe('closing', () => {
  verifies('runs.shutdown', 'lets them finish', async () => {
    const { opened, open } = gate()
    const server = await openSession({ always: [{ until: opened }, { say: 'done' }], drainMs: 60_000 })
    const { id } = await start(server)
    await start(server)
    const stream = await watch(await listen(server), `${RUNS}/${id}/events`)
    const closed = server.app.close()
    open()
    expect(await stream.rest()).toMatchObject([{ content: { parts: [{ text: 'done' }] } }])
    await closed
    expect(server.runs.size).toBe(0)
    const session = await server.sessions.getSession({ appName: 'weather', userId: 'u1', sessionId: 's1' })
    expect(session?.events).toHaveLength(4)
  })

  verifies('runs.shutdown', 'cuts them off', async () => {
    const server = await openSession({ always: { hang: true }, drainMs: 50 })
    const { id } = await start(server)
    await start(server)
    const stream = await watch(await listen(server), `${RUNS}/${id}/events`)
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
    await server.app.close()
    expect(await stream.rest()).toMatchObject([{ error_details: { error_type: 'shutting_down' } }])
    expect(server.model.last.signal?.aborted).toBe(true)
    expect(server.model.calls).toHaveLength(1)
    expect(server.runs.size).toBe(0)
  })
})

verifies('runs.kept', async () => {
  const server = await openSession({ always: 'Sunny.', keep: { count: 3 } })
  const ids: string[] = []
  for (let count = 0; count < 5; count++) {
    const { id } = await start(server)
    await ended(server, id)
    ids.push(id)
  }
  const kept = (await server.send('GET', RUNS)).body.map(({ id }: { id: string }) => id)
  expect(kept).toEqual(ids.slice(2))
  expect((await server.send('GET', `${RUNS}/${ids[0]}/events`)).status).toBe(404)
})

for (const invocationId of ['\ud800', 'a\nb', 'x'.repeat(513)]) {
  verifies('runs.start-refused', `the invocation ${JSON.stringify(invocationId.slice(0, 3))}`, async () => {
    const server = await openSession({ isResumable: true })
    const reply = await server.send('POST', RUNS, { invocationId })
    expect(reply).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'invocationId'] }] } })
  })
}

verifies('runs.status', 'of one that had nothing to continue', async () => {
  const server = await openSession({ isResumable: true })
  const { id } = await start(server, { invocationId: 'e-nowhere' })
  expect(await ended(server, id)).toMatchObject({
    id: 'e-nowhere',
    status: 'failed',
    errorCode: 'invocation_not_found',
  })
})

verifies('runs.continued', async () => {
  const server = await openSession({
    turns: [...WEATHER_TURN.slice(0, 1), { hang: true }],
    always: 'Sunny.',
    isResumable: true,
  })
  const first = await start(server)
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
  await server.send('POST', `${RUNS}/${first.id}/cancel`)
  const second = await start(server, { invocationId: first.id })
  expect(second).toMatchObject({ id: `${first.id}.2`, invocationId: first.id })
  expect(await ended(server, second.id)).toMatchObject({ status: 'completed', eventCount: 1 })
  expect(await statusOf(server, first.id)).toMatchObject({ status: 'cancelled', eventCount: 2 })
  const frames = framesOf((await server.send('GET', `${RUNS}/${second.id}/events`)).text)
  expect(frames[0]?.event).toMatchObject({ invocationId: first.id, content: { parts: [{ text: 'Sunny.' }] } })
})
