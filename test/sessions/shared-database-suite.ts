// Two engines on one database, as two processes have them. For every engine that can be shared.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEvent, createEventActions, type Event } from '../../src/core/event.js'
import type { BaseSessionService, Session } from '../../src/core/session.js'
import type { JsonObject } from '../../src/schema/json.js'

const KEY = { appName: 'app', userId: 'user', sessionId: 'one' }

const textEvent = (text: string, invocationId = 'e-1'): Event =>
  createEvent({ invocationId, author: 'agent', content: { role: 'model', parts: [{ text }] } })

const stateEvent = (stateDelta: JsonObject): Event =>
  createEvent({ invocationId: 'p-1', author: 'user', actions: createEventActions({ stateDelta }) })

const textsOf = ({ events }: Session) => events.map(({ content }) => content?.parts?.[0]?.text)

export function describeSharedDatabase(
  name: string,
  openTwo: () => Promise<[BaseSessionService, BaseSessionService]>,
): void {
  describe(`two engines on one database: ${name}`, () => {
    let first: BaseSessionService
    let second: BaseSessionService
    beforeEach(async () => {
      const [one, two] = await openTwo()
      first = one
      second = two
    })
    afterEach(() => Promise.all([first.close(), second.close()]))

    async function read(
      store: BaseSessionService,
      sessionId = 'one',
      numRecentEvents?: number,
    ): Promise<Session> {
      const config = numRecentEvents === undefined ? {} : { numRecentEvents }
      const session = await store.getSession({ ...KEY, sessionId, config })
      if (!session) throw new Error('There is no such session')
      return session
    }

    test('see what the other one wrote, at once', async () => {
      const session = await first.createSession({ ...KEY, state: { a: 1, 'user:u': 1 } })
      expect(await read(second)).toEqual(session)
      for (let count = 1; count <= 10; count++) {
        const [writer, reader] = count % 2 ? [first, second] : [second, first]
        const event = await writer.appendEvent({ session: await read(writer), event: textEvent(`${count}`) })
        expect((await read(reader)).events.at(-1)).toEqual(event)
        expect((await read(reader)).events).toHaveLength(count)
      }
      await second.appendEvent({ session: await read(second), event: stateEvent({ a: 2, 'app:b': 3 }) })
      expect((await read(first)).state).toEqual({ a: 2, 'user:u': 1, 'app:b': 3 })
      expect(await read(first)).toEqual(await read(second))
      expect((await first.listSessions(KEY)).sessions).toEqual((await second.listSessions(KEY)).sessions)
    })

    test('lose none of the changes that both make to one session', async () => {
      await first.createSession(KEY)
      const changes = Array.from({ length: 20 }, (_, index) => index)
      await Promise.all(
        changes.map(async (index) => {
          const store = index % 2 ? first : second
          const session = await read(store, 'one', 0)
          await store.appendEvent({ session, event: stateEvent({ [`k${index}`]: index }) })
        }),
      )
      for (const store of [first, second]) {
        const session = await read(store)
        expect(session.events).toHaveLength(20)
        expect(Object.keys(session.state)).toHaveLength(20)
      }
    })

    test('lose none of the changes that sessions make to what they share', async () => {
      await first.createSession(KEY)
      await first.createSession({ ...KEY, sessionId: 'two' })
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const store = index % 2 ? first : second
          const session = await read(store, index % 2 ? 'one' : 'two', 0)
          const change = { [`user:u${index}`]: index, [`app:a${index}`]: index }
          await store.appendEvent({ session, event: stateEvent(change) })
        }),
      )
      expect(Object.keys((await read(first)).state)).toHaveLength(40)
      expect((await read(second, 'two')).state).toEqual((await read(first)).state)
    })

    test('make an id once', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, winner) =>
          (winner % 2 ? first : second).createSession({ ...KEY, state: { winner, 'user:winner': winner } }),
        ),
      )
      const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(made).toHaveLength(1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'session_exists' })
      }
      expect(await read(first)).toEqual(made[0])
    })

    test('never mix the steps of two runs: exactly one goes on', async () => {
      await first.createSession(KEY)
      const runs = await Promise.all(
        [first, second].map(async (store) => ({ store, session: await read(store) })),
      )
      const outcomes = await Promise.all(
        runs.map(async ({ store, session }, index) => {
          try {
            for (let step = 0; step < 5; step++) {
              await store.appendEvent({ session, event: textEvent(`${index}:${step}`, `e-${index}`) })
            }
            return 'completed'
          } catch (error) {
            return (error as { code?: string }).code
          }
        }),
      )
      expect(new Set(outcomes)).toEqual(new Set(['completed', 'session_conflict']))
      const winner = outcomes.indexOf('completed')
      expect(textsOf(await read(first))).toEqual([0, 1, 2, 3, 4].map((step) => `${winner}:${step}`))
    })

    test('end a run whose session the other one deleted', async () => {
      await first.createSession(KEY)
      const run = await read(first)
      await first.appendEvent({ session: run, event: textEvent('one') })
      await second.deleteSession(KEY)
      const gone = { code: 'session_deleted' }
      await expect(first.appendEvent({ session: run, event: textEvent('two') })).rejects.toMatchObject(gone)
      expect(await first.getSession(KEY)).toBeUndefined()
      await second.createSession(KEY)
      await expect(first.appendEvent({ session: run, event: textEvent('two') })).rejects.toMatchObject(gone)
      expect(await read(first)).toMatchObject({ events: [], state: {} })
    })

    test('read no event of a session that the other one made anew', async () => {
      for (let round = 0; round < 3; round++) {
        const session = await first.createSession(KEY)
        for (let count = 0; count <= round; count++) {
          await first.appendEvent({ session, event: textEvent(`${round}:${count}`) })
        }
        expect((await read(second)).events).toEqual(session.events)
        await first.deleteSession(KEY)
      }
    })

    test('take no id that another ADK could not keep, or that no database can carry', async () => {
      for (const sessionId of ['x'.repeat(192), 'a\0b', '\ud800']) {
        const code = 'name_not_storable'
        await expect(first.createSession({ ...KEY, sessionId })).rejects.toMatchObject({ code })
        expect(await second.getSession({ ...KEY, sessionId })).toBeUndefined()
      }
      await first.createSession({ ...KEY, sessionId: 'x'.repeat(191) })
      expect(await read(second, 'x'.repeat(191))).toMatchObject({ events: [] })
    })

    test('find what they do not keep in memory any more', async () => {
      const session = await first.createSession(KEY)
      const text = 'x'.repeat(100_000)
      for (let count = 0; count < 3; count++) await first.appendEvent({ session, event: textEvent(text) })
      expect(await read(second)).toEqual(session)
      expect(await read(second)).toEqual(await read(first))
    })
  })
}
