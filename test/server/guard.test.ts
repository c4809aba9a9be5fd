import { describe, expect, test } from 'vitest'
import { isLoopback, originMatcher } from '../../src/server/guard.js'
import { verifies } from '../contract/verifies.js'
import { buildTestServer, listen, message, openSession, SESSION } from '../support/server.js'
import { exchange } from '../support/socket.js'

const HOST_TEXT =
  'Forbidden: host not allowed. This server is bound to a local address; call it as localhost, or bind it with --host'
const ORIGIN_TEXT = 'Forbidden: origin not allowed. Allow it with --allow_origins'

describe('the Host header of a server on a local address', () => {
  const allowed = [
    'localhost',
    'localhost:8000',
    'LocalHost:8000',
    'localhost.',
    'localhost.:8000',
    '127.0.0.1',
    '127.0.0.1:8000',
    '127.1.2.3:1',
    '[::1]',
    '[::1]:8000',
    'listed.example',
    'listed.example:9999',
  ]
  const refused = [
    'evil.example',
    'evil.example:8000',
    '127.0.0.1.evil.example',
    '127.0.0.1:8000.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'localhost,evil.example',
    'localhost, localhost',
    'localhost:',
    'localhost:x',
    'localhost..',
    'localhost/x',
    '0.0.0.0',
    '10.0.0.1',
    '::1',
    '[::2]',
    '[::ffff:10.0.0.1]',
    '2130706433',
    'locаlhost', // a Cyrillic letter
  ]
  for (const host of allowed) {
    verifies('guard.host', `${host} is served`, async () => {
      const { send } = await buildTestServer({ allowOrigins: ['https://listed.example:8443'] })
      expect((await send('GET', '/list-apps', undefined, { host })).status).toBe(200)
    })
  }
  for (const host of refused) {
    verifies('guard.host', `"${host}" is refused`, async () => {
      const { send } = await buildTestServer({ allowOrigins: ['https://listed.example:8443'] })
      for (const [method, url] of [
        ['GET', '/list-apps'],
        ['POST', SESSION],
        ['GET', '/health'],
        ['GET', '/docs'],
      ] as const) {
        const reply = await send(method, url, undefined, { host })
        expect(reply).toMatchObject({ status: 403, body: { detail: HOST_TEXT, error: HOST_TEXT } })
      }
      expect((await send('GET', SESSION)).status).toBe(404)
    })
  }

  verifies('guard.host', 'forwarding headers are not consulted', async () => {
    const { send } = await buildTestServer()
    for (const name of ['x-forwarded-host', 'forwarded', 'x-original-host']) {
      const value = name === 'forwarded' ? 'host=evil.example' : 'evil.example'
      expect((await send('GET', '/list-apps', undefined, { [name]: value })).status).toBe(200)
      const spoofed = { host: 'evil.example', [name]: value.replace('evil.example', 'localhost') }
      expect((await send('GET', '/list-apps', undefined, spoofed)).status).toBe(403)
    }
  })

  verifies('guard.host', 'not when any origin is allowed, nor on other addresses', async () => {
    for (const options of [{ allowOrigins: ['*'] }, { host: '0.0.0.0' }, { host: '10.0.0.1' }]) {
      const { send } = await buildTestServer(options)
      expect((await send('GET', '/list-apps', undefined, { host: 'any.example' })).status).toBe(200)
    }
  })

  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) {
    verifies('guard.host', `bound to ${host}`, async () => {
      const { send } = await buildTestServer({ host })
      expect((await send('GET', '/list-apps', undefined, { host: 'evil.example' })).status).toBe(403)
    })
  }
})

describe('Host headers on the wire', () => {
  const cases: [what: string, headers: [string, string][]][] = [
    [
      'two that differ',
      [
        ['Host', 'localhost'],
        ['Host', 'evil.example'],
      ],
    ],
    [
      'two that differ, the other way round',
      [
        ['Host', 'evil.example'],
        ['Host', 'localhost'],
      ],
    ],
    [
      'two that are equal',
      [
        ['Host', 'localhost'],
        ['HOST', 'localhost'],
      ],
    ],
  ]
  for (const host of ['localhost', '0.0.0.0']) {
    for (const [what, headers] of cases) {
      verifies('guard.one-host', `${what}, bound to ${host}`, async () => {
        const port = await listen(await buildTestServer({ host }))
        const reply = await exchange(port, { method: 'GET', path: '/list-apps', headers })
        expect(reply).toMatchObject({
          status: 400,
          body: { detail: 'The request should have one Host header' },
        })
      })
    }
    verifies('guard.one-host', `an empty one, bound to ${host}`, async () => {
      const port = await listen(await buildTestServer({ host }))
      const reply = await exchange(port, { method: 'GET', path: '/list-apps', headers: [['Host', '']] })
      expect(reply.status).toBe(host === 'localhost' ? 403 : 200)
    })

    verifies('guard.one-host', `none, bound to ${host}`, async () => {
      const port = await listen(await buildTestServer({ host }))
      const modern = await exchange(port, Buffer.from('GET /list-apps HTTP/1.1\r\nConnection: close\r\n\r\n'))
      expect(modern).toMatchObject({
        status: 400,
        body: { detail: 'The request should have one Host header' },
      })
      const old = await exchange(port, Buffer.from('GET /list-apps HTTP/1.0\r\n\r\n'))
      expect(old.status).toBe(200)
    })
  }
})

describe('the Origin header', () => {
  type Case = [origin: string, host: string]
  const tables: [
    what: string,
    options: { host: string; allowOrigins: string[] },
    served: Case[],
    refused: Case[],
  ][] = [
    [
      'on a local address',
      { host: 'localhost', allowOrigins: [] },
      [
        ['http://localhost:8000', 'localhost:8000'],
        ['http://localhost:4200', 'localhost:8000'],
        ['http://127.0.0.1:4200', 'localhost:8000'],
        ['http://[::1]:4200', 'localhost:8000'],
        ['https://localhost', '127.0.0.1:8000'],
      ],
      [
        ['http://evil.example', 'localhost:8000'],
        ['http://localhost.evil.example', 'localhost:8000'],
        ['http://evil.example:8000', 'localhost:8000'],
        ['null', 'localhost:8000'],
        ['', 'localhost:8000'],
        ['file://', 'localhost:8000'],
        ['localhost:8000', 'localhost:8000'],
        ['ftp://localhost:8000', 'localhost:8000'],
        ['http://localhost:8000, http://evil.example', 'localhost:8000'],
        ['chrome-extension://abc', 'localhost:8000'],
      ],
    ],
    [
      'on another address',
      { host: '0.0.0.0', allowOrigins: [] },
      [
        ['http://agents.example:8000', 'agents.example:8000'],
        ['https://agents.example', 'agents.example'],
      ],
      [
        ['http://evil.example', 'agents.example'],
        ['http://localhost:4200', 'agents.example'],
        ['http://agents.example:9000', 'agents.example:8000'],
        ['null', 'agents.example'],
      ],
    ],
    [
      'with a list',
      {
        host: 'localhost',
        allowOrigins: [
          'http://good.example',
          'https://app.example:8443',
          'regex:https://[a-z]+\\.dev\\.example',
        ],
      },
      [
        ['http://good.example', 'localhost:8000'],
        ['https://app.example:8443', 'app.example'],
        ['https://team.dev.example', 'localhost:8000'],
        ['http://localhost:4200', 'localhost:8000'],
      ],
      [
        ['https://good.example', 'localhost:8000'],
        ['http://good.example:81', 'localhost:8000'],
        ['http://good.example.evil.example', 'localhost:8000'],
        ['https://team.dev.example.evil.example', 'localhost:8000'],
        ['https://evil.example/?https://team.dev.example', 'localhost:8000'],
        ['https://a-b.dev.example', 'localhost:8000'],
        ['null', 'localhost:8000'],
      ],
    ],
    [
      'with *',
      { host: 'localhost', allowOrigins: ['*'] },
      [
        ['http://any.example', 'x'],
        ['null', 'x'],
      ],
      [],
    ],
  ]
  for (const [what, options, served, refused] of tables) {
    for (const [origin, host] of served) {
      verifies('guard.origin', `${what}: "${origin}" at ${host} is served`, async () => {
        const { send } = await buildTestServer(options)
        expect((await send('POST', SESSION, {}, { origin, host })).status).toBe(200)
      })
    }
    for (const [origin, host] of refused) {
      verifies('guard.origin', `${what}: "${origin}" at ${host} is refused`, async () => {
        const { send } = await openSession(options)
        for (const request of [
          ['GET', SESSION],
          ['DELETE', SESSION],
          ['POST', '/run', message()],
        ] as const) {
          const [method, url, body] = request
          const reply = await send(method, url, body, { origin, host })
          expect(reply).toMatchObject({ status: 403, body: { detail: ORIGIN_TEXT, error: ORIGIN_TEXT } })
          expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
        }
        expect((await send('GET', SESSION)).body.events).toEqual([])
      })
    }
  }
})

test('an origin pattern that is no pattern is refused when the server is made', () => {
  expect(() => originMatcher(['regex:('])).toThrow(/regular expression/i)
})

test('local addresses', () => {
  expect(
    ['localhost', '127.0.0.1', '127.255.255.255', '::1', '[::1]'].filter((host) => !isLoopback(host)),
  ).toEqual([])
  const others = ['0.0.0.0', '::', '128.0.0.1', '127.0.0', '127.0.0.1.2', 'localhost.example', '']
  expect(others.filter(isLoopback)).toEqual([])
})
