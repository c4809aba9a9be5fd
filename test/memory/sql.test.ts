import { expect, test } from 'vitest'
import { createEvent } from '../../src/core/event.js'
import { openDatabase } from '../../src/database/database.js'
import { sqliteDriver } from '../../src/database/sqlite-driver.js'
import { parseStoreUri } from '../../src/database/uri.js'
import { DatabaseMemoryService } from '../../src/memory/database.js'
import { SqlMemoryService } from '../../src/memory/sql.js'
import { freshPostgres, freshSqlite } from '../support/database.js'
import { describeMemoryStore } from './memory-store-suite.js'

async function open(text: string) {
  const uri = parseStoreUri(text, 'memory service')
  if (uri.kind === 'memory') throw new Error('This is no database')
  return SqlMemoryService.open(await openDatabase(uri))
}

describeMemoryStore('SQLite', async () => open('sqlite://'))
describeMemoryStore('SQLite, as authors open it', async () => new DatabaseMemoryService('sqlite://'))
describeMemoryStore('PostgreSQL', async () => open(await freshPostgres()))

const said = (text: string) =>
  createEvent({ invocationId: 'e-1', author: 'user', content: { role: 'user', parts: [{ text }] } })
const session = { id: 'one', appName: 'app', userId: 'user', state: {}, lastUpdateTime: 1 }
const request = { appName: 'app', userId: 'user' }

const MAKES = {
  SQLite: async () => (await freshSqlite()).uri,
  PostgreSQL: freshPostgres,
}

for (const [make, fresh] of Object.entries(MAKES)) {
  test(`what is remembered in ${make} is there when it is opened again, for other processes too`, async () => {
    const uri = await fresh()
    const [first, second] = [await open(uri), await open(uri)]
    await first.addSessionToMemory({ ...session, events: [said('apple')] })
    expect((await second.searchMemory({ ...request, query: 'apple' })).memories).toHaveLength(1)
    await first.close()
    await second.close()
    const third = await open(uri)
    expect((await third.searchMemory({ ...request, query: 'apple' })).memories).toHaveLength(1)
    await third.close()
  })

  test(`long messages and many of them are kept in ${make}, and the best are found`, async () => {
    const store = await open(await fresh())
    const words = Array.from({ length: 20_000 }, (_, index) => `word${index}`).join(' ')
    const events = [
      said(words),
      said('x'.repeat(100_000)),
      ...Array.from({ length: 150 }, () => said('apple pie')),
    ]
    await store.addSessionToMemory({ ...session, events: [...events, said('apple pear')] })
    expect((await store.searchMemory({ ...request, query: 'word5' })).memories).toHaveLength(1)
    expect((await store.searchMemory({ ...request, query: 'x'.repeat(100_000) })).memories).toHaveLength(1)
    const { memories } = await store.searchMemory({ ...request, query: 'apple pear' })
    expect(memories).toHaveLength(100)
    expect(memories[0]?.content.parts).toEqual([{ text: 'apple pear' }])
    await store.close()
  })
}

test('what is remembered in SQLite is found while another process writes', async () => {
  const { uri, path } = await freshSqlite()
  const store = await open(uri)
  await store.addSessionToMemory({ ...session, events: [said('apple')] })
  const writer = (await sqliteDriver())(path)
  writer.run('begin exclusive', [])
  try {
    expect((await store.searchMemory({ ...request, query: 'apple' })).memories).toHaveLength(1)
  } finally {
    writer.close()
    await store.close()
  }
})

// It takes seconds where the messages are gone through once, and minutes where once for each of them.
test('a user of whom much is remembered in SQLite finds it in one go', async () => {
  const store = await open('sqlite://')
  const events = Array.from({ length: 20_000 }, (_, number) => said(`the apple number ${number}`))
  await store.addSessionToMemory({ ...session, events })
  const { memories } = await store.searchMemory({ ...request, query: 'the apple number 7' })
  expect(memories).toHaveLength(100)
  expect(memories[0]?.content.parts).toEqual([{ text: 'the apple number 7' }])
  await store.close()
}, 30_000)
