import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'

/** The URI of an empty PostgreSQL database, in effect: a schema that is gone after the test, or by hand. */
export async function freshPostgres(): Promise<string> {
  const schema = `test_${process.pid}_${Math.random().toString(36).slice(2)}`
  await runOnPostgres(`create schema ${schema}`)
  const url = new URL(inject('postgresUrl'))
  url.searchParams.set('options', `-csearch_path=${schema}`)
  return url.href
}

/** Runs statements as an operator would. */
export async function runOnPostgres(sql: string, uri = inject('postgresUrl')): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: uri })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

/** The URI of a SQLite file that does not exist yet. It is gone after the test. */
export async function freshSqlite(): Promise<{ uri: string; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'adk-ts-sqlite-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'sessions.db')
  return { uri: `sqlite:///${path}`, path }
}
