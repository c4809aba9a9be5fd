// Every route that there is, asked from a page on the list: whatever comes of it, the page can read the answer.
import { expect } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { openSession, routesOf, SESSION, type Method, type Reply } from '../support/server.js'

const ORIGIN = 'https://ui.example'
const METHODS: Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

const NAMES: Record<string, string> = {
  app_name: 'weather',
  user_id: 'u1',
  session_id: 's1',
  artifact_name: 'n.txt',
  version_id: '0',
}
const fill = (pattern: string, value: (name: string) => string): string =>
  pattern.replace(/:(\w+)/g, (_, name: string) => value(name)).replace(/\*$/, '/x')

function expectReadable({ headers }: Reply): void {
  expect(headers).toMatchObject({
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    vary: expect.stringContaining('Origin'),
  })
}

/** The server, its routes, a way to ask from the listed page, and the statuses that were seen. */
async function open() {
  const server = await openSession({ allowOrigins: [ORIGIN] })
  await server.send('POST', `${SESSION}/artifacts`, { filename: 'n.txt', artifact: { text: 'x' } })
  const seen = new Set<number>()
  const ask = async (method: Method, url: string, body?: unknown, headers = {}) => {
    const reply = await server.send(method, url, body, { origin: ORIGIN, ...headers })
    seen.add(reply.status)
    return reply
  }
  const routes = routesOf(server).filter(([method]) => METHODS.includes(method))
  return { server, routes, seen, ask }
}

verifies('cors.listed', 'of known and unknown things, and of nonsense', async () => {
  const { routes, seen, ask } = await open()
  expect(routes.length).toBeGreaterThan(35)
  for (const [method, pattern] of routes) {
    const body = method === 'GET' ? undefined : {}
    expectReadable(
      await ask(
        method,
        fill(pattern, (name) => NAMES[name] ?? 'x'),
        body,
      ),
    )
    expectReadable(
      await ask(
        method,
        fill(pattern, () => 'nope'),
        body,
      ),
    )
    expectReadable(
      await ask(
        method,
        fill(pattern, () => '%01'),
        method === 'GET' ? undefined : '{',
      ),
    )
    expectReadable(await ask(method, `${fill(pattern, () => 'x')}/nowhere/at/all`))
  }
  expect([...seen]).toEqual(expect.arrayContaining([200, 204, 400, 404, 422]))
})

verifies('cors.listed', 'of a wrong method', async () => {
  const { routes, ask } = await open()
  for (const [, pattern] of routes) {
    const url = fill(pattern, (name) => NAMES[name] ?? 'x')
    const wrong = METHODS.find(
      (method) => !routes.some((route) => route[0] === method && route[1] === pattern),
    )
    const reply = await ask(wrong ?? 'GET', url)
    expect([404, 405]).toContain(reply.status)
    expectReadable(reply)
  }
})

verifies('cors.listed', 'preflights', async () => {
  const { routes, ask } = await open()
  for (const [method, pattern] of routes) {
    const reply = await ask(
      'OPTIONS',
      fill(pattern, () => 'x'),
      undefined,
      {
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type',
      },
    )
    expect(reply.status).toBe(204)
    expect(reply.headers['access-control-allow-methods']).toContain(method)
    expectReadable(reply)
  }
})

verifies('cors.listed', 'other pages read nothing', async () => {
  const { routes, server } = await open()
  for (const [method, pattern] of routes) {
    const reply = await server.send(
      method,
      fill(pattern, (name) => NAMES[name] ?? 'x'),
      undefined,
      {
        origin: 'https://elsewhere.example',
      },
    )
    expect(reply.status).toBe(403)
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
  }
})

for (const [what, url, status] of [
  ['an address that cannot be decoded', '/apps/%E0%A4%A', 400],
  ['a name that is too long', `/apps/${'a'.repeat(9000)}/app-info`, 414],
] as const) {
  verifies('cors.listed', what, async () => {
    const { server, ask } = await open()
    const reply = await ask('GET', url)
    expect(reply.status).toBe(status)
    expectReadable(reply)
    const foreign = await server.send('GET', url, undefined, { origin: 'https://elsewhere.example' })
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin')
  })
}
