// The five tables of the ADK, version 1 of its schema: made where there are none, and checked where there are.
import type { Connection, Database } from '../database/database.js'
import type { TimeUnit } from './sql-events.js'
import { MILLISECONDS, timesOf, type StoredTime, type Times } from './sql-times.js'

/** What differs between databases that hold the same schema, because of who made them. */
export interface SessionSchema {
  readonly database: Database
  readonly times: Times
  /** How the times of a new session are written. */
  readonly newTime: StoredTime
  /** The unit of the times inside events, where the session itself does not tell. */
  readonly eventUnit: TimeUnit
}

const VERSION = '1'
/** The setting that tells the tables we made from those of `@google/adk`, which otherwise look the same. */
const OURS = 'adk_ts_times'
export const TABLES = ['adk_internal_metadata', 'app_states', 'user_states', 'sessions', 'events'] as const

/** The columns that every maker of the schema has; there may be others, which are left alone. */
const COLUMNS: Record<(typeof TABLES)[number], readonly string[]> = {
  adk_internal_metadata: ['key', 'value'],
  app_states: ['app_name', 'state', 'update_time'],
  user_states: ['app_name', 'user_id', 'state', 'update_time'],
  sessions: ['app_name', 'user_id', 'id', 'state', 'create_time', 'update_time'],
  events: ['id', 'app_name', 'user_id', 'session_id', 'invocation_id', 'timestamp', 'event_data'],
}

/** Column names and their types, by table. */
export type TableColumns = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Makes what is missing. Rejects with one sentence when the database holds something else. */
export async function prepareSchema(database: Database): Promise<SessionSchema> {
  await refuseOthers(database, database)
  await database.adopt()
  await database.transaction((connection) => makeTables(connection, database), { alone: true })
  const found = await readTables(database, database.make)
  const timeType = found.get('sessions')?.get('update_time') ?? ''
  return {
    database,
    times: timesOf(database, timeType.includes('without time zone')),
    newTime: await newTime(database, found),
    eventUnit: await eventUnit(database),
  }
}

async function makeTables(connection: Connection, database: Database): Promise<void> {
  const before = await refuseOthers(connection, database)
  for (const statement of DDL[database.make]) await connection.run(statement)
  const settings = before.has('sessions')
    ? { schema_version: VERSION }
    : { schema_version: VERSION, [OURS]: 'seconds' }
  for (const setting of Object.entries(settings)) {
    await connection.run(
      'insert into adk_internal_metadata ("key", value) values (?, ?) on conflict do nothing',
      setting,
    )
  }
}

async function refuseOthers(connection: Connection, { make, shown }: Database): Promise<TableColumns> {
  const found = await readTables(connection, make)
  const problem = await schemaProblem(connection, found)
  if (problem) throw new Error(`The database ${shown} ${problem}`)
  return found
}

/** Why these tables are not to be used, as the end of a sentence about the database. */
export async function schemaProblem(
  connection: Connection,
  found: TableColumns,
): Promise<string | undefined> {
  const events = found.get('events')
  if (events?.has('actions') && !events.has('event_data')) {
    return (
      'has the legacy schema 0 of adk-python, which only Python can read; ' +
      'bring it to version 1 with "adk migrate session" of adk-python, and use the result'
    )
  }
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const present = found.get(table)
    const missing = present && columns.find((column) => !present.has(column))
    if (missing) {
      return `has a table "${table}" without the column "${missing}", so it is not one of an ADK; use another database`
    }
  }
  if (!found.has('adk_internal_metadata')) return undefined
  const [row] = await connection.all(`select value from adk_internal_metadata where "key" = 'schema_version'`)
  if (!row || row.value === VERSION) return undefined
  return (
    `has version ${String(row.value)} of the ADK schema, and this server knows version ${VERSION}; ` +
    'update adk-ts, or use another database'
  )
}

/** What there is of the five tables, or under their names. SQLite does not care for capitals. */
export async function readTables(connection: Connection, make: Database['make']): Promise<TableColumns> {
  const names = TABLES.map((name) => `'${name}'`).join(', ')
  const rows = await connection.all(
    make === 'sqlite'
      ? `select lower(t.name) as "table", lower(c.name) as "column", lower(c.type) as type
           from sqlite_master t join pragma_table_info(t.name) c
          where t.type in ('table', 'view') and lower(t.name) in (${names})`
      : `select table_name as "table", column_name as "column", data_type as type
           from information_schema.columns where table_schema = current_schema() and table_name in (${names})`,
  )
  const found = new Map<string, Map<string, string>>()
  for (const { table, column, type } of rows) {
    const columns = found.get(String(table)) ?? new Map<string, string>()
    found.set(String(table), columns.set(String(column), String(type)))
  }
  return found
}

/**
 * SQLite: a time in the form of those that are there; without any, in that of the maker, who can be told by the types
 * of the columns. Seconds are what all of the official ADKs can read.
 */
async function newTime(database: Database, found: TableColumns): Promise<StoredTime> {
  if (database.make === 'postgres') return 0
  const [newest] = await database.all('select update_time from sessions order by rowid desc limit 1')
  const time = newest?.update_time
  if (typeof time === 'string' || typeof time === 'number') return time
  const columns = found.get('sessions')
  const ours = await database.all('select 1 from adk_internal_metadata where "key" = ?', [OURS])
  if (ours.length > 0 || columns?.get('update_time') === 'real') return 0
  return columns?.get('id')?.startsWith('varchar') ? '' : MILLISECONDS * 10
}

async function eventUnit(database: Database): Promise<TimeUnit> {
  const column = database.make === 'sqlite' ? 'event_data' : 'event_data::text as event_data'
  const [row] = await database.all(`select ${column} from events limit 1`)
  const [, time = 0] = /"timestamp":\s*([\d.]+)/.exec(String(row?.event_data)) ?? []
  return Number(time) > MILLISECONDS ? 'milliseconds' : 'seconds'
}

/** adk-python cannot continue a session without the rows of what it shares, and not everybody makes them. */
export async function addStateRows(database: Database): Promise<void> {
  for (const statement of STATE_ROWS) await database.run(statement)
}

const STATE_ROWS = [
  `insert into app_states (app_name, state, update_time)
   select app_name, '{}', max(update_time) from sessions s
    where not exists (select 1 from app_states a where a.app_name = s.app_name) group by app_name
   on conflict do nothing`,
  `insert into user_states (app_name, user_id, state, update_time)
   select app_name, user_id, '{}', max(update_time) from sessions s
    where not exists (select 1 from user_states u where u.app_name = s.app_name and u.user_id = s.user_id)
    group by app_name, user_id on conflict do nothing`,
]

/**
 * As `@google/adk` spells them, which would otherwise change the tables when it opens them; the rest suits adk-python,
 * down to the index that it looks for. An index that is not its own `@google/adk` drops, so they are made again.
 */
const DDL: Record<Database['make'], readonly string[]> = {
  sqlite: [
    'create table if not exists adk_internal_metadata (`key` text not null, `value` text not null, primary key (`key`))',
    `create table if not exists app_states (app_name text not null, state json not null, update_time datetime not null,
       primary key (app_name))`,
    `create table if not exists user_states (app_name text not null, user_id text not null, state json not null,
       update_time datetime not null, primary key (app_name, user_id))`,
    `create table if not exists sessions (id text not null, app_name text not null, user_id text not null, state json not null,
       create_time datetime not null, update_time datetime not null, primary key (app_name, user_id, id))`,
    `create table if not exists events (id text not null, app_name text not null, user_id text not null, session_id text not null,
       invocation_id text not null, timestamp datetime not null, event_data json not null,
       primary key (app_name, user_id, session_id, id),
       foreign key (app_name, user_id, session_id) references sessions (app_name, user_id, id) on delete cascade)`,
    // In the order of rows, which is that of the appends.
    'create index if not exists idx_events_app_user_session on events (app_name, user_id, session_id)',
  ],
  postgres: [
    'create table if not exists adk_internal_metadata ("key" varchar(255) not null primary key, value varchar(255) not null)',
    `create table if not exists app_states (app_name varchar(191) not null primary key, state jsonb not null,
       update_time timestamp(6) not null)`,
    `create table if not exists user_states (app_name varchar(191) not null, user_id varchar(191) not null, state jsonb not null,
       update_time timestamp(6) not null, primary key (app_name, user_id))`,
    `create table if not exists sessions (id varchar(191) not null, app_name varchar(191) not null, user_id varchar(191) not null,
       state jsonb not null, create_time timestamp(6) not null, update_time timestamp(6) not null,
       primary key (id, app_name, user_id))`,
    `create table if not exists events (id varchar(191) not null, app_name varchar(191) not null, user_id varchar(191) not null,
       session_id varchar(191) not null, invocation_id varchar(255) not null, timestamp timestamp(6) not null,
       event_data jsonb not null, primary key (id, app_name, user_id, session_id))`,
    `create index if not exists idx_events_app_user_session_ts_id
       on events (app_name, user_id, session_id, timestamp desc, id desc)`,
  ],
}
