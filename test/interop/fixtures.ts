// Databases that other ADKs wrote, each as a copy that a test may change, and what is known of them.
import { copyFile, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sqliteDriver } from '../../src/database/sqlite-driver.js'
import { freshPostgres, freshSqlite, runOnPostgres } from '../support/database.js'

export const fixturePath = (name: string): string =>
  fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

type Row = Record<string, unknown>

/** A copy of a fixture: where the server finds it, and the raw rows for the test. */
export interface Copy {
  uri: string
  query: (sql: string) => Promise<Row[]>
}

export async function copyOf(name: string): Promise<Copy> {
  return name.endsWith('.sql') ? inPostgres(name) : onDisk(name)
}

async function onDisk(name: string): Promise<Copy> {
  const { uri, path } = await freshSqlite()
  await copyFile(fixturePath(name), path)
  const open = await sqliteDriver()
  return {
    uri,
    async query(sql) {
      const connection = open(path)
      try {
        return connection.all(sql, [])
      } finally {
        connection.close()
      }
    },
  }
}

async function inPostgres(name: string): Promise<Copy> {
  const uri = await freshPostgres()
  await runOnPostgres(await readFile(fixturePath(name), 'utf8'), uri)
  return { uri, query: async (sql) => (await runOnPostgres(sql, uri)).rows as Row[] }
}

/** How a maker writes times. */
export interface Maker {
  file: string
  /** SQL for the text of a time column, so that a test sees it raw. */
  time: (column: string) => string
  /** A time column that this maker writes. */
  columnTime: RegExp
  /** The time inside an event that this maker writes. */
  eventTime: RegExp
  /** Of the first session and its events, in seconds. */
  start: number
}

const SECONDS = /^1\d{9}(?:\.\d{1,7})?$/
const MILLISECONDS = /^1\d{12}(?:\.\d{1,4})?$/
const TIMESTAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/

const asText = (column: string) => `cast(${column} as text)`
/** SQLite shortens numbers that become text. */
const asNumber = (column: string) => `printf('%!.17g', ${column})`
const inUtc = (column: string) => `(${column} at time zone 'UTC')::text`

export const MAKERS: [name: string, maker: Maker][] = [
  [
    '@google/adk on SQLite',
    {
      file: 'adk-js-2.0.0.sqlite',
      time: asNumber,
      columnTime: MILLISECONDS,
      eventTime: MILLISECONDS,
      start: 1795176700.123,
    },
  ],
  [
    'adk-python on SQLite',
    {
      file: 'adk-python-2.13.0.sqlite',
      time: asText,
      columnTime: TIMESTAMP,
      eventTime: SECONDS,
      start: 1795176700.123456,
    },
  ],
  [
    'the command line of adk-python on SQLite',
    {
      file: 'adk-python-2.13.0-cli.sqlite',
      time: asNumber,
      columnTime: SECONDS,
      eventTime: SECONDS,
      start: 1795176700.123456,
    },
  ],
  [
    '@google/adk on PostgreSQL',
    {
      file: 'adk-js-2.0.0.sql',
      time: inUtc,
      columnTime: TIMESTAMP,
      eventTime: MILLISECONDS,
      start: 1795176700.123,
    },
  ],
  [
    'adk-python on PostgreSQL',
    {
      file: 'adk-python-2.13.0.sql',
      time: asText,
      columnTime: TIMESTAMP,
      eventTime: SECONDS,
      start: 1795176700.123456,
    },
  ],
]
