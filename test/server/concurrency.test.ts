import { describe, expect, vi } from 'vitest'
import type { Event } from '../../src/core/event.js'
import { verifies } from '../contract/verifies.js'
import { said, WEATHER_TURN, WorkingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import type { Turn } from '../support/scripted-model.js'
import { listen, message, openSession, SESSION, type TestServer } from '../support/server.js'
import { openStream, startRun } from '../support/socket.js'

const textsOf = (events: Event[]) => events.map(({ content }) => content?.parts?.[0]?.text)

async function storedEvents({ send }: TestServer, url = SESSION): Promise<Event[]> {
  return (await send('GET', url)).body.events
}

verifies('queue.order', async () => {
  const turns: Turn[] = Array.from({ length: 8 }, () => WEATHER_TURN).flat()
  const server = await openSession({ turns })
  const port = await listen(server)
  const runs: Promise<unknown>[] = []
  for (let number = 1; number <= 8; number++) {
    const body = message({ newMessage: `message ${number}` })
    runs.push(
      number % 2 === 0 ? startRun(port, body).reply : openStream(port, body).then((stream) => stream.rest()),
    )
  }
  await Promise.all(runs)
  const events = await storedEvents(server)
  expect(events).toHaveLength(32)
  const invocations = events.map(({ invocationId }) => invocationId)
  // Each invocation is one unbroken stretch: as many changes as there are runs.
  expect(invocations.filter((id, index) => id !== invocations[index - 1])).toHaveLength(8)
  expect(new Set(events.map(({ id }) => id)).size).toBe(32)
  const times = events.map(({ timestamp }) => timestamp)
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

verifies('queue.order', 'of arrival', async () => {
  const { opened, open } = gate()
  const server = await openSession({ turns: [[{ until: opened }, { say: 'answer 0' }]], always: 'answer' })
  const port = await listen(server)
  const replies: Promise<unknown>[] = []
  for (let number = 0; number < 5; number++) {
    replies.push(startRun(port, message({ newMessage: `message ${number}` })).reply)
    await vi.waitFor(() => expect(server.runs.size).toBe(number + 1))
  }
  open()
  await Promise.all(replies)
  const asked = textsOf(await storedEvents(server)).filter((text) => text?.startsWith('message'))
  expect(asked).toEqual([0, 1, 2, 3, 4].map((number) => `message ${number}`))
})

verifies('queue.parallel', async () => {
  const { opened, open } = gate()
  const server = await openSession({ turns: [[{ until: opened }, { say: 'late' }]], always: 'at once' })
  await server.send('POST', '/apps/weather/users/u1/sessions/s2')
  await server.send('POST', '/apps/weather/users/u2/sessions/s1')
  const first = server.send('POST', '/run', message())
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
  for (const other of [{ sessionId: 's2' }, { userId: 'u2' }]) {
    expect(textsOf((await server.send('POST', '/run', message(other))).body)).toEqual(['at once'])
  }
  open()
  expect(textsOf((await first).body)).toEqual(['late'])
})

for (const route of ['/run', '/run_sse']) {
  verifies('queue.bounded', route, async () => {
    const { opened, open } = gate()
    const turns: Turn[] = [[{ until: opened }, { say: 'done' }]]
    const server = await openSession({ turns, always: 'done', maxWaiting: 8 })
    const nine = Array.from({ length: 9 }, () => server.send('POST', '/run', message()))
    await vi.waitFor(() => expect(server.runs.size).toBe(9))
    const refused = await server.send('POST', route, message({ newMessage: 'the tenth' }))
    expect(refused).toMatchObject({
      status: 409,
      headers: { 'retry-after': '1', 'content-type': 'application/json; charset=utf-8' },
      body: { detail: 'Session s1 is busy; try again in a moment' },
    })
    open()
    expect((await Promise.all(nine)).map(({ status }) => status)).toEqual(Array(9).fill(200))
    const events = await storedEvents(server)
    expect(events).toHaveLength(18)
    expect(textsOf(events)).not.toContain('the tenth')
    expect((await server.send('POST', route, message())).status).toBe(200)
  })

  verifies('queue.limit', route, async () => {
    const { opened, open } = gate()
    const server = await openSession({ always: [{ until: opened }, { say: 'done' }], maxRuns: 2 })
    await server.send('POST', '/apps/weather/users/u1/sessions/s2')
    const running = ['s1', 's2'].map((sessionId) => server.send('POST', '/run', message({ sessionId })))
    await vi.waitFor(() => expect(server.runs.size).toBe(2))
    const refused = await server.send('POST', route, message())
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(refused.body.error).toMatch(/limit of 2 runs/)
    open()
    await Promise.all(running)
    expect((await server.send('POST', route, message())).status).toBe(200)
  })
}

describe('DELETE during a run', () => {
  verifies('queue.delete', 'the stream', async () => {
    const server = await openSession({ turns: [...WEATHER_TURN.slice(0, 1), { hang: true }], always: 'New.' })
    const stream = await openStream(await listen(server), message())
    await stream.next()
    await stream.next()
    expect((await server.send('DELETE', SESSION)).status).toBe(204)
    expect(await stream.rest()).toMatchObject([
      { error: 'Session was deleted: s1', error_details: { error_type: 'session_deleted' } },
    ])
    expect((await server.send('GET', SESSION)).status).toBe(404)
    expect((await server.send('POST', SESSION)).body.events).toEqual([])
    await vi.waitFor(() => expect(server.runs.size).toBe(0))
    expect(await storedEvents(server)).toEqual([])
    expect((await server.send('POST', '/run', message())).status).toBe(200)
  })

  verifies('queue.delete', '/run, and one that waits', async () => {
    const server = await openSession({ always: { hang: true } })
    const running = server.send('POST', '/run', message())
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
    const waiting = server.send('POST', '/run', message())
    await vi.waitFor(() => expect(server.runs.size).toBe(2))
    await server.send('DELETE', SESSION)
    const text = 'Session was deleted: s1'
    for (const reply of await Promise.all([running, waiting])) {
      expect(reply).toMatchObject({ status: 409, body: { detail: text, error: text } })
    }
    expect(server.model.calls).toHaveLength(1)
  })

  verifies('queue.delete', 'an agent that does not notice', async () => {
    const { opened, open } = gate()
    const deaf = new WorkingAgent(async function* (context) {
      yield said(context, 'before')
      await opened
      yield said(context, 'after')
    })
    const server = await openSession({ apps: { deaf } })
    const url = '/apps/deaf/users/u1/sessions/s1'
    const stream = await openStream(await listen(server), message({ appName: 'deaf' }))
    await stream.next()
    await server.send('DELETE', url)
    await server.send('POST', url)
    open()
    expect(await stream.rest()).toMatchObject([{ error: 'Session was deleted: s1' }])
    await vi.waitFor(() => expect(server.runs.size).toBe(0))
    expect(await storedEvents(server, url)).toEqual([])
  })
})

verifies('queue.patch', async () => {
  const { opened, open } = gate()
  const server = await openSession({
    turns: [...WEATHER_TURN.slice(0, 1), [{ until: opened }, { say: 'Sunny.' }]],
  })
  const running = server.send('POST', '/run', message({ stateDelta: { fromRun: 1, both: 'run' } }))
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
  const patched = await server.send('PATCH', SESSION, { stateDelta: { fromPatch: 2, both: 'patch' } })
  expect(patched).toMatchObject({ status: 200, body: { state: { fromRun: 1, fromPatch: 2, both: 'patch' } } })
  open()
  expect((await running).status).toBe(200)
  const { state, events } = (await server.send('GET', SESSION)).body
  expect(state).toEqual({ fromRun: 1, fromPatch: 2, both: 'patch' })
  expect(events).toHaveLength(5)
})

verifies('queue.patch', 'many at once', async () => {
  const server = await openSession()
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
  await Promise.all(keys.map((key) => server.send('PATCH', SESSION, { stateDelta: { [key]: key } })))
  expect(Object.keys((await server.send('GET', SESSION)).body.state).sort()).toEqual(keys.sort())
})

verifies('session.duplicate', 'at once', async () => {
  const { send } = await openSession()
  const url = '/apps/weather/users/u1/sessions/new'
  const replies = await Promise.all([1, 2, 3, 4].map((winner) => send('POST', url, { winner })))
  const winners = replies.filter(({ status }) => status === 200)
  expect(winners).toHaveLength(1)
  expect(replies.filter(({ status }) => status === 400)).toHaveLength(3)
  expect((await send('GET', url)).body.state).toEqual(winners[0]?.body.state)
})
