import { describe, expect, test } from 'vitest'
import { AdkError, PROBLEMS, type ProblemCode } from '../../src/core/errors.js'
import { Problem, ValidationProblem } from '../../src/schema/problem.js'
import { toProblem } from '../../src/server/problem.js'
import { verifies } from '../contract/verifies.js'
import { WorkingAgent } from '../support/agents.js'
import { listen, message, openSession, SESSION } from '../support/server.js'
import { exchange } from '../support/socket.js'

type Item = { type: string; loc: (string | number)[]; msg: string; input?: unknown }

describe('what a 422 says', () => {
  const required = (field: string): Item => ({ type: 'missing', loc: ['body', field], msg: 'Field required' })
  const text = (loc: Item['loc'], input?: unknown): Item => ({
    type: 'string_type',
    loc,
    msg: 'Input should be a valid string',
    ...(input !== undefined && { input }),
  })
  const object = (loc: Item['loc'], input?: unknown): Item => ({
    type: 'dict_type',
    loc,
    msg: 'Input should be a valid object',
    ...(input !== undefined && { input }),
  })
  const cases: [what: string, body: unknown, items: Item[]][] = [
    ['nothing', undefined, [{ type: 'missing', loc: ['body'], msg: 'Field required' }]],
    ['null', 'null', [{ type: 'missing', loc: ['body'], msg: 'Field required' }]],
    ['a list', '[]', [object(['body'])]],
    ['a text', '"x"', [object(['body'], 'x')]],
    ['a number', '1', [object(['body'], 1)]],
    ['an empty object', '{}', [required('userId'), required('sessionId'), required('newMessage')]],
    ['a missing field', message({ userId: undefined }), [required('userId')]],
    ['a null field', message({ userId: null }), [required('userId')]],
    ['a number as id', message({ sessionId: 5 }), [text(['body', 'sessionId'], 5)]],
    ['an object as id', message({ appName: { x: 1 } }), [text(['body', 'appName'])]],
    ['an object that cannot be shown', message({ appName: { toString: 1 } }), [text(['body', 'appName'])]],
    ['a query as id', message({ sessionId: { $gt: '' } }), [text(['body', 'sessionId'])]],
    ['a list as id', message({ userId: ['u1'] }), [text(['body', 'userId'])]],
    [
      'a number as id, in snake case',
      { ...message(), userId: undefined, user_id: 5 },
      [text(['body', 'userId'], 5)],
    ],
    [
      'a wrong boolean',
      message({ streaming: 'perhaps' }),
      [
        {
          type: 'bool_type',
          loc: ['body', 'streaming'],
          msg: 'Input should be a valid boolean',
          input: 'perhaps',
        },
      ],
    ],
    ['a list as state', message({ stateDelta: [1] }), [object(['body', 'stateDelta'])]],
    ['a text as metadata', message({ customMetadata: 'x' }), [object(['body', 'customMetadata'], 'x')]],
    [
      'a wrong field of a part',
      message({ newMessage: { parts: [{ text: 'a' }, { inlineData: { mimeType: 5 } }] } }),
      [text(['body', 'newMessage', 'parts', 1, 'inlineData', 'mimeType'], 5)],
    ],
    [
      'data that no model could read',
      message({ newMessage: { parts: [{ inlineData: { mimeType: 'image/png', data: '!!' } }] } }),
      [
        {
          type: 'value_error',
          loc: ['body', 'newMessage', 'parts', 0, 'inlineData', 'data'],
          msg: 'String should be base64',
        },
      ],
    ],
    [
      'several at once',
      { userId: 1, sessionId: '', newMessage: { parts: [{ functionResponse: { response: 'x' } }] } },
      [
        text(['body', 'userId'], 1),
        {
          type: 'string_too_short',
          loc: ['body', 'sessionId'],
          msg: 'String should have at least 1 character',
          input: '',
        },
        object(['body', 'newMessage', 'parts', 0, 'functionResponse', 'response'], 'x'),
      ],
    ],
  ]
  for (const [what, body, items] of cases) {
    verifies('error.validation', what, async () => {
      const { send, model } = await openSession()
      for (const route of ['/run', '/run_sse']) {
        const reply = await send('POST', route, body)
        expect(reply).toMatchObject({
          status: 422,
          headers: { 'content-type': 'application/json; charset=utf-8' },
        })
        expect(reply.body.detail).toEqual(items)
        expect(reply.body.error).toBe(items.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '))
        expect(ValidationProblem.parse(reply.body)).toEqual(reply.body)
      }
      expect(model.calls).toHaveLength(0)
      expect((await send('GET', SESSION)).body.events).toEqual([])
    })
  }

  verifies('error.validation', 'a value that is long is not repeated', async () => {
    const { send } = await openSession()
    const { text } = await send('POST', '/run', message({ streaming: 'x'.repeat(10_000) }))
    expect(text.length).toBeLessThan(300)
  })

  verifies('error.validation', 'a body with very many mistakes gets a short answer', async () => {
    const { send } = await openSession()
    const events = Array.from({ length: 5000 }, () => ({ author: 5 }))
    const reply = await send('POST', '/apps/weather/users/u1/sessions', { events })
    expect(reply.status).toBe(422)
    expect(reply.body.detail).toHaveLength(20)
  })
})

describe('ids', () => {
  const unfit = ['a\u0000b', 'a\nb', '\u001b[31m', '\u007f']
  for (const id of unfit) {
    verifies('id.unfit', JSON.stringify(id), async () => {
      const { send } = await openSession()
      const item = {
        type: 'value_error',
        msg: 'String should not contain control characters or lone surrogates',
      }
      const inPath = await send('POST', `/apps/weather/users/u1/sessions/${encodeURIComponent(id)}`)
      expect(inPath).toMatchObject({
        status: 422,
        body: { detail: [{ ...item, loc: ['path', 'session_id'] }] },
      })
      const inBody = await send('POST', '/run', message({ sessionId: id }))
      expect(inBody).toMatchObject({
        status: 422,
        body: { detail: [{ ...item, loc: ['body', 'sessionId'] }] },
      })
    })
  }

  verifies('id.unfit', 'half a character', async () => {
    const { send } = await openSession()
    for (const sessionId of ['\ud800', 'a\udfff']) {
      expect((await send('POST', '/run', message({ sessionId }))).status).toBe(422)
      expect((await send('POST', '/apps/weather/users/u1/sessions', { sessionId })).status).toBe(422)
    }
    expect((await send('POST', '/run', message({ sessionId: '🙂' }))).status).toBe(404)
  })

  verifies('id.trimmed', async () => {
    const { send } = await openSession({ always: 'Sunny.' })
    expect((await send('GET', '/apps/%20weather%20/users/%09u1/sessions/s1%0A')).body).toMatchObject({
      id: 's1',
    })
    expect((await send('POST', '/apps/weather/users/u1/sessions/%20s1%20')).status).toBe(400)
    const padded = message({ appName: ' weather', userId: 'u1 ', sessionId: ' s1 ' })
    expect((await send('POST', '/run', padded)).status).toBe(200)
    expect((await send('GET', SESSION)).body.events).toHaveLength(2)
  })

  verifies('id.limit', async () => {
    const { send } = await openSession({ autoCreateSession: true, always: 'Sunny.' })
    const longest = 'x'.repeat(512)
    expect((await send('POST', '/run', message({ sessionId: longest, userId: longest }))).status).toBe(200)
    expect((await send('GET', `/apps/weather/users/${longest}/sessions/${longest}`)).status).toBe(200)
    const tooLong = await send('POST', '/run', message({ sessionId: `${longest}x` }))
    expect(tooLong.body.detail).toMatchObject([
      {
        type: 'string_too_long',
        loc: ['body', 'sessionId'],
        msg: 'String should have at most 512 characters',
      },
    ])
    for (const url of ['/apps//users/u1/sessions', '/apps/a/users/%20/sessions']) {
      expect(await send('GET', url)).toMatchObject({
        status: 422,
        body: { detail: [{ type: 'string_too_short' }] },
      })
    }
  })
})

describe('every code', () => {
  for (const [code, status] of Object.entries(PROBLEMS)) {
    verifies('error.shape', code, () => {
      const problem = toProblem(new AdkError(code as ProblemCode, 'what it is'))
      expect(problem).toEqual({ status, body: { detail: 'what it is', error: 'what it is' } })
      const documented = status === 422 ? ValidationProblem : Problem
      expect(documented.parse(problem?.body)).toEqual(problem?.body)
    })
  }
})

verifies('error.shape', 'what was sent is not sent back', async () => {
  const { send } = await openSession()
  const id = 'x'.repeat(100_000)
  const parts = [{ functionResponse: { id, name: 'get_weather', response: {} } }]
  for (const [path, status, body] of [
    ['/run', 422, message({ newMessage: { parts } })],
    ['/runs', 404, { agent_name: id, input: [{ parts: [{ content: 'Hi.' }] }] }],
  ] as const) {
    const reply = await send('POST', path, body)
    expect(reply.status).toBe(status)
    expect(reply.text.length).toBeLessThan(5000)
  }
})

describe('a bug', () => {
  const secret = 'AIzaSyA1234567890123456789012345678901'
  const failure = new Error(`cannot open /var/lib/adk/db.sqlite with key=${secret}`)

  verifies('error.internal', 'of a store', async () => {
    const { send, sessions, logged } = await openSession()
    sessions.getSession = () => Promise.reject(failure)
    for (const [method, url, body] of [
      ['GET', SESSION, undefined],
      ['POST', '/run', message()],
    ] as const) {
      const reply = await send(method, url, body, { 'x-request-id': 'mine' })
      expect(reply.status).toBe(500)
      expect(reply.body.detail).toBe(
        "Internal Server Error; the server's log has the details under request id mine",
      )
      expect(reply.body.error).toBe(reply.body.detail)
    }
    const line = logged.map((text) => JSON.parse(text)).find(({ evt }) => evt === 'request.failed')
    expect(line).toMatchObject({
      level: 'error',
      err: { type: 'Error', stack: expect.stringContaining('at ') },
    })
    expect(logged.join('')).not.toContain(secret)
  })

  verifies('error.internal', 'of the list of apps', async () => {
    const { app, send } = await openSession({ plugins: [] })
    app.addHook('preHandler', async () => {
      throw failure
    })
    const { status, text } = await send('GET', '/list-apps')
    expect(status).toBe(500)
    expect(text).not.toMatch(/sqlite|AIza|\bat /)
  })

  verifies('error.internal', 'in a stream', async () => {
    const agent = new WorkingAgent(async function* () {})
    const { send, sessions } = await openSession({ apps: { agent } })
    sessions.appendEvent = () => Promise.reject(failure)
    const { status, text } = await send('POST', '/run_sse', message({ appName: 'agent' }))
    expect(status).toBe(200)
    expect(text).toMatch(/^data: \{"error":/)
    expect(text).not.toMatch(/sqlite|AIza|\bat /)
  })
})

verifies('error.survives', async () => {
  const port = await listen(await openSession())
  const json: [string, string] = ['Content-Type', 'application/json']
  const fatal = [
    ['/run', '{"appName":{"toString":1},"userId":"u","sessionId":"s","newMessage":"x"}', json],
    ['/run_sse', '{"appName":{"toString":1},"userId":"u","sessionId":"s","newMessage":"x"}', json],
    [
      '/run',
      '{"appName":"weather","userId":{"toString":1,"valueOf":1},"sessionId":"s","newMessage":"x"}',
      json,
    ],
    ['/run', '{"appName":"weather","userId":"u","sessionId":{"$nope":""},"newMessage":"x"}', json],
    ['/api/reasoning_engine', 'null', ['Content-Type', 'text/plain']],
  ] as const
  for (const [path, body, header] of fatal) {
    const reply = await exchange(port, { method: 'POST', path, headers: [[...header]], body })
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.status).toBeLessThan(500)
    expect(reply.body.detail).toBeDefined()
    expect((await exchange(port, { method: 'GET', path: '/health' })).status).toBe(200)
  }
})

test('an error that is not an Error is a bug', () => {
  for (const thrown of ['text', undefined, null, 5, { code: 'FST_ERR_BAD_URL' }])
    expect(toProblem(thrown)).toBeUndefined()
})
