import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSqlite } from '../../src/database/sqlite.js'
import { freshPostgres } from '../support/database.js'
import { createSession, folder, run, serve, speaker } from './support.js'

const db = (task: string, uri: string) => run(['db', task, '--session_service_uri', uri])

it('check tells what is in a database that a server uses', async () => {
  const cwd = await folder({ 'agents/weather/agent.ts': speaker('Sunny') })
  const { url } = await serve(['--session_service_uri', 'sqlite:///my.db'], { cwd })
  await createSession(url, 'weather')
  const { code, stdout } = await run(['db', 'check'], { cwd, env: { DATABASE_URL: 'sqlite:///my.db' } })
  expect(stdout).toBe(`Database  my.db (SQLite)
Made by   adk-ts or @google/adk
Contents  0 events in 1 sessions of 1 apps
Problems  none
`)
  expect(code).toBe(0)
})

it('check makes nothing, and migrate makes what is missing', async () => {
  const cwd = await folder()
  const path = join(cwd, 'new.db')
  const uri = `sqlite:///${path}`
  expect(await db('check', uri)).toMatchObject({ code: 1, stderr: `adk-ts: There is no file ${path}\n` })
  expect(await readdir(cwd)).toEqual([])
  expect(await db('migrate', uri)).toMatchObject({ code: 0 })
  const before = await readFile(path)
  expect((await db('check', uri)).stdout).toContain('Problems  none')
  expect((await readFile(path)).equals(before)).toBe(true)
})

it('migrate works on a server, and says nothing secret', async () => {
  const uri = await freshPostgres()
  const before = await db('check', uri)
  expect(before.code).toBe(1)
  expect(before.stdout).toContain('"adk-ts db migrate" makes them')
  const { code, stdout } = await db('migrate', uri)
  expect(code).toBe(0)
  expect(stdout).toContain('(PostgreSQL)')
  expect(stdout + before.stdout).not.toContain('secret')
  expect((await db('check', uri)).code).toBe(0)
})

it('check names what is wrong, and migrate mends what it can', async () => {
  const path = join(await folder(), 'broken.db')
  const uri = `sqlite:///${path}`
  await db('migrate', uri)
  const database = await openSqlite({ kind: 'sqlite', path, shown: path })
  await database.run("insert into sessions values ('s', 'a', 'u', '{}', 1, 1)")
  await database.run("insert into events values ('e', 'a', 'u', 's', 'i', 1, 'no JSON')")
  await database.close()
  const broken = await db('check', uri)
  expect(broken.code).toBe(1)
  expect(broken.stdout).toContain('1 sessions lack the row')
  expect(broken.stdout).toContain('1 events are not JSON')
  const mended = await db('migrate', uri)
  expect(mended.code).toBe(1)
  expect(mended.stdout).not.toContain('lack the row')
  expect(mended.stdout).toContain('1 events are not JSON')
})

it.each([
  [['db', 'check'], 'Name a database: --session_service_uri'],
  [
    ['db', 'check', '--session_service_uri', 'mysql://me:secret@host/db'],
    'Unsupported session service URI: mysql://me:***@',
  ],
  [['db', 'chek'], "unknown command 'chek'"],
])('%s is a mistake', async (args, sentence) => {
  const { code, stderr } = await run(args)
  expect(code).toBe(1)
  expect(stderr).toContain(sentence)
})
