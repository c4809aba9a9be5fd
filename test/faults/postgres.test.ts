import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { folder, run } from '../cli/support.js'
import { startServer } from '../support/postgres.js'
import * as faults from './support.js'

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('without its PostgreSQL, a server does not start and says why', async () => {
  const port = await closedPort()
  const uri = `postgresql://somebody:pass-word@127.0.0.1:${port}/sessions`
  const agents = await folder()
  const { code, stdout, stderr } = await run([
    'api_server',
    agents,
    '--port',
    '0',
    '--session_service_uri',
    uri,
  ])
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stderr).toContain(`127.0.0.1:${port}`)
  expect(stderr).not.toContain('pass-word')
})

test(
  'a PostgreSQL that restarts under load costs runs at most, and no event that was shown',
  async () => {
    const random = faults.chance()
    const postgres = await startServer()
    onTestFinished(postgres.end)
    const { url, cli } = await faults.start(postgres.url)
    const rounds = faults.AT_LENGTH ? 10 : 1
    for (let round = 0; round < rounds; round++) {
      const sessions = Array.from({ length: 4 }, (_, number) => `round-${round}-${number}`)
      for (const session of sessions) await faults.create(url, session)
      const runs = sessions.map((session) => faults.watch(url, faults.countTo(100, session, 5)))
      await Promise.all(runs.map((each) => faults.arrived(each, 1)))
      await sleep(random(300))
      await postgres.stop()
      expect((await fetch(`${url}/health`)).status).toBe(200)
      await sleep(random(500))
      await postgres.start()
      await Promise.all(runs.map(({ ended }) => ended))
      expect(cli.hasEnded).toBe(false)
      for (const [index, session] of sessions.entries()) {
        const { events = [], error } = runs[index] ?? {}
        const stored = await faults.read(url, session)
        faults.expectKept(stored, events)
        faults.expectWhole(stored)
        if (error) expect(error.error).toMatch(/database/)
        else expect(faults.textOf(events.at(-1))).toBe('Counted to 100')
        await faults.runWell(url, faults.countTo(2, session))
        faults.expectAnswered(await faults.read(url, session))
      }
    }
  },
  faults.PATIENCE_MS,
)
