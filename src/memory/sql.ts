// Memory in a SQL database. The database finds the messages that hold a word of the query; how good they are, ranking.ts
// says. Its tables are its own: the ADKs have none for memory, and leave these alone.
import { createHash } from 'node:crypto'
import { stringifyContent, type Event } from '../core/event.js'
import {
  BaseMemoryService,
  type MemoryEntry,
  type SearchMemoryRequest,
  type SearchMemoryResponse,
} from '../core/memory.js'
import { keyOf, sessionName, type Session, type SessionKey } from '../core/session.js'
import type { Connection, Database } from '../database/database.js'
import { rank, wordsOf } from './ranking.js'
import { BATCH, DDL, statementsFor, type Statements } from './sql-statements.js'

/** Most words of a message that it is found by, and of a query that are looked for. */
const MAX_WORDS = 10_000
const MAX_QUERY_WORDS = 250
/** Most messages that an answer holds. */
const MAX_FOUND = 100

export class SqlMemoryService extends BaseMemoryService {
  readonly #sql: Statements

  private constructor(private readonly database: Database) {
    super()
    this.#sql = statementsFor(database.make)
  }

  /** Makes the tables where they are missing. */
  static async open(database: Database): Promise<SqlMemoryService> {
    const prepare = async (connection: Connection) => {
      for (const statement of DDL[database.make]) await connection.run(statement)
    }
    await database.adopt()
    await database.transaction(prepare, { alone: true })
    return new SqlMemoryService(database)
  }

  override async addSessionToMemory(session: Session): Promise<void> {
    const key = keyOf(session)
    const scope = scopeOf(key)
    const messages = session.events.flatMap((event) => toMessage(event) ?? [])
    await this.database.transaction(async (connection) => {
      await this.#forget(connection, key)
      for (const { words, entry } of messages) {
        const row = [scope, sessionOf(key), JSON.stringify(entry)]
        await this.#sql.add(connection, row, [scope, ...words].join(' '))
      }
    })
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    await this.database.transaction((connection) => this.#forget(connection, key))
  }

  override async searchMemory({
    appName,
    userId,
    query,
  }: SearchMemoryRequest): Promise<SearchMemoryResponse> {
    const words = tokensOf(query).slice(0, MAX_QUERY_WORDS)
    if (words.length === 0) return { memories: [] }
    const scope = scopeOf({ appName, userId })
    const [count] = await this.database.all(this.#sql.count, [scope])
    const rows = await this.database.all(this.#sql.find, [this.#sql.query(scope, words), scope])
    const found = rows.map(({ id, words: text }) => ({
      id: Number(id),
      words: new Set(String(text).split(' ')),
    }))
    const best = rank(found, new Set(words), Number(count?.total ?? 0)).slice(0, MAX_FOUND)
    return { memories: await this.#read(best.map(({ id }) => id)) }
  }

  override async close(): Promise<void> {
    await this.database.close()
  }

  /** First of all, it waits for others who change what is remembered of the session. */
  async #forget(connection: Connection, key: SessionKey): Promise<void> {
    await this.#sql.lock(connection, sessionOf(key))
    for (const statement of this.#sql.forget) await connection.run(statement, [sessionOf(key)])
  }

  /** In the order of the ids; what was forgotten meanwhile is left out. */
  async #read(ids: readonly number[]): Promise<MemoryEntry[]> {
    const entries = new Map<number, MemoryEntry>()
    for (let start = 0; start < ids.length; start += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, index) => ids[start + index] ?? null)
      for (const { id, entry } of await this.database.all(this.#sql.read, batch)) {
        entries.set(Number(id), JSON.parse(String(entry)) as MemoryEntry) // as it was written below
      }
    }
    return ids.flatMap((id) => entries.get(id) ?? [])
  }
}

function toMessage(event: Event): { words: string[]; entry: MemoryEntry } | undefined {
  const words = tokensOf(stringifyContent(event)).slice(0, MAX_WORDS)
  if (!event.content || words.length === 0) return undefined
  const timestamp = new Date(event.timestamp * 1000).toISOString()
  return { words, entry: { content: event.content, author: event.author, timestamp } }
}

/** Words as both databases take them for one: each has its own idea of letters and of lengths. */
const tokensOf = (text: string): string[] =>
  [...wordsOf(text)].map((word) => (/^[a-z\d]{1,60}$/.test(word) ? word : hash(word)))

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** JSON of a list, so that no choice of names can make two look alike; hashed, so that any name will do. */
const scopeOf = ({ appName, userId }: Omit<SessionKey, 'sessionId'>): string =>
  hash(JSON.stringify([appName, userId]))
const sessionOf = (key: SessionKey): string => hash(sessionName(key))
