import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { buildTestServer, listen, openSession, SESSION, type TestServer } from '../support/server.js'
import { exchange } from '../support/socket.js'

const ALL = `${SESSION}/artifacts`
const part = (text: string) => ({ text })
const KEY = { appName: 'weather', userId: 'u1', sessionId: 's1' }

async function save({ send }: TestServer, filename: string, artifact: object, base = ALL): Promise<number> {
  const reply = await send('POST', base, { filename, artifact })
  expect(reply).toMatchObject({ status: 200, body: { version: expect.any(Number) } })
  return reply.body.version
}

verifies('artifact.save', async () => {
  const server = await buildTestServer()
  const { send } = server
  const before = Date.now() / 1000
  const reply = await send('POST', ALL, {
    filename: 'n.txt',
    artifact: part('one'),
    customMetadata: { a_b: 1 },
  })
  expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } })
  const { createTime, ...version } = reply.body
  expect(version).toEqual({
    version: 0,
    canonicalUri: 'memory://apps/weather/users/u1/sessions/s1/artifacts/n.txt/versions/0',
    customMetadata: { a_b: 1 },
    mimeType: 'text/plain',
  })
  expect(createTime).toBeGreaterThanOrEqual(before)
  expect(createTime).toBeLessThan(before + 1000)
  expect((await send('GET', `${ALL}/n.txt`)).body).toEqual({ text: 'one' })
})

verifies('artifact.save', 'in both spellings', async () => {
  const { send } = await buildTestServer()
  const inlineData = { mimeType: 'image/png', data: 'AAEC', displayName: 'dots' }
  const inline_data = { mime_type: 'image/png', data: 'AAEC', display_name: 'dots' }
  for (const body of [
    { filename: 'a.png', artifact: { inlineData }, customMetadata: { some_key: { inner_key: 1 } } },
    {
      filename: 'a.png',
      artifact: { inline_data },
      custom_metadata: { some_key: { inner_key: 1 } },
      more: 1,
    },
  ]) {
    const reply = await send('POST', ALL, body)
    expect(reply.body).toMatchObject({
      mimeType: 'image/png',
      customMetadata: { some_key: { inner_key: 1 } },
    })
    expect((await send('GET', `${ALL}/a.png`)).body).toEqual({ inlineData })
  }
})

verifies('artifact.save', 'a file that lies elsewhere', async () => {
  const server = await buildTestServer()
  const artifact = { fileData: { fileUri: 'gs://bucket/a.pdf', mimeType: 'application/pdf' } }
  await save(server, 'a.pdf', artifact)
  expect((await server.send('GET', `${ALL}/a.pdf`)).body).toEqual(artifact)
  const url = `${ALL}/a.pdf/versions/latest/metadata`
  expect((await server.send('GET', url)).body).toMatchObject({ mimeType: 'application/pdf' })
})

verifies('artifact.metadata', async () => {
  const server = await buildTestServer()
  await save(server, 'n', part('one'))
  await save(server, 'n', { inlineData: { mimeType: 'image/png', data: 'AA==' } })
  const all = await server.send('GET', `${ALL}/n/versions/metadata`)
  expect(all.body).toMatchObject([
    { version: 0, mimeType: 'text/plain', customMetadata: {} },
    { version: 1, mimeType: 'image/png', customMetadata: {} },
  ])
  for (const [version, index] of [
    ['0', 0],
    ['1', 1],
    ['latest', 1],
  ] as const) {
    const reply = await server.send('GET', `${ALL}/n/versions/${version}/metadata`)
    expect(reply).toMatchObject({ status: 200, body: all.body[index] })
  }
  expect((await server.send('GET', `${ALL}/other/versions/metadata`)).body).toEqual([])
})

verifies('artifact.versions', async () => {
  const server = await buildTestServer()
  const { send } = server
  for (const [version, text] of ['zero', 'one', 'two'].entries()) {
    expect(await save(server, 'n', part(text))).toBe(version)
  }
  expect((await send('GET', `${ALL}/n/versions`)).body).toEqual([0, 1, 2])
  expect((await send('GET', `${ALL}/other/versions`)).body).toEqual([])
  const texts: [url: string, text: string][] = [
    ['n', 'two'],
    ['n?version=0', 'zero'],
    ['n?version=1&x=y', 'one'],
    ['n?version=latest', 'two'],
    ['n/versions/0', 'zero'],
    ['n/versions/01', 'one'],
    ['n/versions/2', 'two'],
    ['n/versions/latest', 'two'],
    ['n/versions/0?version=2', 'zero'],
  ]
  for (const [url, text] of texts) {
    expect(await send('GET', `${ALL}/${url}`)).toMatchObject({ status: 200, body: { text } })
  }
})

const BAD_VERSIONS = ['-1', '1e309', '1abc', '__proto__', '1.0', '+1', '%201', 'LATEST', 'null', '٣', '0x1']
for (const version of BAD_VERSIONS) {
  verifies('artifact.bad-version', version, async () => {
    const server = await buildTestServer()
    await save(server, 'n', part('zero'))
    const input = decodeURIComponent(version)
    for (const [url, ...loc] of [
      [`n/versions/${version}`, 'path', 'version_id'],
      [`n/versions/${version}/metadata`, 'path', 'version_id'],
      [`dir/n/versions/${version}`, 'path', 'version_id'],
      [`n?version=${version.replace('+', '%2B')}`, 'query', 'version'],
    ]) {
      const reply = await server.send('GET', `${ALL}/${url}`)
      expect(reply.status).toBe(422)
      expect(reply.body.detail).toEqual([{ type: 'int_parsing', loc, msg: 'Invalid version ID', input }])
    }
  })
}

verifies('artifact.bad-version', 'in the query: none, and several', async () => {
  const server = await buildTestServer()
  await save(server, 'n', part('zero'))
  for (const query of ['version=', 'version=0&version=0', 'alt=xml']) {
    expect((await server.send('GET', `${ALL}/n?${query}`)).status).toBe(422)
  }
})

verifies('artifact.list', async () => {
  const server = await buildTestServer()
  expect(await server.send('GET', ALL)).toMatchObject({ status: 200, body: [] })
  for (const name of ['zebra', 'user:x', 'apple', 'Zoo', 'apple']) await save(server, name, part('x'))
  for (const url of [ALL, `${ALL}/`]) {
    expect((await server.send('GET', url)).body).toEqual(['Zoo', 'apple', 'user:x', 'zebra'])
  }
})

verifies('artifact.scope', async () => {
  const server = await buildTestServer()
  const { send } = server
  await save(server, 'user:mine', part('shared'))
  await save(server, 'own', part('private'))
  const metadata = (await send('GET', `${ALL}/user:mine/versions/0/metadata`)).body
  expect(metadata.canonicalUri).toBe('memory://apps/weather/users/u1/artifacts/user%3Amine/versions/0')
  const elsewhere = '/apps/weather/users/u1/sessions/s2/artifacts'
  expect((await send('GET', elsewhere)).body).toEqual(['user:mine'])
  for (const name of ['user:mine', 'user%3Amine', 'user%3amine']) {
    expect((await send('GET', `${elsewhere}/${name}`)).body).toEqual({ text: 'shared' })
  }
  expect((await send('GET', `${elsewhere}/own`)).status).toBe(404)
  for (const other of ['/apps/weather/users/u2/sessions/s1', '/apps/other/users/u1/sessions/s1']) {
    expect((await send('GET', `${other}/artifacts`)).body).toEqual([])
    expect((await send('GET', `${other}/artifacts/user:mine`)).status).toBe(404)
  }
})

describe('names', () => {
  const cases: [name: string, ...paths: string[]][] = [
    ['dir/sub file.txt', 'dir/sub%20file.txt', 'dir%2Fsub%20file.txt', 'dir%2fsub%20file.txt'],
    ['user:dir/x', 'user:dir/x', 'user%3Adir%2Fx'],
    ['100%', '100%25'],
    ['a%2Fb', 'a%252Fb'],
    ['dir/a%2Fb', 'dir/a%252Fb', 'dir%2Fa%252Fb'],
    ['Grüße/世界 🌍.txt', 'Gr%C3%BC%C3%9Fe/%E4%B8%96%E7%95%8C%20%F0%9F%8C%8D.txt'],
    ['/leading', '/leading', '%2Fleading'],
    ['trailing/', 'trailing%2F'],
    ['a//b', 'a//b', 'a%2F%2Fb', 'a/%2Fb'],
    ['..', '%2E%2E'],
    ['../../etc/passwd', '..%2F..%2Fetc%2Fpasswd'],
    ['__proto__', '__proto__'],
    ['metadata', 'metadata'],
    ['versions', 'versions'],
    ['latest', 'latest'],
    ['?#&=+;', '%3F%23&=+;'],
    [' spaced ', '%20spaced%20'],
    ['x'.repeat(512), 'x'.repeat(512)],
  ]
  for (const [name, ...paths] of cases) {
    verifies('artifact.name', JSON.stringify(name.slice(0, 40)), async () => {
      const server = await buildTestServer()
      const port = await listen(server)
      const get = async (path: string) => exchange(port, { method: 'GET', path: `${ALL}/${path}` })
      await save(server, name, part('here'))
      expect((await server.send('GET', ALL)).body).toEqual([name])
      for (const path of paths) {
        expect(await get(path)).toMatchObject({ status: 200, body: { text: 'here' } })
        expect(await get(`${path}?version=0`)).toMatchObject({ status: 200, body: { text: 'here' } })
        expect(await get(`${path}/versions`)).toMatchObject({ status: 200, body: [0] })
        expect(await get(`${path}/versions/0`)).toMatchObject({ status: 200, body: { text: 'here' } })
        expect(await get(`${path}/versions/latest/metadata`)).toMatchObject({ body: { version: 0 } })
        expect(await get(`${path}/versions/metadata`)).toMatchObject({ body: [{ version: 0 }] })
      }
      const [path] = paths
      expect((await exchange(port, { method: 'DELETE', path: `${ALL}/${path}` })).status).toBe(204)
      expect((await server.send('GET', ALL)).body).toEqual([])
    })
  }
})

verifies('artifact.name', 'any text that a URL can hold', async () => {
  const server = await buildTestServer()
  const filename = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((name) => !/[\u0000-\u001f\u007f]|^\.{1,2}$/.test(name)) // clients take dots for the way to go
  await fc.assert(
    fc.asyncProperty(filename, fc.string({ unit: 'binary', minLength: 1 }), async (name, text) => {
      fc.pre(!/\p{Surrogate}/u.test(text))
      const version = await save(server, name, part(text))
      const reply = await server.send('GET', `${ALL}/${encodeURIComponent(name)}/versions/${version}`)
      expect(reply.body).toEqual({ text })
    }),
    { numRuns: 100 },
  )
})

verifies('artifact.bad-name', async () => {
  const server = await buildTestServer()
  for (const filename of ['', 5, null, 'a\u0000b', 'a\nb', '\ud800', 'x'.repeat(513)]) {
    const reply = await server.send('POST', ALL, { filename, artifact: part('x') })
    expect(reply).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'filename'] }] } })
  }
  for (const name of ['a%00b', 'x'.repeat(513), 'dir/a%0Ab']) {
    for (const method of ['GET', 'DELETE'] as const) {
      const reply = await server.send(method, `${ALL}/${name}`)
      expect(reply).toMatchObject({ status: 422, body: { detail: [{ loc: ['path', 'artifact_name'] }] } })
    }
  }
  expect((await server.send('GET', `${ALL}/a%ff`)).status).toBe(400)
  expect((await server.send('GET', ALL)).body).toEqual([])
})

describe('the end of a path', () => {
  const cases: [path: string, answer: unknown][] = [
    ['versions', { text: 'named versions' }],
    ['versions/versions', [0]],
    ['versions/versions/0', { text: 'named versions' }],
    ['versions/versions/metadata', [expect.objectContaining({ version: 0 })]],
    ['a', { text: 'a' }],
    ['a/versions', [0]],
    ['a/versions/0', { text: 'a' }],
    ['a%2Fversions%2F0', { text: 'a' }],
    ['a/versions/0/versions/0', { text: 'shadowed' }],
    ['a/versions/0/versions', [0]],
    ['a/versions/metadata', [expect.objectContaining({ version: 0 })]],
    ['a/versions/0/metadata', expect.objectContaining({ version: 0 })],
    ['a/versions/0/more', { text: 'more' }],
  ]
  for (const [path, answer] of cases) {
    verifies('artifact.precedence', path, async () => {
      const server = await buildTestServer()
      await save(server, 'versions', part('named versions'))
      await save(server, 'a', part('a'))
      await save(server, 'a/versions/0', part('shadowed'))
      await save(server, 'a/versions/0/more', part('more'))
      expect(await server.send('GET', `${ALL}/${path}`)).toMatchObject({ status: 200, body: answer })
    })
  }
})

verifies('artifact.missing', async () => {
  const server = await buildTestServer()
  await save(server, 'n', part('zero'))
  for (const [path, name] of [
    ['other', 'other'],
    ['dir/other', 'dir/other'],
    ['n?version=1', 'n'],
    ['n/versions/1', 'n'],
    ['n/versions/99999999999999999999999', 'n'],
    ['n/versions/1/metadata', 'n'],
    ['other/versions/latest', 'other'],
    ['other/versions/latest/metadata', 'other'],
    ['other?alt=media', 'other'],
  ]) {
    const text = `Artifact not found: ${name}`
    expect(await server.send('GET', `${ALL}/${path}`)).toMatchObject({
      status: 404,
      body: { detail: text, error: text },
    })
  }
  expect((await server.send('PUT', `${ALL}/n`)).status).toBe(405)
})

verifies('artifact.missing', 'one that an agent saved empty', async () => {
  const { send, artifacts } = await buildTestServer()
  for (const artifact of [{ text: '' }, {}, { inlineData: { mimeType: 'image/png', data: '' } }]) {
    await artifacts.saveArtifact({ ...KEY, filename: 'n', artifact })
    expect((await send('GET', `${ALL}/n`)).status).toBe(404)
  }
  expect((await send('GET', `${ALL}/n/versions`)).body).toEqual([0, 1, 2])
})

const EMPTY = [
  {},
  { text: '' },
  { inlineData: {} },
  { inlineData: { mimeType: 'image/png', data: '' } },
  { fileData: { mimeType: 'image/png' } },
  { functionCall: { name: 'f', args: {} } },
]
for (const artifact of [...EMPTY, undefined, null, 'text', 5, [], { text: 5 }]) {
  verifies('artifact.content', JSON.stringify(artifact) ?? 'nothing', async () => {
    const { send } = await buildTestServer()
    const reply = await send('POST', ALL, { filename: 'n', artifact })
    expect(reply).toMatchObject({
      status: 422,
      body: { detail: [{ loc: expect.arrayContaining(['artifact']) }] },
    })
    expect((await send('GET', ALL)).body).toEqual([])
  })
}

describe('base64', () => {
  const data = Buffer.from([0xfb, 0xff, 0xbe, 0x00]).toString('base64')
  for (const sent of ['+/++AA==', '-_--AA==', '+/++AA', '-_--AA', '+_-+AA==', '+/+\n+AA==\r\n']) {
    verifies('artifact.base64', JSON.stringify(sent), async () => {
      const server = await buildTestServer()
      await save(server, 'n', { inlineData: { mimeType: 'image/png', data: sent } })
      expect((await server.send('GET', `${ALL}/n`)).body.inlineData.data).toBe(data)
    })
  }

  for (const sent of [
    'A',
    'AAAAA',
    '=',
    '====',
    'AA=',
    'AA=A',
    'A===',
    'AA==AA==',
    'Zm9v!',
    'é',
    '%%%%',
    'a'.repeat(5),
  ]) {
    verifies('artifact.base64', `${JSON.stringify(sent)} is refused`, async () => {
      const { send } = await buildTestServer()
      const artifact = { inlineData: { mimeType: 'image/png', data: sent } }
      const reply = await send('POST', ALL, { filename: 'n', artifact })
      expect(reply).toMatchObject({
        status: 422,
        body: {
          detail: [{ loc: ['body', 'artifact', 'inlineData', 'data'], msg: 'String should be base64' }],
        },
      })
    })
  }

  verifies('artifact.base64', 'any bytes', async () => {
    const { send, app } = await buildTestServer()
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom('base64', 'base64url'), async (array, encoding) => {
        const sent = Buffer.from(array).toString(encoding)
        const artifact = { inlineData: { mimeType: 'image/png', data: sent } }
        expect((await send('POST', ALL, { filename: 'n', artifact })).status).toBe(200)
        const stored = (await send('GET', `${ALL}/n`)).body.inlineData.data
        expect(stored).toBe(Buffer.from(array).toString('base64'))
        const { rawPayload } = await app.inject({ url: `${ALL}/n?alt=media` })
        expect(rawPayload.equals(Buffer.from(array))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  verifies('artifact.base64', 'large ones', async () => {
    const server = await buildTestServer({ bodyLimit: 64 * 1024 * 1024 })
    const data = Buffer.alloc(24 * 1024 * 1024, 0xfb).toString('base64url')
    await save(server, 'n', { inlineData: { mimeType: 'image/png', data } })
    const { rawPayload } = await server.app.inject({ url: `${ALL}/n?alt=media` })
    expect(rawPayload.length).toBe(24 * 1024 * 1024)
  })
})

const PNG = Buffer.from('iVBORw0KGgo=', 'base64')
const ACCEPTS: [accept: string, isMedia: boolean][] = [
  ['image/png', true],
  ['image/*', true],
  ['text/html, image/avif', true],
  ['image/png, application/json;q=0', true],
  ['application/json', false],
  ['APPLICATION/JSON; charset=utf-8', false],
  ['application/*', false],
  ['application/problem+json', false],
  ['image/avif,image/webp,*/*;q=0.8', false],
  ['', false],
]
for (const [accept, isMedia] of ACCEPTS) {
  verifies('artifact.media', `Accept: ${accept}`, async () => {
    const server = await buildTestServer()
    await save(server, 'a.png', { inlineData: { mimeType: 'image/png', data: PNG.toString('base64') } })
    const { headers } = await server.send('GET', `${ALL}/a.png`, undefined, { accept })
    expect(headers['content-type']).toBe(isMedia ? 'image/png' : 'application/json; charset=utf-8')
    expect(headers.vary).toBe('Accept')
  })
}

verifies('artifact.media', 'the bytes, at every address', async () => {
  const server = await buildTestServer()
  const inlineData = { mimeType: 'image/png', data: PNG.toString('base64') }
  await save(server, 'dir/a.png', { inlineData })
  await save(server, 'dir/a.png', part('no longer'))
  for (const url of ['dir/a.png?version=0&alt=media', 'dir%2Fa.png/versions/0?alt=media']) {
    const reply = await server.app.inject({ url: `${ALL}/${url}`, headers: { accept: 'application/json' } })
    expect(reply.statusCode).toBe(200)
    expect(reply.rawPayload.equals(PNG)).toBe(true)
    expect(reply.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(PNG.length),
      'content-disposition': `attachment; filename="a.png"; filename*=UTF-8''a.png`,
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
    })
  }
  const json = await server.send('GET', `${ALL}/dir/a.png?version=0&alt=json`, undefined, {
    accept: 'image/png',
  })
  expect(json.body).toEqual({ inlineData })
})

verifies('artifact.media', 'a text', async () => {
  const server = await buildTestServer()
  await save(server, 'n', part('Grüße 🌍'))
  const reply = await server.send('GET', `${ALL}/n?alt=media`)
  expect(reply).toMatchObject({
    status: 200,
    text: 'Grüße 🌍',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  })
})

verifies('artifact.media', 'a file that lies elsewhere', async () => {
  const server = await buildTestServer()
  await save(server, 'n', { fileData: { fileUri: 'gs://bucket/a.pdf' } })
  const reply = await server.send('GET', `${ALL}/n?alt=media`)
  expect(reply).toMatchObject({
    status: 404,
    body: { error: expect.stringContaining('"n" has no content of its own') },
  })
})

describe('hostile artifacts', () => {
  const types: [mimeType: string | undefined, sent: string][] = [
    ['text/html', 'text/html'],
    ['image/svg+xml', 'image/svg+xml'],
    ['audio/pcm;rate=24000', 'audio/pcm;rate=24000'],
    ['text/plain; charset="utf-8"', 'text/plain; charset="utf-8"'],
    [undefined, 'application/octet-stream'],
    ['', 'application/octet-stream'],
    ['png', 'application/octet-stream'],
    ['text/html\r\nset-cookie: a=b', 'application/octet-stream'],
    ['text/html, text/plain', 'application/octet-stream'],
    ['image/pñg', 'application/octet-stream'],
    [`a/${'b;'.repeat(10_000)}`, 'application/octet-stream'],
    [`a/${'b'.repeat(20_000)}`, 'application/octet-stream'],
  ]
  for (const [mimeType, sent] of types) {
    verifies('artifact.media-safe', `the type ${String(mimeType).slice(0, 40)}`, async () => {
      const server = await buildTestServer()
      await save(server, 'n', { inlineData: { mimeType, data: 'AAEC' } })
      const { status, headers } = await server.send('GET', `${ALL}/n?alt=media`)
      expect(status).toBe(200)
      expect(headers).toMatchObject({ 'content-type': sent, 'x-content-type-options': 'nosniff' })
      expect(headers['content-security-policy']).toBe('sandbox')
      expect(headers).not.toHaveProperty('set-cookie')
    })
  }

  const names: [name: string, plain: string, encoded: string][] = [
    ['a"b;c.html', 'a_b_c.html', 'a%22b%3Bc.html'],
    ['user:Grüße.txt', 'Gr__e.txt', 'Gr%C3%BC%C3%9Fe.txt'],
    ["it's(1)*.txt", 'it_s_1__.txt', 'it%27s%281%29%2A.txt'],
    ['../..', 'artifact', 'artifact'],
    ['dir\\x.txt', 'x.txt', 'x.txt'],
    ['dir/', 'artifact', 'artifact'],
    ['100%.txt', '100_.txt', '100%25.txt'],
  ]
  for (const [name, plain, encoded] of names) {
    verifies('artifact.media-safe', `the name ${name}`, async () => {
      const server = await buildTestServer()
      await save(server, name, part('x'))
      const { headers } = await server.send('GET', `${ALL}/${encodeURIComponent(name)}?alt=media`)
      const expected = `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
      expect(headers['content-disposition']).toBe(expected)
    })
  }
})

verifies('artifact.delete', async () => {
  const server = await buildTestServer()
  const { send } = server
  for (const name of ['n', 'n', 'dir/n', 'user:n']) await save(server, name, part('x'))
  for (const name of ['n', 'dir/n', 'user%3An', 'n', 'never', 'never/there']) {
    expect(await send('DELETE', `${ALL}/${name}`)).toMatchObject({ status: 204, text: '' })
  }
  expect((await send('GET', ALL)).body).toEqual([])
  expect((await send('GET', `${ALL}/n/versions`)).body).toEqual([])
  expect(await save(server, 'n', part('again'))).toBe(0)
})

verifies('artifact.session-delete', async () => {
  const server = await openSession()
  const { send } = server
  const other = '/apps/weather/users/u1/sessions/s2/artifacts'
  for (const name of ['n', 'dir/n', 'user:n']) await save(server, name, part('x'))
  await save(server, 'n', part('x'), other)
  expect((await send('DELETE', SESSION)).status).toBe(204)
  expect((await send('GET', ALL)).body).toEqual(['user:n'])
  expect((await send('GET', other)).body).toEqual(['n', 'user:n'])
})

verifies('artifact.concurrent', async () => {
  const server = await buildTestServer()
  const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`)
  const versions = await Promise.all(texts.map((text) => save(server, 'n', part(text))))
  expect(versions.toSorted((a, b) => a - b)).toEqual(texts.map((_, index) => index))
  for (const [index, text] of texts.entries()) {
    expect((await server.send('GET', `${ALL}/n/versions/${versions[index]}`)).body).toEqual({ text })
  }
})
