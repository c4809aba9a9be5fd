import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteDriver, type SqliteConnection } from '../../src/database/sqlite-driver.js'
import { post, sessionPath } from '../cli/support.js'
import { freshSqlite } from '../support/database.js'
import * as faults from './support.js'

/** A store, and a hold on its file by this process. */
async function newFile(): Promise<{ uri: string; lock: () => void; unlock: () => void }> {
  const { uri, path } = await freshSqlite()
  const open = await sqliteDriver()
  let holder: SqliteConnection | undefined
  onTestFinished(() => holder?.close())
  return {
    uri,
    lock() {
      holder = open(path)
      holder.all('pragma busy_timeout = 5000', [])
      holder.run('begin immediate', [])
    },
    unlock() {
      holder?.run('commit', [])
    },
  }
}

test('a SQLite file that is locked for a moment is waited for', async () => {
  const file = await newFile()
  const { url } = await faults.start(file.uri)
  await faults.create(url)
  const run = faults.watch(url, faults.countTo(20, 's1', 10))
  await faults.arrived(run, 3)
  file.lock()
  const patched = faults.patch(url, { patched: true })
  const created = faults.create(url, 's2')
  await sleep(300)
  const before = await faults.read(url)
  faults.expectKept(before, run.events)
  expect(before.state).not.toHaveProperty('patched')
  file.unlock()
  expect((await patched).status).toBe(200)
  await created
  await run.ended
  const session = await faults.read(url)
  faults.expectKept(session, run.events)
  expect(faults.textOf(session.events.at(-1))).toBe('Counted to 20')
  faults.expectWhole(session)
})

if (faults.AT_LENGTH) {
  test('a SQLite file that stays locked costs what has to be written, and no more', async () => {
    const file = await newFile()
    const { url } = await faults.start(file.uri)
    await faults.create(url)
    await faults.runWell(url, faults.countTo(1))
    file.lock()
    const run = faults.watch(url, faults.countTo(1))
    const refused = await faults.patch(url, { patched: true })
    expect({ status: refused.status, body: await refused.json() }).toEqual({
      status: 503,
      body: expect.objectContaining({ error: expect.stringMatching(/another process holds its lock/) }),
    })
    await run.ended
    expect(run).toMatchObject({ events: [], error: { error: expect.stringMatching(/lock/) } })
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect((await faults.read(url)).events).toHaveLength(4)
    file.unlock()
    expect((await faults.patch(url, { patched: true })).status).toBe(200)
    await faults.runWell(url, faults.countTo(1))
    faults.expectAnswered(await faults.read(url))
  }, 60_000)
}

test('a full disk costs what does not fit any more, and no more', async () => {
  const { uri } = await newFile()
  const server = await faults.start(uri, { maxFileKb: 400 })
  const { url } = server
  await faults.create(url, 'run')
  const run = faults.watch(url, faults.countTo(100_000, 'run'))
  const kept: string[] = []
  const filling = { filling: 'x'.repeat(10_000) }
  let refused: Response | undefined
  for (let number = 0; number < 100 && !refused; number++) {
    const response = await post(`${url}${sessionPath(faults.APP, `s${number}`)}`, filling)
    if (response.status === 200) kept.push(`s${number}`)
    else refused = response
  }
  expect(kept.length).toBeGreaterThan(3)
  expect({ status: refused?.status, body: await refused?.json() }).toEqual({
    status: 503,
    body: expect.objectContaining({ error: expect.stringMatching(/disk/) }),
  })
  await run.ended
  expect(run.error).toMatchObject({ error: expect.stringMatching(/disk/) })
  expect((await fetch(`${url}/health`)).status).toBe(200)

  const check = async (at: string) => {
    for (const session of kept) expect((await faults.read(at, session)).state.filling).toHaveLength(10_000)
    expect((await fetch(`${at}${sessionPath(faults.APP, `s${kept.length}`)}`)).status).toBe(404)
    const session = await faults.read(at, 'run')
    faults.expectKept(session, run.events)
    faults.expectWhole(session)
  }
  await check(url)
  await faults.kill(server)
  const restarted = await faults.start(uri)
  await check(restarted.url)
  await faults.create(restarted.url, `s${kept.length}`, filling)
  await faults.runWell(restarted.url, faults.countTo(2, 'run'))
  faults.expectAnswered(await faults.read(restarted.url, 'run'))
})
