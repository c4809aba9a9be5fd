import { openDatabase } from '../../src/database/database.js'
import { parseStoreUri } from '../../src/database/uri.js'
import { openSqlSessions } from '../../src/sessions/sql.js'
import { freshPostgres } from '../support/database.js'
import { describeSessionStore } from './session-store-suite.js'
import { describeSharedDatabase } from './shared-database-suite.js'

async function open(text: string) {
  const uri = parseStoreUri(text, 'session service')
  if (uri.kind === 'memory') throw new Error('This is not PostgreSQL')
  return openSqlSessions(await openDatabase(uri))
}

describeSessionStore('PostgreSQL', async () => open(await freshPostgres()), { fitsJsonb: true })

describeSharedDatabase('PostgreSQL', async () => {
  const uri = await freshPostgres()
  return Promise.all([open(uri), open(`${uri}&prepare=false`)])
})
