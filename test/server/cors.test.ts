import { expect } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { throwingAgent } from '../support/agents.js'
import { listen, message, openSession, SESSION } from '../support/server.js'
import { exchange, openStream } from '../support/socket.js'

const origin = 'http://good.example'
const listed = { allowOrigins: [origin] }
const preflight = (method: string) => ({
  origin,
  'access-control-request-method': method,
  'access-control-request-headers': 'content-type',
})
const names = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('access-control-'))

verifies('cors.off', async () => {
  const { send } = await openSession()
  for (const own of [undefined, { origin: 'http://localhost:4200' }]) {
    expect(names((await send('GET', '/list-apps', undefined, own)).headers)).toEqual([])
    expect(names((await send('POST', '/run_sse', message(), own)).headers)).toEqual([])
  }
  const reply = await send('OPTIONS', '/run', undefined, {
    ...preflight('POST'),
    origin: 'http://localhost:4200',
  })
  expect(reply).toMatchObject({ status: 405, headers: { allow: 'POST' } })
})

verifies('cors.listed', 'answers and errors', async () => {
  const { send } = await openSession({ ...listed, apps: { thrower: throwingAgent(new Error('no')) } })
  const requests = [
    ['GET', '/list-apps', undefined, 200],
    ['GET', '/version', undefined, 200],
    ['GET', '/docs', undefined, 200],
    ['POST', '/run', message(), 200],
    ['POST', '/run_sse', message({ appName: 'thrower' }), 200],
    ['POST', '/run', message({ appName: 'thrower' }), 500],
    ['POST', '/run', message({ sessionId: 'nope' }), 404],
    ['POST', '/run', '{', 422],
    ['POST', '/run', {}, 422],
    ['GET', '/nowhere', undefined, 404],
    ['GET', '/run', undefined, 405],
  ] as const
  for (const [method, url, body, status] of requests) {
    expect(await send(method, url, body, { origin })).toMatchObject({
      status,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      },
    })
  }
})

verifies('cors.listed', 'a stream', async () => {
  const server = await openSession(listed)
  const stream = await openStream(await listen(server), message(), { origin })
  expect(stream.response.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' })
  expect(await stream.rest()).toHaveLength(3)
})

for (const [method, url] of [
  ['PATCH', SESSION],
  ['DELETE', SESSION],
  ['POST', '/run_sse'],
  ['GET', '/list-apps'],
] as const) {
  verifies('cors.listed', `preflight for ${method}`, async () => {
    const { send } = await openSession(listed)
    const reply = await send('OPTIONS', url, undefined, preflight(method))
    expect(reply).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': origin, 'access-control-allow-headers': 'content-type' },
    })
    expect(reply.headers['access-control-allow-methods']).toContain(method)
  })
}

verifies('cors.listed', 'an OPTIONS that is no preflight', async () => {
  const { send } = await openSession(listed)
  expect((await send('OPTIONS', '/run', undefined, { origin })).status).toBe(204)
  expect((await send('OPTIONS', '/run')).status).toBe(405)
  expect((await send('OPTIONS', '/nowhere')).status).toBe(404)
})

verifies('cors.listed', 'other origins get none', async () => {
  const { send } = await openSession(listed)
  const reply = await send('OPTIONS', SESSION, undefined, {
    ...preflight('DELETE'),
    origin: 'http://evil.example',
  })
  expect(reply.status).toBe(403)
  expect(names(reply.headers)).toEqual([])
  expect(names((await send('GET', '/list-apps')).headers)).not.toContain('access-control-allow-origin')
})

verifies('cors.listed', 'a refusal while closing', async () => {
  const server = await openSession({ ...listed, always: { hang: true }, drainMs: 60_000 })
  const port = await listen(server)
  const stream = await openStream(port, message())
  const closed = server.app.close()
  const reply = await exchange(port, { method: 'GET', path: '/health', headers: [['Origin', origin]] })
  expect(reply).toMatchObject({ status: 503, headers: { 'access-control-allow-origin': origin } })
  stream.leave()
  await closed
})
