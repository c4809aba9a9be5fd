// Two libraries that know SQLite, behind one shape: what Node brings, and libsql for a Node that brings none.
import type { Row, Value } from './database.js'

/** One connection to a file. Everything is synchronous and takes microseconds. */
export interface SqliteConnection {
  all(sql: string, parameters: readonly Value[]): Row[]
  run(sql: string, parameters: readonly Value[]): number
  close(): void
}

export type OpenSqliteFile = (path: string) => SqliteConnection

interface Statement {
  all(...parameters: Value[]): Row[]
  run(...parameters: Value[]): { changes: number | bigint }
}

interface Library {
  prepare(sql: string): Statement
  close(): void
}

type LibraryClass = new (path: string) => Library

/** Most statements that a connection keeps prepared. The stores have a fixed set of them, far below. */
const MAX_STATEMENTS = 100

/** The driver that this Node can use: its own, without a flag, or else libsql. */
export async function sqliteDriver(): Promise<OpenSqliteFile> {
  const library = builtIn() ?? (await installed())
  if (!library) {
    throw new Error(
      `SQLite needs Node.js 22.13 or newer, or the package libsql: npm install libsql (this is Node.js ${process.versions.node})`,
    )
  }
  return driverOf(library)
}

/** The drivers that there are, by name, for tests of both. */
export async function sqliteDrivers(): Promise<Map<string, OpenSqliteFile>> {
  const libraries = { 'node:sqlite': builtIn(), libsql: await installed() }
  return new Map(
    Object.entries(libraries).flatMap(([name, library]) => (library ? [[name, driverOf(library)]] : [])),
  )
}

function builtIn(): LibraryClass | undefined {
  const { emitWarning } = process
  try {
    // It tells that it is experimental, which is of no use to whoever runs this.
    process.emitWarning = () => {}
    const module: { DatabaseSync?: LibraryClass } | undefined = process.getBuiltinModule?.('node:sqlite')
    return module?.DatabaseSync
  } catch {
    return undefined
  } finally {
    process.emitWarning = emitWarning
  }
}

async function installed(): Promise<LibraryClass | undefined> {
  try {
    const { default: library } = await import('libsql')
    return library as unknown as LibraryClass // its types describe more than is used here
  } catch {
    return undefined
  }
}

function driverOf(library: LibraryClass): OpenSqliteFile {
  return (path) => new PreparingConnection(new library(path))
}

class PreparingConnection implements SqliteConnection {
  readonly #statements = new Map<string, Statement>()

  constructor(private readonly database: Library) {}

  all(sql: string, parameters: readonly Value[]): Row[] {
    return this.#prepare(sql).all(...parameters.map(bindable))
  }

  run(sql: string, parameters: readonly Value[]): number {
    return Number(this.#prepare(sql).run(...parameters.map(bindable)).changes)
  }

  close(): void {
    this.#statements.clear()
    this.database.close()
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.database.prepare(sql)
    if (this.#statements.size < MAX_STATEMENTS) this.#statements.set(sql, statement)
    return statement
  }
}

/** A boolean would end the process in libsql, beyond any catch, so what is bound is looked at once more. */
function bindable(value: Value): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  throw new TypeError(`A value of type ${typeof value} cannot be stored`)
}
