import { describe, expect, vi } from 'vitest'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import { verifies } from '../contract/verifies.js'
import { WEATHER_TURN } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { listen, message, openSession, SESSION } from '../support/server.js'
import { exchange, openStream, startRun } from '../support/socket.js'

describe('closing', () => {
  verifies('shutdown.drains', async () => {
    const { opened, open } = gate()
    const server = await openSession({ always: [{ until: opened }, { say: 'done' }], drainMs: 60_000 })
    await server.send('POST', '/apps/weather/users/u1/sessions/s2')
    const port = await listen(server)
    const stream = await openStream(port, message())
    const run = startRun(port, message({ sessionId: 's2' }))
    const waiting = startRun(port, message({ sessionId: 's2' }))
    await vi.waitFor(() => expect(server.runs.size).toBe(3))
    const closed = server.app.close()
    open()
    expect(await stream.rest()).toMatchObject([{ content: { parts: [{ text: 'done' }] } }])
    expect((await run.reply).status).toBe(200)
    expect((await waiting.reply).status).toBe(200)
    await closed
    expect(server.app.server.listening).toBe(false)
  })

  verifies('shutdown.drains', 'an idle server closes at once, whatever connections are open', async () => {
    const server = await openSession({ drainMs: 60_000 })
    const port = await listen(server)
    const reply = await fetch(`http://127.0.0.1:${port}/health`) // keeps its connection
    await reply.text()
    await server.app.close()
    expect(server.app.server.listening).toBe(false)
  })

  verifies('shutdown.refuses', async () => {
    const server = await openSession({ always: { hang: true }, drainMs: 60_000 })
    const port = await listen(server)
    const stream = await openStream(port, message())
    await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
    const closed = server.app.close()
    const text = 'The server is shutting down'
    const body = JSON.stringify(message())
    const headers: [string, string][] = [
      ['Content-Type', 'application/json'],
      ['Connection', 'keep-alive'],
    ]
    for (const request of [
      { method: 'GET', path: '/health' },
      { method: 'POST', path: '/run', headers, body },
      { method: 'POST', path: '/run_sse', headers, body },
      { method: 'GET', path: '/nowhere' },
    ]) {
      expect(await exchange(port, request)).toMatchObject({
        status: 503,
        headers: { connection: 'close', 'content-type': 'application/json; charset=utf-8' },
        body: { detail: text, error: text },
      })
    }
    stream.leave()
    await closed
  })

  for (const route of ['/run', '/run_sse']) {
    verifies('shutdown.cuts', route, async () => {
      const server = await openSession({ turns: [...WEATHER_TURN.slice(0, 1), { hang: true }], drainMs: 50 })
      const port = await listen(server)
      const reply = route === '/run' ? startRun(port, message()).reply : undefined
      const stream = route === '/run_sse' ? await openStream(port, message()) : undefined
      await vi.waitFor(() => expect(server.model.calls).toHaveLength(2))
      const closed = server.app.close()
      const text = 'The server is shutting down'
      if (reply) expect(await reply).toMatchObject({ status: 503, body: { detail: text } })
      const events = await stream?.rest()
      if (events)
        expect(events[2]).toMatchObject({ error: text, error_details: { error_type: 'shutting_down' } })
      await closed
      expect(server.model.last.signal?.aborted).toBe(true)
      const stored = await server.sessions.getSession({ appName: 'weather', userId: 'u1', sessionId: 's1' })
      expect(stored?.events).toHaveLength(3)
      expect(server.runs.size).toBe(0)
    })
  }

  verifies('shutdown.cuts', 'one that does not let go', async () => {
    class Stuck extends InMemorySessionService {
      override appendEvent(): Promise<never> {
        return new Promise(() => {})
      }
    }
    const server = await openSession({ sessions: new Stuck(), drainMs: 8500 })
    const { reply } = startRun(await listen(server), message())
    reply.catch(() => {}) // its connection is cut
    await vi.waitFor(() => expect(server.runs.size).toBe(1))
    await expect(server.app.close()).resolves.toBeUndefined()
  })

  verifies('shutdown.cuts', 'one that waits for its turn', async () => {
    const server = await openSession({ always: { hang: true }, drainMs: 50 })
    const port = await listen(server)
    const replies = [startRun(port, message()).reply, startRun(port, message()).reply]
    await vi.waitFor(() => expect(server.runs.size).toBe(2))
    await server.app.close()
    for (const reply of await Promise.all(replies)) expect(reply.status).toBe(503)
    expect(server.model.calls).toHaveLength(1)
  })
})

verifies('health.ok', 'while a run is under way', async () => {
  const server = await openSession({ always: { hang: true } })
  const stream = await openStream(await listen(server), message())
  expect((await server.send('GET', '/health')).status).toBe(200)
  expect((await server.send('GET', SESSION)).status).toBe(200)
  stream.leave()
})
