import { once } from 'node:events'
import { expect } from 'vitest'
import { createEvent, type Event } from '../../src/core/event.js'
import { verifies } from '../contract/verifies.js'
import { listen, openSession, SESSION, type TestServer } from '../support/server.js'
import { bytesOf, exchange, open } from '../support/socket.js'

/** Appends events with so many characters of text each. */
async function fill({ sessions }: TestServer, lengths: readonly number[]): Promise<Event[]> {
  const session = await sessions.getSession({ appName: 'weather', userId: 'u1', sessionId: 's1' })
  if (!session) throw new Error('There is no session')
  for (const length of lengths) {
    const content = { role: 'user', parts: [{ text: 'é'.repeat(length) }] }
    await sessions.appendEvent({ session, event: createEvent({ author: 'user', content }) })
  }
  return session.events
}

const GET = { method: 'GET', path: SESSION }
const MEGABYTE = 1024 * 1024

verifies('session.get-long', async () => {
  for (const [lengths, isWhole] of [
    [[], true],
    [[MEGABYTE / 2, 10, MEGABYTE / 3], true],
    [[MEGABYTE], false],
    [[10, MEGABYTE, 10], false],
    [Array.from({ length: 50 }, () => 100_000), false],
  ] as const) {
    const server = await openSession()
    const events = await fill(server, lengths)
    const { status, headers, body } = await exchange(await listen(server), GET)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id: 's1',
      appName: 'weather',
      state: {},
      lastUpdateTime: expect.any(Number),
    })
    expect(body.events).toEqual(events)
    expect({ isWhole: 'content-length' in headers }).toEqual({ isWhole })
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
  }
})

verifies('session.get-long', 'and a reader that leaves costs nothing', async () => {
  const server = await openSession()
  await fill(
    server,
    Array.from({ length: 100 }, () => 100_000),
  )
  const port = await listen(server)
  const socket = await open(port)
  socket.write(bytesOf(GET))
  await once(socket, 'data')
  socket.destroy()
  const { body } = await exchange(port, GET)
  expect(body.events).toHaveLength(100)
  expect(server.logged.filter((line) => line.includes('"level":50'))).toEqual([])
})

verifies('session.get-long', 'to HEAD, too', async () => {
  const server = await openSession()
  await fill(server, [MEGABYTE, MEGABYTE])
  expect(await server.send('HEAD', SESSION)).toMatchObject({ status: 200, text: '' })
})
