import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/database/database.js'
import { parseStoreUri } from '../../src/database/uri.js'
import { openSqlSessions } from '../../src/sessions/sql.js'
import { freshPostgres, runOnPostgres } from '../support/database.js'
import { describeSessionStore } from './session-store-suite.js'
import { describeSharedDatabase } from './shared-database-suite.js'

async function open(text: string) {
  const uri = parseStoreUri(text, 'session service')
  if (uri.kind === 'memory') throw new Error('This is not PostgreSQL')
  return openSqlSessions(await openDatabase(uri))
}

describeSessionStore('PostgreSQL', async () => open(await freshPostgres()), { fitsJsonb: true })

describeSharedDatabase('PostgreSQL', async () => {
  const uri = await freshPostgres()
  return Promise.all([open(uri), open(`${uri}&prepare=false`)])
})

test('whoever creates an id that is taken waits for an append to it, and holds nothing that it needs', async () => {
  const uri = await freshPostgres()
  const store = await open(uri)
  onTestFinished(() => store.close())
  const request = { appName: 'app', userId: 'user', sessionId: 'one', state: { 'app:a': 1 } }
  await store.createSession(request)
  const append = new pg.Client(uri)
  await append.connect()
  onTestFinished(() => append.end())
  const { rows } = await append.query('select pg_backend_pid() as pid')
  await append.query(`begin; set local deadlock_timeout = '10ms'; update sessions set state = '{}'`)
  const outcome = store.createSession(request).catch((error: unknown) => error)
  const waiting = `select 1 from pg_stat_activity where ${rows[0].pid} = any(pg_blocking_pids(pid))`
  await expect.poll(async () => (await runOnPostgres(waiting)).rowCount).toBe(1)
  await append.query('select state from app_states for update; commit')
  expect(await outcome).toMatchObject({ code: 'session_exists' })
})
