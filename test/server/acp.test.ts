import { describe, expect, test } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { AcpEvent, AcpRun as AcpRunSchema, AcpSession } from '../../src/schema/acp.js'
import { AgentManifest } from '../../src/schema/acp-agent.js'
import { verifies } from '../contract/verifies.js'
import { acpServer, eventsIn, runRequest, says, textsOf } from '../support/acp.js'
import { said, speakingAgent, throwingAgent, WorkingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { scriptedModel } from '../support/scripted-model.js'
import { loadFailure } from '../support/server.js'

const ownModel = scriptedModel([], 'Yes.')
const UUID = '3c90c3cc-0d44-4b50-8888-8dd25736052a'

verifies('acp.ping', async () => {
  const { send } = await acpServer()
  expect(await send('GET', '/ping')).toMatchObject({ status: 200, body: {} })
})

describe('GET /agents', () => {
  const many = () =>
    acpServer({
      apps: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`app_${n + 10}`, speakingAgent()])),
    })
  const namesIn = ({ agents }: { agents: AgentManifest[] }) => agents.map(({ name }) => name)

  verifies('acp.agents', async () => {
    const { send } = await many()
    const first = (await send('GET', '/agents')).body
    expect(namesIn(first)).toEqual(Array.from({ length: 10 }, (_, n) => `app-${n + 10}`))
    expect(namesIn((await send('GET', '/agents?offset=10')).body)).toEqual(['app-20', 'weather'])
    expect(namesIn((await send('GET', '/agents?limit=1000')).body)).toHaveLength(12)
    expect(namesIn((await send('GET', '/agents?limit=2&offset=3')).body)).toEqual(['app-13', 'app-14'])
    expect(namesIn((await send('GET', '/agents?offset=99')).body)).toEqual([])
  })

  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=1.5', 'offset=-1', 'offset=x']) {
    verifies('acp.agents', query, async () => {
      const reply = await (await acpServer()).send('GET', `/agents?${query}`)
      expect(reply).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
    })
  }

  verifies('acp.manifest', 'of every agent', async () => {
    const { send } = await acpServer({ apps: { broken: loadFailure('broken', 'no such module') } })
    const { agents } = (await send('GET', '/agents')).body
    expect(agents).toEqual([
      expect.objectContaining({ name: 'broken', description: '' }),
      expect.objectContaining({ name: 'weather', description: 'Tells the weather.' }),
    ])
    for (const agent of agents) expect(AgentManifest.parse(agent)).toEqual(agent)
  })
})

describe('GET /agents/{name}', () => {
  for (const name of ['my-app', 'my_app']) {
    verifies('acp.manifest', name, async () => {
      const { send } = await acpServer({ apps: { my_app: speakingAgent() } })
      expect(await send('GET', `/agents/${name}`)).toMatchObject({
        status: 200,
        body: {
          name: 'my-app',
          description: 'Tells the weather.',
          input_content_types: ['*/*'],
          metadata: {
            framework: 'ADK',
            annotations: { adk: { app_name: 'my_app', root_agent: 'weather' } },
            dependencies: [
              { type: 'model', name: 'scripted' },
              { type: 'tool', name: 'get_weather' },
            ],
            recommended_models: ['scripted'],
          },
        },
      })
    })
  }

  verifies('acp.manifest', 'two apps with one label', async () => {
    const { send, logged, app } = await acpServer({
      apps: { my_app: speakingAgent(), 'my-app': speakingAgent() },
    })
    await app.ready()
    expect((await send('GET', '/agents/my-app')).body.metadata.annotations.adk.app_name).toBe('my-app')
    expect((await send('GET', '/agents/my_app')).body).toMatchObject({ name: 'my_app' })
    expect(logged.filter((line) => line.includes('acp.name_taken'))).toHaveLength(1)
  })
})

describe('POST /runs', () => {
  verifies('acp.sync', async () => {
    const { send } = await acpServer()
    const reply = await send('POST', '/runs', runRequest())
    expect(reply.status).toBe(200)
    expect(reply.headers['run-id']).toBe(reply.body.run_id)
    expect(AcpRunSchema.parse(reply.body)).toEqual(reply.body)
    expect(reply.body).toMatchObject({
      agent_name: 'weather',
      session_id: expect.stringMatching(/^[\da-f-]{36}$/),
      status: 'completed',
      await_request: null,
      error: null,
      created_at: expect.stringMatching(/Z$/),
      finished_at: expect.stringMatching(/Z$/),
    })
    expect(reply.body.output).toMatchObject([
      {
        role: 'agent/weather',
        completed_at: expect.stringMatching(/Z$/),
        parts: [
          {
            metadata: {
              kind: 'trajectory',
              tool_name: 'get_weather',
              tool_input: { city: 'new york' },
              tool_output: { status: 'success', report: 'Sunny in new york.' },
            },
          },
          { content_type: 'text/plain', content: 'Sunny in New York, 25 degrees.' },
        ],
      },
    ])
  })

  verifies('acp.async', async () => {
    const { opened, open } = gate()
    const { send, until } = await acpServer({ turns: [[{ until: opened }, { say: 'Done.' }]] })
    const reply = await send('POST', '/runs', runRequest({ mode: 'async' }))
    expect(reply).toMatchObject({ status: 202, body: { status: 'created', output: [], finished_at: null } })
    expect(reply.headers['run-id']).toBe(reply.body.run_id)
    await until(reply.body.run_id, 'in-progress')
    open()
    expect(textsOf(await until(reply.body.run_id, 'completed'))).toEqual([['Done.']])
  })

  verifies('acp.stream', async () => {
    const { send } = await acpServer()
    const reply = await send('POST', '/runs', runRequest({ mode: 'stream' }))
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    const events = eventsIn(reply)
    expect(reply.text).toBe(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
    for (const event of events) expect(AcpEvent.parse(event)).toEqual(event)
    expect(events.map(({ type }) => type)).toEqual([
      'run.created',
      'run.in-progress',
      'message.created',
      ...Array<string>(4).fill('message.part'), // the tool, and three chunks
      'message.completed',
      'run.completed',
    ])
    const [created] = events
    expect(created).toMatchObject({ run: { status: 'created', run_id: reply.headers['run-id'], output: [] } })
    const last = events.at(-1)
    expect(last).toMatchObject({ run: { status: 'completed', error: null } })
    expect(last && 'run' in last && textsOf(last.run)).toEqual([['Sunny ', 'in New York, ', '25 degrees.']])
  })

  verifies('acp.events', async () => {
    const server = await acpServer({ always: { say: ['a', 'b'] } })
    const reply = await server.send('POST', '/runs', runRequest({ mode: 'stream' }))
    const { body } = await server.send('GET', `/runs/${String(reply.headers['run-id'])}/events`)
    expect(body).toEqual({ events: eventsIn(reply) })
    const { run_id } = await server.run()
    const { events } = (await server.send('GET', `/runs/${run_id}/events`)).body
    expect(events.map(({ type }: AcpEvent) => type)).toEqual([
      'run.created',
      'run.in-progress',
      'message.created',
      'message.part',
      'message.completed',
      'run.completed',
    ])
  })

  for (const mode of ['sync', 'stream'] as const) {
    verifies('acp.failed', `an agent that throws, ${mode}`, async () => {
      const { send, run } = await acpServer({
        apps: { bad: throwingAgent(new Error('at /home/me/x.ts: boom')) },
      })
      const reply = await send('POST', '/runs', runRequest({ agent_name: 'bad', mode }))
      expect(reply.status).toBe(200)
      const last = eventsIn(reply).at(-1)
      const failed = mode === 'sync' ? reply.body : last && 'run' in last && last.run
      expect(failed).toMatchObject({
        status: 'failed',
        error: { code: 'server_error', message: 'Agent "bad" failed: at [path]: boom' },
        output: [{ parts: [{ content: 'before the fall' }], completed_at: null }],
        finished_at: expect.any(String),
      })
      expect(await run({ agent_name: 'weather' })).toMatchObject({ status: 'completed' })
    })
  }

  verifies('acp.failed', 'an app that fails to load', async () => {
    const { run } = await acpServer({ apps: { broken: loadFailure('broken', 'no such module') } })
    expect(await run({ agent_name: 'broken' })).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', message: expect.stringContaining('no such module') },
    })
  })

  verifies('acp.failed', 'a model that fails', async () => {
    const response = { errorCode: '429', errorMessage: 'Too many requests' }
    const { run } = await acpServer({ turns: [{ response }] })
    expect(await run()).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', message: 'Too many requests' },
    })
  })

  verifies('acp.input', async () => {
    const { run, model } = await acpServer({ always: 'Seen.' })
    await run({
      input: [
        ...says('Where was I?'),
        { role: 'agent/guide', parts: [{ content: 'In Oslo.' }] },
        {
          role: 'user',
          parts: [
            { content: 'And here?' },
            { name: 'a.png', content_type: 'image/png', content: 'eA==', content_encoding: 'base64' },
          ],
        },
      ],
    })
    const { contents } = model.last.request
    expect(contents?.map(({ role, parts }) => [role, parts])).toEqual([
      ['user', [{ text: 'Where was I?' }]],
      ['user', [{ text: 'For context:' }, { text: '[guide] said: In Oslo.' }]],
      [
        'user',
        [
          { text: 'And here?' },
          { inlineData: { mimeType: 'image/png', data: 'eA==', displayName: 'a.png' } },
        ],
      ],
    ])
  })

  verifies('acp.input', "an agent's own words", async () => {
    const { run, model } = await acpServer({
      apps: { my_app: new LlmAgent({ name: 'root', model: ownModel }) },
    })
    const said = { role: 'agent/my-app', parts: [{ content: 'In Oslo.' }] }
    await run({ agent_name: 'my_app', input: [...says('Where was I?'), said, ...says('And now?')] })
    expect(model.calls).toEqual([])
    expect(ownModel.last.request.contents?.map(({ role, parts }) => [role, parts?.[0]?.text])).toEqual([
      ['user', 'Where was I?'],
      ['model', 'In Oslo.'],
      ['user', 'And now?'],
    ])
  })

  verifies('acp.artifacts', async () => {
    const artist = new WorkingAgent(async function* (context) {
      const { artifactService: store, session } = context
      const key = { appName: 'artist', userId: 'acp', sessionId: session.id }
      const save = (filename: string, data: string) =>
        store?.saveArtifact({ ...key, filename, artifact: { inlineData: { mimeType: 'image/png', data } } })
      await save('small.png', 'eA==')
      await save('big.png', 'eHh4'.repeat(300_000))
      const artifactDelta = { 'small.png': 0, 'big.png': 0 }
      const actions = {
        stateDelta: {},
        artifactDelta,
        requestedAuthConfigs: {},
        requestedToolConfirmations: {},
      }
      yield said(context, 'Here.', { actions })
    })
    const { run, send } = await acpServer({ apps: { artist } })
    const { output } = await run({ agent_name: 'artist' })
    const [, small, big] = output[0]?.parts ?? []
    expect(small).toEqual({
      name: 'small.png',
      content_type: 'image/png',
      content: 'eA==',
      content_encoding: 'base64',
    })
    expect(big).toMatchObject({ name: 'big.png', content_type: 'image/png', content_url: expect.any(String) })
    const { pathname, search } = new URL(big?.content_url ?? '')
    const file = await send('GET', `${pathname}${search}`)
    expect(file).toMatchObject({
      status: 200,
      headers: { 'content-type': 'image/png', 'content-length': '900000' },
    })
  })
})

describe('requests of others', () => {
  verifies('acp.tolerant', 'no content type', async () => {
    const { app } = await acpServer({ always: 'Hi.' })
    const payload = Buffer.from(JSON.stringify(runRequest()))
    const reply = await app.inject({ method: 'POST', url: '/runs', payload })
    expect(reply.json()).toMatchObject({ status: 'completed' })
  })

  verifies('acp.tolerant', 'null for what is absent', async () => {
    const { run } = await acpServer({ always: 'Hi.' })
    const part = { content: 'Hi', content_url: null, name: null, metadata: null, content_encoding: null }
    const message = {
      role: null,
      parts: [{ ...part, content_type: null }],
      created_at: null,
      completed_at: null,
    }
    expect(await run({ input: [message], session_id: null, session: null, mode: null })).toMatchObject({
      status: 'completed',
    })
    const session = { id: UUID, history: null, state: null }
    expect(await run({ session })).toMatchObject({ session_id: UUID })
  })

  verifies('acp.tolerant', 'Accept does not decide', async () => {
    const { send } = await acpServer({ always: 'Hi.' })
    const reply = await send('POST', '/runs', runRequest(), { accept: 'text/event-stream' })
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
  })
})

describe('errors', () => {
  const refused: [string, number, Record<string, unknown>][] = [
    ['no agent', 422, { agent_name: undefined }],
    ['no input', 422, { input: undefined }],
    ['an input of nothing', 422, { input: [] }],
    ['a message of nothing', 422, { input: [{ role: 'user', parts: [] }] }],
    ['a message that says nothing', 422, { input: [{ role: 'user', parts: [{ content: '' }] }] }],
    ['a wrong role', 422, { input: [{ role: 'system', parts: [{ content: 'x' }] }] }],
    ['a wrong encoding', 422, { input: [{ parts: [{ content: 'x', content_encoding: 'rot13' }] }] }],
    ['both contents', 422, { input: [{ parts: [{ content: 'x', content_url: 'https://x/y' }] }] }],
    ['a URL that is none', 422, { input: [{ parts: [{ content_url: 'x' }] }] }],
    ['a session id that is none', 422, { session_id: 's_123' }],
    ['a session without an id', 422, { session: { history: [] } }],
    ['a wrong mode', 422, { mode: 'later' }],
    ['two sessions', 400, { session_id: UUID, session: { id: UUID.replace('3', '4'), history: [] } }],
    ['an unknown agent', 404, { agent_name: 'nope' }],
    ['an agent named like a property', 404, { agent_name: '__proto__' }],
    ['a path for an agent', 404, { agent_name: '../weather' }],
  ]
  for (const [name, status, fields] of refused) {
    for (const mode of name === 'a wrong mode' ? [] : ['sync', 'async', 'stream']) {
      verifies('acp.errors', `${name}, ${mode}`, async () => {
        const { send, runs } = await acpServer()
        const reply = await send('POST', '/runs', runRequest({ mode, ...fields }))
        const code = status === 404 ? 'not_found' : 'invalid_input'
        expect(reply).toMatchObject({ status, body: { code, message: expect.stringMatching(/\w/) } })
        expect(Object.keys(reply.body)).toEqual(['code', 'message', 'data'])
        expect(runs.size).toBe(0)
      })
    }
  }

  verifies('acp.errors', 'a wrong mode', async () => {
    const { send } = await acpServer()
    const { status, body } = await send('POST', '/runs', runRequest({ mode: 'later' }))
    expect(status).toBe(422)
    expect(body.data.detail).toMatchObject([{ loc: ['body', 'mode'] }])
  })

  for (const [method, path] of [
    ['GET', '/agents/nope'],
    ['GET', `/runs/${UUID}`],
    ['GET', `/runs/${UUID}/events`],
    ['POST', `/runs/${UUID}/cancel`],
    ['GET', `/sessions/${UUID}`],
    ['GET', `/resources/${UUID}`],
  ] as const) {
    verifies('acp.errors', `${method} ${path}`, async () => {
      const { send } = await acpServer()
      const reply = await send(method, path)
      expect(reply).toMatchObject({ status: 404, body: { code: 'not_found', data: null } })
      const invalid = await send(method, path.replace(UUID, 'x1'))
      expect(invalid.status).toBe(path.includes(UUID) ? 422 : 404)
      expect(invalid.body.code).toBe(path.includes(UUID) ? 'invalid_input' : 'not_found')
    })
  }

  verifies('acp.errors', 'of the server itself', async () => {
    const { send } = await acpServer({ bodyLimit: 1000 })
    const cases: [number, () => ReturnType<typeof send>][] = [
      [422, () => send('POST', '/runs', '{"agent_name":')],
      [415, () => send('POST', '/runs', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })],
      [413, () => send('POST', '/runs', runRequest({ input: says('x'.repeat(2000)) }))],
      [403, () => send('POST', '/runs', runRequest(), { origin: 'https://evil.example' })],
      [403, () => send('GET', '/ping', undefined, { host: 'evil.example' })],
      [405, () => send('DELETE', '/runs')],
    ]
    for (const [status, ask] of cases) {
      expect(await ask()).toMatchObject({
        status,
        body: { code: 'invalid_input', message: expect.any(String) },
      })
    }
  })

  verifies('acp.errors', 'are those of the ADK elsewhere', async () => {
    const { send } = await acpServer()
    for (const path of ['/nowhere', `/apps/weather/users/u/sessions/${UUID}`]) {
      const { status, body } = await send('GET', path)
      expect(status).toBe(404)
      expect(body).toEqual({ detail: body.error, error: expect.any(String) })
    }
  })
})

describe('sessions', () => {
  verifies('acp.sessions', async () => {
    const { run, send } = await acpServer({ always: 'Yes.' })
    const first = await run({ session_id: UUID, input: says('one', 'two') })
    expect(first.session_id).toBe(UUID)
    const second = await run({ session_id: UUID, input: says('three') })
    expect(second.run_id).not.toBe(first.run_id)
    const session = (await send('GET', `/sessions/${UUID}`)).body
    expect(AcpSession.parse(session)).toEqual(session)
    expect(session).toMatchObject({ id: UUID, state: null })
    const messages = await Promise.all(
      session.history.map(async (url: string) => {
        const reply = await send('GET', new URL(url).pathname)
        expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
        return [reply.body.role, reply.body.parts[0].content]
      }),
    )
    expect(messages).toEqual([
      ['user', 'one'],
      ['user', 'two'],
      ['agent/weather', 'Yes.'],
      ['user', 'three'],
      ['agent/weather', 'Yes.'],
    ])
  })

  verifies('acp.sessions', 'messages as clients read them', async () => {
    const { run, send } = await acpServer({ always: 'Yes.' })
    const created_at = '2026-03-01T12:00:00+02:00'
    await run({ session_id: UUID, input: [{ parts: [{ content: 'Hi' }], created_at }] })
    const { history } = (await send('GET', `/sessions/${UUID}`)).body
    expect((await send('GET', new URL(history[0]).pathname)).body).toEqual({
      role: 'user',
      parts: [{ content: 'Hi' }],
      created_at: '2026-03-01T10:00:00.000Z',
      completed_at: expect.stringMatching(/Z$/),
    })
  })

  verifies('acp.sessions', 'the agent remembers, in any mode, and the ADK routes see it', async () => {
    const { run, send, model, until } = await acpServer({ always: 'Yes.' })
    const { session_id } = await run({ input: says('one') })
    await send('POST', '/runs', runRequest({ session_id, mode: 'stream', input: says('two') }))
    const { run_id } = await run({ session_id, mode: 'async', input: says('three') })
    await until(run_id, 'completed')
    const spoken = ['one', 'Yes.', 'two', 'Yes.', 'three']
    expect(model.last.request.contents?.map(({ parts }) => parts?.[0]?.text)).toEqual(spoken)
    const { events } = (await send('GET', `/apps/weather/users/acp/sessions/${session_id}`)).body
    expect(
      events.map(({ content }: { content: { parts: { text: string }[] } }) => content.parts[0]?.text),
    ).toEqual([...spoken, 'Yes.'])
  })

  verifies('acp.sessions', 'the state', async () => {
    const { run, send } = await acpServer({ always: 'Yes.' })
    await run({ session_id: UUID })
    await send('PATCH', `/apps/weather/users/acp/sessions/${UUID}`, { stateDelta: { mood: 'good' } })
    const { state } = (await send('GET', `/sessions/${UUID}`, undefined, { host: 'localhost:99' })).body
    expect(state).toMatch(/^http:\/\/localhost:99\/resources\//)
    expect((await send('GET', new URL(state).pathname)).body).toEqual({ mood: 'good' })
  })

  verifies('acp.sessions', 'runs that fail add nothing', async () => {
    const { run, send } = await acpServer({ apps: { bad: throwingAgent(new Error('boom')) } })
    await run({ agent_name: 'bad', session_id: UUID })
    expect(await send('GET', `/sessions/${UUID}`)).toMatchObject({ status: 200, body: { history: [] } })
  })

  verifies('acp.sessions', 'a descriptor of the client', async () => {
    const { run, send } = await acpServer({ always: 'Yes.' })
    await run({ session_id: UUID })
    const { history } = (await send('GET', `/sessions/${UUID}`)).body
    const elsewhere = 'https://elsewhere.example/resources/1'
    const session = { id: UUID, history: [elsewhere, '<string>', history[1]], state: '<string>' }
    expect(await run({ session })).toMatchObject({ session_id: UUID })
    const replaced = (await send('GET', `/sessions/${UUID}`)).body.history
    expect(replaced).toHaveLength(4)
    expect(replaced.slice(0, 2)).toEqual([elsewhere, history[1]])
    expect(await send('GET', new URL(history[0]).pathname)).toMatchObject({ status: 200 })
  })

  verifies('acp.sessions', 'one agent learns what another one said, once', async () => {
    const helper = speakingAgent('Hi from the helper.', 'Again.')
    const { run, model } = await acpServer({ apps: { helper }, always: 'Yes.' })
    const session_id = UUID
    await run({ session_id, input: says('one') })
    await run({ session_id, agent_name: 'helper', input: says('two') })
    await run({ session_id, input: says('three') })
    await run({ session_id, input: says('four') })
    expect(model.last.request.contents?.flatMap(({ parts }) => parts?.map((part) => part.text))).toEqual([
      'one',
      'Yes.',
      'two',
      'For context:',
      '[helper] said: Hi from the helper.',
      'three',
      'Yes.',
      'four',
    ])
  })

  verifies('acp.sessions', 'the URLs are those of the client', async () => {
    const { send } = await acpServer({ always: 'Yes.', urlPrefix: '/adk' })
    await send('POST', '/adk/runs', runRequest({ session_id: UUID }))
    const { history } = (await send('GET', `/adk/sessions/${UUID}`, undefined, { host: 'localhost:1234' }))
      .body
    for (const url of history) expect(url).toMatch(/^http:\/\/localhost:1234\/adk\/resources\//)
    const forged = { host: 'localhost', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    expect((await send('GET', `/sessions/${UUID}`, undefined, forged)).text).not.toContain('evil')
  })
})

describe('the switch', () => {
  verifies('acp.off', async () => {
    const { send } = await acpServer({ acp: undefined })
    for (const path of ['/ping', '/agents', '/agents/weather', `/runs/${UUID}`, `/sessions/${UUID}`]) {
      expect(await send('GET', path)).toMatchObject({ status: 404, body: { detail: 'Not Found' } })
    }
    expect(await send('POST', '/runs', runRequest())).toMatchObject({ status: 404 })
    const document = (await send('GET', '/openapi.json')).body
    expect(
      Object.keys(document.paths).filter((path) => /^\/(?:ping|agents|runs|sessions|resources)/.test(path)),
    ).toEqual([])
    expect(document.tags.map(({ name }: { name: string }) => name)).not.toContain('ACP')
    expect(Object.keys(document.components.schemas).filter((name) => name.startsWith('Acp'))).toEqual([])
  })

  test('is for the root: an app under its own prefix speaks the ADK API alone', async () => {
    const { send } = await acpServer()
    expect(await send('GET', '/agent/weather/list-apps')).toMatchObject({ status: 200, body: ['weather'] })
    expect(await send('GET', '/agents/weather')).toMatchObject({ status: 200, body: { name: 'weather' } })
    for (const path of ['ping', 'agents', 'agents/weather', `runs/${UUID}`]) {
      expect((await send('GET', `/agent/weather/${path}`)).status).toBe(404)
    }
    expect((await send('POST', '/agent/weather/runs', runRequest())).status).toBe(404)
  })

  test('browsers on the list may read the id of a run', async () => {
    const { send } = await acpServer({ always: 'Hi.', allowOrigins: ['https://example.com'] })
    const reply = await send('POST', '/runs', runRequest(), { origin: 'https://example.com' })
    expect(reply.headers['access-control-expose-headers']).toBe('Run-ID')
    expect(reply.headers['access-control-allow-origin']).toBe('https://example.com')
  })
})
