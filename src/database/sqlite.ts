import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AdkError, messageOf } from '../core/errors.js'
import type { Connection, Database, Row, TransactionOptions, Value } from './database.js'
import { persist, type Failure } from './failure.js'
import { Queue } from './queue.js'
import { sqliteDriver, type OpenSqliteFile, type SqliteConnection } from './sqlite-driver.js'
import type { StoreUri } from './uri.js'

/**
 * Waiting for a lock is done here and not in the driver, which would hold up everything else. `normal` leaves out one
 * flush per commit, so that a power cut may cost the last moments, never the file.
 */
const PRAGMAS = ['pragma busy_timeout = 0', 'pragma synchronous = normal', 'pragma foreign_keys = on']

/** Readers and the writer do not wait for each other, and what is committed survives the death of the process. */
const WRITE_AHEAD = 'pragma journal_mode = wal'

export async function openSqlite(
  { path, shown }: Extract<StoreUri, { kind: 'sqlite' }>,
  openFile?: OpenSqliteFile,
): Promise<Database> {
  const open = openFile ?? (await sqliteDriver())
  const file = path === ':memory:' ? path : resolve(path)
  if (file !== ':memory:') await checkFolder(file)
  let connection: SqliteConnection | undefined
  try {
    connection = open(file)
    const database = new SqliteDatabase(connection, shown)
    for (const pragma of PRAGMAS) await database.all(pragma)
    // The first look into the file.
    await database.all('select 1 from sqlite_master')
    return database
  } catch (error) {
    connection?.close()
    throw new Error(`Cannot open the database ${shown}: ${reasonOf(error)}`, { cause: error })
  }
}

async function checkFolder(file: string): Promise<void> {
  const folder = dirname(file)
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) {
    throw new Error(`There is no folder ${folder} for the database; create it first`)
  }
}

const reasonOf = (error: unknown): string =>
  explain(error instanceof AdkError ? error.cause : error)?.reason ?? messageOf(error)

/**
 * One connection, used by one task at a time: another one's statement must not slip into a transaction. Writers of
 * this process wait for each other before they wait for those of others, and readers for neither.
 */
class SqliteDatabase implements Database {
  readonly make = 'sqlite'
  readonly #queue = new Queue()
  readonly #writers = new Queue()
  #closed: Promise<void> | undefined

  constructor(
    private readonly connection: SqliteConnection,
    readonly shown: string,
  ) {}

  all(sql: string, parameters: readonly Value[] = []): Promise<Row[]> {
    return this.#patiently(async () => this.connection.all(sql, parameters))
  }

  run(sql: string, parameters: readonly Value[] = []): Promise<number> {
    return this.transaction((connection) => connection.run(sql, parameters))
  }

  transaction<T>(work: (connection: Connection) => Promise<T>, _options?: TransactionOptions): Promise<T> {
    const since = performance.now()
    return this.#writers.run(() => this.#patiently(() => this.#attempt(work), since))
  }

  async #attempt<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    // There is one writer anyway, over all processes, from this first statement on.
    this.connection.run('begin immediate', [])
    try {
      const result = await work(direct(this.connection))
      await persist(async () => this.connection.run('commit', []), PATIENCE)
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  async adopt(): Promise<void> {
    await this.all(WRITE_AHEAD)
  }

  async check(): Promise<void> {
    await this.all('select 1')
  }

  close(): Promise<void> {
    this.#closed ??= this.#writers.run(() => this.#queue.run(async () => this.connection.close()))
    return this.#closed
  }

  /** Others have their turn while somebody outside holds a lock. */
  #patiently<T>(task: () => Promise<T>, since = performance.now()): Promise<T> {
    return persist(() => this.#queue.run(task), { ...PATIENCE, since })
  }

  #rollBack(): void {
    try {
      this.connection.run('rollback', [])
    } catch {
      // SQLite has done so itself, as it does when the disk is full.
    }
  }
}

const direct = (connection: SqliteConnection): Connection => ({
  all: async (sql, parameters = []) => connection.all(sql, parameters),
  run: async (sql, parameters = []) => connection.run(sql, parameters),
})

/** By the result codes of SQLite. */
const FAILURES: Record<number, Failure> = {
  5: { passes: true, reason: 'another process holds its lock' },
  6: { passes: true, reason: 'another connection holds its lock' },
  8: { passes: false, reason: 'it may only be read' },
  10: { passes: false, reason: 'the disk does not answer as it should' },
  11: { passes: false, reason: 'the file is damaged' },
  13: { passes: false, reason: 'the disk is full' },
  14: { passes: false, reason: 'the file cannot be opened; check its rights and those of its folder' },
  23: { passes: false, reason: 'there is no right to use it' },
  26: { passes: false, reason: 'the file is not a SQLite database' },
}

/** Whoever holds a lock lets go of it soon, and others wait for it, too. */
const PATIENCE = { explain, maxPauseMs: 8 }

/** Where one of the libraries has the code when it cannot even open the file: `ConnectionFailed("…: 14")`. */
const CODE_IN_TEXT = /^ConnectionFailed\(".*: (\d+)"\)$/s

/** The two libraries give the code under different names; the upper bits are details. */
function explain(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  const { errcode, rawCode } = error as { errcode?: unknown; rawCode?: unknown }
  const code = [errcode, rawCode, Number(CODE_IN_TEXT.exec(error.message)?.[1] ?? NaN)].find(Number.isInteger)
  return typeof code === 'number' ? FAILURES[code & 0xff] : undefined
}
