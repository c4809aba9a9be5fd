import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSqlite } from '../../src/database/sqlite.js'
import { freshPostgres, runOnPostgres } from '../support/database.js'
import { answer, createSession, folder, run, serve, sessionPath, speaker } from './support.js'

const AGENT = { 'weather/agent.ts': speaker('Sunny') }

const refuse = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(['api_server', '--port', '0', await folder(AGENT), ...args])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^adk-ts: .+\n$/)
  expect(stderr).not.toContain('secret')
  return stderr
}

async function runSql(path: string, ...statements: string[]): Promise<void> {
  const database = await openSqlite({ kind: 'sqlite', path, shown: path })
  for (const statement of statements) await database.run(statement)
  await database.close()
}

/** Starts a server twice, and expects the second one to know what the first one was told. */
async function expectToRemember(args: string[], cwd: string): Promise<string> {
  const before = await serve(args, { cwd })
  await createSession(before.url, 'weather')
  expect(await answer(before.url, 'weather')).toBe('Sunny')
  const session: unknown = await (await fetch(before.url + sessionPath('weather'))).json()
  expect(session).toMatchObject({ events: [{ author: 'user' }, { author: 'scripted' }] })
  before.cli.signal('SIGTERM')
  expect(await before.cli.ended()).toBe(0)
  const after = await serve(args, { cwd })
  expect(await (await fetch(after.url + sessionPath('weather'))).json()).toEqual(session)
  expect(await answer(after.url, 'weather')).toBe('Sunny')
  return after.cli.stdout
}

describe('--session_service_uri', () => {
  it('keeps sessions in a file', async () => {
    const cwd = await folder({ 'agents/weather/agent.ts': speaker('Sunny') })
    const stdout = await expectToRemember(['--session_service_uri', 'sqlite:///my.db'], cwd)
    expect(stdout).toMatch(/Sessions +kept in my\.db/)
    expect(await readdir(cwd)).toContain('my.db')
  })

  it('keeps sessions in PostgreSQL, and its password to itself', async () => {
    const cwd = await folder({ 'agents/weather/agent.ts': speaker('Sunny') })
    const uri = (await freshPostgres()).replace('postgresql:', 'postgresql+asyncpg:')
    const stdout = await expectToRemember(['--session_service_uri', uri], cwd)
    expect(stdout).toMatch(/Sessions +kept in postgresql:\/\/\w+:\*\*\*@/)
    expect(stdout).not.toContain('secret')
  })

  it('is DATABASE_URL where it is left out', async () => {
    const cwd = await folder({ 'agents/weather/agent.ts': speaker('Sunny') })
    const { cli } = await serve([], { cwd, env: { DATABASE_URL: 'sqlite:///env.db' } })
    expect(cli.stdout).toMatch(/Sessions +kept in env\.db/)
    const other = await serve(['--session_service_uri=memory://'], {
      cwd,
      env: { DATABASE_URL: 'sqlite:///env.db' },
    })
    expect(other.cli.stdout).toMatch(/Sessions +kept in memory only/)
  })

  it.each([
    ['mysql://me:secret@host/db', 'Unsupported session service URI: mysql://me:***@host/db; use memory://'],
    ['sqlite:///no/such/folder/x.db', 'for the database; create it first'],
    [
      'postgresql://me:secret@127.0.0.1:1/db',
      'me:***@127.0.0.1:1/db: the server does not answer at this address',
    ],
    ['postgresql://me:secret@no-such-host.invalid/db', '***@no-such-host.invalid/db: '],
  ])('refuses %s', async (uri, sentence) => {
    expect(await refuse('--session_service_uri', uri)).toContain(sentence)
  })

  it('refuses a user, a password or a database that the server does not know', async () => {
    const uri = new URL(await freshPostgres())
    uri.pathname = '/nothing'
    expect(await refuse('--session_service_uri', uri.href)).toContain('there is no database of this name')
  })

  it('refuses what is no database, and leaves it as it is', async () => {
    const cwd = await folder({ 'notes.txt': 'Dear diary, today I read about databases. '.repeat(100) })
    const path = join(cwd, 'notes.txt')
    const before = await readFile(path, 'utf8')
    expect(await refuse('--session_service_uri', `sqlite:///${path}`)).toContain(
      'the file is not a SQLite database',
    )
    expect(await readFile(path, 'utf8')).toBe(before)
    expect(await readdir(cwd)).toEqual(['notes.txt'])
  })

  it('refuses a folder in the place of the file', async () => {
    expect(await refuse('--session_service_uri', `sqlite:///${await folder()}`)).toContain(
      'the file cannot be opened',
    )
  })

  it('refuses a schema of another version, of a file', async () => {
    const path = join(await folder(), 'newer.db')
    await runSql(
      path,
      'create table adk_internal_metadata ("key" text primary key, value text)',
      `insert into adk_internal_metadata values ('schema_version', '2')`,
    )
    const stderr = await refuse('--session_service_uri', `sqlite:///${path}`)
    expect(stderr).toContain(
      'has version 2 of the ADK schema, and this server knows version 1; update adk-ts',
    )
  })

  it('refuses the legacy schema with advice, of a server', async () => {
    const uri = await freshPostgres()
    await runOnPostgres('create table events (id text primary key, actions bytea)', uri)
    expect(await refuse('--session_service_uri', uri)).toContain('the legacy schema 0 of adk-python')
    const { rows } = await runOnPostgres(
      'select * from information_schema.tables where table_schema = current_schema()',
      uri,
    )
    expect(rows).toHaveLength(1)
  })

  it.each([
    'create table sessions (token text primary key)',
    'create table Sessions (token text primary key)',
    'create view sessions as select 1 as token',
    'create table adk_internal_metadata (name text primary key)',
  ])('refuses what only has the same name, and leaves it as it is: %s', async (statement) => {
    const path = join(await folder(), 'other.db')
    await runSql(path, statement)
    const before = await readFile(path)
    expect(await refuse('--session_service_uri', `sqlite:///${path}`)).toContain('is not one of an ADK')
    expect(await readFile(path)).toEqual(before)
  })
})

describe('--use_local_storage', () => {
  it('keeps sessions in the folder of the agents', async () => {
    const cwd = await folder({ 'agents/weather/agent.ts': speaker('Sunny') })
    await expectToRemember(['--use-local-storage'], cwd)
    expect(await readdir(join(cwd, 'agents', '.adk'))).toContain('session.db')
    const list: unknown = await (await fetch(`${(await serve([], { cwd })).url}/list-apps`)).json()
    expect(list).toEqual(['weather'])
  })

  it('excludes another place', async () => {
    const { code, stderr } = await run([
      'api_server',
      '--use_local_storage',
      '--session_service_uri',
      'memory://',
    ])
    expect(code).toBe(1)
    expect(stderr).toContain('cannot be used with option')
  })
})
