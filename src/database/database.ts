// The database room: reaching a SQL database, whatever its make. What is stored in it, the stores above decide.
import type { StoreUri } from './uri.js'

/** What a statement is given and what a row holds. Numbers are doubles, so no value may need more. */
export type Value = string | number | null
export type Row = Record<string, unknown>

/** Runs one statement. Parameters are written as `?`, whatever the make. */
export interface Connection {
  all(sql: string, parameters?: readonly Value[]): Promise<Row[]>
  /** Resolves to the number of rows that were changed. */
  run(sql: string, parameters?: readonly Value[]): Promise<number>
}

export interface TransactionOptions {
  /** Keeps every other transaction out that asks for the same, in all processes: for what is done once. */
  alone?: boolean
}

/**
 * A database with its connections. What a statement or a transaction has resolved is stored. Failures that pass (a
 * locked file, a server that restarts) are waited out for a while; then they are `storage_unavailable`.
 */
export interface Database extends Connection {
  readonly make: 'sqlite' | 'postgres'
  /** Where it is, for people, without a password. */
  readonly shown: string
  /**
   * Everything that `work` does happens, or nothing. It may be called again when the database was interrupted before
   * the end, so it must have no other effects. Writers wait for each other only where they touch the same rows, or the
   * same file.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Sets it up for work, once its contents have been found to be ours. */
  adopt(): Promise<void>
  /** Rejects when the database cannot be reached. */
  check(): Promise<void>
  /** Waits for what is under way. Closing again does nothing. */
  close(): Promise<void>
}

/**
 * Opens a database; rejects with one sentence for the person who started the process. Nothing of what is in it changes
 * by that.
 */
export async function openDatabase(uri: Exclude<StoreUri, { kind: 'memory' }>): Promise<Database> {
  if (uri.kind === 'sqlite') {
    const { openSqlite } = await import('./sqlite.js')
    return openSqlite(uri)
  }
  const { openPostgres } = await import('./postgres.js')
  return openPostgres(uri)
}
