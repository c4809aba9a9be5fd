import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isJsonObject } from '../../src/schema/json.js'
import { verifies } from '../contract/verifies.js'
import { askingAgent, runRequest } from '../support/acp.js'
import { speakingAgent } from '../support/agents.js'
import { buildTestServer, listen, openSession, routesOf, type TestServer } from '../support/server.js'
import { exchange } from '../support/socket.js'

/** Every object in a document, with the path to it. */
function* objectsIn(value: unknown, path = '#'): Generator<[path: string, object: Record<string, unknown>]> {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* objectsIn(item, `${path}/${index}`)
  if (!isJsonObject(value)) return
  yield [path, value]
  for (const [key, item] of Object.entries(value))
    yield* objectsIn(item, `${path}/${key.replaceAll('/', '~1')}`)
}

const documentOf = async ({ send }: TestServer) => (await send('GET', '/openapi.json')).body

const EXPECTED = [
  'DELETE /apps/{app_name}/users/{user_id}/sessions/{session_id}',
  'GET /apps/{app_name}/users/{user_id}/sessions',
  'GET /apps/{app_name}/users/{user_id}/sessions/{session_id}',
  'GET /health',
  'GET /list-apps',
  'GET /version',
  'PATCH /apps/{app_name}/users/{user_id}/sessions/{session_id}',
  'POST /apps/{app_name}/users/{user_id}/sessions',
  'POST /apps/{app_name}/users/{user_id}/sessions/{session_id}',
  'POST /run',
  'POST /run_sse',
]

describe('/openapi.json', () => {
  verifies('docs.document', 'its head', async () => {
    const reply = await (await buildTestServer()).send('GET', '/openapi.json')
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    expect(reply.body).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'adk-ts', version: '1.2.3', description: expect.any(String) },
      servers: [{ url: '/' }],
    })
  })

  verifies('docs.document', 'its references', async () => {
    const document = await documentOf(await buildTestServer())
    const paths = new Map(objectsIn(document))
    const references = [...paths.values()].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []))
    expect(references.length).toBeGreaterThan(20)
    expect(references.filter((reference) => !paths.has(reference))).toEqual([])
    const used = new Set(references)
    const made = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect(made.filter((reference) => !used.has(reference))).toEqual([])
  })

  verifies('docs.document', 'the names of its schemas', async () => {
    const document = await documentOf(await buildTestServer())
    const names = Object.keys(document.components.schemas)
    expect(names).toEqual(expect.arrayContaining(['Content', 'Event', 'Part', 'RunAgentRequest', 'Session']))
    expect(names.filter((name) => name.endsWith('Input'))).toEqual([])
  })

  verifies('docs.document', 'every route is in it', async () => {
    const server = await buildTestServer()
    const document = await documentOf(server)
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(documented.sort()).toEqual(expect.arrayContaining(EXPECTED))
    const registered = routesOf(server).map(
      ([method, pattern]) => `${method} ${pattern.replace(/:(\w+)/g, '{$1}').replace(/(?<=.)\/$/, '')}`,
    )
    const hidden = /^\S+ \/(?:docs|openapi\.json)|^(?:HEAD|OPTIONS) |\*/
    const atTheRoot = documented.filter((route) => !route.includes(' /agent/'))
    expect([...new Set(registered)].filter((route) => !hidden.test(route)).sort()).toEqual(atTheRoot)
  })

  verifies('docs.document', 'every route under a mount is in it, once', async () => {
    const server = await buildTestServer({ acp: undefined })
    const { paths, components, ...document } = await documentOf(server)
    const mounted = Object.keys(paths).filter((path) => path.startsWith('/agent/'))
    const atTheRoot = Object.keys(paths).filter((path) => !path.startsWith('/agent/'))
    expect(mounted).toEqual(atTheRoot.map((path) => `/agent/{agent_name}${path}`))
    for (const path of mounted) {
      for (const [method, operation] of Object.entries<Operation>(paths[path])) {
        const { parameters = [], requestBody } = operation
        const own = paths[path.replace('/agent/{agent_name}', '')][method] as Operation
        expect(parameters.map(({ name }) => name)).toEqual([
          'agent_name',
          ...(own.parameters ?? []).map(({ name }) => name),
        ])
        expect(requestBody).toEqual(own.requestBody)
        expect(operation).toMatchObject({ tags: ['Mounts'], responses: { 404: expect.any(Object) } })
      }
    }
    expect(JSON.stringify({ paths, components, document })).not.toContain('x-mounted')
  })

  verifies('docs.document', 'every operation has an id, a summary, a tag and described answers', async () => {
    const document = await documentOf(await buildTestServer())
    const tags = document.tags.map(({ name }: { name: string }) => name)
    const Operation = z.looseObject({
      operationId: z.string().regex(/^[a-z]\w+$/),
      summary: z.string().min(5),
      tags: z.array(z.enum(tags)).length(1),
      responses: z.record(z.string(), z.looseObject({ description: z.string().min(5) })),
    })
    const operations = Object.values<object>(document.paths).flatMap((path) => Object.values(path))
    const ids = new Set<string>()
    for (const operation of operations) {
      const { operationId, responses } = Operation.parse(operation)
      ids.add(operationId)
      expect(Object.values(responses).map(({ description }) => description)).not.toContain('Default Response')
    }
    expect(ids.size).toBe(operations.length)
  })

  verifies('docs.document', 'a body that may be left out', async () => {
    const server = await buildTestServer()
    const { paths } = await documentOf(server)
    const one = paths['/apps/{app_name}/users/{user_id}/sessions/{session_id}']
    const all = paths['/apps/{app_name}/users/{user_id}/sessions']
    const required = [one.post, all.post, one.patch, paths['/run'].post].map(
      ({ requestBody }) => requestBody.required,
    )
    expect(required).toEqual([false, false, true, true])
    const { responses } = one.delete
    expect(responses['204']).toEqual({ description: 'Deleted.' })
  })

  verifies('docs.document', 'agents that name schemas of their own do not change it', async () => {
    const before = await documentOf(await buildTestServer())
    const server = await buildTestServer()
    await server.send('GET', '/list-apps?detailed=true')
    z.object({ mine: z.string() }).meta({ id: 'Session2' })
    expect(await documentOf(server)).toEqual(before)
  })

  verifies('route.prefix', 'the document names it', async () => {
    const document = await documentOf(await buildTestServer({ urlPrefix: '/adk' }))
    expect(document.servers).toEqual([{ url: '/adk' }])
  })
})

describe('examples', () => {
  verifies('docs.examples', async () => {
    const document = await documentOf(await buildTestServer())
    let tried = 0
    for (const [path, operations] of Object.entries<Record<string, Operation>>(document.paths)) {
      for (const [method, { requestBody, parameters = [] }] of Object.entries(operations)) {
        const reference = requestBody?.content['application/json'].schema.$ref
        if (reference === undefined) continue
        const { example: body } = document.components.schemas[reference.split('/').at(-1) ?? '']
        expect(body).toBeDefined()
        const url = parameters.reduce(
          (result, { name, example }) => result.replace(`{${name}}`, example),
          path,
        )
        expect([200, 202]).toContain((await tryExample(method, url, body)).status)
        tried++
      }
    }
    expect(tried).toBeGreaterThanOrEqual(5)
  })
})

interface Operation {
  requestBody?: { content: { 'application/json': { schema: { $ref: string } } } }
  parameters?: { name: string; example: string }[]
}

/** On a server with the app and the session that the examples speak of; without the latter when it is to be created. */
async function tryExample(method: string, url: string, body: unknown) {
  const refunds = askingAgent({ call: 'approve' })
  const { send, sessions } = await buildTestServer({
    apps: { weather_time_agent: speakingAgent('Sunny.'), refunds },
  })
  const isCreate = method === 'post' && /\/sessions(?:\/s_123)?$/.test(url)
  const key = { appName: 'weather_time_agent', userId: 'u_123', sessionId: 's_123' }
  if (!isCreate) await sessions.createSession(key)
  if (!url.startsWith('/runs/')) return send(method.toUpperCase() as 'POST', url, body)
  const waiting = await send('POST', '/runs', runRequest({ agent_name: 'refunds' }))
  return send('POST', `/runs/${waiting.body.run_id}`, body)
}

describe('/docs', () => {
  for (const url of ['/docs', '/docs/']) {
    verifies('docs.page', url, async () => {
      const { send } = await buildTestServer()
      const { status, headers, text } = await send('GET', url)
      expect(status).toBe(200)
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(text).not.toMatch(/https?:\/\//)
      const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)
      expect(links.length).toBeGreaterThan(4)
      for (const link of links)
        expect((await send('GET', new URL(link, `http://x${url}`).pathname)).status).toBe(200)
      expect((await send('GET', '/docs/json')).body.openapi).toBe('3.1.0')
    })
  }

  verifies('docs.page', 'behind a proxy', async () => {
    const { send } = await buildTestServer({ urlPrefix: '/adk' })
    const { text } = await send('GET', '/adk/docs')
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)
    for (const link of links) {
      expect(link).toMatch(/^\/adk\/docs\/static\//)
      expect((await send('GET', link)).status).toBe(200)
    }
  })

  test('does not serve other files', async () => {
    const { send } = await openSession()
    for (const path of ['..%2f..%2fpackage.json', '../../package.json', '%2e%2e/package.json', '.env', '']) {
      expect([404, 403, 400]).toContain((await send('GET', `/docs/static/${path}`)).status)
    }
  })
})

verifies(
  'docs.page',
  'a request for a file of it that cannot be met is no failure of the server',
  async () => {
    const port = await listen(await buildTestServer())
    const files = '/docs/static'
    const cases: [path: string, headers: [string, string][]][] = [
      [`${files}/../../package.json`, []],
      [`${files}/%2e%2e/%2e%2e/package.json`, []],
      [`${files}/%00`, []],
      [`${files}/index.css`, [['Range', 'bytes=999999999-']]],
      [`${files}/index.css`, [['If-Match', '"other"']]],
    ]
    for (const [path, headers] of cases) {
      const { status, body } = await exchange(port, { method: 'GET', path, headers })
      expect(body).toEqual({ detail: expect.any(String), error: body.detail })
      expect(status).toBe(400)
    }
  },
)
