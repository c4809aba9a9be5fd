// The duties of a memory store, for every engine. An engine adds one line of test: describeMemoryStore(name, open).
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Content } from '../../src/core/content.js'
import { createEvent, type Event } from '../../src/core/event.js'
import type { BaseMemoryService } from '../../src/core/memory.js'
import type { Session } from '../../src/core/session.js'

const KEY = { appName: 'app', userId: 'user', sessionId: 'one' }
type Key = typeof KEY

const said = (text: string, fields: Partial<Event> = {}): Event =>
  createEvent({
    invocationId: 'e-1',
    author: 'agent',
    content: { role: 'model', parts: [{ text }] },
    ...fields,
  })

function sessionOf(events: Event[], changes: Partial<Key> = {}): Session {
  const { appName, userId, sessionId } = { ...KEY, ...changes }
  return { id: sessionId, appName, userId, state: {}, events, lastUpdateTime: 1 }
}

const textOf = (content: Content | undefined) => content?.parts?.map(({ text }) => text).join('|')

export function describeMemoryStore(name: string, open: () => Promise<BaseMemoryService>): void {
  describe(`the memory store: ${name}`, () => {
    let store: BaseMemoryService
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const add = (texts: string[], changes?: Partial<Key>) =>
      store.addSessionToMemory(
        sessionOf(
          texts.map((text) => said(text)),
          changes,
        ),
      )
    const find = async (query: string, { appName, userId }: Partial<Key> = {}) => {
      const request = { appName: appName ?? KEY.appName, userId: userId ?? KEY.userId, query }
      return (await store.searchMemory(request)).memories.map(({ content }) => textOf(content))
    }

    test('finds a message by a word of it, and answers it whole', async () => {
      const content = {
        role: 'user',
        parts: [
          { text: 'My cat is' },
          { inlineData: { mimeType: 'image/png', data: 'AAEC' } },
          { text: ' Mia \u0000é🙂' },
        ],
      }
      await store.addSessionToMemory(
        sessionOf([said('', { content, author: 'user', timestamp: 1743711430.25 })]),
      )
      expect(
        await store.searchMemory({ appName: 'app', userId: 'user', query: 'What is the name of my cat?' }),
      ).toEqual({
        memories: [{ content, author: 'user', timestamp: '2025-04-03T20:17:10.250Z' }],
      })
      expect(await find('mia')).toHaveLength(1)
    })

    test('compares whole words, in any case and any script', async () => {
      await add([
        'The CATALOGUE of Zürich',
        'большой Дом',
        '名前 は 猫',
        'version 42',
        "it's a well-known snake_case name",
      ])
      expect(await find('cat')).toEqual([])
      expect(await find('catalogue')).toEqual(['The CATALOGUE of Zürich'])
      expect(await find('zürich')).toEqual(['The CATALOGUE of Zürich'])
      expect(await find('ZÜRICH')).toEqual(['The CATALOGUE of Zürich'])
      expect(await find('zurich')).toEqual([])
      expect(await find('дом')).toEqual(['большой Дом'])
      expect(await find('猫')).toEqual(['名前 は 猫'])
      expect(await find('42')).toEqual(['version 42'])
      expect(await find('well')).toHaveLength(1)
      expect(await find('snake')).toHaveLength(1)
      expect(await find('cats')).toEqual([])
    })

    test('takes the words of a query as words, whatever else they may mean', async () => {
      await add([
        'alpha and beta or not near gamma',
        'quotes "and" (brackets) * ^ : - ! & | <->',
        'role content text',
      ])
      for (const query of [
        'alpha AND',
        'NOT alpha',
        'alpha OR zzz',
        'alpha NEAR zzz',
        '"alpha',
        "alpha'",
        'alpha*',
        'alpha:',
        '(alpha',
        '-alpha',
        '!alpha & |',
        'alpha <-> zzz',
        'text:alpha',
        "'; DROP TABLE x; -- alpha",
        'alpha\\',
        '{alpha}',
        '%alpha_',
      ]) {
        expect((await find(query)).includes('alpha and beta or not near gamma'), query).toBe(true)
      }
      for (const query of ['', '   ', '"', '*', '!!!', '---', '\u0000', '🙂', '%', '_'])
        expect(await find(query), query).toEqual([])
      expect(await find('alph*')).toEqual([])
      expect(await find('x'.repeat(5000))).toEqual([])
      expect(await find(Array.from({ length: 2000 }, (_, index) => `w${index}`).join(' '))).toEqual([])
    })

    test('puts rare words before common ones, and more of them before fewer', async () => {
      await add([
        'the weather is fine',
        'the weather is bad',
        'the weather is odd',
        'the penguin is here',
        'the weather and the penguin',
      ])
      expect(await find('weather penguin')).toEqual([
        'the weather and the penguin',
        'the penguin is here',
        'the weather is fine',
        'the weather is bad',
        'the weather is odd',
      ])
    })

    test('keeps to one user of one app', async () => {
      await add(['mine: apple'])
      await add(['theirs: apple'], { userId: 'other' })
      await add(['elsewhere: apple'], { appName: 'other' })
      await add(['odd: apple'], { appName: 'app/user', userId: '' })
      await add(['capital: apple'], { userId: 'USER' })
      expect(await find('apple')).toEqual(['mine: apple'])
      expect(await find('apple', { userId: 'other' })).toEqual(['theirs: apple'])
      expect(await find('apple', { appName: 'other' })).toEqual(['elsewhere: apple'])
      expect(await find('apple', { userId: '%' })).toEqual([])
    })

    test('finds in all sessions of the user', async () => {
      await add(['apple one'])
      await add(['apple two'], { sessionId: 'two' })
      expect(new Set(await find('apple'))).toEqual(new Set(['apple one', 'apple two']))
    })

    test('replaces what was added of a session before', async () => {
      await add(['apple one', 'apple two'])
      await add(['pear'], { sessionId: 'two' })
      await add(['apple three'])
      expect(await find('apple')).toEqual(['apple three'])
      expect(await find('pear')).toEqual(['pear'])
      await add([])
      expect(await find('apple')).toEqual([])
    })

    test('replaces as a whole also when it is added at the same time', async () => {
      await Promise.all(Array.from({ length: 8 }, (_, index) => add([`apple ${index}`, `apple ${index}`])))
      const found = await find('apple')
      expect(found).toHaveLength(2)
      expect(new Set(found).size).toBe(1)
    })

    test('passes over what has no words', async () => {
      const call = { role: 'model', parts: [{ functionCall: { name: 'apple', args: { apple: 1 } } }] }
      const bare = createEvent({ invocationId: 'e-1', author: 'apple' })
      await store.addSessionToMemory(
        sessionOf([said('', { content: call }), bare, said(''), said('🙂 !'), said('apple')]),
      )
      expect(await find('apple')).toEqual(['apple'])
    })

    test('forgets a session, and only that', async () => {
      await add(['apple one'])
      await add(['apple two'], { sessionId: 'two' })
      await add(['apple three'], { userId: 'other' })
      await store.deleteSession(KEY)
      await store.deleteSession(KEY)
      await store.deleteSession({ ...KEY, sessionId: 'nothing' })
      expect(await find('apple')).toEqual(['apple two'])
      expect(await find('apple', { userId: 'other' })).toEqual(['apple three'])
      await add(['apple again'])
      expect(new Set(await find('apple'))).toEqual(new Set(['apple again', 'apple two']))
    })
  })
}
