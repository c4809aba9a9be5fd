import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, vi } from 'vitest'
import type { Event } from '../../src/core/event.js'
import { getFunctionCalls, getFunctionResponses } from '../../src/core/event.js'
import { verifies } from '../contract/verifies.js'
import { said, WEATHER_TURN, WorkingAgent } from '../support/agents.js'
import { listen, message, openSession, SESSION, type TestServer } from '../support/server.js'
import { bytesOf, open, openStream, startRun } from '../support/socket.js'

type Leave = () => void
type Start = (port: number, body: unknown) => Promise<Leave>

const ways: Record<string, Start> = {
  '/run': async (port, body) => startRun(port, body).leave,
  '/run_sse': async (port, body) => (await openStream(port, body)).leave,
}

const HANGING = { turns: [...WEATHER_TURN.slice(0, 1), { hang: true as const }], always: 'And again.' }

async function storedEvents({ send }: TestServer): Promise<Event[]> {
  return (await send('GET', SESSION)).body.events
}

/** Every call has one answer, later; nothing else comes between. */
function expectAnsweredCalls(events: Event[]): void {
  for (const [index, event] of events.entries()) {
    for (const { id } of getFunctionCalls(event)) {
      const answers = events
        .slice(index)
        .flatMap((later) => getFunctionResponses(later).filter((each) => each.id === id))
      expect(answers).toHaveLength(1)
      expect(getFunctionResponses(events[index + 1] as Event).map((each) => each.id)).toContain(id)
    }
  }
}

for (const [route, start] of Object.entries(ways)) {
  describe(`a client of ${route} that leaves`, () => {
    verifies('disconnect.cancels', `${route}: the model`, async () => {
      const server = await openSession(HANGING)
      const leave = await start(await listen(server), message())
      await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
      expect(server.model.last.signal?.aborted).toBe(false)
      leave()
      await vi.waitFor(() =>
        expect(server.model.last).toMatchObject({ ended: true, signal: { aborted: true } }),
      )
      await vi.waitFor(() => expect(server.runs.size).toBe(0))
      expect(await storedEvents(server)).toHaveLength(3)
    })

    verifies('disconnect.cancels', `${route}: a tool`, async () => {
      let started = false
      const tool = () => {
        started = true
        return new Promise(() => {})
      }
      const server = await openSession({ ...HANGING, tool })
      const leave = await start(await listen(server), message())
      await vi.waitFor(() => expect(started).toBe(true))
      leave()
      await vi.waitFor(() => expect(server.runs.size).toBe(0))
      const events = await storedEvents(server)
      expect(events).toHaveLength(3)
      expectAnsweredCalls(events)
    })

    verifies('disconnect.history', route, async () => {
      const server = await openSession(HANGING)
      const port = await listen(server)
      const leave = await start(port, message())
      await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
      const before = await storedEvents(server)
      leave()
      await vi.waitFor(() => expect(server.runs.size).toBe(0))
      const after = await storedEvents(server)
      expect(after).toEqual(before)
      expectAnsweredCalls(after)
      const next = await server.send('POST', '/run', message({ newMessage: 'Go on.' }))
      expect(next).toMatchObject({ status: 200, body: [{ content: { parts: [{ text: 'And again.' }] } }] })
    })

    verifies('disconnect.queue', route, async () => {
      const server = await openSession({ turns: [{ hang: true }], always: 'Sunny.' })
      const port = await listen(server)
      const first = await openStream(port, message({ newMessage: 'first' }))
      await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
      const second = startRun(port, message({ newMessage: 'second' }))
      await vi.waitFor(() => expect(server.runs.size).toBe(2))
      const third = startRun(port, message({ newMessage: 'third' }))
      await vi.waitFor(() => expect(server.runs.size).toBe(3))
      second.leave()
      await vi.waitFor(() => expect(server.runs.size).toBe(2))
      first.leave()
      expect((await third.reply).status).toBe(200)
      const texts = (await storedEvents(server)).map(({ content }) => content?.parts?.[0]?.text)
      expect(texts).toEqual(['first', 'third', 'Sunny.'])
    })

    verifies('log.line', `${route}: leaving is not a failure`, async () => {
      const server = await openSession(HANGING)
      const leave = await start(await listen(server), message())
      await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
      leave()
      await vi.waitFor(() => expect(server.logged.join('')).toContain('client_disconnect'))
      await vi.waitFor(() => expect(server.runs.size).toBe(0))
      const lines = server.logged.map((line) => JSON.parse(line))
      expect(lines.filter(({ evt }) => evt === 'request')).toMatchObject([
        { route, level: 'info', session: 's1' },
      ])
      expect(lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
    })
  })
}

verifies('disconnect.cancels', 'an agent that does not notice', async () => {
  let woke = false
  const deaf = new WorkingAgent(async function* (context) {
    yield said(context, 'one')
    await sleep(1200)
    woke = true
    yield said(context, 'two')
  })
  const server = await openSession({ apps: { deaf } })
  const stream = await openStream(await listen(server), message({ appName: 'deaf' }))
  await stream.next()
  stream.leave()
  await vi.waitFor(() => expect(server.runs.size).toBe(0), { timeout: 5000 })
  await vi.waitFor(() => expect(woke).toBe(true), { timeout: 5000 })
  const { body } = await server.send('GET', '/apps/deaf/users/u1/sessions/s1')
  expect(body.events).toHaveLength(2)
})

verifies('disconnect.cancels', 'several that were sent on one connection, one behind the other', async () => {
  const server = await openSession({ always: { hang: true }, drainMs: 60_000 })
  const port = await listen(server)
  const socket = await open(port)
  for (const [sessionId, path] of [
    ['s1', '/run'],
    ['s2', '/run'],
    ['s3', '/run_sse'],
  ] as const) {
    await server.send('POST', `/apps/weather/users/u1/sessions/${sessionId}`)
    const headers: [string, string][] = [
      ['Connection', 'keep-alive'],
      ['Content-Type', 'application/json'],
    ]
    socket.write(bytesOf({ method: 'POST', path, headers, body: JSON.stringify(message({ sessionId })) }))
  }
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(3))
  socket.destroy()
  await vi.waitFor(() => expect(server.runs.size).toBe(0))
  await server.app.close()
  const lines = server.logged.map((line) => JSON.parse(line))
  expect(lines.filter(({ cause }) => cause === 'client_disconnect')).toHaveLength(3)
})

verifies('disconnect.cancels', 'nothing is left behind', async () => {
  const server = await openSession({ always: { hang: true } })
  const port = await listen(server)
  for (let round = 1; round <= 5; round++) {
    const stream = await openStream(port, message())
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(round))
    stream.leave()
    await vi.waitFor(() => expect(server.runs.size).toBe(0))
  }
  const connections = () =>
    new Promise((resolve) => server.app.server.getConnections((_, count) => resolve(count)))
  await vi.waitFor(async () => expect(await connections()).toBe(0))
})
