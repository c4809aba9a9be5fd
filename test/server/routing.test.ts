import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { readTarget } from '../../src/server/route-path.js'
import { verifies } from '../contract/verifies.js'
import { buildTestServer, listen, message, openSession, SESSION } from '../support/server.js'
import { bytesOf, exchange, open, readReply, type RawRequest } from '../support/socket.js'

verifies('error.not-found', async () => {
  const { send } = await buildTestServer()
  const nothing = { detail: 'Not Found', error: 'Not Found' }
  for (const path of [
    '/',
    '/nope',
    '/run/x',
    '/apps',
    '/apps/weather',
    '/apps/a/users/u',
    '/docs/nope',
    '//list-apps',
  ]) {
    expect(await send('GET', path)).toMatchObject({
      status: 404,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: nothing,
    })
  }
  expect((await send('POST', '/nope', '{broken')).status).toBe(404)
})

verifies('error.method', async () => {
  const { send } = await openSession()
  const refused = { detail: 'Method Not Allowed', error: 'Method Not Allowed' }
  const cases = [
    ['GET', '/run', 'POST'],
    ['GET', '/run/?x=1', 'POST'],
    ['PUT', '/run_sse', 'POST'],
    ['OPTIONS', '/run', 'POST'],
    ['HEAD', '/run', 'POST'],
    ['POST', '/list-apps', 'GET, HEAD'],
    ['DELETE', '/health', 'GET, HEAD'],
    ['PUT', SESSION, 'POST, GET, HEAD, PATCH, DELETE'],
    ['PATCH', '/apps/weather/users/u1/sessions', 'POST, GET, HEAD'],
  ] as const
  for (const [method, path, allow] of cases) {
    expect(await send(method, path)).toMatchObject({ status: 405, headers: { allow }, body: refused })
  }
})

verifies('error.method', 'whatever is sent along', async () => {
  const port = await listen(await buildTestServer())
  for (const method of ['POST', 'QUERY']) {
    for (const type of ['application/json', 'text/plain', ',', 'x'.repeat(3000)]) {
      const request: RawRequest = { method, path: '/health', headers: [['Content-Type', type]] }
      expect((await exchange(port, request)).status).toBe(405)
      expect((await exchange(port, { ...request, body: '{broken' })).status).toBe(405)
    }
    expect((await exchange(port, { method, path: '/health' })).status).toBe(405)
    expect((await exchange(port, { method, path: '/nope' })).status).toBe(404)
  }
})

verifies('route.slash', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  for (const path of ['/health/', '/list-apps/', '/list-apps/?detailed=true', '/version/', `${SESSION}/`]) {
    expect((await send('GET', path)).status).toBe(200)
  }
  expect((await send('POST', '/run/', message())).status).toBe(200)
  expect((await send('DELETE', `${SESSION}/`)).status).toBe(204)
})

verifies('route.head', async () => {
  const port = await listen(await openSession())
  for (const path of ['/health', '/list-apps', SESSION, '/openapi.json']) {
    const whole = await exchange(port, { method: 'GET', path })
    const head = await exchange(port, { method: 'HEAD', path })
    expect(head).toMatchObject({ status: 200, text: '' })
    expect(head.headers['content-length']).toBe(whole.headers['content-length'])
  }
  for (const [path, status] of [
    ['/nope', 404],
    ['/run', 405],
    ['/apps/%FF/users/u/sessions/s', 400],
  ] as const) {
    expect(await exchange(port, { method: 'HEAD', path })).toMatchObject({ status, text: '' })
  }
})

describe('percent-encoding', () => {
  for (const path of [
    '/apps/%/users/u/sessions/s',
    '/apps/%zz/users/u/sessions/s',
    '/apps/%FF/users/u/sessions/s',
  ]) {
    verifies('route.bad-url', path, async () => {
      const port = await listen(await buildTestServer())
      const text = 'The path is not valid percent-encoded UTF-8'
      for (const method of ['GET', 'POST', 'DELETE']) {
        expect(await exchange(port, { method, path })).toMatchObject({
          status: 400,
          headers: { 'content-type': 'application/json; charset=utf-8' },
          body: { detail: text, error: text },
        })
      }
    })
  }

  verifies('id.slash', async () => {
    const port = await listen(await buildTestServer())
    const ids = ['a/b', 'a%2Fb', '..', '.', '../../etc/passwd', 'a?b#c', 'a;b', ':', '*', '\\', '🙂', '%']
    for (const id of ids) {
      const path = `/apps/${encode(id)}/users/${encode(id)}/sessions/${encode(id)}`
      expect((await exchange(port, { method: 'POST', path })).body).toMatchObject({
        id,
        appName: id,
        userId: id,
      })
      expect((await exchange(port, { method: 'GET', path })).body).toMatchObject({ id })
      expect((await exchange(port, { method: 'DELETE', path })).status).toBe(204)
    }
  })
  const encode = (id: string) => encodeURIComponent(id).replaceAll('.', '%2E')

  verifies('id.slash', 'dots as they are', async () => {
    const port = await listen(await buildTestServer())
    expect(
      (await exchange(port, { method: 'POST', path: '/apps/../users/./sessions/..' })).body,
    ).toMatchObject({
      id: '..',
      appName: '..',
      userId: '.',
    })
  })
})

describe('lengths', () => {
  const shapes = {
    status: expect.any(Number),
    body: { detail: expect.any(String), error: expect.any(String) },
  }
  const cases: [length: number, status: number][] = [
    [512, 200],
    [513, 422],
    [8192, 422],
    [8193, 414],
    [12_000, 414],
    [20_000, 431],
  ]
  for (const [length, status] of cases) {
    verifies('route.too-long', `an id of ${length} in the path`, async () => {
      const port = await listen(await buildTestServer())
      const path = `/apps/weather/users/u1/sessions/${'s'.repeat(length)}`
      const reply = await exchange(port, { method: 'POST', path })
      expect(reply.status).toBe(status)
      if (status === 414 || status === 431) expect(reply).toMatchObject(shapes)
    })
  }

  verifies('route.too-long', 'headers', async () => {
    const port = await listen(await buildTestServer())
    const headers: [string, string][] = [['X-Long', 'x'.repeat(20_000)]]
    const text = 'The request line and headers are larger than 16 KB'
    const reply = await exchange(port, { method: 'GET', path: '/health', headers })
    expect(reply).toMatchObject({
      status: 431,
      headers: { connection: 'close' },
      body: { detail: text, error: text },
    })
  })
})

describe('bytes that are not HTTP', () => {
  const cases = {
    nonsense: 'hello\r\n\r\n',
    'a TLS handshake': '\u0016\u0003\u0001\u0002\u0000',
    'two content lengths':
      'POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\nContent-Length: 500\r\n\r\n{"a":1}',
    'content length and chunks':
      'POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a bad chunk':
      'POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'a header with a newline': 'GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n',
    'a space before the colon': 'GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n',
  }
  for (const [what, bytes] of Object.entries(cases)) {
    verifies('route.bad-http', what, async () => {
      const server = await buildTestServer()
      const port = await listen(server)
      const reply = await exchange(port, Buffer.from(bytes, 'latin1'))
      expect(reply).toMatchObject({
        status: 400,
        headers: { 'content-type': 'application/json; charset=utf-8', connection: 'close' },
        body: { detail: 'The request is not valid HTTP', error: 'The request is not valid HTTP' },
      })
      expect((await exchange(port, { method: 'GET', path: '/health' })).status).toBe(200)
    })
  }
})

verifies('route.bad-http', 'behind a stream that is under way', async () => {
  const server = await openSession({ always: { hang: true } })
  const socket = await open(await listen(server))
  const headers: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['Connection', 'keep-alive'],
  ]
  socket.write(bytesOf({ method: 'POST', path: '/run_sse', headers, body: JSON.stringify(message()) }))
  let text = ''
  socket.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
  socket.write('hello\r\n\r\n')
  await once(socket, 'close')
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(text).not.toContain('400')
  await vi.waitFor(() => expect(server.runs.size).toBe(0))
})

verifies('route.bad-http', 'a request that does not arrive in time', async () => {
  const server = await buildTestServer()
  const port = await listen(server)
  const accepted = once(server.app.server, 'connection')
  const socket = await open(port)
  const [atServer] = await accepted
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  server.app.server.emit('clientError', late, atServer)
  const bytes = Buffer.concat(await socket.toArray())
  const text = 'The request took too long to arrive'
  expect(readReply(bytes)).toMatchObject({ status: 408, body: { detail: text, error: text } })
})

verifies('route.timeouts', async () => {
  const { app } = await buildTestServer()
  expect(app.server).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    timeout: 0,
  })
})

verifies('route.prefix', async () => {
  const { send } = await openSession({ urlPrefix: '/adk', always: 'Sunny.' })
  for (const prefix of ['', '/adk']) {
    expect((await send('GET', `${prefix}/health`)).status).toBe(200)
    expect((await send('GET', `${prefix}${SESSION}`)).status).toBe(200)
    expect((await send('POST', `${prefix}/run`, message())).status).toBe(200)
  }
  expect((await send('GET', '/adkhealth')).status).toBe(404)
  expect((await send('GET', '/adk/adk/health')).status).toBe(404)
  expect((await send('GET', '/adk/run')).status).toBe(405)
})

test('paths as the routes know them', () => {
  const options = { urlPrefix: '/adk', defaultApp: 'my app' }
  const cases = {
    '/health': '/health',
    '/adk/health?x=1': '/health?x=1',
    '/adk': '/',
    '/adk/': '/',
    '/adk?x=1': '/?x=1',
    '/adkx': '/adkx',
    'http://localhost:8000/adk/health?x': '/health?x',
    '/users/u/sessions': '/apps/my%20app/users/u/sessions',
    '/adk/users/u/sessions?x': '/apps/my%20app/users/u/sessions?x',
    '/apps/a/users/u/sessions': '/apps/a/users/u/sessions',
    '/app-info': '/apps/my%20app/app-info',
    '/app-info?x': '/apps/my%20app/app-info?x',
    '/app-information': '/app-information',
    '/trigger/pubsub': '/apps/my%20app/trigger/pubsub',
    '/users': '/users',
    '/agent': '/agent',
    '/agents/a': '/agents/a',
    '/Agent/a/run': '/Agent/a/run',
    '/agent/%ff/run': '/agent/%ff/run',
  }
  for (const [url, path] of Object.entries(cases)) {
    expect([url, readTarget(url, options)]).toEqual([url, { path }])
  }
  expect(readTarget('/users/u', { urlPrefix: '', defaultApp: undefined })).toEqual({ path: '/users/u' })
})

test('paths under a mount', () => {
  const options = { urlPrefix: '/adk', defaultApp: 'other' }
  const cases: [url: string, mount: string, path: string][] = [
    ['/agent/a/run', 'a', '/run'],
    ['/adk/agent/a/run?x=/agent/b', 'a', '/run?x=/agent/b'],
    ['http://localhost/agent/a/run', 'a', '/run'],
    ['/agent/a', 'a', '/'],
    ['/agent/a?x', 'a', '/?x'],
    ['/agent/a/', 'a', '/'],
    ['/agent/a//run', 'a', '//run'],
    ['/agent/', '', '/'],
    ['/agent//run', '', '/run'],
    ['/agent/a%20%2520b/run', 'a %20b', '/run'],
    ['/agent/a%2Fb/run', 'a/b', '/run'],
    ['/agent/../run', '..', '/run'],
    ['/agent/a/agent/b/run', 'a', '/agent/b/run'],
    ['/agent/my%20app/users/u/sessions', 'my app', '/apps/my%20app/users/u/sessions'],
    ['/agent/a/app-info', 'a', '/apps/a/app-info'],
    ['/agent/a/apps/b/app-info', 'a', '/apps/b/app-info'],
    ['/agent/my%20app/debug/trace/e1', 'my app', '/dev/apps/my%20app/debug/trace/e1'],
    ['/agent/a/debug/trace/session/s?x', 'a', '/dev/apps/a/debug/trace/session/s?x'],
  ]
  for (const [url, mount, path] of cases) {
    expect([url, readTarget(url, options)]).toEqual([url, { mount, path }])
  }
})

test('targets in absolute form, and of the server as a whole', async () => {
  const port = await listen(await buildTestServer())
  for (const path of ['/health', '/agent/weather/health']) {
    expect((await exchange(port, { method: 'GET', path: `http://localhost${path}` })).status).toBe(200)
  }
  expect((await exchange(port, { method: 'OPTIONS', path: '*' })).status).toBe(404)
})
