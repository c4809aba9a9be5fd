import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { AdkError } from '../../src/core/errors.js'
import { parseBody } from '../../src/server/body.js'
import { toProblem } from '../../src/server/problem.js'
import { verifies } from '../contract/verifies.js'
import { buildTestServer, listen, message, openSession, SESSION } from '../support/server.js'
import { bytesOf, exchange, open, readReply } from '../support/socket.js'

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const json: [string, string] = ['Content-Type', 'application/json']

for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'nonsense', '']) {
  verifies('body.empty', type || 'no type', async () => {
    const port = await listen(await openSession())
    const headers: [string, string][] = type === '' ? [] : [['Content-Type', type]]
    const created = await exchange(port, { method: 'POST', path: '/apps/weather/users/u1/sessions', headers })
    expect(created.status).toBe(200)
    const withLength: [string, string][] = [...headers, ['Content-Length', '0']]
    expect((await exchange(port, { method: 'GET', path: SESSION, headers: withLength })).status).toBe(200)
    expect((await exchange(port, { method: 'DELETE', path: SESSION, headers: withLength })).status).toBe(204)
    const refused = await exchange(port, { method: 'POST', path: '/run', headers: withLength })
    expect(refused.body).toEqual({
      detail: [{ type: 'missing', loc: ['body'], msg: 'Field required' }],
      error: 'body: Field required',
    })
  })
}

verifies('body.empty', 'in chunks', async () => {
  const port = await listen(await buildTestServer())
  const head = `POST ${SESSION} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`
  for (const type of ['', 'Content-Type: application/json\r\n']) {
    const bytes = Buffer.from(`${head}${type}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)
    expect((await exchange(port, bytes)).status).toBe(type === '' ? 200 : 400) // the second is a duplicate
  }
})

verifies('body.empty', 'a body that GET and DELETE do not need is left alone', async () => {
  const port = await listen(await openSession())
  expect(
    (await exchange(port, { method: 'GET', path: SESSION, headers: [json], body: '{broken' })).status,
  ).toBe(200)
  expect(
    (await exchange(port, { method: 'DELETE', path: SESSION, headers: [json], body: '{}' })).status,
  ).toBe(204)
})

describe('media types', () => {
  const served = [
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON',
    'application/vnd.adk+json',
    'application/json; charset=us-ascii; x=y',
  ]
  const refused = [
    'text/plain',
    'text/plain; charset=utf-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'text/json',
    'application/xml',
    'json',
    'text/plain; application/json',
    'application/json; charset=utf-99',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
  ]
  for (const type of served) {
    verifies('body.media-type', `${type} is served`, async () => {
      const { send } = await openSession({ always: 'Sunny.' })
      expect((await send('POST', '/run', message(), { 'content-type': type })).status).toBe(200)
    })
  }
  for (const type of refused) {
    verifies('body.media-type', `${type} is refused`, async () => {
      const { send } = await openSession({ always: 'Sunny.' })
      for (const route of ['/run', '/run_sse', '/apps/weather/users/u1/sessions/new']) {
        const reply = await send('POST', route, JSON.stringify(message()), { 'content-type': type })
        expect(reply.status).toBe(415)
        expect(reply.body.detail).toMatch(/^The request body should be (?:JSON; send the header|UTF-8)/)
        expect(reply.body.error).toBe(reply.body.detail)
      }
      expect((await send('GET', '/apps/weather/users/u1/sessions/new')).status).toBe(404)
    })
  }

  verifies('body.media-type', 'none counts as JSON', async () => {
    const port = await listen(await openSession({ always: 'Sunny.' }))
    const body = JSON.stringify(message())
    expect((await exchange(port, { method: 'POST', path: '/run', body })).status).toBe(200)
  })
})

describe('encodings', () => {
  for (const [encoding, bytes] of [
    ['gzip', gzipSync(JSON.stringify(message()))],
    ['gzip', Buffer.from('notgzip')],
    ['br', Buffer.from('x')],
    ['gzip, identity', Buffer.from('x')],
  ] as const) {
    verifies('body.encoding', `${encoding} of ${bytes.length} bytes`, async () => {
      const { send } = await openSession()
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
      const text = 'The request body should not be compressed; send it without Content-Encoding'
      expect(await send('POST', '/run', bytes, headers)).toMatchObject({
        status: 415,
        body: { detail: text, error: text },
      })
    })
  }

  verifies('body.encoding', 'identity', async () => {
    const { send } = await openSession()
    expect((await send('POST', '/run', message(), { 'content-encoding': 'identity' })).status).toBe(200)
  })

  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0xaf, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x7b, 0x22, 0xe2, 0x82],
  ]) {
    verifies('body.encoding', `bytes ${Buffer.from(bytes).toString('hex')}`, async () => {
      const { send } = await buildTestServer()
      const text = 'The request body is not valid UTF-8'
      const reply = await send('POST', SESSION, Buffer.from(bytes))
      expect(reply).toMatchObject({ status: 400, body: { detail: text, error: text } })
      expect((await send('GET', SESSION)).status).toBe(404)
    })
  }

  verifies('body.encoding', 'a byte order mark is no text', async () => {
    const { send } = await buildTestServer()
    expect((await send('POST', SESSION, '\ufeff{"a":1}')).body.state).toEqual({ a: 1 })
  })
})

describe('text that is not JSON', () => {
  const cases: [text: string, told: string][] = [
    ['{bad', 'JSON decode error at position 1'],
    ['{"appName": "my_sa', 'JSON decode error at position 18'],
    ['{"a":', 'JSON decode error at position 5: the text ends too early'],
    ['{"a":1}}', 'JSON decode error at position 7'],
    ["{'a':1}", 'JSON decode error at position 1'],
    ['{"a":1,}', 'JSON decode error at position 7'],
    ['secret words', 'JSON decode error at position 0'],
    ['[1,2', 'JSON decode error at position 4'],
    ['NaN', 'JSON decode error at position 0'],
    ['"a\nb"', 'JSON decode error at position 2'],
    [']'.repeat(10), 'JSON decode error at position 0'],
  ]
  for (const [text, told] of cases) {
    verifies('error.json', JSON.stringify(text), async () => {
      const { send } = await buildTestServer()
      for (const [method, url] of [
        ['POST', '/run'],
        ['POST', SESSION],
        ['PATCH', SESSION],
      ] as const) {
        const reply = await send(method, url, text)
        expect(reply).toMatchObject({
          status: 422,
          body: {
            detail: [{ type: 'json_invalid', loc: ['body'] }],
            error: `body: ${reply.body.detail[0].msg}`,
          },
        })
        // Where exactly depends on the version of the JSON parser.
        expect(reply.body.detail[0].msg.replace(/ at position.*/, '')).toBe(
          told.replace(/ at position.*/, ''),
        )
        expect(reply.text).not.toMatch(/secret|my_sa/)
      }
    })
  }
})

describe('size', () => {
  const limit = 100_000
  const tooLarge = {
    status: 413,
    headers: { connection: 'close', 'content-type': 'application/json; charset=utf-8' },
    body: { detail: 'The request body is too large; the limit can be raised with --max_body_mb' },
  }
  const bodyOf = (size: number) => {
    const frame = JSON.stringify(message({ newMessage: '' }))
    return JSON.stringify(message({ newMessage: 'x'.repeat(size - frame.length) }))
  }

  verifies('body.size', 'up to the limit', async () => {
    const { send } = await openSession({ bodyLimit: limit, always: 'Long.' })
    expect((await send('POST', '/run', bodyOf(limit))).status).toBe(200)
    expect((await send('POST', '/run', bodyOf(limit + 1))).status).toBe(413)
  })

  verifies('body.size', 'told before it is sent', async () => {
    const port = await listen(await buildTestServer({ bodyLimit: limit }))
    const socket = await open(port)
    const headers: [string, string][] = [json, ['Content-Length', '60000000']]
    socket.write(bytesOf({ method: 'POST', path: '/run', headers }))
    const [bytes] = await new Promise<[Buffer]>((resolve) => socket.once('data', (chunk) => resolve([chunk])))
    expect(readReply(bytes)).toMatchObject(tooLarge)
    socket.destroy()
  })

  const large = Buffer.alloc(30_000_000, 'x')
  verifies('body.size', 'a client that sends first and reads later', async () => {
    const port = await listen(await buildTestServer({ bodyLimit: limit }))
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(
        await exchange(port, { method: 'POST', path: '/run', headers: [json], body: large }),
      ).toMatchObject(tooLarge)
    }
  })

  verifies('body.size', 'in chunks', async () => {
    const port = await listen(await buildTestServer({ bodyLimit: limit }))
    const head =
      'POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
    const chunk = Buffer.concat([Buffer.from('f4240\r\n'), large.subarray(0, 1_000_000), Buffer.from('\r\n')])
    const body = Buffer.concat([...Array.from({ length: 30 }, () => chunk), Buffer.from('0\r\n\r\n')])
    expect(await exchange(port, Buffer.concat([Buffer.from(head), body]))).toMatchObject(tooLarge)
  })

  verifies('body.size', 'a client that never stops sending is cut off', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort())
    const server = await buildTestServer({ bodyLimit: limit })
    const socket = await open(await listen(server))
    socket.write(bytesOf({ method: 'POST', path: '/run', headers: [json, ['Content-Length', '60000000']] }))
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    vi.restoreAllMocks()
  })
})

describe('depth', () => {
  const depthError = { type: 'too_deep', loc: ['body'], msg: 'JSON is nested deeper than 64 levels' }
  verifies('body.depth', '64 levels', async () => {
    const { send } = await buildTestServer()
    expect((await send('POST', SESSION, `{"deep":${nested(63)}}`)).status).toBe(200)
    const { text } = await send('GET', SESSION)
    expect(text).toContain(nested(63))
  })

  for (const levels of [64, 1000, 100_000]) {
    verifies('body.depth', `${levels + 1} levels`, async () => {
      const { send } = await buildTestServer()
      for (const body of [
        `{"state":{"deep":${nested(levels)}}}`,
        `${'{"a":'.repeat(levels + 1)}1${'}'.repeat(levels + 1)}`,
      ]) {
        const reply = await send('POST', SESSION, body)
        expect(reply).toMatchObject({ status: 422, body: { detail: [depthError] } })
      }
      expect((await send('GET', SESSION)).status).toBe(404)
    })
  }

  verifies('body.depth', 'brackets inside text do not count', async () => {
    const { send } = await buildTestServer()
    for (const text of ['['.repeat(100), '\\"[{'.repeat(100), '"', '\\', '\\\\"']) {
      const reply = await send('POST', '/apps/weather/users/u1/sessions', { state: { text, more: [text] } })
      expect(reply).toMatchObject({ status: 200, body: { state: { text, more: [text] } } })
    }
  })
})

const wide = (keys: number) =>
  Object.fromEntries(Array.from({ length: keys }, (_, index) => [`k${index}`, 0]))

verifies('body.width', async () => {
  const { send } = await buildTestServer({ bodyLimit: 10_000_000 })
  expect((await send('POST', SESSION, wide(10_000))).status).toBe(200)
  for (const body of [wide(10_001), { state: { inner: [wide(100_000)] } }]) {
    const reply = await send('POST', '/apps/weather/users/u1/sessions/s2', body)
    expect(reply).toMatchObject({
      status: 422,
      body: { detail: [{ type: 'too_wide', loc: ['body'], msg: 'An object has more than 10000 keys' }] },
    })
  }
  expect((await send('GET', '/apps/weather/users/u1/sessions/s2')).status).toBe(404)
})

verifies('body.width', 'of all values together', async () => {
  const { send } = await buildTestServer({ bodyLimit: 10_000_000 })
  const list = (count: number) => ({ state: { list: Array.from({ length: count }, () => 1) } })
  expect((await send('POST', SESSION, list(999_000))).status).toBe(200)
  for (const body of [list(1_000_001), { list: Array.from({ length: 600_000 }, () => ({})) }]) {
    expect(await send('POST', '/apps/weather/users/u1/sessions/s2', body)).toMatchObject({
      status: 422,
      body: { detail: [{ type: 'too_wide', loc: ['body'], msg: 'JSON has more than 1000000 values' }] },
    })
  }
})

describe('numbers', () => {
  for (const number of [
    '1e999',
    '-1e999',
    '1E+400',
    `1${'0'.repeat(400)}`,
    `1${'0'.repeat(250)}e99`,
    '0.1e9999',
  ]) {
    verifies('body.numbers', `${number.slice(0, 10)} is refused`, async () => {
      const { send } = await buildTestServer()
      for (const body of [`{"n":${number}}`, `{"state":{"deep":[[{"n":${number}}]]}}`]) {
        const reply = await send('POST', SESSION, body)
        expect(reply).toMatchObject({ status: 422, body: { detail: [{ type: 'finite_number' }] } })
      }
      expect((await send('GET', SESSION)).status).toBe(404)
    })
  }
  for (const number of [
    '0',
    '-0.5',
    '1e308',
    '1e-999',
    '12345678901234567890',
    '5e-324',
    `0.${'1'.repeat(400)}`,
  ]) {
    verifies('body.numbers', `${number.slice(0, 10)} is kept`, async () => {
      const { send } = await buildTestServer()
      expect((await send('POST', SESSION, `{"n":${number}}`)).body.state.n).toBe(Number(number))
    })
  }
})

verifies('body.text', async () => {
  const { send } = await openSession({ always: 'Hello.' })
  const nasty = [
    '\u0000',
    '\ud800',
    '\udfff',
    '\u2028',
    '\ufffe',
    '\r\n',
    '🙂',
    'é',
    'e\u0301',
    '"\\',
    '</script>',
    '{a}',
  ]
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary' })), async (text) => {
      const state = { [`key ${text}`]: text, list: [text] }
      const { body } = await send('POST', '/apps/weather/users/u1/sessions', { state })
      expect((await send('GET', `/apps/weather/users/u1/sessions/${body.id}`)).body.state).toEqual(state)
      await send('POST', '/run', message({ newMessage: text }))
      expect((await send('GET', SESSION)).body.events.at(-2).content.parts).toEqual([{ text }])
    }),
    { numRuns: 40, examples: nasty.map((text): [string] => [text]) },
  )
})

describe('parseBody', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '1e999', 'null', ' ', 'a'), {
        maxLength: 200,
      })
      .map((parts) => Buffer.from(parts.join(''))),
  )
  test('answers anything with a value or an error of the client', () => {
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          parseBody(Buffer.from(body))
        } catch (error) {
          expect([400, 422]).toContain(toProblem(error)?.status)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('reads JSON like JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value)
        expect(parseBody(Buffer.from(text))).toEqual(JSON.parse(text))
      }),
    )
  })

  test('does not take long over text made of quotes and backslashes', () => {
    for (const text of ['"', '\\', '\\"', '"\\', '\\\\"', '["\\']) {
      expect(() => parseBody(Buffer.from(text.repeat(1_000_000)))).toThrow()
    }
    expect(() => parseBody(Buffer.from([0xff]))).toThrow(AdkError)
  })
})
