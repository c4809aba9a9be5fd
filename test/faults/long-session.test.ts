// What a long session costs: to append, as much as a short one; to read, its events once.
import { describe, expect, test } from 'vitest'
import { createEvent } from '../../src/core/event.js'
import { openDatabase, type Connection, type Database } from '../../src/database/database.js'
import { parseStoreUri } from '../../src/database/uri.js'
import { openSqlSessions } from '../../src/sessions/sql.js'
import { runOnPostgres } from '../support/database.js'
import * as faults from './support.js'

const EVENTS = faults.AT_LENGTH ? 100_000 : 10_000
/** Memory for values of the server that sends them, in MB. Twice 100,000 events would not fit. */
const HEAP_MB = faults.AT_LENGTH ? 170 : 80

const KEY = { appName: faults.APP, userId: 'u1', sessionId: 's1' }

async function open(uri: string): Promise<Database> {
  const parsed = parseStoreUri(uri, 'session service')
  if (parsed.kind === 'memory') throw new Error('Not in memory')
  return openDatabase(parsed)
}

/** Makes so many events of the first one, just before it. */
async function multiply(uri: string, count: number): Promise<void> {
  if (uri.startsWith('postgresql:')) {
    await runOnPostgres(
      `insert into events select 'e' || i, app_name, user_id, session_id, invocation_id, timestamp - (${count} - i) * interval '1 ms',
              event_data || jsonb_build_object('id', 'e' || i, 'timestamp', (event_data->>'timestamp')::float8 - (${count} - i) / 1e3)
         from (select * from events limit 1), generate_series(1, ${count} - 1) i`,
      uri,
    )
    return
  }
  const database = await open(uri)
  await database.run(
    `insert into events with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count} - 1)
     select 'e' || i, app_name, user_id, session_id, invocation_id, timestamp - (${count} - i) / 1e3,
            json_set(event_data, '$.id', 'e' || i, '$.timestamp', timestamp - (${count} - i) / 1e3) from (select * from events limit 1), n`,
  )
  await database.close()
}

/** A database that counts what it is asked and what it answers. */
function counting(database: Database): { counted: Database; cost: { statements: number; rows: number } } {
  const cost = { statements: 0, rows: 0 }
  const wrap = (connection: Connection): Connection => ({
    async all(sql, parameters) {
      const rows = await connection.all(sql, parameters)
      cost.statements++
      cost.rows += rows.length
      return rows
    },
    async run(sql, parameters) {
      const rows = await connection.run(sql, parameters)
      cost.statements++
      cost.rows += rows
      return rows
    },
  })
  const counted: Database = {
    ...wrap(database),
    make: database.make,
    shown: database.shown,
    transaction: (work, options) => database.transaction((connection) => work(wrap(connection)), options),
    adopt: () => database.adopt(),
    check: () => database.check(),
    close: () => database.close(),
  }
  return { counted, cost }
}

const event = (count: number) => {
  const content = { role: 'model', parts: [{ text: `event ${count}` }] }
  const made = createEvent({ invocationId: 'e-1', author: 'agent', content })
  made.actions.stateDelta = { count, 'user:count': count }
  return made
}

describe.each(faults.STORES)('on %s', (_, newStore) => {
  test('an append asks and changes as much in a long session as in a short one', async () => {
    const uri = await newStore()
    const { counted, cost } = counting(await open(uri))
    const store = await openSqlSessions(counted)
    const session = await store.createSession(KEY)
    await store.appendEvent({ session, event: event(0) })

    const appendTo = async (count: number) => {
      const found = await store.getSession({ ...KEY, config: { numRecentEvents: 0 } })
      if (!found) throw new Error('There is no session')
      const before = { ...cost }
      for (let index = 1; index <= 5; index++)
        await store.appendEvent({ session: found, event: event(count + index) })
      return { statements: cost.statements - before.statements, rows: cost.rows - before.rows }
    }
    const short = await appendTo(0)
    await multiply(uri, 5000)
    expect(await appendTo(5000)).toEqual(short)
    expect(short.statements).toBeLessThanOrEqual(50)
    await store.close()
  })

  test(
    `a server with little memory sends ${EVENTS} events`,
    async () => {
      const uri = await newStore()
      const before = await faults.start(uri)
      await faults.create(before.url)
      await faults.patch(before.url, { first: 'x'.repeat(100) })
      await faults.kill(before)
      await multiply(uri, EVENTS)
      const { url } = await faults.start(uri, { node: [`--max-old-space-size=${HEAP_MB}`] })
      const { events } = await faults.read(url)
      expect(new Set(events.map(({ id }) => id)).size).toBe(EVENTS)
      expect((await faults.patch(url, { second: 1 })).status).toBe(200)
    },
    faults.PATIENCE_MS,
  )
})
