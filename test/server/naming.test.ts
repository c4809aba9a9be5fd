import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEvent } from '../../src/core/event.js'
import { isJsonObject, normalizeKeys, SpellingConflict } from '../../src/schema/json.js'
import { verifies } from '../contract/verifies.js'
import { speakingAgent } from '../support/agents.js'
import { message, openSession, SESSION } from '../support/server.js'

const TEXT = 'What is the weather in New York?'

verifies('naming.both', 'run', async () => {
  const { send, sessions } = await openSession({ always: 'Sunny.' })
  const image = { mime_type: 'image/png', data: 'aGk=', display_name: 'a_b.png' }
  const reply = await send('POST', '/run', {
    app_name: 'weather',
    user_id: 'u1',
    session_id: 's1',
    new_message: { role: 'user', parts: [{ text: TEXT }, { inline_data: image }] },
    state_delta: { visit_count: 1 },
    custom_metadata: { trace_id: 'x' },
    function_call_event_id: 'ignored',
  })
  expect(reply.status).toBe(200)
  expect(reply.body[0].customMetadata).toEqual({ trace_id: 'x' })
  const stored = await sessions.getSession({ appName: 'weather', userId: 'u1', sessionId: 's1' })
  expect(stored?.state).toEqual({ visit_count: 1 })
  expect(stored?.events[0]?.content?.parts).toEqual([
    { text: TEXT },
    { inlineData: { mimeType: 'image/png', data: 'aGk=', displayName: 'a_b.png' } },
  ])
})

verifies('naming.both', 'equal twice', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const twice = { user_id: 'u1', state_delta: { a: [1] }, stateDelta: { a: [1] } }
  expect((await send('POST', '/run', message(twice))).status).toBe(200)
})

verifies('naming.conflict', async () => {
  const { send, model } = await openSession({ always: 'Sunny.' })
  const reply = await send('POST', '/run', message({ user_id: 'u2' }))
  const text = '"userId" and "user_id" are the same field with different values; send one of them'
  expect(reply).toMatchObject({
    status: 422,
    body: {
      detail: [{ type: 'value_error', loc: ['body', 'userId'], msg: text }],
      error: `body.userId: ${text}`,
    },
  })
  expect(model.calls).toHaveLength(0)
})

verifies('naming.conflict', 'whichever comes first', async () => {
  const { send } = await openSession()
  const reply = await send('POST', '/run', { user_id: 'u2', ...message() })
  expect(reply.body.error).toContain('"user_id" and "userId" are the same field')
})

verifies('naming.conflict', 'inside a part', async () => {
  const { send } = await openSession()
  const part = { inlineData: { mimeType: 'a', mime_type: 'b' } }
  const reply = await send('POST', '/run', message({ newMessage: { parts: [part] } }))
  expect(reply.body.detail[0].loc).toEqual(['body', 'newMessage', 'parts', 0, 'inlineData', 'mimeType'])
})

verifies('naming.conflict', 'of a session to create', async () => {
  const { send } = await openSession()
  const event = { author: 'user', invocationId: 'e-1', invocation_id: 'e-2' }
  for (const url of ['/apps/weather/users/u1/sessions/s2', '/apps/weather/users/u1/sessions']) {
    const twoIds = await send('POST', url, { state: {}, sessionId: 's2', session_id: 's3' })
    expect(twoIds).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'sessionId'] }] } })
    const inEvent = await send('POST', url, { state: {}, events: [event] })
    expect(inEvent).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'events', 0, 'invocationId'] }] },
    })
  }
  expect((await send('GET', '/apps/weather/users/u1/sessions')).body).toHaveLength(1)
})

verifies('naming.user-owned', async () => {
  const { send, sessions } = await openSession({ always: 'Sunny.' })
  const session = await sessions.createSession({ appName: 'weather', userId: 'u1', sessionId: 's2' })
  const content = { role: 'model', parts: [{ functionCall: { id: 'x', name: 'ask', args: {} } }] }
  await sessions.appendEvent({
    session,
    event: createEvent({ author: 'weather', invocationId: 'e-1', content }),
  })
  const owned = { snake_case: { inner_key: null }, camelCase: 1 }
  const answer = { functionResponse: { id: 'x', name: 'ask', response: owned } }
  const fields = {
    sessionId: 's2',
    newMessage: { parts: [answer] },
    stateDelta: owned,
    customMetadata: owned,
  }
  expect((await send('POST', '/run', message(fields))).status).toBe(200)
  const { events, state } = (await send('GET', '/apps/weather/users/u1/sessions/s2')).body
  expect(state).toEqual(owned)
  expect(events[1]).toMatchObject({ content: { parts: [answer] }, customMetadata: owned })
  expect(events[1].actions.stateDelta).toEqual(owned)
})

verifies('naming.null', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const nothing = {
    streaming: null,
    stateDelta: null,
    customMetadata: null,
    invocationId: null,
    functionCallEventId: null,
  }
  const newMessage = { role: null, parts: [{ text: 'Hi', inlineData: null, thought: null }] }
  expect((await send('POST', '/run', message({ ...nothing, newMessage }))).status).toBe(200)
  expect((await send('GET', SESSION)).body.events[0].content).toEqual({
    role: 'user',
    parts: [{ text: 'Hi' }],
  })
})

verifies('naming.out', async () => {
  const { send } = await openSession()
  const { text } = await send('POST', '/run', message())
  expect(text).not.toMatch(/null|"\w+_\w+":/)
  expect((await send('GET', SESSION)).text).not.toMatch(/null|"\w+_\w+":/)
})

verifies('naming.proto', 'state keys', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  const state = '{"__proto__":{"x":1},"constructor":5,"toString":"x","app:__proto__":1,"user:__proto__":2}'
  const created = await send('POST', '/apps/weather/users/u1/sessions/s2', `{"state":${state}}`)
  expect(created.text).toContain('"__proto__":{"x":1}')
  await send(
    'POST',
    '/run',
    `{"appName":"weather","userId":"u1","sessionId":"s1","newMessage":"Hi","stateDelta":${state}}`,
  )
  for (const id of ['s1', 's2']) {
    const { text } = await send('GET', `/apps/weather/users/u1/sessions/${id}`)
    for (const key of ['"__proto__":{"x":1}', '"app:__proto__":1', '"user:__proto__":2'])
      expect(text).toContain(key)
  }
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
  verifies('naming.proto', `${id} as an id`, async () => {
    const { send } = await openSession({ apps: { other: speakingAgent('Hi.') } })
    const url = `/apps/${id}/users/${id}/sessions`
    expect((await send('GET', `${url}/${id}`)).status).toBe(404)
    expect((await send('GET', url)).body).toEqual([])
    expect((await send('POST', '/run', message({ appName: id }))).status).toBe(404)
    expect((await send('POST', '/run', message({ sessionId: id }))).status).toBe(404)
    expect((await send('POST', `${url}/${id}`)).status).toBe(200)
    expect((await send('GET', url)).body).toMatchObject([{ id, userId: id, appName: id }])
  })
}

verifies('naming.extra', async () => {
  const { send } = await openSession({ always: 'Sunny.' })
  expect(
    (await send('POST', '/run', message({ zzz: 1, serviceTier: 'flex', options: { a: [1] } }))).status,
  ).toBe(200)
  expect((await send('GET', SESSION)).text).not.toMatch(/zzz|serviceTier|options/)
})

describe('normalizeKeys', () => {
  const keys = fc.oneof(
    fc.constantFrom(
      'state',
      'stateDelta',
      'state_delta',
      'args',
      'userId',
      'user_id',
      'a_b_c',
      '__proto__',
      '_x',
      'x_',
    ),
    fc.string({ maxLength: 6 }),
    fc.stringMatching(/^[a-z0-9_]{1,8}$/),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 0 }),
      fc.array(tie('tree')),
      tie('object'),
    ),
    object: fc.dictionary(keys, tie('tree')),
  }))

  test('does not change what it has made', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const once = normalizeKeys(value)
        if (!(once instanceof SpellingConflict)) expect(normalizeKeys(once)).toEqual(once)
      }),
    )
  })

  test('hands over maps of the user as they are', () => {
    fc.assert(
      fc.property(
        fc.dictionary(keys, tree),
        fc.constantFrom('state_delta', 'args', 'custom_metadata'),
        (owned, name) => {
          const result = normalizeKeys({ outer_name: [{ [name]: owned }] })
          const camel = name.replace(/_(\w)/, (_, letter: string) => letter.toUpperCase())
          const outer = isJsonObject(result) ? result.outerName : undefined
          expect(Array.isArray(outer) && isJsonObject(outer[0]) && outer[0][camel]).toBe(owned)
        },
      ),
    )
  })
})
