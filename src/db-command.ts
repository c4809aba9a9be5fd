// `adk-ts db`: looks at a database of sessions, or gets it ready, without a server.
import { existsSync } from 'node:fs'
import { openDatabase } from './database/database.js'
import { parseStoreUri } from './database/uri.js'
import { checkDatabase } from './sessions/sql-check.js'
import { addStateRows, prepareSchema } from './sessions/sql-schema.js'

type DatabaseTask = 'check' | 'migrate'

/** Prints what there is; resolves to whether all is well. */
export async function runDatabaseTask(task: DatabaseTask, uri: string | undefined): Promise<boolean> {
  const parsed = parseStoreUri(uri ?? 'memory://', 'session service')
  if (parsed.kind === 'memory') {
    throw new Error(
      'Name a database: --session_service_uri sqlite:///sessions.db or postgresql://user:password@host/database',
    )
  }
  if (task === 'check' && parsed.kind === 'sqlite' && !existsSync(parsed.path)) {
    throw new Error(`There is no file ${parsed.shown}`)
  }
  const database = await openDatabase(parsed)
  try {
    if (task === 'migrate') {
      await prepareSchema(database)
      await addStateRows(database)
    }
    const { maker, apps, sessions, events, problems } = await checkDatabase(database)
    const lines = [
      ['Database', `${database.shown} (${database.make === 'sqlite' ? 'SQLite' : 'PostgreSQL'})`],
      ['Made by', maker],
      ['Contents', `${events} events in ${sessions} sessions of ${apps} apps`],
      ['Problems', problems.length === 0 ? 'none' : problems.join(`\n${' '.repeat(10)}`)],
    ]
    process.stdout.write(lines.map(([name = '', text = '']) => `${name.padEnd(10)}${text}\n`).join(''))
    return problems.length === 0
  } finally {
    await database.close()
  }
}
