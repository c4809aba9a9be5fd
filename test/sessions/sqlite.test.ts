import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSqlite } from '../../src/database/sqlite.js'
import { sqliteDrivers } from '../../src/database/sqlite-driver.js'
import { DatabaseSessionService } from '../../src/sessions/database.js'
import { openSqlSessions } from '../../src/sessions/sql.js'
import { describeSessionStore } from './session-store-suite.js'
import { describeSharedDatabase } from './shared-database-suite.js'

let folder: string
let count = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adk-ts-sqlite-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

for (const [name, driver] of await sqliteDrivers()) {
  const open = async (path: string) =>
    openSqlSessions(await openSqlite({ kind: 'sqlite', path, shown: path }, driver))
  const freshPath = () => join(folder, `${count++}.db`)
  describeSessionStore(`SQLite, ${name}`, () => open(freshPath()))
  describeSessionStore(`SQLite in memory, ${name}`, () => open(':memory:'))
  describeSharedDatabase(`SQLite, ${name}`, async () => {
    const path = freshPath()
    return Promise.all([open(path), open(path)])
  })
}

describeSessionStore(
  'SQLite, as authors open it',
  async () => new DatabaseSessionService(`sqlite:///${join(folder, `${count++}.db`)}`),
)

test('a database that cannot be opened is tried again', async () => {
  const path = join(folder, 'later')
  const store = new DatabaseSessionService(`sqlite:///${join(path, 'sessions.db')}`)
  const key = { appName: 'app', userId: 'user', sessionId: 'one' }
  await expect(store.createSession(key)).rejects.toThrow('create it first')
  await mkdir(path)
  expect(await store.createSession(key)).toMatchObject({ id: 'one' })
  await store.close()
})
