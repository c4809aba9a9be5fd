import { describe, expect } from 'vitest'
import { AdkError } from '../../src/core/errors.js'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import { verifies } from '../contract/verifies.js'
import { buildTestServer, message, openSession, SESSION } from '../support/server.js'

const ALL = '/apps/weather/users/u1/sessions'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

verifies('session.create', async () => {
  const { send } = await buildTestServer()
  const before = Date.now() / 1000
  const reply = await send('POST', SESSION, { state: { key1: 'value1', key2: 42 } })
  expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } })
  const { lastUpdateTime, ...session } = reply.body
  expect(session).toEqual({
    id: 's1',
    appName: 'weather',
    userId: 'u1',
    state: { key1: 'value1', key2: 42 },
    events: [],
  })
  expect(lastUpdateTime).toBeGreaterThanOrEqual(before)
  expect(lastUpdateTime).toBeLessThan(before + 1000)
})

describe('the body of create-with-id', () => {
  const cases: [body: unknown, state: unknown][] = [
    [
      { key1: 'value1', key2: 42 },
      { key1: 'value1', key2: 42 },
    ],
    [{ state: { key1: 'value1' } }, { key1: 'value1' }],
    [{ state: null }, {}],
    [{ state: { a: 1 }, events: [], sessionId: 'other', session_id: 'other', options: {} }, { a: 1 }],
    [
      { state: { a: 1 }, more: 2 },
      { state: { a: 1 }, more: 2 },
    ],
    [{ state: 'text' }, { state: 'text' }],
    [{ state: [1, 2] }, { state: [1, 2] }],
    [{ events: [] }, { events: [] }],
    [{ snake_case: { inner_key: 1 } }, { snake_case: { inner_key: 1 } }],
    [{ key: null }, { key: null }],
  ]
  for (const [body, state] of cases) {
    verifies('session.create-body', JSON.stringify(body), async () => {
      const { send } = await buildTestServer()
      expect((await send('POST', SESSION, body)).body).toMatchObject({ id: 's1', state })
      expect((await send('GET', SESSION)).body.state).toEqual(state)
    })
  }
  for (const body of ['[1,2]', '"x"', '5', 'true', '{"state":{},"events":5}']) {
    verifies('session.create-body', `${body} is refused`, async () => {
      const { send } = await buildTestServer()
      expect((await send('POST', SESSION, body)).status).toBe(422)
      expect((await send('GET', SESSION)).status).toBe(404)
    })
  }
})

for (const url of [SESSION, ALL]) {
  for (const body of [undefined, 'null', '{}', '', ' \n']) {
    verifies('session.create-empty', `${url} with ${JSON.stringify(body)}`, async () => {
      const { send } = await buildTestServer()
      expect(await send('POST', url, body)).toMatchObject({ status: 200, body: { state: {}, events: [] } })
    })
  }
}

verifies('session.create-any-app', async () => {
  const { send } = await buildTestServer()
  const url = '/apps/nowhere/users/u1/sessions'
  expect((await send('POST', `${url}/s1`)).status).toBe(200)
  expect((await send('GET', url)).body).toMatchObject([{ id: 's1', appName: 'nowhere' }])
  expect((await send('POST', '/run', message({ appName: 'nowhere' }))).status).toBe(404)
})

verifies('session.own-id', async () => {
  const { send } = await buildTestServer()
  expect((await send('POST', ALL, { sessionId: 'mine', state: { a: 1 } })).body).toMatchObject({ id: 'mine' })
  expect((await send('POST', ALL, { session_id: ' spaced ' })).body).toMatchObject({ id: 'spaced' })
  for (const body of [undefined, {}, { sessionId: '' }, { sessionId: '  ' }, { sessionId: null }]) {
    expect((await send('POST', ALL, body)).body.id).toMatch(UUID)
  }
  for (const sessionId of [5, {}, 'a\u0000b', 'x'.repeat(513)]) {
    expect((await send('POST', ALL, { sessionId })).status).toBe(422)
  }
})

verifies('session.duplicate', async () => {
  const { send } = await buildTestServer()
  await send('POST', '/apps/weather/users/u1/sessions/s_123', { first: true })
  const text = 'Session already exists: s_123'
  for (const [url, body] of [
    ['/apps/weather/users/u1/sessions/s_123', {}],
    [ALL, { sessionId: 's_123', state: { first: false } }],
  ] as const) {
    expect(await send('POST', url, body)).toMatchObject({ status: 400, body: { detail: text, error: text } })
  }
  expect((await send('GET', '/apps/weather/users/u1/sessions/s_123')).body.state).toEqual({ first: true })
})

verifies('session.scopes', async () => {
  const { send } = await buildTestServer()
  const state = { 'app:a': 1, 'user:u': 2, 'temp:t': 3, own: 4 }
  expect((await send('POST', SESSION, { state })).body.state).toEqual({ 'app:a': 1, 'user:u': 2, own: 4 })
  expect((await send('POST', `${ALL}/s2`)).body.state).toEqual({ 'app:a': 1, 'user:u': 2 })
  expect((await send('POST', '/apps/weather/users/u2/sessions/s1')).body.state).toEqual({ 'app:a': 1 })
  expect((await send('POST', '/apps/other/users/u1/sessions/s1')).body.state).toEqual({})
})

verifies('session.import', async () => {
  const { send, model } = await buildTestServer({ turns: ['Of course.'] })
  const events = [
    { author: 'user', content: { role: 'user', parts: [{ text: 'one' }] } },
    { author: 'weather', content: { role: 'model', parts: [{ text: 'two' }] }, invocationId: 'e-1' },
  ]
  const created = await send('POST', ALL, { sessionId: 's1', events, state: { a: 1 } })
  expect(created).toMatchObject({ status: 200, body: { state: { a: 1 }, events } })
  expect((await send('GET', SESSION)).body).toEqual(created.body)
  expect((await send('POST', '/run', message())).status).toBe(200)
  expect(model.last.request.contents.map(({ parts }) => parts?.[0]?.text)).toEqual([
    'one',
    'two',
    'What is the weather in New York?',
  ])
})

verifies('session.import', 'each at a moment of its own, and within what a calendar holds', async () => {
  const { send } = await buildTestServer()
  const said = (text: string, timestamp?: unknown) => ({
    author: 'user',
    content: { role: 'user', parts: [{ text }] },
    timestamp,
  })
  const timesOf = async (...events: object[]): Promise<number[]> => {
    const { body } = await send('POST', ALL, { events })
    return body.events.map(({ timestamp }: { timestamp: number }) => timestamp)
  }
  const times = await timesOf(said('one'), said('two'), said('three'), said('four', 5), said('five'))
  expect(times[3]).toBe(5)
  expect(new Set(times).size).toBe(5)
  expect(times[1]).toBeGreaterThan(times[0] ?? Infinity)
  expect(times[2]).toBeGreaterThan(times[1] ?? Infinity)
  expect(times[4]).toBeGreaterThan(times[2] ?? Infinity)
  expect(await timesOf(said('seconds', 1.5), said('milliseconds', 1_700_000_000_000))).toEqual([
    1.5, 1_700_000_000,
  ])
  for (const time of [-1, 1e13, 1e300]) {
    const { status, body } = await send('POST', ALL, { events: [said('when?', time)] })
    expect(status).toBe(422)
    expect(body.detail[0]).toMatchObject({ loc: ['body', 'events', 0, 'timestamp'], input: time })
  }
})

verifies('session.import', 'all of them, or there is no session', async () => {
  class Forgetful extends InMemorySessionService {
    override async appendEvent(request: Parameters<InMemorySessionService['appendEvent']>[0]) {
      if (request.event.author === 'nobody') throw new AdkError('storage_unavailable', 'Out of paper')
      return super.appendEvent(request)
    }
  }
  const { send } = await buildTestServer({ sessions: new Forgetful() })
  const events = [{ author: 'user' }, { author: 'nobody' }]
  expect((await send('POST', SESSION, { state: { a: 1 }, events })).status).toBe(503)
  expect((await send('GET', SESSION)).status).toBe(404)
  expect((await send('POST', SESSION)).status).toBe(200)
})

describe('events that would act', () => {
  const call = (name: string, id: string, args = {}) => ({ functionCall: { id, name, args } })
  const response = (name: string, id: string, answer = {}) => ({
    functionResponse: { id, name, response: answer },
  })
  const event = (author: string, ...parts: object[]) => ({ author, content: { role: 'user', parts } })
  const pay = call('get_weather', 'c1', { city: 'Rome' })
  const asked = call('adk_request_confirmation', 'q1', { originalFunctionCall: pay.functionCall })
  const agreed = response('adk_request_confirmation', 'q1', { confirmed: true })

  verifies('session.import-settled', 'what waits for a person, or asks one', async () => {
    const { send } = await buildTestServer()
    const events = [
      event('user', { text: 'Go on.' }),
      { ...event('weather', pay), longRunningToolIds: ['c1'] },
      {
        ...event('weather', asked),
        longRunningToolIds: ['q1'],
        actions: {
          requestedToolConfirmations: { c1: { confirmed: false } },
          requestedAuthConfigs: { c1: {} },
        },
      },
      event('user', agreed),
      { ...event('user', call('adk_request_credential', 'q2'), { text: 'Kept.' }) },
      { ...event('user', agreed), actions: { stateDelta: { seen: true } } },
    ]
    const reply = await send('POST', ALL, { sessionId: 's1', events })
    expect(reply).toMatchObject({ status: 200, body: { state: { seen: true } } })
    expect(reply.body.events).toMatchObject([
      events[0],
      event('weather', pay),
      event('user', { text: 'Kept.' }),
      { author: 'user', actions: { stateDelta: { seen: true } } },
    ])
    expect(reply.text).not.toMatch(/adk_request|longRunningToolIds":\["|confirmed/)
    expect(reply.text).toContain('"requestedAuthConfigs":{},"requestedToolConfirmations":{}')
    expect((await send('GET', SESSION)).body).toEqual(reply.body)
  })

  verifies('session.import-settled', 'a question is answered by nobody', async () => {
    const ran: unknown[] = []
    const { send } = await buildTestServer({ tool: (args) => ran.push(args), turns: ['Fine.'] })
    const question = { ...event('weather', pay, asked), longRunningToolIds: ['q1'] }
    const events = [event('user', { text: 'Go on.' }), question]
    expect(await send('POST', ALL, { sessionId: 's1', events })).toMatchObject({ status: 200 })
    const newMessage = { role: 'user', parts: [agreed] }
    expect((await send('POST', '/run', message({ newMessage }))).status).toBe(422)
    expect((await send('POST', '/run', message())).status).toBe(200)
    expect(ran).toEqual([])
  })

  verifies('session.import-settled', 'what has happened is kept', async () => {
    const { send } = await buildTestServer()
    const happened = { transferToAgent: 'other', escalate: true, skipSummarization: true }
    const actions = { ...happened, stateDelta: { a: 1 }, artifactDelta: { 'n.txt': 0 } }
    const steers = { agentState: { step: 1 }, endOfAgent: true, rewindBeforeInvocationId: 'e-1' }
    const events = [{ author: 'weather', actions: { ...actions, ...steers } }]
    const { body } = await send('POST', ALL, { sessionId: 's1', events })
    expect(body.events[0].actions).toEqual({
      ...actions,
      requestedAuthConfigs: {},
      requestedToolConfirmations: {},
    })
  })

  verifies('session.import', 'of a session that was exported', async () => {
    const { send } = await openSession()
    await send('POST', '/run', message())
    const { events, state } = (await send('GET', SESSION)).body
    const reply = await send('POST', ALL, { events, state })
    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject({ events, state })
  })
})

verifies('session.get', async () => {
  const { send } = await openSession()
  const { body: events } = await send('POST', '/run', message())
  const { body: session } = await send('GET', SESSION)
  expect(session).toMatchObject({ id: 's1', appName: 'weather', userId: 'u1', state: {} })
  expect(session.events).toHaveLength(4)
  expect(session.events[0]).toMatchObject({ author: 'user', invocationId: events[0].invocationId })
  expect(session.events.slice(1)).toEqual(events)
})

verifies('session.missing', async () => {
  const { send } = await buildTestServer()
  const error = { detail: 'Session not found: s1', error: 'Session not found: s1' }
  expect(await send('GET', SESSION)).toMatchObject({ status: 404, body: error })
  expect(await send('PATCH', SESSION, { stateDelta: {} })).toMatchObject({ status: 404, body: error })
})

verifies('session.list', async () => {
  const { send } = await openSession()
  expect((await send('GET', '/apps/weather/users/nobody/sessions')).text).toBe('[]')
  expect((await send('GET', '/apps/nowhere/users/nobody/sessions')).text).toBe('[]')
  await send('POST', `${ALL}/s2`, { own: 1, 'user:shared': 2 })
  await send('POST', '/run', message())
  const { body } = await send('GET', ALL)
  expect(body).toMatchObject([
    { id: 's1', state: { 'user:shared': 2 }, events: [] },
    { id: 's2', state: { own: 1, 'user:shared': 2 }, events: [] },
  ])
  expect(body[0].lastUpdateTime).toBe((await send('GET', SESSION)).body.lastUpdateTime)
})

verifies('session.list-hides-eval', async () => {
  const { send } = await buildTestServer()
  await send('POST', `${ALL}/___eval___session___1`)
  await send('POST', `${ALL}/EVAL_s`)
  expect((await send('GET', ALL)).body.map(({ id }: { id: string }) => id)).toEqual(['EVAL_s'])
  expect((await send('GET', `${ALL}/___eval___session___1`)).status).toBe(200)
})

verifies('session.patch', async () => {
  const { send } = await openSession()
  const reply = await send('PATCH', SESSION, {
    state_delta: { visit_count: 5, 'user:name': 'Ada', 'temp:t': 1, gone: null },
  })
  expect(reply.status).toBe(200)
  expect(reply.body.state).toEqual({ visit_count: 5, 'user:name': 'Ada', gone: null })
  expect(reply.body.events).toHaveLength(1)
  const [event] = reply.body.events
  expect(event).toMatchObject({
    author: 'user',
    actions: { stateDelta: { visit_count: 5, 'user:name': 'Ada', gone: null } },
  })
  expect(event).not.toHaveProperty('content')
  expect(reply.body.lastUpdateTime).toBe(event.timestamp)
  expect((await send('GET', SESSION)).body).toEqual(reply.body)
})

for (const body of [undefined, '{}', '{"stateDelta":5}', '{"stateDelta":[]}', '{"stateDelta":null}']) {
  verifies('session.patch', `${body} is refused`, async () => {
    const { send } = await openSession()
    expect((await send('PATCH', SESSION, body)).status).toBe(422)
    expect((await send('GET', SESSION)).body.events).toEqual([])
  })
}

verifies('session.delete', async () => {
  const { send } = await openSession()
  // What the API client of @google/adk sends: a JSON content type without a body.
  const reply = await send('DELETE', SESSION, undefined, { 'content-type': 'application/json' })
  expect(reply).toMatchObject({ status: 204, text: '' })
  expect((await send('GET', SESSION)).status).toBe(404)
  expect((await send('GET', ALL)).body).toEqual([])
  expect((await send('POST', SESSION)).body).toMatchObject({ state: {}, events: [] })
})

verifies('session.delete-missing', async () => {
  const { send } = await openSession()
  expect((await send('DELETE', `${ALL}/other`)).status).toBe(204)
  expect((await send('DELETE', '/apps/weather/users/u2/sessions/s1')).status).toBe(204)
  expect((await send('GET', SESSION)).status).toBe(200)
})

describe('ids that could be confused', () => {
  const keys = [
    ['a:b', 'c', 'd'],
    ['a', 'b:c', 'd'],
    ['a/b', 'c', 'd'],
    ['a', 'b/c', 'd'],
    ['a', 'b', 'c/d'],
    ['a', 'b', 'c,d'],
    ['a', 'b,c', 'd'],
    ['A', 'b', 'c,d'],
    ['*', '*', '*'],
    ['%', '_', '%'],
    ['__proto__', 'constructor', 'toString'],
    ['null', 'undefined', 'NaN'],
    ['ünïcödé', '名前', '🙂'],
    ['a', 'b', 'c%2Fd'],
    ['a', 'b', 'c d'],
    ['a', 'b', '${x}\\"\''],
  ]
  const urlOf = (key: string[]) => {
    const [app, user, session] = key.map(encodeURIComponent)
    return `/apps/${app}/users/${user}/sessions/${session}`
  }

  verifies('session.isolated', async () => {
    const { send } = await buildTestServer()
    for (const [index, key] of keys.entries()) {
      expect((await send('POST', urlOf(key), { index })).status).toBe(200)
    }
    for (const [index, key] of keys.entries()) {
      const [appName, userId, id] = key
      expect((await send('GET', urlOf(key))).body).toMatchObject({ id, appName, userId, state: { index } })
    }
    for (const key of keys) {
      expect((await send('DELETE', urlOf(key))).status).toBe(204)
      expect((await send('GET', urlOf(key))).status).toBe(404)
    }
  })
})
