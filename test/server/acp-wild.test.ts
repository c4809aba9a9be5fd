import fc from 'fast-check'
import { afterAll, beforeAll, expect } from 'vitest'
import { AcpError, AcpEvent, AcpRun } from '../../src/schema/acp.js'
import { verifies } from '../contract/verifies.js'
import { answerOf, askingAgent, eventsIn, runRequest } from '../support/acp.js'
import { makeTestServer, type Reply, type TestServer } from '../support/server.js'

let server: TestServer
beforeAll(async () => {
  server = await makeTestServer({ always: 'Hi.', apps: { refunds: askingAgent() }, logLevel: 'warn' })
})
afterAll(() => server.app.close())

const RUNS = { numRuns: 150 }
const ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a'

/** Mostly right, so that what is wrong is looked at. */
const orWild = (value: fc.Arbitrary<unknown>) => fc.oneof({ weight: 6, arbitrary: value }, fc.jsonValue())
const maybe = (value: fc.Arbitrary<unknown>) => fc.option(orWild(value), { nil: null, freq: 2 })
const text = fc.string({ unit: 'binary' })

const part = fc.record(
  {
    name: maybe(text),
    content_type: maybe(fc.constantFrom('text/plain', 'application/json', 'image/png', 'a/b; c', '<x>')),
    content: maybe(fc.oneof(text, fc.json(), fc.base64String())),
    content_encoding: maybe(fc.constantFrom('plain', 'base64')),
    content_url: maybe(fc.oneof(fc.webUrl(), text)),
    metadata: maybe(
      fc.record(
        { kind: fc.constantFrom('citation', 'trajectory'), message: text },
        { requiredKeys: ['kind'] },
      ),
    ),
  },
  { requiredKeys: [] },
)
const message = fc.record(
  { role: maybe(fc.constantFrom('user', 'agent', 'agent/x', 'agent/user')), parts: orWild(fc.array(part)) },
  { requiredKeys: ['parts'] },
)
/** Often right: of messages that are wild throughout, hardly any run would come. */
const orPlain = (wild: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 2, arbitrary: fc.record({ parts: fc.tuple(fc.record({ content: text })) }) }, wild)
const session = fc.record(
  {
    id: orWild(fc.oneof(fc.constant(ID), fc.uuid())),
    history: maybe(fc.array(fc.webUrl())),
    state: maybe(text),
  },
  { requiredKeys: [] },
)
const request = fc.record(
  {
    agent_name: orWild(fc.constantFrom('weather', 'refunds', '__proto__')),
    input: orWild(fc.array(message)),
    session_id: maybe(fc.oneof(fc.constant(ID), fc.uuid())),
    session: maybe(session),
    mode: maybe(fc.constantFrom('sync', 'stream')),
  },
  { requiredKeys: [] },
)

function expectProtocol(reply: Reply): void {
  expect(reply.status, reply.text).toBeLessThan(500)
  if (reply.status >= 400) expect(AcpError.parse(reply.body)).toEqual(reply.body)
  else if (reply.headers['content-type'] === 'text/event-stream; charset=utf-8') {
    for (const event of eventsIn(reply)) expect(AcpEvent.parse(event)).toEqual(event)
    expect(eventsIn(reply).at(-1)?.type).toMatch(/^run\.(?:completed|awaiting)$/)
  } else {
    expect(AcpRun.parse(reply.body)).toEqual(reply.body)
    expect(reply.body.status).toMatch(/^(?:completed|awaiting)$/)
  }
}

verifies('acp.errors', 'wild runs', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (body) => {
      expectProtocol(await server.send('POST', '/runs', body))
    }),
    RUNS,
  )
})

verifies('acp.errors', 'wild messages', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(orPlain(message), { minLength: 1, maxLength: 4 }), async (input) => {
      expectProtocol(await server.send('POST', '/runs', runRequest({ input, session_id: ID })))
    }),
    RUNS,
  )
  expect((await server.send('GET', `/apps/weather/users/acp/sessions/${ID}`)).status).toBe(200)
})

verifies('acp.errors', 'wild answers', async () => {
  const turns = [{ call: 'refund', args: { amount: 1 } }, { call: 'read_mail' }, { call: 'approve' }]
  const asking = await makeTestServer({ apps: { refunds: askingAgent(turns) } })
  try {
    const { body: run } = await asking.send('POST', '/runs', runRequest({ agent_name: 'refunds' }))
    const ids =
      asking.logged &&
      run.await_request.message.parts.flatMap((each: { name?: string; content: string }) =>
        each.name ? [JSON.parse(each.content).function_call_id] : [],
      )
    const value = fc.record(
      {
        function_call_id: orWild(fc.constantFrom(...ids)),
        confirmed: orWild(fc.boolean()),
        payload: fc.jsonValue(),
        auth_config: fc.jsonValue(),
        __proto__: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const answer = fc.oneof(
      message.map((each) => ({ type: 'message', message: each })),
      fc
        .array(value)
        .map((values) =>
          answerOf(
            ...values.map((each) => ({ content_type: 'application/json', content: JSON.stringify(each) })),
          ),
        ),
    )
    await fc.assert(
      fc.asyncProperty(orWild(answer), async (await_resume) => {
        const reply = await asking.send('POST', `/runs/${run.run_id}`, { mode: 'sync', await_resume })
        expectProtocol(reply)
      }),
      RUNS,
    )
  } finally {
    await asking.app.close()
  }
})

verifies('acp.errors', 'wild paths', async () => {
  const name = fc.oneof(text, fc.constantFrom('..', '%', '__proto__', ID))
  const paths = [
    (id: string) => `/agents/${id}`,
    (id: string) => `/runs/${id}`,
    (id: string) => `/runs/${id}/events`,
    (id: string) => `/sessions/${id}`,
    (id: string) => `/resources/${id}`,
    (id: string) => `/agents?limit=${id}&offset=${id}`,
  ]
  await fc.assert(
    fc.asyncProperty(name, fc.constantFrom(...paths), async (id, pathOf) => {
      const url = pathOf(encodeURIComponent(id))
      expect((await server.send('GET', url)).status).toBeLessThan(500)
    }),
    RUNS,
  )
})
