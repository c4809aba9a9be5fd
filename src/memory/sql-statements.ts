// The tables of the memory and what is asked of them. `scope` stands for an app and a user, and is a word of every
// message as well, so that a search looks at the messages of one user only.
import type { Connection, Database, Value } from '../database/database.js'

/** Messages that are read at a time. */
export const BATCH = 50

export interface Statements {
  count: string
  find: string
  /** One after another, each for a session. */
  forget: readonly string[]
  /** For {@link BATCH} ids. */
  read: string
  /** The words of a query, as the database wants to be asked. They hold nothing but ASCII letters and digits. */
  query(scope: string, words: readonly string[]): string
  add(connection: Connection, row: readonly Value[], words: string): Promise<void>
  lock(connection: Connection, session: string): Promise<void>
}

const quoted = (words: readonly string[], mark: string, or: string): string =>
  words.map((word) => `${mark}${word}${mark}`).join(` ${or} `)

const SQLITE: Statements = {
  count: 'select count(*) as total from adk_ts_memories where scope = ?',
  // `cross` has the words looked up first, and once: SQLite would rather look them up for every message of the user.
  find: `
    select m.id, w.words from adk_ts_memory_words w cross join adk_ts_memories m on m.id = w.rowid
     where adk_ts_memory_words match ? and m.scope = ? order by w.rowid`,
  forget: [
    'delete from adk_ts_memory_words where rowid in (select id from adk_ts_memories where session = ?)',
    'delete from adk_ts_memories where session = ?',
  ],
  read: `select id, entry from adk_ts_memories where id in (${Array.from({ length: BATCH }, () => '?').join(', ')})`,
  query: (scope, words) => `"${scope}" AND (${quoted(words, '"', 'OR')})`,
  add: async (connection, row, words) => {
    const [added] = await connection.all(
      'insert into adk_ts_memories (scope, session, entry) values (?, ?, ?) returning id',
      row,
    )
    await connection.run('insert into adk_ts_memory_words (rowid, words) values (?, ?)', [
      Number(added?.id),
      words,
    ])
  },
  // There is one writer at a time.
  lock: async () => {},
}

const POSTGRES: Statements = {
  ...SQLITE,
  find: `
    select id, array_to_string(tsvector_to_array(search), ' ') as words from adk_ts_memories
     where search @@ ?::tsquery and scope = ? order by id`,
  forget: ['delete from adk_ts_memories where session = ?'],
  query: (scope, words) => `'${scope}' & (${quoted(words, "'", '|')})`,
  add: async (connection, row, words) => {
    await connection.run(
      `insert into adk_ts_memories (scope, session, entry, search)
       values (?, ?, ?, array_to_tsvector(string_to_array(?, ' ')))`,
      [...row, words],
    )
  },
  lock: async (connection, session) => {
    await connection.all('select pg_advisory_xact_lock(hashtextextended(?, 0))', [session])
  },
}

export const statementsFor = (make: Database['make']): Statements => (make === 'sqlite' ? SQLITE : POSTGRES)

export const DDL: Record<Database['make'], readonly string[]> = {
  sqlite: [
    `create table if not exists adk_ts_memories (id integer primary key autoincrement, scope text not null,
       session text not null, entry text not null)`,
    'create index if not exists idx_adk_ts_memories_scope on adk_ts_memories (scope)',
    'create index if not exists idx_adk_ts_memories_session on adk_ts_memories (session)',
    `create virtual table if not exists adk_ts_memory_words using fts5(words, detail = none)`,
  ],
  postgres: [
    `create table if not exists adk_ts_memories (id bigint generated always as identity primary key, scope text not null,
       session text not null, entry text not null, search tsvector not null)`,
    'create index if not exists idx_adk_ts_memories_scope on adk_ts_memories (scope)',
    'create index if not exists idx_adk_ts_memories_session on adk_ts_memories (session)',
    'create index if not exists idx_adk_ts_memories_search on adk_ts_memories using gin (search)',
  ],
}
