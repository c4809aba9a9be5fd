import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { said, WorkingAgent } from '../support/agents.js'
import { listen, message, openSession } from '../support/server.js'
import { bytesOf, open, openStream } from '../support/socket.js'

const MEGABYTE = 'x'.repeat(1024 * 1024)

/** Says a megabyte at a time, and counts how often it was asked to. */
function offer(total: number) {
  const count = { pulled: 0, ended: false }
  const agent = new WorkingAgent(async function* (context) {
    try {
      while (count.pulled < total) {
        count.pulled++
        yield said(context, MEGABYTE, { partial: true })
      }
    } finally {
      count.ended = true
    }
  })
  return { agent, count }
}

/** Resolves once a number has stayed the same for a while. */
async function settled(read: () => number): Promise<number> {
  for (let before = -1, same = 0; same < 10; await sleep(20)) {
    same = read() === before && before > 0 ? same + 1 : 0
    before = read()
  }
  return read()
}

verifies('sse.slow-reader', 'a client that never reads', async () => {
  const { agent, count } = offer(100)
  const server = await openSession({ apps: { agent }, always: 'Sunny.' })
  const port = await listen(server)
  const socket = await open(port)
  socket.pause()
  const headers: [string, string][] = [['Content-Type', 'application/json']]
  const body = JSON.stringify(message({ appName: 'agent', streaming: true }))
  socket.write(bytesOf({ method: 'POST', path: '/run_sse', headers, body }))
  // What the two sockets hold is up to the system; without a brake it would be everything.
  expect(await settled(() => count.pulled)).toBeLessThan(50)
  expect((await openStream(port, message()).then((stream) => stream.rest())).length).toBe(1)
  socket.destroy()
  while (!count.ended) await sleep(5)
  expect(count.pulled).toBeLessThan(100)
})

verifies('sse.slow-reader', 'a client that reads later gets everything', async () => {
  const { agent, count } = offer(40)
  const server = await openSession({ apps: { agent } })
  const stream = await openStream(await listen(server), message({ appName: 'agent', streaming: true }))
  await settled(() => count.pulled)
  let read = 0
  while ((await stream.next()) !== undefined) read++
  expect(read).toBe(40)
})
