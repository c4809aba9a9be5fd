import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { speakingAgent, throwingAgent } from '../support/agents.js'
import {
  buildTestServer,
  listen,
  loadFailure,
  message,
  openSession,
  SESSION,
  type Reply,
  type TestServer,
} from '../support/server.js'
import { exchange, openStream } from '../support/socket.js'

const MOUNT = '/agent/weather'
const notServed = (name: string) => `App '${name}' is not served under ${MOUNT}`
const notFound = (text: string) => ({ status: 404, body: { detail: text, error: text } })
const cors = (headers: Reply['headers']) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

verifies('mount.list-apps', async () => {
  const { send } = await buildTestServer({ apps: { other: speakingAgent() } })
  expect((await send('GET', '/list-apps')).body).toEqual(['other', 'weather'])
  expect((await send('GET', `${MOUNT}/list-apps`)).body).toEqual(['weather'])
  expect((await send('GET', '/agent/other/list-apps')).body).toEqual(['other'])
  const { apps } = (await send('GET', `${MOUNT}/list-apps?detailed=true`)).body
  expect(apps).toMatchObject([{ name: 'weather', rootAgentName: 'weather' }])
})

describe('every route', () => {
  /** Paths that differ in nothing but the mount; `{}` is where it goes. */
  const READS = [
    '/list-apps',
    '/health',
    '/version',
    '/apps/weather/app-info',
    SESSION,
    '/apps/weather/users/u1/sessions',
    `${SESSION}/artifacts`,
    `${SESSION}/artifacts/notes%2Ftoday.txt`,
    `${SESSION}/artifacts/notes/today.txt`,
    `${SESSION}/artifacts/notes/today.txt/versions`,
    `${SESSION}/artifacts/notes/today.txt/versions/0/metadata`,
    `${SESSION}/artifacts/missing`,
    `${SESSION}/events/nope/graph`,
    '/dev/apps/weather/build_graph',
    '/dev/apps/weather/graph',
    '/dev/apps/weather/eval_sets',
    '/dev/apps/weather/eval-sets',
    '/config/telemetry',
    '/nowhere',
  ]
  for (const path of READS) {
    verifies('mount.routes', `GET ${path}`, async () => {
      const { send } = await openSession()
      const artifact = { filename: 'notes/today.txt', artifact: { text: 'Sunny.' } }
      expect((await send('POST', `${SESSION}/artifacts`, artifact)).status).toBe(200)
      const { status, text, headers } = await send('GET', path)
      const mounted = await send('GET', MOUNT + path)
      expect(mounted).toMatchObject({ status, text })
      expect(mounted.headers['content-type']).toBe(headers['content-type'])
    })
  }

  verifies('mount.routes', 'what changes something', async () => {
    const { send, memory } = await openSession({ always: 'Sunny.' })
    const one = `${MOUNT}/apps/weather/users/u1/sessions/s2`
    expect(await send('POST', one, { a: 1 })).toMatchObject({ status: 200, body: { state: { a: 1 } } })
    expect(await send('POST', one, {})).toMatchObject({
      status: 400,
      body: { detail: 'Session already exists: s2' },
    })
    const patched = await send('PATCH', one, { stateDelta: { b: 2 } })
    expect(patched.body.state).toEqual({ a: 1, b: 2 })
    expect((await send('POST', `${MOUNT}/run`, message({ sessionId: 's2' }))).status).toBe(200)
    const remembered = await send('PATCH', `${MOUNT}/apps/weather/users/u1/memory`, { sessionId: 's2' })
    expect(remembered.status).toBe(200)
    const found = await memory.searchMemory({ appName: 'weather', userId: 'u1', query: 'weather' })
    expect(found.memories.length).toBeGreaterThan(0)
    expect((await send('DELETE', one)).status).toBe(204)
    expect((await send('GET', one)).status).toBe(404)
  })
})

verifies('mount.shared', async () => {
  const { send } = await buildTestServer({ always: 'Sunny.', apps: { other: speakingAgent('Rain.') } })
  const root = '/apps/weather/users/u1/sessions'
  const { id } = (await send('POST', MOUNT + root)).body
  expect((await send('GET', `${root}/${id}`)).body).toMatchObject({ id, appName: 'weather' })
  await send('POST', `${root}/mine`)
  expect((await send('GET', MOUNT + root)).body.map((session: { id: string }) => session.id)).toEqual([
    id,
    'mine',
  ])
  await send('POST', `${MOUNT}/run`, message({ sessionId: 'mine' }))
  const seen = (await send('GET', `${root}/mine`)).body.events
  await send('POST', '/run', message({ sessionId: 'mine' }))
  const { events } = (await send('GET', `${MOUNT}${root}/mine`)).body
  expect(events.slice(0, seen.length)).toEqual(seen)
  expect(events).toHaveLength(4)
})

verifies('mount.shared', 'apps with the same user and session stay apart', async () => {
  const { send } = await openSession({ always: 'Sunny.', apps: { other: speakingAgent('Rain.') } })
  await send('POST', `${MOUNT}/run`, message())
  await send('POST', '/agent/other/run', message({ appName: 'other' }))
  const textsOf = async (app: string) =>
    (await send('GET', `/agent/${app}/apps/${app}/users/u1/sessions/s1`)).body.events.map(
      (event: { content: { parts: { text: string }[] } }) => event.content.parts[0]?.text,
    )
  expect(await textsOf('weather')).toEqual([expect.any(String), 'Sunny.'])
  expect(await textsOf('other')).toEqual([expect.any(String), 'Rain.'])
})

describe('runs', () => {
  const text = 'What is the weather in New York?'
  const names = { appName: 'weather', userId: 'u1', sessionId: 's1' }
  const newMessage = { role: 'user', parts: [{ text }] }
  const bodies = {
    camelCase: { ...names, newMessage },
    'streaming asked for': { ...names, newMessage, streaming: true },
    'snake_case and a plain string': {
      app_name: 'weather',
      user_id: 'u1',
      session_id: 's1',
      new_message: text,
      streaming: false,
    },
  }
  for (const [what, body] of Object.entries(bodies)) {
    for (const route of ['/run', '/run_sse']) {
      verifies('mount.run', `${route}, ${what}`, async () => {
        const { send } = await openSession({ always: 'Sunny.' })
        const reply = await send('POST', MOUNT + route, body)
        expect(reply.status).toBe(200)
        expect(reply.text).toContain('Sunny.')
        expect((await send('GET', SESSION)).body.events).toHaveLength(2)
      })
    }
  }

  verifies('mount.run', 'the second turn knows the first', async () => {
    const { send, model } = await openSession({ always: 'Sunny.' })
    await send('POST', `${MOUNT}/run`, message())
    await send('POST', `${MOUNT}/run_sse`, message())
    expect(model.last.request.contents.map(({ role }) => role)).toEqual(['user', 'model', 'user'])
  })

  verifies('mount.run', 'in the background', async () => {
    const { send } = await openSession({ always: 'Sunny.', urlPrefix: '/adk' })
    const { newMessage } = message()
    const started = await send('POST', `${MOUNT}${SESSION}/runs`, { newMessage })
    expect(started.status).toBe(202)
    const { location } = started.headers
    expect(location).toBe(`/adk${MOUNT}${SESSION}/runs/${started.body.id}`)
    const watched = await send('GET', `${String(location)}/events`)
    expect(watched.text).toContain('Sunny.')
    expect((await send('GET', `${SESSION}/runs`)).body).toMatchObject([{ status: 'completed' }])
    const other = SESSION.replace('weather', 'other')
    expect(await send('GET', `${MOUNT}${other}/runs`)).toMatchObject(notFound(notServed('other')))
  })

  verifies('mount.run', 'failures are those of the root', async () => {
    const { send } = await openSession({
      apps: {
        thrower: throwingAgent(new Error('no')),
        broken: loadFailure('broken', 'broken/agent.ts:1: oh'),
      },
    })
    for (const [app, body] of [
      ['weather', { sessionId: 'nope' }],
      ['weather', { newMessage: 5 }],
      ['thrower', { appName: 'thrower' }],
      ['broken', { appName: 'broken' }],
    ] as const) {
      const { status, body: problem } = await send('POST', '/run', message(body))
      expect(status).toBeGreaterThanOrEqual(400)
      expect(await send('POST', `/agent/${app}/run`, message(body))).toMatchObject({ status, body: problem })
    }
    expect((await send('GET', '/agent/broken/list-apps')).body).toEqual(['broken'])
  })

  verifies('mount.run', 'its line in the log names the app', async () => {
    const { send, logged } = await openSession({ always: 'Sunny.' })
    await send('POST', `${MOUNT}/run`, message())
    await send('GET', `${MOUNT}/list-apps`)
    const lines = logged.map((line) => JSON.parse(line)).filter(({ evt }) => evt === 'request')
    expect(lines).toMatchObject([
      { route: '/run', app: 'weather' },
      { route: '/list-apps', app: 'weather' },
    ])
  })
})

describe('another app', () => {
  const options = { always: 'Sunny.', apps: { other: speakingAgent('Rain.') } }
  const requests: [Parameters<TestServer['send']>[0], string, unknown?][] = [
    ['POST', '/apps/other/users/u1/sessions/new', {}],
    ['POST', '/apps/other/users/u1/sessions'],
    ['GET', '/apps/other/users/u1/sessions'],
    ['GET', '/apps/other/users/u1/sessions/s1'],
    ['PATCH', '/apps/other/users/u1/sessions/s1', { stateDelta: { a: 1 } }],
    ['DELETE', '/apps/other/users/u1/sessions/s1'],
    ['GET', '/apps/other/users/u1/sessions/s1/artifacts/a/b'],
    ['GET', '/apps/other/app-info'],
    ['GET', '/dev/apps/other/build_graph'],
    ['POST', '/run', message({ appName: 'other' })],
    ['POST', '/run', message({ appName: 'other', sessionId: 'nope' })],
    ['POST', '/run_sse', message({ appName: 'other' })],
    ['POST', '/run', { app_name: 'other', user_id: 'u1', session_id: 's1', new_message: 'hi' }],
  ]
  for (const [method, path, body] of requests) {
    verifies('mount.app-name', `${method} ${path} ${JSON.stringify(body) ?? ''}`, async () => {
      const { send, sessions } = await openSession(options)
      expect(await send(method, MOUNT + path, body)).toMatchObject(notFound(notServed('other')))
      const { sessions: left } = await sessions.listSessions({ appName: 'other', userId: 'u1' })
      expect(left).toMatchObject([{ id: 's1', state: {}, events: [] }])
    })
  }

  verifies('mount.app-name', 'names are compared exactly', async () => {
    const { send } = await openSession()
    for (const appName of ['Weather', 'weather2', 'nope', '__proto__']) {
      expect(await send('POST', `${MOUNT}/run`, message({ appName }))).toMatchObject(
        notFound(notServed(appName)),
      )
    }
  })

  verifies('mount.app-name', 'state that looks like a name is state', async () => {
    const { send } = await buildTestServer()
    const state = { appName: 'other', app_name: 'other' }
    expect((await send('POST', MOUNT + SESSION, state)).body.state).toEqual(state)
  })
})

verifies('mount.default-app', async () => {
  const { send } = await openSession({
    always: 'Sunny.',
    apps: { other: speakingAgent() },
    defaultApp: 'other',
  })
  const { appName: _, ...body } = message()
  expect((await send('POST', `${MOUNT}/run`, body)).body[0].author).toBe('weather')
  expect((await send('POST', `${MOUNT}/run`, { ...body, appName: null })).status).toBe(200)
  expect((await send('GET', `${MOUNT}/users/u1/sessions/s1`)).body.appName).toBe('weather')
  expect((await send('GET', `${MOUNT}/app-info`)).body.name).toBe('weather')
  expect((await send('GET', '/users/u1/sessions/s1')).body.appName).toBe('other')
})

describe('names', () => {
  const UNKNOWN = ['nope', 'Weather', 'weather ', 'weather2', '__proto__', '%77eather', 'wea*', 'weather;x']
  for (const name of UNKNOWN) {
    verifies('mount.unknown', JSON.stringify(name), async () => {
      const { send } = await openSession()
      const mount = `/agent/${encodeURIComponent(name)}`
      for (const [method, path, body] of [
        ['GET', '/list-apps'],
        ['GET', SESSION],
        ['POST', '/run', message()],
        ['GET', '/run'],
        ['GET', '/nowhere'],
      ] as const) {
        const reply = await send(method, mount + path, body)
        expect(reply).toMatchObject(notFound(`App not found: ${name}`))
        expect(reply.headers['access-control-allow-origin']).toBe('*')
      }
    })
  }

  const IMPOSSIBLE = [
    '',
    '..',
    '.',
    '%2e%2e',
    'a%2Fb',
    'weather%2F..',
    '..%2Fweather',
    '%00',
    'weather%00',
    '%5C',
  ]
  for (const name of [...IMPOSSIBLE, 'x'.repeat(513)]) {
    verifies('mount.unknown', `${name.slice(0, 20)}, without looking for it`, async () => {
      const server = await buildTestServer()
      const list = countLists(server)
      const port = await listen(server)
      const reply = await exchange(port, { method: 'GET', path: `/agent/${name}/list-apps` })
      expect(reply).toMatchObject({
        ...notFound('Not Found'),
        headers: { 'access-control-allow-origin': '*' },
      })
      expect(list()).toBe(0)
    })
  }

  verifies('mount.unknown', 'bad percent-encoding is 400', async () => {
    const port = await listen(await buildTestServer())
    for (const path of ['/agent/%/list-apps', '/agent/%FF/list-apps', `${MOUNT}/apps/%FF/app-info`]) {
      expect((await exchange(port, { method: 'GET', path })).status).toBe(400)
    }
  })

  for (const name of ['my_agent-1', 'v1.2', 'größe', 'agent']) {
    verifies('mount.list-apps', `${name}, encoded once or not at all`, async () => {
      const port = await listen(await buildTestServer({ apps: { [name]: speakingAgent('Hi.') } }))
      const everyByte = Buffer.from(name).toString('hex').replace(/../g, '%$&')
      for (const encoded of [encodeURIComponent(name), everyByte]) {
        const reply = await exchange(port, { method: 'GET', path: `/agent/${encoded}/list-apps` })
        expect(reply.body).toEqual([name])
      }
    })
  }

  verifies('mount.unknown', 'any name at all', async () => {
    const { send } = await buildTestServer({ apps: { 'my_agent-1': speakingAgent() } })
    const known = ['my_agent-1', 'weather']
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.string(), fc.constantFrom(...known)),
        async (name) => {
          const { status, body } = await send('GET', `/agent/${encodeURIComponent(name)}/list-apps`)
          if (known.includes(name)) expect({ status, body }).toEqual({ status: 200, body: [name] })
          else expect({ status, error: body.error }).toEqual({ status: 404, error: body.detail })
        },
      ),
      { numRuns: 200 },
    )
  })

  verifies('mount.paths', 'any path at all answers as at the root, or not at all', async () => {
    const { send } = await openSession({ acp: undefined }) // whose routes are at the root alone
    const segment = fc.constantFrom(
      'apps',
      'weather',
      'users',
      'u1',
      'sessions',
      's1',
      'run',
      'list-apps',
      '',
      'x',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 7 }), async (segments) => {
        const path = `/${segments.join('/')}`
        // At the root the former need a default app, and the latter need not be of this one.
        fc.pre(!path.startsWith('/users/') && !/^\/apps\/(?!weather\/)/.test(path))
        const { status, text } = await send('GET', path)
        expect(await send('GET', MOUNT + path)).toMatchObject(
          path === '/list-apps' ? { status: 200 } : { status, text },
        )
      }),
      { numRuns: 200 },
    )
  })
})

/** How often the server asked which apps there are. */
function countLists({ apps }: TestServer): () => number {
  let count = 0
  const { list } = apps
  apps.list = () => {
    count++
    return list()
  }
  return () => count
}

describe('paths', () => {
  verifies('mount.paths', 'a mount itself is nothing', async () => {
    const { send } = await buildTestServer()
    for (const path of ['/agent', '/agent/', MOUNT, `${MOUNT}/`, `${MOUNT}?x=1`, `${MOUNT}//list-apps`]) {
      const reply = await send('GET', path)
      expect([path, reply]).toEqual([path, expect.objectContaining(notFound('Not Found'))])
    }
  })

  verifies('mount.paths', 'a slash at the end does not matter', async () => {
    const { send } = await openSession({ always: 'Sunny.' })
    expect((await send('POST', `${MOUNT}/run/`, message())).status).toBe(200)
    expect((await send('GET', `${MOUNT}/list-apps/`)).body).toEqual(['weather'])
    expect((await send('GET', `${MOUNT}${SESSION}/`)).status).toBe(200)
  })

  verifies('mount.paths', 'a wrong method is 405', async () => {
    const { send } = await openSession({ allowOrigins: ['http://good.example'] })
    expect(await send('GET', `${MOUNT}/run`)).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    expect((await send('PATCH', `${MOUNT}/run_sse`, {})).status).toBe(405)
    expect((await send('OPTIONS', `${MOUNT}/run`)).status).toBe(405)
  })

  verifies('mount.paths', 'what is not of the ADK is not there', async () => {
    const { send } = await buildTestServer()
    for (const path of [
      '/docs',
      '/docs/json',
      '/openapi.json',
      '/agents',
      '/ping',
      '/agent/weather/list-apps',
    ]) {
      expect(await send('GET', MOUNT + path)).toMatchObject(notFound('Not Found'))
      expect((await send('POST', MOUNT + path)).status).toBe(404)
    }
  })

  verifies('mount.paths', 'behind a proxy', async () => {
    const { send } = await buildTestServer({ urlPrefix: '/adk' })
    for (const prefix of ['', '/adk']) {
      expect((await send('GET', `${prefix}${MOUNT}/list-apps`)).body).toEqual(['weather'])
    }
    expect((await send('GET', `${MOUNT}/adk/list-apps`)).status).toBe(404)
  })

  verifies('mount.paths', 'HEAD', async () => {
    const port = await listen(await buildTestServer())
    const head = await exchange(port, { method: 'HEAD', path: `${MOUNT}/list-apps` })
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': '11' } })
  })
})

describe('pages', () => {
  const local = { origin: 'http://localhost:3000' }
  const foreign = { origin: 'http://evil.example' }

  for (const [method, path, body, status] of [
    ['GET', `${MOUNT}/list-apps`, undefined, 200],
    ['POST', `${MOUNT}/run`, message(), 200],
    ['POST', `${MOUNT}/run_sse`, message(), 200],
    ['POST', `${MOUNT}/run`, message({ sessionId: 'nope' }), 404],
    ['POST', `${MOUNT}/run`, {}, 422],
    ['POST', `${MOUNT}/run`, '{', 422],
    ['GET', `${MOUNT}/run`, undefined, 405],
    ['GET', `${MOUNT}/nowhere`, undefined, 404],
    ['GET', MOUNT, undefined, 404],
    ['GET', '/agent/nope/list-apps', undefined, 404],
    ['GET', `${MOUNT}/apps/%FF/app-info`, undefined, 400],
  ] as const) {
    verifies('mount.cors', `${method} ${path}: ${status}`, async () => {
      const { send } = await openSession({ always: 'Sunny.' })
      const reply = await send(method, path, body, local)
      expect(reply).toMatchObject({ status, headers: { 'access-control-allow-origin': '*' } })
      expect(reply.headers).not.toHaveProperty('access-control-allow-credentials')
      expect(cors((await send(method, path, body)).headers)).toEqual(cors(reply.headers))
    })
  }

  verifies('mount.cors', 'a stream', async () => {
    const server = await openSession({ always: 'Sunny.' })
    const stream = await openStream(await listen(server), message(), local, `${MOUNT}/run_sse`)
    expect(stream.response.headers).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(await stream.rest()).toHaveLength(1)
  })

  for (const path of ['/run', SESSION, '/nowhere', '', '/']) {
    verifies('mount.cors', `preflight of "${path}"`, async () => {
      const { send } = await buildTestServer()
      const reply = await send('OPTIONS', MOUNT + path, undefined, {
        ...local,
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization,content-type',
      })
      expect(reply).toMatchObject({ status: 204, text: '', headers: { 'access-control-allow-origin': '*' } })
      expect(reply.headers['access-control-allow-methods']).toMatch(/\bPATCH\b/)
      expect(reply.headers['access-control-allow-headers']).toMatch(/\bAuthorization\b.*\bContent-Type\b/)
    })
  }

  verifies('mount.cors', 'a preflight tells nobody which apps there are', async () => {
    const { send } = await buildTestServer()
    const list = async (name: string) => {
      const {
        'x-request-id': _,
        date: __,
        ...headers
      } = (await send('OPTIONS', `/agent/${name}/run`, undefined, foreign)).headers
      return headers
    }
    expect(await list('nope')).toEqual(await list('weather'))
  })

  verifies('mount.cors', 'with a list of origins it decides', async () => {
    const { send } = await openSession({ allowOrigins: ['http://good.example'] })
    const good = { origin: 'http://good.example' }
    expect((await send('GET', `${MOUNT}/list-apps`, undefined, good)).headers).toMatchObject({
      'access-control-allow-origin': 'http://good.example',
      'access-control-allow-credentials': 'true',
    })
    expect((await send('OPTIONS', `${MOUNT}/run`, undefined, good)).status).toBe(204)
    const refused = await send('GET', `${MOUNT}/list-apps`, undefined, foreign)
    expect(refused.status).toBe(403)
    expect(refused.headers).not.toHaveProperty('access-control-allow-origin')
  })

  for (const host of ['localhost', '0.0.0.0']) {
    verifies('mount.guard', `on ${host}`, async () => {
      const server = await openSession({ host, always: 'Sunny.' })
      const lists = countLists(server)
      for (const path of [MOUNT, '/agent/nope']) {
        const reply = await server.send('POST', `${path}/run`, message(), foreign)
        expect(reply).toMatchObject({
          status: 403,
          headers: { 'access-control-allow-origin': '*' },
          body: { detail: expect.stringContaining('--allow_origins') },
        })
      }
      expect(lists()).toBe(0)
      expect(server.model.calls).toHaveLength(0)
    })
  }

  verifies('mount.guard', 'names that lead to this machine', async () => {
    const { send } = await buildTestServer()
    const reply = await send('GET', `${MOUNT}/list-apps`, undefined, { host: 'evil.example' })
    expect(reply.status).toBe(403)
  })
})

test('the names of other routes that begin alike are their own', async () => {
  const { send } = await buildTestServer()
  for (const path of ['/agents', '/agents/weather', '/agentsx/weather/list-apps']) {
    expect(cors((await send('GET', path)).headers)).toEqual([])
  }
})
