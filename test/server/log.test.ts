import { describe, expect, vi } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { throwingAgent } from '../support/agents.js'
import { listen, message, openSession, SESSION } from '../support/server.js'
import { bytesOf, exchange, open } from '../support/socket.js'

const SECRET = 'AIzaSyA1234567890123456789012345678901'
const parsedLines = (logged: string[]) => logged.map((line) => JSON.parse(line))

verifies('log.line', async () => {
  const { send, logged } = await openSession({ logLevel: 'info' })
  const { body } = await send('POST', '/run', message())
  await send('POST', '/run_sse', message({ sessionId: 'nope' }))
  await send('GET', `${SESSION}?key=${SECRET}`)
  await send('GET', '/nowhere')
  await send('PATCH', SESSION, '{')
  const lines = parsedLines(logged)
  const names = { app: 'weather', user: 'u1', session: 's1' }
  const route = '/apps/:app_name/users/:user_id/sessions/:session_id'
  expect(lines).toMatchObject([
    { level: 'info', method: 'POST', route: '/run', status: 200, ...names, invocation: body[0].invocationId },
    { level: 'warn', method: 'POST', route: '/run_sse', status: 404, ...names, session: 'nope' },
    { level: 'info', method: 'GET', route, status: 200, ...names },
    { level: 'warn', method: 'GET', route: 'unknown', status: 404 },
    { level: 'warn', method: 'PATCH', route, status: 422, ...names },
  ])
  for (const line of lines) {
    expect(line).toMatchObject({
      evt: 'request',
      ms: expect.any(Number),
      reqId: expect.any(String),
      time: expect.any(String),
    })
    expect(line.ms).toBeGreaterThanOrEqual(0)
  }
})

verifies('log.line', 'names that are none are left out', async () => {
  const { send, logged } = await openSession({ logLevel: 'info' })
  await send('POST', '/run', message({ appName: 'x'.repeat(100_000), sessionId: 5 }))
  const [line] = parsedLines(logged)
  expect(line).toMatchObject({ status: 422, user: 'u1' })
  expect(line).not.toHaveProperty('app')
  expect(line).not.toHaveProperty('session')
})

verifies('log.line', 'requests that never reach a route', async () => {
  const { send, logged } = await openSession({ logLevel: 'info' })
  await send('GET', '/apps/%FF/users/u/sessions/s', undefined, { 'x-request-id': 'mine' })
  await send('GET', '/list-apps', undefined, { host: 'evil.example' })
  await send('POST', '/run', 'x', { 'content-type': 'text/plain' })
  expect(parsedLines(logged)).toMatchObject([
    { level: 'warn', status: 400, route: 'unknown', reqId: 'mine' },
    { level: 'warn', status: 403, route: '/list-apps' },
    { level: 'warn', status: 415, route: '/run' },
  ])
})

verifies('log.line', 'a client that leaves before all of its body has come', async () => {
  const server = await openSession({ logLevel: 'info' })
  const port = await listen(server)
  for (const path of ['/run', '/runs', '/nowhere']) {
    const socket = await open(port)
    const headers: [string, string][] = [
      ['Content-Type', 'application/json'],
      ['Content-Length', '1000'],
    ]
    const bytes = bytesOf({ method: 'POST', path, headers, body: '{"appName":' })
    await new Promise<unknown>((resolve) => socket.write(bytes, resolve))
    socket.destroy()
  }
  await vi.waitFor(() => expect(server.logged).toHaveLength(3))
  const left = { level: 'info', evt: 'request', cause: 'client_disconnect' }
  expect(parsedLines(server.logged)).toMatchObject([left, left, left])
})

verifies('log.line', 'failures of an agent have their stack before them', async () => {
  const { send, logged } = await openSession({
    logLevel: 'info',
    apps: { thrower: throwingAgent(new Error('oh no')) },
  })
  const { headers } = await send('POST', '/run', message({ appName: 'thrower' }))
  const lines = parsedLines(logged)
  const failure = lines.find(({ evt }) => evt === 'run.failed')
  expect(failure).toMatchObject({ level: 'error', app: 'thrower', session: 's1', err: { message: 'oh no' } })
  expect(failure.err.stack).toContain('log.test.ts')
  expect(lines.at(-1)).toMatchObject({
    level: 'error',
    evt: 'request',
    status: 500,
    reqId: headers['x-request-id'],
    invocation: failure.invocation,
  })
})

verifies('log.line', 'only those of the level that is set', async () => {
  const { send, logged } = await openSession({ logLevel: 'warn' })
  await send('GET', '/list-apps')
  expect(logged).toEqual([])
  await send('GET', '/nowhere')
  expect(logged).toHaveLength(1)
})

verifies('log.private', async () => {
  const { send, logged } = await openSession({
    apps: { thrower: throwingAgent(new Error(`key=${SECRET} in /x`)) },
  })
  const headers = {
    authorization: 'Bearer aaa.bbb.ccc',
    cookie: 'session=whatever',
    'x-goog-api-key': SECRET,
  }
  const stateDelta = { note: 'dear diary' }
  for (const route of ['/run', '/run_sse']) {
    await send('POST', route, message({ stateDelta }), headers)
    await send('POST', route, message({ appName: 'thrower' }), headers)
    await send('POST', `${route}?key=${SECRET}&token=abc`, { newMessage: 'private words' }, headers)
    await send('POST', route, '{"newMessage":"private words"', headers)
  }
  const text = logged.join('')
  for (const word of [
    'New York',
    'dear diary',
    'private words',
    'Bearer',
    'aaa.bbb',
    'whatever',
    SECRET,
    'token=',
  ]) {
    expect(text).not.toContain(word)
  }
})

verifies('log.private', 'names cannot forge lines', async () => {
  const { send, logged } = await openSession({ logLevel: 'info' })
  await send('POST', '/run', message({ sessionId: 'a\n{"level":"error"}\u001b[31m' }))
  await send('GET', '/apps/a%0Ab/users/%1B%5B31m/sessions/%E2%80%A8')
  expect(logged).toHaveLength(2)
  for (const line of logged) {
    expect(line.trimEnd()).not.toMatch(/[\n\r\u001b]/)
    expect(JSON.parse(line).evt).toBe('request')
  }
})

describe('x-request-id', () => {
  verifies('log.request-id', 'given', async () => {
    const { send, logged } = await openSession()
    for (const id of ['abc-123_X', 'x'.repeat(64)]) {
      expect(
        (await send('GET', '/list-apps', undefined, { 'x-request-id': id })).headers['x-request-id'],
      ).toBe(id)
      expect(JSON.parse(logged.at(-1) ?? '')).toMatchObject({ reqId: id })
    }
  })

  verifies('log.request-id', 'made', async () => {
    const { send } = await openSession()
    const seen = new Set<unknown>()
    for (const id of [undefined, '', 'a b', 'x'.repeat(65), 'a/b', '<script>', 'ä']) {
      const reply = await send('GET', '/list-apps', undefined, id === undefined ? {} : { 'x-request-id': id })
      expect(reply.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      seen.add(reply.headers['x-request-id'])
    }
    expect(seen.size).toBe(7)
  })

  verifies('log.request-id', 'on every kind of answer', async () => {
    const server = await openSession({ always: 'Sunny.', apps: { thrower: throwingAgent(new Error('no')) } })
    const port = await listen(server)
    const json: [string, string] = ['Content-Type', 'application/json']
    const requests: [method: string, path: string, body?: unknown][] = [
      ['POST', '/run', message()],
      ['POST', '/run_sse', message()],
      ['POST', '/run', message({ appName: 'thrower' })],
      ['POST', '/run', {}],
      ['GET', '/nowhere'],
      ['GET', '/run'],
      ['DELETE', SESSION],
      ['GET', '/apps/%FF/users/u/sessions/s'],
      ['GET', `/apps/${'x'.repeat(9000)}/users/u/sessions/s`],
      ['HEAD', '/health'],
    ]
    for (const [method, path, body] of requests) {
      const text = body === undefined ? '' : JSON.stringify(body)
      const headers: [string, string][] = [['X-Request-Id', 'mine'], ...(text ? [json] : [])]
      const reply = await exchange(port, { method, path, headers, body: text })
      expect(reply.headers).toMatchObject({ 'x-request-id': 'mine' })
    }
  })
})
