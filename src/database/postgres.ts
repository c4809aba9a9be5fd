import type { DatabaseError, Pool, PoolClient } from 'pg'
import { AdkError, messageOf } from '../core/errors.js'
import type { Connection, Database, Row, TransactionOptions, Value } from './database.js'
import { persist, type Failure } from './failure.js'
import { redactUri, type StoreUri } from './uri.js'

/** In milliseconds. What takes longer than this is not going to end well, and others wait for it. */
const CONNECT_MS = 5000
const IDLE_MS = 30_000
const STATEMENT_MS = 30_000
const LOCK_MS = 10_000

/** The lock of those transactions that want to be alone. Any number that nobody else has chosen. */
const ALONE = 7_263_541

export async function openPostgres(uri: Extract<StoreUri, { kind: 'postgres' }>): Promise<Database> {
  const { default: pg } = await import('pg')
  let pool: Pool
  try {
    pool = new pg.Pool({
      connectionString: uri.connection,
      application_name: 'adk-ts',
      max: uri.poolSize,
      connectionTimeoutMillis: CONNECT_MS,
      idleTimeoutMillis: IDLE_MS,
      keepAlive: true,
      query_timeout: STATEMENT_MS,
      // A pooler in between does not let these through, nor statements that outlive a transaction.
      ...(uri.prepare && {
        statement_timeout: STATEMENT_MS,
        lock_timeout: LOCK_MS,
        idle_in_transaction_session_timeout: STATEMENT_MS,
      }),
    })
  } catch (error) {
    throw new Error(`Cannot open the database ${uri.shown}: ${redactUri(messageOf(error))}`, { cause: error })
  }
  // A connection may break at any moment, the very first one included. The statement that follows tells; an idle one is
  // replaced when the next one is needed.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('error', () => {})
  try {
    await pool.query('select 1')
    return new PostgresDatabase(pool, uri)
  } catch (error) {
    await pool.end()
    const failure = explain(error)
    const reason = failure && 'reason' in failure ? failure.reason : redactUri(messageOf(error))
    throw new Error(`Cannot open the database ${uri.shown}: ${reason}`, { cause: error })
  }
}

class PostgresDatabase implements Database {
  readonly make = 'postgres'
  readonly shown: string
  readonly #statements: Statements
  readonly #underWay = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  constructor(
    private readonly pool: Pool,
    { shown, prepare }: Extract<StoreUri, { kind: 'postgres' }>,
  ) {
    this.shown = shown
    this.#statements = new Statements(prepare)
  }

  async all(sql: string, parameters: readonly Value[] = []): Promise<Row[]> {
    return this.#persist(async () => (await this.#query(this.pool, sql, parameters)).rows)
  }

  async run(sql: string, parameters: readonly Value[] = []): Promise<number> {
    return this.transaction((connection) => connection.run(sql, parameters))
  }

  transaction<T>(work: (connection: Connection) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#persist(() => this.#attempt(work, options))
  }

  async adopt(): Promise<void> {}

  async check(): Promise<void> {
    await this.all('select 1')
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#underWay).then(() => this.pool.end())
    return this.#closed
  }

  /** A pool that ends forgets those who wait for a connection, so it has to be known who they are. */
  async #persist<T>(attempt: () => Promise<T>): Promise<T> {
    const work = persist(attempt, PATIENCE)
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }

  async #attempt<T>(work: (connection: Connection) => Promise<T>, { alone }: TransactionOptions): Promise<T> {
    const client = await this.pool.connect()
    let result: T
    try {
      await client.query('begin')
      if (alone) await client.query(`select pg_advisory_xact_lock(${ALONE})`)
      result = await work({
        all: async (sql, parameters = []) => (await this.#query(client, sql, parameters)).rows,
        run: async (sql, parameters = []) => (await this.#query(client, sql, parameters)).rowCount ?? 0,
      })
    } catch (error) {
      const isUsable = !isSlow(error) && (await rollBack(client))
      client.release(!isUsable)
      throw error
    }
    try {
      await client.query('commit')
    } catch (error) {
      // Whether it is stored is not known, so it must not be repeated.
      client.release(true)
      throw new AdkError(
        'storage_unavailable',
        'The database was lost while it stored something; read it again',
        {
          cause: error,
        },
      )
    }
    client.release()
    return result
  }

  #query(target: Pool | PoolClient, sql: string, parameters: readonly Value[]) {
    return target.query<Row>({ ...this.#statements.get(sql), values: [...parameters] })
  }
}

/** Resolves to whether the connection can be used again. */
const rollBack = (client: PoolClient): Promise<boolean> =>
  client.query('rollback').then(
    () => true,
    () => false,
  )

/** The client gave up; the connection is still busy. */
const isSlow = (error: unknown): boolean => error instanceof Error && error.message === 'Query read timeout'

interface Statement {
  text: string
  /** Makes the server keep it prepared. */
  name?: string
}

/** Statements in PostgreSQL's spelling of parameters. The stores have a fixed set of them. */
class Statements {
  readonly #known = new Map<string, Statement>()

  constructor(private readonly prepare: boolean) {}

  get(sql: string): Statement {
    const known = this.#known.get(sql)
    if (known) return known
    let count = 0
    const text = sql.replaceAll('?', () => `$${++count}`)
    const statement = this.prepare ? { text, name: `adk_ts_${this.#known.size}` } : { text }
    this.#known.set(sql, statement)
    return statement
  }
}

const PASSES: Record<string, string> = {
  ECONNREFUSED: 'the server does not answer at this address',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  ETIMEDOUT: 'the server does not answer',
  EHOSTUNREACH: 'the server cannot be reached',
  ENETUNREACH: 'the server cannot be reached',
  EAI_AGAIN: 'the name of the server is not known at the moment',
  '40001': 'others changed the same rows at the same time',
  '40P01': 'others changed the same rows at the same time',
  '53300': 'the server has no room for more connections',
  '55P03': 'another process holds a lock',
  '57P01': 'the server is shutting down',
  '57P02': 'the server has crashed',
  '57P03': 'the server is starting up or shutting down',
}

const FINAL: Record<string, string> = {
  ENOTFOUND: 'there is no server of this name',
  '25006': 'it may only be read',
  '28000': 'the server refuses this user',
  '28P01': 'the password is wrong',
  '3D000': 'there is no database of this name',
  '42501': 'there is no right to do this',
  '53100': 'its disk is full',
  '53200': 'it is out of memory',
  '57014': 'it took too long',
}

/** The messages of the library when a connection ends under it. */
const LOST =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded|server conn crashed)/i

const PATIENCE = { explain, maxPauseMs: 250 }

function explain(error: unknown): Failure | AdkError | undefined {
  if (!(error instanceof Error) || error instanceof AdkError) return undefined
  // Several addresses were tried.
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
  const { code = '' } = first as Partial<DatabaseError>
  if (code === '22001') {
    return new AdkError('name_not_storable', 'An id or a name is longer than this database allows', {
      cause: error,
    })
  }
  if (code in PASSES) return { passes: true, reason: PASSES[code] ?? '' }
  if (isSlow(error)) return { passes: false, reason: 'it took too long' }
  if (code in FINAL) return { passes: false, reason: FINAL[code] ?? '' }
  if (code.startsWith('08') || LOST.test(error.message))
    return { passes: true, reason: 'the connection was lost' }
  return undefined
}
