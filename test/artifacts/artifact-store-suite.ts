// The duties of an artifact store, for every engine. An engine adds one line of test: describeArtifactStore(name, open).
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BaseArtifactService } from '../../src/core/artifact.js'
import type { Part } from '../../src/core/content.js'
import type { SessionKey } from '../../src/core/session.js'

const KEY: SessionKey = { appName: 'app', userId: 'user', sessionId: 'one' }
const BYTES = Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('base64')

/** Keys that a store which joins or rewrites names would take for one another. */
const KEYS = [
  ['a', 'b', 'c'],
  ['A', 'b', 'c'],
  ['a', 'B', 'c'],
  ['a', 'b', 'C'],
  ['a/b', 'c', 'd'],
  ['a', 'b/c', 'd'],
  ['a', 'b', 'c/d'],
  ['a%2Fb', 'c', 'd'],
  ['a:b', 'c', 'd'],
  ['a', 'b:c', 'd'],
  ['a', 'b', 'user'],
  ['a', 'b', '..'],
  ['a', 'b', '.'],
  ['a', '..', 'c'],
  ['..', 'b', 'c'],
  ['a', 'b', 'c '],
  ['a', 'b', 'c.'],
  ['a', 'b', 'artifacts'],
  ['a', 'b', 'sessions'],
  ['a', 'b', 'con'],
  ['__proto__', 'constructor', 'toString'],
  ['ünï', '名前', '🙂'],
  ['e\u0301', 'e', 'x'],
  ['é', 'e', 'x'],
  ['a', 'b', 'x'.repeat(300)],
  ['a', 'b', `${'x'.repeat(300)}y`],
].map(([appName = '', userId = '', sessionId = '']) => ({ appName, userId, sessionId }))

const NAMES = [
  'n.txt',
  'N.TXT',
  'n.txt ',
  ' n.txt',
  'n.txt.',
  'n.txt/',
  '/n.txt',
  'dir/n.txt',
  'dir//n.txt',
  'dir/./n.txt',
  'dir/../n.txt',
  '../n.txt',
  '../../../../etc/passwd',
  '..',
  '.',
  '/',
  '...',
  'dir\\n.txt',
  'dir%2Fn.txt',
  'dir%252Fn.txt',
  '%',
  '100%.txt',
  '%2E%2E',
  'C:n.txt',
  'C:\\n.txt',
  'con',
  'nul.txt',
  'versions',
  'Versions',
  'dir/versions/0',
  'n.txt/versions',
  'n.txt/versions/0',
  'metadata.json',
  'dir/Metadata.JSON',
  'metadata.json.',
  '0',
  'n.txt/0',
  '.0.pending',
  '.hidden',
  'user',
  'user:n.txt',
  'user:dir/n.txt',
  'user:',
  'user:user:n.txt',
  'User:n.txt',
  'user:../n.txt',
  '__proto__',
  'constructor',
  'café',
  'cafe\u0301',
  '名前/🙂.png',
  'a?b#c&d=e*f"g<h>i|j',
  'é'.repeat(200),
  'x'.repeat(500),
  `${'x'.repeat(499)}y`,
  Array.from({ length: 100 }, () => 'd').join('/'),
]

const text = (value: string): Part => ({ text: value })

const anyName = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          'a',
          'A',
          '/',
          '.',
          '..',
          '%',
          '%2F',
          '%7e',
          '~',
          '-',
          'u',
          ' ',
          '\\',
          ':',
          'versions',
        ),
        {
          minLength: 1,
          maxLength: 8,
        },
      )
      .map((pieces) => pieces.join('')),
    fc.constantFrom(...NAMES),
  )
  .filter((name) => !/\p{Surrogate}/u.test(name) && !/[\u0000-\u001f\u007f]/.test(name))

export function describeArtifactStore(name: string, open: () => Promise<BaseArtifactService>): void {
  describe(`the artifact store: ${name}`, () => {
    let store: BaseArtifactService
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const save = (filename: string, artifact: Part = text(filename), key: SessionKey = KEY) =>
      store.saveArtifact({ ...key, filename, artifact })
    const load = (filename: string, version?: number, key: SessionKey = KEY) =>
      store.loadArtifact({ ...key, filename, ...(version !== undefined && { version }) })
    const list = (key: SessionKey = KEY) => store.listArtifactKeys(key)

    describe('versions', () => {
      test('count from 0, per name, and the latest is read unless one is named', async () => {
        for (const [version, value] of ['zero', 'one', 'two'].entries()) {
          expect(await save('n', text(value))).toBe(version)
        }
        expect(await save('other')).toBe(0)
        expect(await store.listVersions({ ...KEY, filename: 'n' })).toEqual([0, 1, 2])
        expect(await load('n')).toEqual(text('two'))
        expect(await load('n', 0)).toEqual(text('zero'))
        expect(await load('n', 1)).toEqual(text('one'))
      })

      test('are in the order of numbers, beyond nine', async () => {
        for (let version = 0; version <= 11; version++)
          expect(await save('n', text(`${version}`))).toBe(version)
        expect(await store.listVersions({ ...KEY, filename: 'n' })).toEqual([
          0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        ])
        expect(await load('n')).toEqual(text('11'))
      })

      test('that are not there are undefined', async () => {
        await save('n')
        for (const version of [1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e21]) {
          expect(await load('n', version)).toBeUndefined()
          expect(await store.getArtifactVersion({ ...KEY, filename: 'n', version })).toBeUndefined()
        }
        expect(await load('other')).toBeUndefined()
        expect(await store.getArtifactVersion({ ...KEY, filename: 'other' })).toBeUndefined()
        expect(await store.listVersions({ ...KEY, filename: 'other' })).toEqual([])
        expect(await store.listArtifactVersions({ ...KEY, filename: 'other' })).toEqual([])
        expect(await list({ ...KEY, sessionId: 'nobody' })).toEqual([])
      })

      test('of saves at the same time are all there, each once', async () => {
        const saves = Array.from({ length: 12 }, (_, index) => save('n', text(`${index}`)))
        expect((await Promise.all(saves)).toSorted((a, b) => a - b)).toEqual([
          0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        ])
        const texts = await Promise.all(saves.map(async (saved) => load('n', await saved)))
        expect(texts).toEqual(saves.map((_, index) => text(`${index}`)))
      })

      test('are described', async () => {
        const before = Date.now() / 1000 - 2
        const customMetadata = { a: 'b', __proto__x: 'y' }
        await store.saveArtifact({ ...KEY, filename: 'n', artifact: text('zero'), customMetadata })
        await save('n', { inlineData: { mimeType: 'image/png', data: BYTES } })
        const all = await store.listArtifactVersions({ ...KEY, filename: 'n' })
        expect(all).toMatchObject([
          { version: 0, mimeType: 'text/plain', customMetadata },
          { version: 1, mimeType: 'image/png', customMetadata: {} },
        ])
        expect(all[0]?.canonicalUri).toMatch(/^\w+:\/\/.*\/0$/)
        expect(all[0]?.createTime).toBeGreaterThan(before)
        expect(all[0]?.createTime).toBeLessThan(before + 1000)
        expect(await store.getArtifactVersion({ ...KEY, filename: 'n', version: 0 })).toEqual(all[0])
        expect(await store.getArtifactVersion({ ...KEY, filename: 'n' })).toEqual(all[1])
      })

      test('keep metadata of any JSON', async () => {
        const customMetadata = {
          number: 1.5,
          yes: true,
          none: null,
          list: [1, { a: 'é🙂\u2028"\\' }],
          empty: '',
        }
        await store.saveArtifact({ ...KEY, filename: 'n', artifact: text('zero'), customMetadata })
        const found = await store.getArtifactVersion({ ...KEY, filename: 'n' })
        expect(found?.customMetadata).toEqual(customMetadata)
      })

      test('keep metadata of agents in its JSON form', async () => {
        const when = new Date()
        const customMetadata = { when, big: 2n ** 64n, nothing: undefined, tags: new Set(['a']) }
        await store.saveArtifact({ ...KEY, filename: 'n', artifact: text('zero'), customMetadata })
        const found = await store.getArtifactVersion({ ...KEY, filename: 'n' })
        expect(found?.customMetadata).toEqual({
          when: when.toISOString(),
          big: '18446744073709551616',
          tags: ['a'],
        })
        const cycle: Record<string, unknown> = {}
        cycle.self = cycle
        const saved = store.saveArtifact({
          ...KEY,
          filename: 'n',
          artifact: text('one'),
          customMetadata: cycle,
        })
        await expect(saved).rejects.toThrow(TypeError)
        expect(await store.listVersions({ ...KEY, filename: 'n' })).toEqual([0])
      })
    })

    describe('parts', () => {
      const parts: [string, Part][] = [
        ['a text', { text: 'é🙂\u0000\u2028\r\n"' }],
        ['a text that is no UTF-8', { text: 'a\ud800b' }],
        ['an empty text', { text: '' }],
        ['a thought', { text: 'hm', thought: true }],
        ['bytes', { inlineData: { mimeType: 'image/png', data: BYTES } }],
        [
          'bytes with a name',
          { inlineData: { mimeType: 'text/plain; charset=utf-8', data: BYTES, displayName: 'ä.png' } },
        ],
        [
          'bytes that look like text',
          { inlineData: { mimeType: 'text/plain', data: Buffer.from('abc').toString('base64') } },
        ],
        ['no bytes', { inlineData: { mimeType: 'image/png', data: '' } }],
        ['bytes without a type', { inlineData: { data: BYTES } }],
        ['a file', { fileData: { fileUri: 'gs://bucket/a.pdf', mimeType: 'application/pdf' } }],
        ['a file without a type', { fileData: { fileUri: 'https://example.com/a b' } }],
        ['a call', { functionCall: { id: 'adk-1', name: 'f', args: { snake_case: [null, 1] } } }],
        ['code', { executableCode: { code: 'print(1)', language: 'PYTHON' as never } }],
        ['nothing', {}],
      ]

      test.each(parts)('%s comes back as it was', async (_, part) => {
        await save('n', part)
        expect(await load('n')).toEqual(part)
        await save('user:n', part)
        expect(await load('user:n', 0)).toEqual(part)
      })

      test('of a megabyte come back byte for byte', async () => {
        const bytes = Buffer.alloc(1024 * 1024, 0)
        for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 7919) % 251
        await save('n', {
          inlineData: { mimeType: 'application/octet-stream', data: bytes.toString('base64') },
        })
        const data = Buffer.from((await load('n'))?.inlineData?.data ?? '', 'base64')
        expect(data.equals(bytes)).toBe(true)
      })

      test('do not follow what their author does to them later', async () => {
        const part = { functionCall: { name: 'f', args: { list: [1] } } }
        await save('n', part)
        part.functionCall.args.list.push(2)
        expect(await load('n')).toEqual({ functionCall: { name: 'f', args: { list: [1] } } })
      })
    })

    describe('names', () => {
      test('are any text, and each is its own', async () => {
        for (const filename of NAMES) expect(await save(filename), filename).toBe(0)
        for (const filename of NAMES) {
          expect(await load(filename), filename).toEqual(text(filename))
          expect(await store.listVersions({ ...KEY, filename }), filename).toEqual([0])
        }
        expect(await list()).toEqual(NAMES.toSorted())
        const [kept, deleted] = [0, 1].map((rest) => NAMES.filter((_, index) => index % 2 === rest))
        for (const filename of deleted ?? []) await store.deleteArtifact({ ...KEY, filename })
        expect(await list()).toEqual(kept?.toSorted())
      })

      test('of chance are kept apart, too', async () => {
        let session = 0
        const property = fc.asyncProperty(
          fc.uniqueArray(anyName, { minLength: 1, maxLength: 6 }),
          async (names) => {
            const key = { ...KEY, sessionId: `s${session}`, userId: `u${session++}` }
            for (const filename of names) expect(await save(filename, text(filename), key)).toBe(0)
            expect(await list(key)).toEqual(names.toSorted())
            for (const filename of names) expect(await load(filename, 0, key)).toEqual(text(filename))
            await store.deleteArtifact({ ...key, filename: names[0] ?? '' })
            expect(await list(key)).toEqual(names.slice(1).toSorted())
            await store.deleteSession(key)
            expect(await list(key)).toEqual(
              names
                .slice(1)
                .filter((filename) => filename.startsWith('user:'))
                .toSorted(),
            )
          },
        )
        await fc.assert(property, { numRuns: 20 })
      })

      test.each(['', 'a\u0000b', 'a\nb', '\u007f', 'a\ud800', 'x'.repeat(513)])(
        '%j is refused, and found nowhere',
        async (filename) => {
          await expect(save(filename, text('a'))).rejects.toMatchObject({ code: 'invalid_artifact_name' })
          expect(await load(filename)).toBeUndefined()
          expect(await store.listVersions({ ...KEY, filename })).toEqual([])
          await store.deleteArtifact({ ...KEY, filename })
          expect(await list()).toEqual([])
        },
      )
    })

    describe('keys', () => {
      test('are three strings, compared byte for byte', async () => {
        for (const [index, key] of KEYS.entries()) expect(await save('n', text(`${index}`), key)).toBe(0)
        for (const [index, key] of KEYS.entries()) {
          expect(await load('n', 0, key)).toEqual(text(`${index}`))
          expect(await list(key)).toEqual(['n'])
        }
        for (const key of KEYS) {
          await store.deleteSession(key)
          expect(await list(key)).toEqual([])
        }
      })

      test('of users are kept apart, too', async () => {
        const users = new Map(KEYS.map((key) => [JSON.stringify([key.appName, key.userId]), key]))
        for (const [user, key] of users) expect(await save('user:n', text(user), key)).toBe(0)
        for (const [user, key] of users) {
          expect(await load('user:n', 0, { ...key, sessionId: 'any' })).toEqual(text(user))
        }
      })

      test('tell a session named "user" from what belongs to the user', async () => {
        const key = { ...KEY, sessionId: 'user' }
        await save('n', text('of the session'), key)
        await save('user:n', text('of the user'), key)
        expect(await load('n', 0, key)).toEqual(text('of the session'))
        expect(await load('user:n', 0, key)).toEqual(text('of the user'))
        expect(await list(key)).toEqual(['n', 'user:n'])
        expect(await list()).toEqual(['user:n'])
      })
    })

    describe('scopes', () => {
      test('are the session, and for user: the user', async () => {
        await save('user:profile', text('mine'))
        await save('own', text('of one'))
        expect(await load('user:profile', undefined, { ...KEY, sessionId: 'two' })).toEqual(text('mine'))
        expect(await load('own', undefined, { ...KEY, sessionId: 'two' })).toBeUndefined()
        expect(await list({ ...KEY, sessionId: 'two' })).toEqual(['user:profile'])
        expect(await list()).toEqual(['own', 'user:profile'])
        expect(await list({ ...KEY, userId: 'other' })).toEqual([])
        expect(await list({ ...KEY, appName: 'other' })).toEqual([])
      })
    })

    describe('deleting', () => {
      test('takes all versions of one name, and only that', async () => {
        for (const filename of ['dir', 'dir', 'dir/n', 'dir/n/m', 'directory', 'user:dir'])
          await save(filename)
        await store.deleteArtifact({ ...KEY, filename: 'dir' })
        expect(await list()).toEqual(['dir/n', 'dir/n/m', 'directory', 'user:dir'])
        expect(await load('dir')).toBeUndefined()
        await store.deleteArtifact({ ...KEY, filename: 'dir' })
        await store.deleteArtifact({ ...KEY, filename: 'dir/n/m' })
        expect(await list()).toEqual(['dir/n', 'directory', 'user:dir'])
        expect(await save('dir')).toBe(0)
      })

      test('a session takes what is its own, and only that', async () => {
        const others = [
          { ...KEY, sessionId: 'two' },
          { ...KEY, sessionId: 'one/two' },
          { ...KEY, userId: 'other' },
          { ...KEY, appName: 'other' },
        ]
        for (const key of others) await save('n', text('theirs'), key)
        for (const filename of ['n', 'n', 'dir/n', 'user:n']) await save(filename)
        await store.deleteSession(KEY)
        await store.deleteSession(KEY)
        expect(await list()).toEqual(['user:n'])
        expect(await load('user:n')).toEqual(text('user:n'))
        for (const key of others) expect(await load('n', undefined, key)).toEqual(text('theirs'))
        expect(await save('n')).toBe(0)
      })

      test('while others save leaves whole artifacts', async () => {
        const saves = Array.from({ length: 10 }, (_, index) => save('n', text(`${index}`)))
        const deletes = Array.from({ length: 5 }, () => store.deleteArtifact({ ...KEY, filename: 'n' }))
        await Promise.all([...saves, ...deletes])
        for (const version of await store.listVersions({ ...KEY, filename: 'n' })) {
          expect((await load('n', version))?.text).toMatch(/^\d$/)
        }
      })

      test('while others read is seen as before or after it', async () => {
        const key = { ...KEY, filename: 'n' }
        for (let round = 0; round < 30; round++) {
          await save('n')
          const reads = Array.from({ length: 4 }, () =>
            Promise.all([list(), load('n'), store.listVersions(key), store.listArtifactVersions(key)]),
          )
          await store.deleteSession(KEY)
          for (const [names, part, versions] of await Promise.all(reads)) {
            expect([[], ['n']]).toContainEqual(names)
            expect([undefined, text('n')]).toContainEqual(part)
            expect([[], [0]]).toContainEqual(versions)
          }
        }
      })
    })
  })
}
