import { describe, expect } from 'vitest'
import { Event as EventSchema } from '../../src/schema/event.js'
import { LongRunningFunctionTool } from '../../src/tools/function-tool.js'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { verifies } from '../contract/verifies.js'
import { said, speakingAgent, throwingAgent, WEATHER_TURN, WorkingAgent } from '../support/agents.js'
import { scriptedModel } from '../support/scripted-model.js'
import { buildTestServer, loadFailure, message, openSession, SESSION } from '../support/server.js'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

verifies('run.events', async () => {
  const { send } = await openSession()
  const { status, headers, body } = await send('POST', '/run', message())
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('application/json; charset=utf-8')
  const { id } = body[0].content.parts[0].functionCall
  expect(
    body.map(({ author, content }: { author: string; content: unknown }) => ({ author, content })),
  ).toEqual([
    {
      author: 'weather',
      content: {
        role: 'model',
        parts: [{ functionCall: { id, name: 'get_weather', args: { city: 'new york' } } }],
      },
    },
    {
      author: 'weather',
      content: {
        role: 'user',
        parts: [
          {
            functionResponse: {
              id,
              name: 'get_weather',
              response: { status: 'success', report: 'Sunny in new york.' },
            },
          },
        ],
      },
    },
    { author: 'weather', content: { role: 'model', parts: [{ text: 'Sunny in New York, 25 degrees.' }] } },
  ])
  expect(new Set(body.map(({ invocationId }: { invocationId: string }) => invocationId)).size).toBe(1)
})

verifies('run.events', 'an agent that says nothing', async () => {
  const silent = new WorkingAgent(async function* () {})
  const { send } = await openSession({ apps: { silent } })
  expect(await send('POST', '/run', message({ appName: 'silent' }))).toMatchObject({
    status: 200,
    text: '[]',
  })
})

verifies('run.stored', async () => {
  const { send } = await openSession()
  const { body } = await send('POST', '/run', message())
  const { events } = (await send('GET', SESSION)).body
  expect(events[0]).toMatchObject({ author: 'user', content: message().newMessage })
  expect(events.slice(1)).toEqual(body)
})

verifies('time.seconds', async () => {
  const { send } = await openSession()
  const before = Date.now() / 1000
  const { body } = await send('POST', '/run', message())
  const session = (await send('GET', SESSION)).body
  for (const time of [
    ...body.map(({ timestamp }: { timestamp: number }) => timestamp),
    session.lastUpdateTime,
  ]) {
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThan(before + 1000)
  }
  expect(session.lastUpdateTime).toBe(session.events.at(-1).timestamp)
})

verifies('id.event', async () => {
  const { send } = await openSession()
  const { body } = await send('POST', '/run', message())
  const ids = body.map(({ id }: { id: string }) => id)
  for (const id of ids) expect(id).toMatch(new RegExp(`^${UUID}$`))
  expect(new Set(ids).size).toBe(ids.length)
})

verifies('id.invocation', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const { body } = await send('POST', '/run', message({ invocationId: 'e-mine' }))
  expect(body[0].invocationId).toMatch(new RegExp(`^e-${UUID}$`))
  const patched = await send('PATCH', SESSION, { stateDelta: { a: 1 } })
  expect(patched.body.events.at(-1).invocationId).toMatch(new RegExp(`^p-${UUID}$`))
})

verifies('id.call', async () => {
  const { send } = await openSession({
    turns: [[{ call: 'get_weather' }], [{ call: 'get_weather', id: 'the-models-own' }], 'Sunny.'],
  })
  const { body } = await send('POST', '/run', message())
  const ids = body.flatMap(({ content }: { content: { parts: { functionCall?: { id: string } }[] } }) =>
    content.parts.flatMap(({ functionCall }) => functionCall?.id ?? []),
  )
  expect(ids).toEqual([expect.stringMatching(new RegExp(`^adk-${UUID}$`)), 'the-models-own'])
})

verifies('event.actions', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  await send('POST', '/run', message())
  await send('PATCH', SESSION, { stateDelta: {} })
  for (const { actions } of (await send('GET', SESSION)).body.events) {
    expect(actions).toEqual({
      stateDelta: {},
      artifactDelta: {},
      requestedAuthConfigs: {},
      requestedToolConfirmations: {},
    })
  }
})

verifies('event.long-running', async () => {
  const slow = new LongRunningFunctionTool({ name: 'ask', description: 'Asks.', execute: () => undefined })
  const model = scriptedModel([[{ call: 'ask', id: 'c1' }]])
  const { send } = await openSession({
    apps: { asker: new LlmAgent({ name: 'asker', model, tools: [slow] }) },
  })
  const { body: plain } = await send('POST', '/run', message())
  expect(plain.map((event: object) => 'longRunningToolIds' in event)).toEqual([true, false, false])
  expect(plain[0].longRunningToolIds).toEqual([])
  const { body: asked } = await send('POST', '/run', message({ appName: 'asker' }))
  expect(asked[0].longRunningToolIds).toEqual(['c1'])
})

verifies('event.encoding', async () => {
  const { send } = await openSession({ turns: [...WEATHER_TURN, 'Sunny.'] })
  const { text, body } = await send('POST', '/run', message())
  const streamed = await send('POST', '/run_sse', message())
  const session = await send('GET', SESSION)
  for (const event of session.body.events) expect(EventSchema.parse(event)).toEqual(event)
  // Byte for byte: an event is encoded once.
  expect(session.text).toContain(text.slice(1, -1))
  expect(session.text).toContain(streamed.text.slice('data: '.length).trimEnd())
  expect(body).toHaveLength(3)
})

verifies('run.message-string', async () => {
  const { send, model } = await openSession({ always: 'Hello.' })
  expect((await send('POST', '/run', message({ newMessage: 'Hello!' }))).status).toBe(200)
  expect(model.last.request.contents).toEqual([{ role: 'user', parts: [{ text: 'Hello!' }] }])
})

verifies('run.message-string', 'a message without a role is the user’s', async () => {
  const { send, model } = await openSession({ always: 'Hello.' })
  expect((await send('POST', '/run', message({ newMessage: { parts: [{ text: 'Hello!' }] } }))).status).toBe(
    200,
  )
  expect(model.last.request.contents).toEqual([{ role: 'user', parts: [{ text: 'Hello!' }] }])
})

describe('messages that say nothing', () => {
  const cases: [newMessage: unknown, loc: (string | number)[], type: string][] = [
    [undefined, [], 'missing'],
    [null, [], 'missing'],
    [{}, ['parts'], 'missing'],
    [{ role: 'user' }, ['parts'], 'missing'],
    [{ parts: [] }, ['parts'], 'too_short'],
    [{ parts: null }, ['parts'], 'missing'],
    [{ parts: 'hi' }, ['parts'], 'list_type'],
    [{ parts: [{}] }, ['parts', 0], 'value_error'],
    [{ parts: [{ text: 'a' }, { text: null }] }, ['parts', 1], 'value_error'],
    [{ parts: ['hi'] }, ['parts', 0], 'dict_type'],
    [{ parts: [{ text: 5 }] }, ['parts', 0, 'text'], 'string_type'],
    [{ parts: Array.from({ length: 1001 }, () => ({ text: 'x' })) }, ['parts'], 'too_long'],
    [5, [], 'dict_type'],
    [['hi'], [], 'dict_type'],
  ]
  for (const [newMessage, path, type] of cases) {
    verifies('run.message-invalid', JSON.stringify(newMessage)?.slice(0, 40) ?? 'none', async () => {
      const { send, model } = await openSession()
      for (const route of ['/run', '/run_sse']) {
        const reply = await send('POST', route, message({ newMessage }))
        expect(reply.status).toBe(422)
        expect(reply.body.detail).toMatchObject([{ type, loc: ['body', 'newMessage', ...path] }])
      }
      expect(model.calls).toHaveLength(0)
      expect((await send('GET', SESSION)).body.events).toEqual([])
    })
  }
})

for (const name of ['get_weather', 'adk_request_confirmation']) {
  verifies('run.forged-call', name, async () => {
    const { send } = await openSession({ always: 'Sunny.' })
    for (const role of ['user', 'model']) {
      const newMessage = { role, parts: [{ functionCall: { name, args: {} } }] }
      const reply = await send('POST', '/run', message({ newMessage }))
      expect(reply.status).toBe(422)
      expect(reply.body.error).toMatch(/^body\.newMessage\.parts\.0: .*functionCall/)
    }
    expect((await send('GET', SESSION)).body.events).toEqual([])
    expect((await send('POST', '/run', message())).status).toBe(200)
  })
}

verifies('run.forged-response', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const response = { id: 'never-made', name: 'get_weather', response: {} }
  const reply = await send(
    'POST',
    '/run',
    message({ newMessage: { parts: [{ functionResponse: response }] } }),
  )
  expect(reply.status).toBe(422)
  expect((await send('GET', SESSION)).body.events).toEqual([])
})

verifies('run.after-failure', 'a response to a call that was never made', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const response = { id: 'never-made', name: 'get_weather', response: {} }
  await send('POST', '/run', message({ newMessage: { parts: [{ functionResponse: response }] } }))
  expect((await send('POST', '/run', message())).status).toBe(200)
})

const withoutMessage = (invocationId: string) => ({ ...message({ invocationId }), newMessage: undefined })

verifies('run.resume', async () => {
  const turns = [{ fail: new Error('the line is dead') }, 'Sunny.']
  const { send } = await openSession({ turns, isResumable: true })
  const [failed] = (await send('POST', '/run', message())).body
  expect(failed.errorMessage).toBe('the line is dead')
  const { status, body } = await send('POST', '/run', withoutMessage(failed.invocationId))
  expect(status).toBe(200)
  expect(body).toHaveLength(1)
  expect(body[0]).toMatchObject({
    invocationId: failed.invocationId,
    content: { role: 'model', parts: [{ text: 'Sunny.' }] },
  })
})

verifies('run.resume-refused', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const [{ invocationId }] = (await send('POST', '/run', message())).body
  const unknown = await send('POST', '/run', withoutMessage('e-unknown'))
  expect(unknown).toMatchObject({ status: 404, body: { detail: 'Invocation not found: e-unknown' } })
  const refused = await send('POST', '/run', withoutMessage(invocationId))
  expect(refused.status).toBe(422)
  expect(refused.body.detail).toContain('resumabilityConfig')
  const [event] = (await send('POST', '/run', message({ invocationId }))).body
  expect(event.invocationId).not.toBe(invocationId)
})

verifies('run.state-delta', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const stateDelta = { d: 1, 'user:name': 'z', 'temp:t': 2 }
  await send('POST', '/run', message({ stateDelta }))
  const { state, events } = (await send('GET', SESSION)).body
  expect(state).toEqual({ d: 1, 'user:name': 'z' })
  expect(events[0].actions.stateDelta).toEqual({ d: 1, 'user:name': 'z' })
})

verifies('run.custom-metadata', async () => {
  const { send } = await openSession()
  await send('POST', '/run', message({ customMetadata: { trace: 7 } }))
  const { events } = (await send('GET', SESSION)).body
  expect(events.map(({ customMetadata }: { customMetadata: unknown }) => customMetadata)).toEqual(
    Array.from({ length: 4 }, () => ({ trace: 7 })),
  )
})

verifies('run.default-app', async () => {
  const { send } = await openSession({ defaultApp: 'weather', apps: { other: speakingAgent('Other.') } })
  const { appName: _, ...nameless } = message()
  expect((await send('POST', '/run', nameless)).body).toHaveLength(3)
  expect((await send('POST', '/run', message({ appName: 'other' }))).body).toHaveLength(1)
  expect((await send('GET', '/users/u1/sessions/s1')).body).toMatchObject({ appName: 'weather' })
  expect((await send('POST', '/users/u1/sessions')).body).toMatchObject({ appName: 'weather' })
  expect((await send('GET', '/users/u1/sessions/')).body).toHaveLength(2)
  expect((await send('GET', '/usersx/u1/sessions')).status).toBe(404)
})

verifies('run.default-app', 'a name that needs encoding', async () => {
  const { send, sessions } = await buildTestServer({
    defaultApp: 'a b/%',
    apps: { 'a b/%': speakingAgent('Hi.') },
  })
  await send('POST', '/users/u1/sessions/s1')
  expect(await sessions.getSession({ appName: 'a b/%', userId: 'u1', sessionId: 's1' })).toBeDefined()
})

verifies('run.app-missing', async () => {
  const { send } = await openSession()
  const text = 'appName is required when ADK_DEFAULT_APP_NAME is not set'
  for (const route of ['/run', '/run_sse']) {
    const reply = await send('POST', route, message({ appName: undefined }))
    expect(reply).toMatchObject({ status: 400, body: { detail: text, error: text } })
  }
  expect((await send('GET', '/users/u1/sessions/s1')).status).toBe(404)
})

verifies('run.unknown-app', async () => {
  const { send } = await openSession()
  for (const route of ['/run', '/run_sse']) {
    const reply = await send('POST', route, message({ appName: 'nope' }))
    expect(reply).toMatchObject({
      status: 404,
      body: { detail: 'App not found: nope', error: 'App not found: nope' },
    })
  }
})

verifies('run.unknown-session', async () => {
  const { send, model } = await openSession()
  for (const route of ['/run', '/run_sse']) {
    for (const wrong of [{ sessionId: 'nope' }, { userId: 'u2', sessionId: 's1' }]) {
      const reply = await send('POST', route, message(wrong))
      expect(reply).toMatchObject({
        status: 404,
        headers: { 'content-type': 'application/json; charset=utf-8' },
      })
      expect(reply.body.detail).toMatch(
        new RegExp(`^Session not found: ${wrong.sessionId}\\. .*--auto_create_session$`),
      )
      expect(reply.body.error).toBe(reply.body.detail)
    }
  }
  expect(model.calls).toHaveLength(0)
})

verifies('run.auto-create', async () => {
  const { send } = await buildTestServer({ autoCreateSession: true, always: 'Sunny.' })
  for (const route of ['/run', '/run_sse']) expect((await send('POST', route, message())).status).toBe(200)
  expect((await send('GET', SESSION)).body.events).toHaveLength(4)
  expect((await send('POST', '/run', message({ appName: 'nope' }))).status).toBe(404)
  expect((await send('GET', '/apps/nope/users/u1/sessions')).body).toEqual([])
})

verifies('run.auto-create', 'two at once', async () => {
  const { send } = await buildTestServer({ autoCreateSession: true, always: 'Sunny.' })
  const replies = await Promise.all([1, 2, 3].map(() => send('POST', '/run', message())))
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
})

verifies('run.auto-create', 'several that find no session at the same moment', async () => {
  const { send, apps } = await buildTestServer({ autoCreateSession: true, always: 'Sunny.' })
  const { load } = apps
  const loading: (() => void)[] = []
  apps.load = async (name) => {
    await new Promise<void>((resolve) => {
      loading.push(resolve)
      if (loading.length === 3) for (const goOn of loading) goOn()
    })
    return load(name)
  }
  const replies = await Promise.all([1, 2, 3].map(() => send('POST', '/run', message())))
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
})

verifies('run.load-failure', async () => {
  const broken = loadFailure('broken', 'broken/agent.ts:4:2: cannot find package "left-pad"')
  const { send } = await openSession({ apps: { broken }, always: 'Sunny.' })
  const text = 'App "broken" failed to load: broken/agent.ts:4:2: cannot find package "left-pad"'
  for (const route of ['/run', '/run_sse']) {
    const reply = await send('POST', route, message({ appName: 'broken' }))
    expect(reply).toMatchObject({ status: 500, body: { detail: text, error: text } })
  }
  expect((await send('POST', '/run', message())).status).toBe(200)
})

verifies('run.model-failure', async () => {
  const { send } = await openSession({
    turns: [{ fail: new Error('quota of key AIzaSyA1234567890123456789012345678901') }, 'Sunny.'],
  })
  const reply = await send('POST', '/run', message())
  expect(reply).toMatchObject({
    status: 200,
    body: [{ author: 'weather', errorCode: 'UNKNOWN_ERROR', errorMessage: 'quota of key [redacted]' }],
  })
  expect((await send('GET', SESSION)).body.events.slice(1)).toEqual(reply.body)
  expect((await send('POST', '/run', message())).body).toMatchObject([
    { content: { parts: [{ text: 'Sunny.' }] } },
  ])
})

verifies('run.model-failure', 'in the middle of a stream', async () => {
  const turns = [
    [{ response: { partial: true, content: { parts: [{ text: 'Su' }] } } }, { fail: new Error('cut') }],
    'Sunny.',
  ]
  const { send } = await openSession({ turns })
  const { text } = await send('POST', '/run_sse', message({ streaming: true }))
  const [chunk, failure, ...rest] = text
    .trimEnd()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.slice(6)))
  expect(chunk).toMatchObject({ partial: true })
  expect(failure).toMatchObject({ errorCode: 'UNKNOWN_ERROR', errorMessage: 'cut' })
  expect(rest).toEqual([])
  expect((await send('GET', SESSION)).body.events).toHaveLength(2)
})

verifies('run.tool-failure', async () => {
  const { send } = await openSession({
    tool: () => {
      throw new Error('no thermometer')
    },
  })
  const { status, body } = await send('POST', '/run', message())
  expect(status).toBe(200)
  expect(body[1].content.parts[0].functionResponse.response).toEqual({
    error: "Error in tool 'get_weather': no thermometer",
  })
  expect(body).toHaveLength(3)
})

describe('an agent whose own code throws', () => {
  const thrown: [what: unknown, told: string][] = [
    [new Error('boom at /home/ada/agents/x/agent.js with key=abc123'), 'boom at [path] with key=[redacted]'],
    [new TypeError('Cannot read properties of undefined'), 'Cannot read properties of undefined'],
    ['just text', 'just text'],
    [{ toString: 1 }, 'unknown error'],
    [undefined, 'unknown error'],
  ]
  for (const [error, told] of thrown) {
    verifies('run.agent-failure', told, async () => {
      const { send, logged } = await openSession({ apps: { thrower: throwingAgent(error) } })
      const text = `Agent "thrower" failed: ${told}`
      const plain = await send('POST', '/run', message({ appName: 'thrower' }))
      expect(plain).toMatchObject({ status: 500, body: { detail: text, error: text } })
      expect(Object.keys(plain.body)).toEqual(['detail', 'error'])
      const stream = await send('POST', '/run_sse', message({ appName: 'thrower' }))
      const frames = stream.text
        .trimEnd()
        .split('\n\n')
        .map((frame) => JSON.parse(frame.slice(6)))
      expect(stream.status).toBe(200)
      expect(frames).toMatchObject([
        { content: { parts: [{ text: 'before the fall' }] } },
        { error: text, error_details: { error_type: expect.any(String), error_message: text } },
      ])
      expect(logged.join('')).toContain('run.failed')
      expect(stream.text + plain.text).not.toMatch(/\bat .*\.[jt]s:\d|\/home|abc123/)
    })
  }
})

verifies('run.after-failure', async () => {
  let fall = true
  const agent = new WorkingAgent(async function* (context) {
    if (fall) {
      const content = { role: 'model', parts: [{ functionCall: { id: 'c1', name: 'x', args: {} } }] }
      yield said(context, '', { content })
      throw new Error('fell')
    }
    yield said(context, 'up again')
  })
  const { send } = await openSession({ apps: { agent } })
  expect((await send('POST', '/run', message({ appName: 'agent' }))).status).toBe(500)
  fall = false
  expect((await send('POST', '/run', message({ appName: 'agent' }))).status).toBe(200)
  const { events } = (await send('GET', '/apps/agent/users/u1/sessions/s1')).body
  expect(
    events.map(({ content }: { content: { parts: object[] } }) => Object.keys(content.parts[0] ?? {})[0]),
  ).toEqual(['text', 'functionCall', 'functionResponse', 'text', 'text'])
})

verifies('run.never-partial', async () => {
  const { send, model } = await openSession()
  const { body } = await send('POST', '/run', message({ streaming: true }))
  expect(body).toHaveLength(3)
  expect(body.some((event: object) => 'partial' in event)).toBe(false)
  expect(model.last.streaming).toBe(false)
})

describe('/run and /run_sse', () => {
  const bodies: Record<string, object> = {
    'a tool turn': message(),
    'a string': message({ newMessage: 'Hi' }),
    'snake case': {
      app_name: 'weather',
      user_id: 'u1',
      session_id: 's1',
      new_message: { parts: [{ text: 'x' }] },
    },
    'state and metadata': message({ stateDelta: { a: 1 }, customMetadata: { b: 2 } }),
    'an unknown session': message({ sessionId: 'nope' }),
    'an unknown app': message({ appName: 'nope' }),
    'an invalid body': message({ newMessage: { parts: [] }, userId: 5 }),
  }
  /** What differs between any two runs, taken out. */
  const comparable = (text: string) =>
    text.replace(new RegExp(`(?:adk-|e-)?${UUID}`, 'g'), 'ID').replace(/"timestamp":[\d.]+/g, '"timestamp":0')
  for (const [what, body] of Object.entries(bodies)) {
    verifies('run.same-as-sse', what, async () => {
      const plain = await (await openSession()).send('POST', '/run', body)
      const stream = await (await openSession()).send('POST', '/run_sse', body)
      expect(stream.status).toBe(plain.status)
      const events =
        stream.status === 200
          ? `[${stream.text.trimEnd().replaceAll('\n\ndata: ', ',').slice(6)}]`
          : stream.text
      expect(JSON.parse(comparable(events))).toEqual(JSON.parse(comparable(plain.text)))
    })
  }
})
