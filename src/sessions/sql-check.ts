// What a person who runs a database wants to know of it. Nothing is changed here.
import type { Database } from '../database/database.js'
import { readTables, schemaProblem, TABLES, type TableColumns } from './sql-schema.js'

interface DatabaseReport {
  /** Whose tables these are, as far as their columns tell. */
  maker: string
  apps: number
  sessions: number
  events: number
  /** One sentence each. */
  problems: string[]
}

export async function checkDatabase(database: Database): Promise<DatabaseReport> {
  const found = await readTables(database, database.make)
  const problem = await schemaProblem(database, found)
  const report = { maker: makerOf(database.make, found), apps: 0, sessions: 0, events: 0 }
  if (problem) return { ...report, problems: [`The database ${problem}`] }
  const missing = TABLES.filter((table) => !found.has(table))
  if (missing.includes('sessions') || missing.includes('events')) {
    return {
      ...report,
      problems: ['The tables are not there yet; "adk-ts db migrate" makes them, as does the first start'],
    }
  }
  const count = async (sql: string) =>
    Number((await database.all(`select count(*) as count from ${sql}`))[0]?.count)
  const problems = missing.map((table) => `The table "${table}" is missing; "adk-ts db migrate" makes it`)
  for (const [sql, sentence] of Object.entries(CHECKS[database.make])) {
    const rows = missing.length > 0 ? 0 : await count(sql)
    if (rows > 0) problems.push(`${rows} ${sentence}`)
  }
  return {
    ...report,
    apps: await count('(select distinct app_name from sessions) as apps'),
    sessions: await count('sessions'),
    events: await count('events'),
    problems: [...problems, ...(await damage(database))],
  }
}

const STRAY: Record<string, string> = {
  [`events e where not exists (select 1 from sessions s
     where s.app_name = e.app_name and s.user_id = e.user_id and s.id = e.session_id)`]:
    'events belong to no session; nothing reads them',
  [`sessions s where not exists (select 1 from app_states a where a.app_name = s.app_name)
     or not exists (select 1 from user_states u where u.app_name = s.app_name and u.user_id = s.user_id)`]:
    'sessions lack the row of the state that they share, without which adk-python cannot continue them; "adk-ts db migrate" adds it',
}

/** What to count, and what it means if there are any. */
const CHECKS: Record<Database['make'], Record<string, string>> = {
  sqlite: {
    ...STRAY,
    'events where not json_valid(event_data)': 'events are not JSON; their sessions cannot be read',
    'sessions where not json_valid(state)': 'sessions have a state that is not JSON; they cannot be read',
  },
  postgres: STRAY,
}

async function damage(database: Database): Promise<string[]> {
  if (database.make === 'postgres') return []
  const rows = await database.all('pragma quick_check')
  return rows.flatMap(({ quick_check: text }) =>
    text === 'ok' ? [] : [`The file is damaged: ${String(text)}`],
  )
}

/** The official ADKs differ in the types of their columns; ours are those of `@google/adk`. */
function makerOf(make: Database['make'], found: TableColumns): string {
  const sessions = found.get('sessions')
  const time = sessions?.get('update_time')
  if (time === undefined) return 'nobody yet'
  if (make === 'postgres') return time.includes('without time zone') ? 'adk-ts or adk-python' : '@google/adk'
  const isPython = time === 'real' || sessions?.get('id')?.startsWith('varchar')
  return isPython ? 'adk-python' : 'adk-ts or @google/adk'
}
