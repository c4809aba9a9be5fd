// The duties of a session store, for every engine. An engine adds one line of test: describeSessionStore(name, open).
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEvent, createEventActions, type Event } from '../../src/core/event.js'
import type { BaseSessionService, Session } from '../../src/core/session.js'
import { State } from '../../src/core/state.js'
import type { JsonObject } from '../../src/schema/json.js'

const KEY = { appName: 'app', userId: 'user', sessionId: 'one' }
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const textEvent = (text: string, fields: Partial<Event> = {}): Event =>
  createEvent({
    invocationId: 'e-1',
    author: 'agent',
    content: { role: 'model', parts: [{ text }] },
    ...fields,
  })

const stateEvent = (stateDelta: JsonObject, fields: Partial<Event> = {}): Event =>
  createEvent({
    invocationId: 'e-1',
    author: 'agent',
    actions: createEventActions({ stateDelta }),
    ...fields,
  })

const textsOf = ({ events }: Session) => events.map(({ content }) => content?.parts?.[0]?.text)

/** Objects whose keys are as they come from outside. */
const own = (entries: [string, unknown][]): JsonObject => Object.fromEntries(entries)

interface Traits {
  /** Texts cannot hold U+0000 and halves of characters. */
  fitsJsonb?: boolean
}

export function describeSessionStore(
  name: string,
  open: () => Promise<BaseSessionService>,
  { fitsJsonb = false }: Traits = {},
): void {
  describe(`the session store: ${name}`, () => {
    let store: BaseSessionService
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const create = (state?: JsonObject, changes: Partial<typeof KEY> = {}) =>
      store.createSession({ ...KEY, ...changes, ...(state && { state }) })

    async function read(changes: Partial<typeof KEY> = {}): Promise<Session> {
      const session = await store.getSession({ ...KEY, ...changes })
      if (!session) throw new Error('There is no such session')
      return session
    }

    const idsOf = async (request: { appName: string; userId?: string }) =>
      (await store.listSessions(request)).sessions.map(({ id }) => id)

    describe('creating', () => {
      test('answers the session as it can be read', async () => {
        const before = Date.now() / 1000
        const session = await create({ a: 1, b: { c: [null, true, 'x'] } })
        expect(session).toEqual({
          id: 'one',
          appName: 'app',
          userId: 'user',
          state: { a: 1, b: { c: [null, true, 'x'] } },
          events: [],
          lastUpdateTime: expect.any(Number),
        })
        expect(session.lastUpdateTime).toBeGreaterThanOrEqual(before - 0.001)
        expect(session.lastUpdateTime).toBeLessThan(before + 1000)
        expect(await read()).toEqual(session)
      })

      test('makes a UUID where no id is given', async () => {
        const ids = new Set<string>()
        for (const sessionId of [undefined, '', '   ']) {
          const { id } = await store.createSession({
            appName: 'app',
            userId: 'user',
            ...(sessionId !== undefined && { sessionId }),
          })
          expect(id).toMatch(UUID)
          ids.add(id)
        }
        expect(ids.size).toBe(3)
      })

      test('trims the id', async () => {
        expect((await create({}, { sessionId: '  one ' })).id).toBe('one')
        await expect(create()).rejects.toMatchObject({ code: 'session_exists' })
      })

      test('refuses an id that is taken, and leaves its session alone', async () => {
        const first = await create({ first: true, 'app:a': 1, 'user:u': 1 })
        const taken = { code: 'session_exists', message: 'Session already exists: one' }
        await expect(create({ first: false, 'app:a': 2, 'user:u': 2 })).rejects.toMatchObject(taken)
        expect(await read()).toEqual(first)
      })

      test('at the same time succeeds once', async () => {
        const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map((winner) => create({ winner })))
        const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
        expect(winners).toHaveLength(1)
        expect((await read()).state).toEqual(winners[0]?.state)
      })

      test('only where there is none, at the same time, gives everybody the same session', async () => {
        const made = await Promise.all(
          ['one', ' one ', 'one'].map((sessionId) =>
            store.getOrCreateSession({ ...KEY, sessionId, state: { a: 1 } }),
          ),
        )
        const session = await read()
        expect(made).toEqual([session, session, session])
        expect(await store.getOrCreateSession({ ...KEY, sessionId: ' one' })).toEqual(session)
        expect((await store.getOrCreateSession({ ...KEY, sessionId: ' ' })).id).toMatch(UUID)
      })

      test('at the same time, with different ids of a new user, succeeds every time', async () => {
        const ids = Array.from({ length: 20 }, (_, index) => `s${index}`)
        await Promise.all(ids.map((sessionId) => create({ 'user:n': 1, 'app:n': 1 }, { sessionId })))
        expect((await idsOf(KEY)).sort()).toEqual(ids.sort())
      })
    })

    describe('keys', () => {
      const keys = [
        ['a:b', 'c', 'd'],
        ['a', 'b:c', 'd'],
        ['a/b', 'c', 'd'],
        ['a', 'b/c', 'd'],
        ['a', 'b', 'c/d'],
        ['a', 'b', 'c,d'],
        ['a,b', 'c', 'd'],
        ['a"', '"b', 'c'],
        ['a', 'b', "c'; DROP TABLE sessions; --"],
        ['%', '_', '*'],
        ['..', '.', '../..'],
        ['A', 'b', 'c'],
        ['a', 'B', 'c'],
        ['a', 'b', 'C'],
        ['a', 'b', 'c'],
        ['__proto__', 'constructor', 'toString'],
        ['constructor', '__proto__', '__proto__'],
        ['ünï', '名前', '🙂'],
        ['é', 'e', 'x'],
        ['e\u0301', 'e', 'x'],
        ['null', 'undefined', '0'],
      ].map(([appName = '', userId = '', sessionId = '']) => ({ appName, userId, sessionId }))

      test('are three strings, compared byte for byte', async () => {
        for (const [index, key] of keys.entries()) {
          await store.createSession({ ...key, state: { index, 'user:index': index, 'app:index': index } })
        }
        for (const [index, key] of keys.entries()) {
          const session = await read(key)
          expect(session).toMatchObject({ appName: key.appName, userId: key.userId, id: key.sessionId })
          expect(session.state.index).toBe(index)
          await store.appendEvent({ session, event: textEvent(`event ${index}`) })
        }
        for (const [index, key] of keys.entries())
          expect(textsOf(await read(key))).toEqual([`event ${index}`])
        for (const key of keys) {
          await store.deleteSession(key)
          expect(await store.getSession(key)).toBeUndefined()
        }
      })

      test('that are not there are found nowhere', async () => {
        for (const part of ['__proto__', 'constructor', 'toString', 'nobody']) {
          const key = { appName: part, userId: part, sessionId: part }
          expect(await store.getSession(key)).toBeUndefined()
          expect(await idsOf(key)).toEqual([])
          await store.deleteSession(key)
        }
      })
    })

    describe('state', () => {
      test('is shared by its prefix, from creation on', async () => {
        await create({ 'app:a': 1, 'user:u': 2, 'temp:t': 3, own: 4 })
        expect((await read()).state).toEqual({ 'app:a': 1, 'user:u': 2, own: 4 })
        expect((await create({}, { sessionId: 'two' })).state).toEqual({ 'app:a': 1, 'user:u': 2 })
        expect((await create({}, { userId: 'other' })).state).toEqual({ 'app:a': 1 })
        expect((await create({}, { appName: 'other' })).state).toEqual({})
      })

      test('is shared by its prefix, from every event on', async () => {
        const session = await create()
        await create({}, { sessionId: 'two' })
        await store.appendEvent({ session, event: stateEvent({ 'app:a': 1, 'user:u': 2, own: 4 }) })
        expect((await read({ sessionId: 'two' })).state).toEqual({ 'app:a': 1, 'user:u': 2 })
        await store.appendEvent({ session, event: stateEvent({ 'app:a': 5, 'user:u': null }) })
        expect((await read({ sessionId: 'two' })).state).toEqual({ 'app:a': 5, 'user:u': null })
        expect((await read()).state).toEqual({ 'app:a': 5, 'user:u': null, own: 4 })
      })

      test('that is temporary is seen by the reader at hand and never stored', async () => {
        const session = await create()
        const event = await store.appendEvent({ session, event: stateEvent({ 'temp:t': 1, own: 2 }) })
        expect(session.state).toEqual({ 'temp:t': 1, own: 2 })
        expect(event.actions.stateDelta).toEqual({ own: 2 })
        expect((await read()).state).toEqual({ own: 2 })
        expect((await read()).events[0]?.actions.stateDelta).toEqual({ own: 2 })
      })

      test('of shared scopes outlives the session', async () => {
        await create({ 'app:a': 1, 'user:u': 2, own: 3 })
        await store.deleteSession(KEY)
        expect((await create()).state).toEqual({ 'app:a': 1, 'user:u': 2 })
      })

      test('keys may be any text', async () => {
        const entries: [string, unknown][] = [
          ['__proto__', { x: 1 }],
          ['constructor', 5],
          ['toString', 'x'],
          ['app:__proto__', 1],
          ['user:__proto__', 2],
          ['app:', 3],
          ['', 4],
          ['a.b', 5],
          ['a b', 6],
          ['APP:x', 7],
          ['名前', 8],
          ['"\'\\', 9],
        ]
        await create(own(entries))
        expect(new Map(Object.entries((await read()).state))).toEqual(new Map(entries))
        const session = await create({}, { sessionId: 'two' })
        await store.appendEvent({ session, event: stateEvent(own(entries)) })
        expect(new Map(Object.entries((await read({ sessionId: 'two' })).state))).toEqual(new Map(entries))
        expect(({} as JsonObject).x).toBeUndefined()
      })

      test('values come back as they were stored', async () => {
        const values = {
          text: fitsJsonb ? 'é🙂\u2028"\\u0000' : 'é🙂\u0000\ud800\u2028"\\',
          number: 0.1,
          big: 1e20,
          tiny: 5e-324,
          yes: true,
          nothing: null,
          list: [1, [2, [3]], {}],
          deep: own([['__proto__', own([['a', 1]])]]),
          empty: '',
        }
        await create(values)
        expect((await read()).state).toEqual(values)
      })

      if (fitsJsonb) {
        test('is made fit for the database, and so is what is acknowledged', async () => {
          const unfit = { 'a\u0000b': ['\u0000c\ud800', '\\u0000'] }
          const fit = { ab: ['c\ufffd', '\\u0000'] }
          const session = await create(unfit)
          expect(session.state).toEqual(fit)
          const { actions } = await store.appendEvent({ session, event: stateEvent({ other: unfit }) })
          expect(actions.stateDelta).toEqual({ other: fit })
          expect(session.state).toEqual({ ...fit, other: fit })
          expect(await read()).toEqual(session)
        })
      }

      test('of two changes to one key is the later one', async () => {
        const [first, second] = [await create(), await read()]
        await store.appendEvent({ session: first, event: stateEvent({ both: 1, mine: 1 }) })
        await store.appendEvent({ session: second, event: stateEvent({ both: 2, yours: 2 }) })
        expect((await read()).state).toEqual({ both: 2, mine: 1, yours: 2 })
      })

      test('that is read may be changed by its reader, and thaws for agents', async () => {
        await create({ list: [1], nested: { a: { b: 1 } } })
        const session = await read()
        const state = new State(session.state)
        state.get<number[]>('list')?.push(2)
        session.state.mine = true
        expect(state.get('list')).toEqual([1, 2])
        expect((await read()).state).toEqual({ list: [1], nested: { a: { b: 1 } } })
        const event = stateEvent({ list: state.get('list') })
        await store.appendEvent({ session, event })
        state.get<number[]>('list')?.push(3)
        expect((await read()).state.list).toEqual([1, 2])
      })

      test('does not follow what its author does to it later', async () => {
        const list = [1]
        await create({ list })
        list.push(2)
        expect((await read()).state).toEqual({ list: [1] })
      })
    })

    describe('events', () => {
      test('keep their order, and come back whole', async () => {
        const session = await create()
        const call = {
          functionCall: {
            id: 'adk-1',
            name: 'f',
            args: own([
              ['__proto__', 1],
              ['snake_case', [null]],
            ]),
          },
        }
        const events = [
          textEvent('one', { author: 'user' }),
          textEvent('', { content: { role: 'model', parts: [call] }, longRunningToolIds: [] }),
          textEvent('three', {
            branch: 'a.b',
            finishReason: 'STOP',
            turnComplete: true,
            customMetadata: { snake_case: 1 },
            usageMetadata: { promptTokenCount: 1, totalTokenCount: 2 },
            actions: createEventActions({
              artifactDelta: { 'a b/c': 0 },
              transferToAgent: 'x',
              skipSummarization: true,
              requestedAuthConfigs: {
                'adk-1': {
                  authScheme: { type: 'oauth2', flows: { implicit: { scopes: { read_all: 'See it' } } } },
                  credentialKey: 'my_key',
                },
              },
            }),
          }),
          textEvent('four', {
            errorCode: 'SAFETY',
            errorMessage: 'no',
            timestamp: Date.now() / 1000 + 1.123456,
          }),
        ]
        for (const event of events) expect(await store.appendEvent({ session, event })).toEqual(event)
        expect((await read()).events).toEqual(events)
        expect(session.events).toEqual(events)
      })

      test('are stored when the append has resolved', async () => {
        const session = await create()
        for (let count = 1; count <= 5; count++) {
          await store.appendEvent({ session, event: textEvent(`event ${count}`) })
          expect((await read()).events).toHaveLength(count)
        }
      })

      test('that only change state are all kept, of readers that do not know of each other', async () => {
        await create()
        const readers = await Promise.all(Array.from({ length: 20 }, () => read()))
        await Promise.all(
          readers.map((session, index) =>
            store.appendEvent({ session, event: stateEvent({ [`k${index}`]: index, 'user:all': index }) }),
          ),
        )
        const { state, events } = await read()
        expect(events).toHaveLength(20)
        for (const index of readers.keys()) expect(state[`k${index}`]).toBe(index)
      })

      test('of two runs at once never mix: the second one to speak is refused', async () => {
        await create()
        const [first, second] = [await read(), await read({})]
        await store.appendEvent({ session: first, event: textEvent('first', { invocationId: 'e-1' }) })
        const late = stateEvent(
          { late: true },
          { ...textEvent('second', { invocationId: 'e-2' }), actions: undefined },
        )
        await expect(store.appendEvent({ session: second, event: late })).rejects.toMatchObject({
          code: 'session_conflict',
        })
        await store.appendEvent({ session: first, event: textEvent('more', { invocationId: 'e-1' }) })
        expect(second.events).toEqual([])
        expect(await read()).toMatchObject({ state: {} })
        expect(textsOf(await read())).toEqual(['first', 'more'])
        await store.appendEvent({ session: await read(), event: textEvent('again', { invocationId: 'e-2' }) })
        expect(textsOf(await read())).toEqual(['first', 'more', 'again'])
      })

      test.each([9e9, 5e10, Date.now() * 1e3])(
        'of two runs never mix in far times: %d',
        async (timestamp) => {
          await store.appendEvent({ session: await create(), event: textEvent('far', { timestamp }) })
          const [first, second] = [await read(), await read()]
          await store.appendEvent({ session: first, event: textEvent('first') })
          await expect(
            store.appendEvent({ session: second, event: textEvent('second') }),
          ).rejects.toMatchObject({
            code: 'session_conflict',
          })
          for (const text of ['a', 'b', 'c'])
            await store.appendEvent({ session: first, event: textEvent(text) })
          expect(textsOf(await read())).toEqual(['far', 'first', 'a', 'b', 'c'])
        },
      )

      test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
        'have a time, whatever they bear: %d',
        async (timestamp) => {
          const session = await create()
          const event = await store.appendEvent({ session, event: textEvent('a', { timestamp }) })
          expect(Math.abs(event.timestamp - Date.now() / 1000)).toBeLessThan(1000)
          expect((await read()).events).toEqual([event])
        },
      )

      test('that change state by hand join a run at any time', async () => {
        await create({ a: 0 })
        const run = await read()
        await store.appendEvent({ session: run, event: textEvent('one') })
        const byHand = await store.getSession({ ...KEY, config: { numRecentEvents: 0 } })
        if (!byHand) throw new Error('There is no such session')
        const timestamp = run.lastUpdateTime + 10
        await store.appendEvent({ session: byHand, event: stateEvent({ a: 1, 'app:b': 2 }, { timestamp }) })
        await store.appendEvent({ session: byHand, event: stateEvent({ a: 2 }, { timestamp }) })
        const stored = await store.appendEvent({ session: run, event: textEvent('two') })
        expect(run.state).toEqual({ a: 2, 'app:b': 2 })
        expect(textsOf(run)).toEqual(['one', undefined, undefined, 'two'])
        expect(await read()).toEqual(run)
        expect(stored.timestamp).toBeGreaterThan(timestamp)
        await store.appendEvent({ session: byHand, event: stateEvent({ a: 3 }) })
        expect(textsOf(byHand)).toEqual([undefined, undefined, 'two', undefined])
      })

      test('are new ones, also when their ids are taken', async () => {
        const session = await create()
        const event = textEvent('same', { id: 'same' })
        await store.appendEvent({ session, event })
        await store.appendEvent({ session, event: textEvent('other', { id: 'same' }) })
        expect(textsOf(await read())).toEqual(['same', 'other'])
        expect(textsOf(session)).toEqual(['same', 'other'])
      })

      test('keep the order of their appends, whatever time they bear', async () => {
        const session = await create()
        const { lastUpdateTime } = session
        const texts = Array.from({ length: 60 }, (_, index) => `${index}`)
        for (const [index, text] of texts.entries()) {
          const timestamp = lastUpdateTime + (index % 7) * 0.001 - 0.003
          await store.appendEvent({ session, event: textEvent(text, { timestamp }) })
        }
        expect(textsOf(await read())).toEqual(texts)
        expect(textsOf(session)).toEqual(texts)
      })

      test('that are partial are not stored, nor is what they change', async () => {
        const session = await create()
        const event = stateEvent({ a: 1 }, { partial: true })
        expect(await store.appendEvent({ session, event })).toMatchObject({ id: event.id, partial: true })
        expect(session).toMatchObject({ events: [], state: {} })
        expect(await read()).toMatchObject({ events: [], state: {} })
      })

      test('are frozen, whoever holds them', async () => {
        const session = await create()
        const parts = [{ text: 'first' }]
        const event = textEvent('', {
          content: { role: 'model', parts },
          actions: createEventActions({ stateDelta: { list: [1] } }),
        })
        const stored = await store.appendEvent({ session, event })
        parts.push({ text: 'later' })
        for (const seen of [stored, session.events[0], (await read()).events[0]]) {
          expect(() => seen?.content?.parts?.push({ text: 'more' })).toThrow(TypeError)
          expect(() => Object.assign(seen?.actions.stateDelta ?? {}, { more: 1 })).toThrow(TypeError)
          expect(seen?.content?.parts).toEqual([{ text: 'first' }])
        }
      })

      test('without a JSON form are refused and change nothing', async () => {
        const session = await create()
        const cycle: JsonObject = {}
        cycle.self = cycle
        await expect(store.appendEvent({ session, event: stateEvent({ a: 1, cycle }) })).rejects.toThrow(
          TypeError,
        )
        expect(await read()).toMatchObject({ events: [], state: {} })
      })

      test('can be read from the end', async () => {
        const session = await create()
        for (const text of ['a', 'b', 'c', 'd']) await store.appendEvent({ session, event: textEvent(text) })
        const recent = async (numRecentEvents: number) => {
          const found = await store.getSession({ ...KEY, config: { numRecentEvents } })
          return found && textsOf(found)
        }
        expect(await recent(0)).toEqual([])
        expect(await recent(1)).toEqual(['d'])
        expect(await recent(3)).toEqual(['b', 'c', 'd'])
        expect(await recent(9)).toEqual(['a', 'b', 'c', 'd'])
        expect(await recent(Number.POSITIVE_INFINITY)).toEqual(['a', 'b', 'c', 'd'])
        expect(await recent(2.9)).toEqual(['c', 'd'])
        for (const none of [0.9, -1, Number.NEGATIVE_INFINITY, Number.NaN])
          expect(await recent(none)).toEqual([])
      })

      test('that are read while others append are of one moment with the state', async () => {
        const run = await create({ count: 0 })
        for (let count = 1; count <= 20; count++) {
          const reading = store.getSession({ ...KEY, config: { numRecentEvents: 3 } })
          await store.appendEvent({ session: run, event: stateEvent({ count }) })
          const session = await reading
          expect(session?.events.at(-1)?.actions.stateDelta.count ?? 0).toBe(session?.state.count)
        }
      })

      test('can be read from a time on, which is part of it', async () => {
        const session = await create()
        const start = Date.now() / 1000
        for (const [index, text] of ['a', 'b', 'c'].entries()) {
          await store.appendEvent({ session, event: textEvent(text, { timestamp: start + index }) })
        }
        const after = async (config: { afterTimestamp: number; numRecentEvents?: number }) => {
          const found = await store.getSession({ ...KEY, config })
          return found && textsOf(found)
        }
        expect(await after({ afterTimestamp: start })).toEqual(['a', 'b', 'c'])
        expect(await after({ afterTimestamp: start + 1 })).toEqual(['b', 'c'])
        expect(await after({ afterTimestamp: start + 1.5 })).toEqual(['c'])
        expect(await after({ afterTimestamp: start + 3 })).toEqual([])
        expect(await after({ afterTimestamp: start, numRecentEvents: 2 })).toEqual(['b', 'c'])
      })

      test('can be appended by a reader who asked for none', async () => {
        await store.appendEvent({ session: await create(), event: textEvent('a') })
        const session = await store.getSession({ ...KEY, config: { numRecentEvents: 0 } })
        if (!session) throw new Error('There is no such session')
        await store.appendEvent({ session, event: textEvent('b') })
        expect(textsOf(session)).toEqual(['b'])
        expect(textsOf(await read())).toEqual(['a', 'b'])
      })
    })

    describe('time', () => {
      test('is that of the last event', async () => {
        const session = await create()
        const timestamp = Math.round((session.lastUpdateTime + 12.25) * 1e6) / 1e6
        await store.appendEvent({ session, event: textEvent('a', { timestamp }) })
        expect(session.lastUpdateTime).toBe(timestamp)
        expect((await read()).lastUpdateTime).toBe(timestamp)
        const { sessions } = await store.listSessions(KEY)
        expect(sessions[0]?.lastUpdateTime).toBe(timestamp)
      })

      test('never goes back', async () => {
        const session = await create()
        const { lastUpdateTime } = session
        await store.appendEvent({ session, event: textEvent('old', { timestamp: lastUpdateTime - 1000 }) })
        expect(session.lastUpdateTime).toBeGreaterThanOrEqual(lastUpdateTime)
        expect(session.lastUpdateTime).toBeLessThan(lastUpdateTime + 0.001)
        expect((await read()).lastUpdateTime).toBe(session.lastUpdateTime)
      })
    })

    describe('snapshots', () => {
      test('do not change when others write', async () => {
        const [mine, other] = [await create({ a: 1 }), await read()]
        await store.appendEvent({ session: other, event: stateEvent({ a: 2 }) })
        expect(mine).toMatchObject({ state: { a: 1 }, events: [] })
        expect(other).toMatchObject({ state: { a: 2 }, events: [{}] })
      })

      test('belong to their reader', async () => {
        const session = await create({ a: 1 })
        await store.appendEvent({ session, event: textEvent('one') })
        session.events.pop()
        session.state.a = 99
        delete session.state.b
        expect(await read()).toMatchObject({ state: { a: 1 }, events: [{}] })
        const first = await read()
        first.events.length = 0
        expect((await read()).events).toHaveLength(1)
      })
    })

    describe('listing', () => {
      test('is of one user or of all, oldest first, without events and with merged state', async () => {
        for (const sessionId of ['c', 'a', 'b'])
          await create({ own: sessionId, 'user:name': 'me' }, { sessionId })
        await create({ 'app:shared': 1, 'user:mine': 2 }, { userId: 'other', sessionId: 'd' })
        await create({}, { appName: 'other' })
        await store.appendEvent({ session: await read({ sessionId: 'a' }), event: textEvent('hi') })
        const { sessions } = await store.listSessions({ appName: 'app', userId: 'user' })
        expect(sessions.map(({ id, state, events }) => ({ id, state, events }))).toEqual([
          { id: 'c', state: { own: 'c', 'app:shared': 1, 'user:name': 'me' }, events: [] },
          { id: 'a', state: { own: 'a', 'app:shared': 1, 'user:name': 'me' }, events: [] },
          { id: 'b', state: { own: 'b', 'app:shared': 1, 'user:name': 'me' }, events: [] },
        ])
        const all = (await store.listSessions({ appName: 'app' })).sessions
        expect(new Map(all.map(({ id, state }) => [id, state['user:name']]))).toEqual(
          new Map([
            ['c', 'me'],
            ['a', 'me'],
            ['b', 'me'],
            ['d', undefined],
          ]),
        )
        expect(await idsOf({ appName: 'app', userId: 'nobody' })).toEqual([])
        expect(await idsOf({ appName: 'nothing' })).toEqual([])
      })
    })

    describe('expiring', () => {
      const at = (timestamp: number) => textEvent('a', { timestamp })
      const expired = async (before: number, limit = 100) =>
        (await store.listExpiredSessions({ before, limit })).map(({ sessionId }) => sessionId)

      test('finds what had no update since a time, of all users and apps, the longest idle first', async () => {
        const start = Date.now() / 1000 + 1000
        const sessions = [
          ['new', { sessionId: 'new' }, 50],
          ['old', { sessionId: 'old' }, 10],
          ['older', { sessionId: 'older', userId: 'other' }, 5],
          ['oldest', { sessionId: 'oldest', appName: 'other' }, 1],
        ] as const
        for (const [, changes, time] of sessions) {
          await store.appendEvent({ session: await create({}, changes), event: at(start + time) })
        }
        expect(await expired(start + 20)).toEqual(['oldest', 'older', 'old'])
        expect(await expired(start + 10)).toEqual(['oldest', 'older'])
        expect(await expired(start + 20, 1)).toEqual(['oldest'])
        expect(await expired(start)).toEqual([])
        expect(await store.listExpiredSessions({ before: start + 2, limit: 1 })).toEqual([
          { appName: 'other', userId: 'user', sessionId: 'oldest' },
        ])
      })

      test('deletes a session that had no update since, and no other', async () => {
        const session = await create({ 'user:u': 1 })
        await create({}, { sessionId: 'two' })
        const time = session.lastUpdateTime + 10
        await store.appendEvent({ session, event: at(time) })
        expect(await store.expireSession(KEY, time)).toBe(false)
        expect(textsOf(await read())).toEqual(['a'])
        expect(await store.expireSession(KEY, time + 0.001)).toBe(true)
        expect(await store.getSession(KEY)).toBeUndefined()
        expect(await store.expireSession(KEY, time + 1)).toBe(false)
        expect(await idsOf(KEY)).toEqual(['two'])
        await expect(store.appendEvent({ session, event: textEvent('late') })).rejects.toMatchObject({
          code: 'session_deleted',
        })
        expect((await create()).state).toEqual({ 'user:u': 1 })
      })
    })

    describe('deleting', () => {
      test('takes the session away, and only that', async () => {
        const session = await create({ a: 1 })
        await store.appendEvent({ session, event: textEvent('one') })
        await create({}, { sessionId: 'two' })
        await create({}, { userId: 'other' })
        await store.deleteSession(KEY)
        expect(await store.getSession(KEY)).toBeUndefined()
        expect(await idsOf({ appName: 'app' })).toHaveLength(2)
        await store.deleteSession(KEY)
        expect(await create()).toMatchObject({ state: {}, events: [] })
      })

      test('refuses what is appended later, also when the id is used again', async () => {
        const session = await create()
        await store.deleteSession(KEY)
        const gone = { code: 'session_deleted' }
        await expect(
          store.appendEvent({ session, event: stateEvent({ 'user:u': 1 }) }),
        ).rejects.toMatchObject(gone)
        const fresh = await create()
        await expect(store.appendEvent({ session, event: textEvent('late') })).rejects.toMatchObject(gone)
        expect(await read()).toMatchObject({ events: [], state: {} })
        await store.appendEvent({ session: fresh, event: textEvent('in time') })
        expect(textsOf(await read())).toEqual(['in time'])
      })
    })
  })
}
