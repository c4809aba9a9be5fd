import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test, vi } from 'vitest'
import { createEvent } from '../../src/core/event.js'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import { describeSessionStore } from './session-store-suite.js'

describeSessionStore('in memory', async () => new InMemorySessionService())

const KEY = { appName: 'app', userId: 'user', sessionId: 'one' }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('a deleted session in memory takes no memory', async () => {
  const store = new InMemorySessionService()
  const append = async () => {
    const session = await store.createSession(KEY)
    const event = await store.appendEvent({
      session,
      event: createEvent({ author: 'a', invocationId: 'e-1' }),
    })
    return new WeakRef(event)
  }
  const event = await append()
  await store.deleteSession(KEY)
  await vi.waitFor(() => {
    collectGarbage()
    // A failed expectation would hold on to what it shows.
    expect(event.deref() === undefined).toBe(true)
  })
})

test('asking for what is not there leaves nothing behind', async () => {
  const store = new InMemorySessionService()
  await store.getSession(KEY)
  await store.listSessions(KEY)
  await store.deleteSession(KEY)
  await store.createSession(KEY)
  await store.deleteSession(KEY)
  expect(await store.listSessions({ appName: 'app' })).toEqual({ sessions: [] })
})
