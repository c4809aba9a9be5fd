import { expect } from 'vitest'
import { z } from 'zod'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { verifies } from '../contract/verifies.js'
import { speakingAgent, throwingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { scriptedModel } from '../support/scripted-model.js'
import { buildTestServer, message, openSession, SESSION } from '../support/server.js'

const TRACE = '/debug/trace/session/s1'
const DEV = '/dev/apps/weather'

interface SpanBody {
  name: string
  parent_span_id: string | null
  span_id: string
  trace_id: string
  start_time: number
  end_time: number
  attributes: Record<string, unknown>
}

/** What the dev UI makes of spans: one that it does not accept, and it shows none. */
const Value: z.ZodType = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.array(Value), z.record(z.string(), Value)]),
)
const UiSpan = z
  .object({
    name: z.string(),
    start_time: z.number(),
    end_time: z.number(),
    trace_id: z.union([z.string(), z.number()]),
    span_id: z.union([z.string(), z.number()]),
    parent_span_id: z.union([z.string(), z.number()]).nullish(),
    attributes: z.record(z.string(), Value),
  })
  .superRefine(({ attributes }, context) => {
    const require = (name: string) => {
      if (typeof attributes[name] !== 'string') context.addIssue(`${name} is missing`)
    }
    const operation = attributes['gen_ai.operation.name']
    if (operation === 'invoke_agent') require('gen_ai.conversation.id')
    if (operation === 'generate_content') {
      require('gcp.vertex.agent.event_id')
      require('gcp.vertex.agent.invocation_id')
    }
    for (const name of ['input_tokens', 'output_tokens']) {
      const count = attributes[`gen_ai.usage.${name}`]
      if (count !== undefined && typeof count !== 'number') context.addIssue(`${name} is no number`)
    }
    for (const name of ['llm_request', 'llm_response']) {
      const text = attributes[`gcp.vertex.agent.${name}`]
      if (typeof text === 'string') JSON.parse(text)
    }
  })

verifies('trace.session', async () => {
  const { send } = await openSession()
  const events = (await send('POST', '/run', message())).body
  const reply = await send('GET', TRACE)
  expect(reply.status).toBe(200)
  const spans: SpanBody[] = reply.body
  expect(spans.map(({ name }) => name)).toEqual([
    'invocation',
    'invoke_agent weather',
    'call_llm',
    'execute_tool get_weather',
    'call_llm',
  ])
  const [invocation, agent, call, tool] = spans
  expect(new Set(spans.map((span) => span.trace_id)).size).toBe(1)
  expect(spans.map((span) => span.parent_span_id)).toEqual([
    null,
    invocation?.span_id,
    agent?.span_id,
    agent?.span_id,
    agent?.span_id,
  ])
  for (const { trace_id, span_id, start_time, end_time } of spans) {
    expect(trace_id).toMatch(/^[0-9a-f]{32}$/)
    expect(span_id).toMatch(/^[0-9a-f]{16}$/)
    expect(end_time).toBeGreaterThanOrEqual(start_time)
    expect(Math.abs(start_time / 1e6 - Date.now())).toBeLessThan(600_000)
  }
  const invocationId = events[0].invocationId
  expect(invocation?.attributes).toMatchObject({
    'gcp.vertex.agent.invocation_id': invocationId,
    'gcp.vertex.agent.session_id': 's1',
  })
  expect(agent?.attributes).toMatchObject({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'weather',
    'gen_ai.agent.description': 'Tells the weather.',
    'gen_ai.conversation.id': 's1',
  })
  expect(call?.attributes).toMatchObject({
    'gen_ai.system': 'gcp.vertex.agent',
    'gen_ai.request.model': 'scripted',
    'gcp.vertex.agent.event_id': events[0].id,
    'gcp.vertex.agent.invocation_id': invocationId,
  })
  const request = JSON.parse(String(call?.attributes['gcp.vertex.agent.llm_request']))
  expect(request).toMatchObject({
    model: 'scripted',
    contents: [{ role: 'user', parts: [{ text: 'What is the weather in New York?' }] }],
    config: { tools: [{ functionDeclarations: [{ name: 'get_weather' }] }] },
  })
  const response = JSON.parse(String(call?.attributes['gcp.vertex.agent.llm_response']))
  expect(response.content.parts[0].functionCall.name).toBe('get_weather')
  expect(tool?.attributes).toMatchObject({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'get_weather',
    'gen_ai.tool.description': 'Tells the weather of a city.',
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': events[0].content.parts[0].functionCall.id,
    'gcp.vertex.agent.event_id': events[1].id,
    'gcp.vertex.agent.tool_call_args': '{"city":"new york"}',
    'gcp.vertex.agent.tool_response': '{"status":"success","report":"Sunny in new york."}',
  })
  expect((await send('GET', `${DEV}${TRACE}`)).body).toEqual(spans)
})

verifies('trace.session', 'a second turn is a second trace', async () => {
  const { send } = await openSession({ turns: [], always: 'Yes.' })
  await send('POST', '/run', message())
  await send('POST', '/run_sse', message({ streaming: true }))
  const spans: SpanBody[] = (await send('GET', TRACE)).body
  expect(spans.filter(({ name }) => name === 'invocation')).toHaveLength(2)
  expect(new Set(spans.map((span) => span.trace_id)).size).toBe(2)
})

verifies('trace.session', 'in the trace of the client', async () => {
  const { send } = await openSession()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
  expect((await send('POST', '/run', message(), headers)).status).toBe(200)
  const spans: SpanBody[] = (await send('GET', TRACE)).body
  expect(new Set(spans.map((span) => span.trace_id))).toEqual(new Set([traceId]))
  // What the client does is not among the spans here, so the tree begins with ours.
  expect(spans[0]?.parent_span_id).toBeNull()
})

verifies('trace.session', 'of a run over ACP', async () => {
  const { send } = await buildTestServer()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const input = [{ role: 'user', parts: [{ content_type: 'text/plain', content: 'What is the weather?' }] }]
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
  const reply = await send('POST', '/runs', { agent_name: 'weather', input, mode: 'sync' }, headers)
  expect(reply.status).toBe(200)
  const spans: SpanBody[] = (await send('GET', `/debug/trace/session/${reply.body.session_id}`)).body
  expect(spans).toHaveLength(5)
  expect(spans[0]?.trace_id).toBe(traceId)
})

for (const traceparent of [
  '',
  'nonsense',
  '00-0-0-00',
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  'x'.repeat(5000),
]) {
  verifies('trace.session', `whatever traceparent says: ${traceparent.slice(0, 40)}`, async () => {
    const { send } = await openSession()
    expect((await send('POST', '/run', message(), { traceparent })).status).toBe(200)
    const spans: SpanBody[] = (await send('GET', TRACE)).body
    expect(spans[0]?.trace_id).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
  })
}

verifies('trace.unknown-session', async () => {
  const { send } = await buildTestServer()
  for (const path of ['zzz', '__proto__', 'a%2Fb']) {
    for (const prefix of ['', DEV, '/dev/apps/other']) {
      const reply = await send('GET', `${prefix}/debug/trace/session/${path}`)
      expect(reply).toMatchObject({ status: 200, text: '[]' })
    }
  }
})

verifies('trace.event', async () => {
  const { send } = await openSession()
  const events = (await send('POST', '/run', message())).body
  const spans: SpanBody[] = (await send('GET', TRACE)).body
  for (const [index, span] of [2, 3, 4].entries()) {
    const reply = await send('GET', `/debug/trace/${events[index].id}`)
    const { trace_id, span_id, attributes } = spans[span] as SpanBody
    expect(reply).toMatchObject({ status: 200 })
    expect(reply.body).toEqual({ ...attributes, trace_id, span_id })
    expect((await send('GET', `${DEV}/debug/trace/${events[index].id}`)).body).toEqual(reply.body)
  }
})

verifies('trace.event', 'of a model that failed', async () => {
  const { send } = await openSession({ turns: [{ fail: new Error('out of order') }] })
  const [event] = (await send('POST', '/run', message())).body
  expect((await send('GET', `/debug/trace/${event.id}`)).body).toMatchObject({
    'error.message': 'out of order',
    'gcp.vertex.agent.llm_response': '{}',
  })
})

verifies('trace.unknown-event', async () => {
  const { send } = await openSession()
  await send('POST', '/run', message())
  for (const path of ['/debug/trace/zzz', '/debug/trace/__proto__', `${DEV}/debug/trace/zzz`]) {
    expect(await send('GET', path)).toMatchObject({
      status: 404,
      body: { detail: 'Trace not found', error: 'Trace not found' },
    })
  }
  const { send: sendToOther } = await openSession({ apps: { other: speakingAgent() } })
  const [foreign] = (await sendToOther('POST', '/run', message())).body
  for (const prefix of ['/dev/apps/other', '/agent/other']) {
    expect((await sendToOther('GET', `${prefix}/debug/trace/${foreign.id}`)).status).toBe(404)
  }
  expect((await sendToOther('GET', `/agent/weather/debug/trace/${foreign.id}`)).status).toBe(200)
  for (const path of ['/debug/trace/%00', `/debug/trace/${'x'.repeat(600)}`, '/debug/trace/session/%20']) {
    expect((await send('GET', path)).status).toBe(422)
  }
  expect((await send('POST', '/debug/trace/zzz', {})).status).toBe(405)
})

for (const [how, options] of [
  ['completes', {}],
  ['of a model that fails', { turns: [{ fail: new Error('out of order') }] }],
  ['of a model that refuses', { turns: [{ response: { errorCode: 'SAFETY', errorMessage: 'no' } }] }],
  [
    'of a model that says null',
    {
      turns: [
        {
          response: { content: { parts: [{ text: 'a' }] }, modelVersion: null, finishReason: null } as never,
        },
      ],
    },
  ],
  [
    'of a model that says anything',
    {
      turns: [
        {
          response: {
            content: { parts: [{ text: 'a' }] },
            modelVersion: { a: 1 },
            finishReason: 7,
            usageMetadata: { promptTokenCount: NaN, candidatesTokenCount: '3' },
          } as never,
        },
      ],
    },
  ],
  [
    'of a tool that fails',
    {
      tool: () => {
        throw new Error('no')
      },
    },
  ],
  ['of a tool that answers nothing', { tool: () => undefined }],
] as const) {
  verifies('trace.readable', how, async () => {
    const { send } = await openSession(options as Parameters<typeof openSession>[0])
    await send('POST', '/run', message())
    const { text } = await send('GET', `${DEV}${TRACE}`)
    expect(z.array(UiSpan).min(3).parse(JSON.parse(text))).toBeTruthy()
  })
}

verifies('trace.readable', 'of an agent that throws', async () => {
  const { send } = await openSession({
    apps: { broken: throwingAgent(new Error('at /etc/secret/agent.ts')) },
  })
  expect((await send('POST', '/run', message({ appName: 'broken' }))).status).toBe(500)
  const { text, body } = await send('GET', `/dev/apps/broken${TRACE}`)
  expect(z.array(UiSpan).length(2).parse(body)).toBeTruthy()
  expect(text).not.toContain('/etc/secret')
})

verifies('trace.scope', async () => {
  const { send, sessions } = await openSession({ apps: { other: speakingAgent('Yes.') } })
  await sessions.createSession({ appName: 'other', userId: 'u2', sessionId: 's1' })
  await send('POST', '/run', message())
  await send('POST', '/run', message({ appName: 'other', userId: 'u2' }))
  const namesOf = async (prefix: string): Promise<string[]> =>
    (await send('GET', `${prefix}${TRACE}`)).body.map(({ name }: SpanBody) => name)
  expect(await namesOf(DEV)).toHaveLength(5)
  expect(await namesOf('/dev/apps/other')).toEqual(['invocation', 'invoke_agent weather', 'call_llm'])
  expect(await namesOf('')).toHaveLength(8)
  expect(await namesOf('/agent/weather')).toHaveLength(5)
  expect(await namesOf('/agent/other')).toHaveLength(3)
})

verifies('trace.bounded', 'many runs', async () => {
  const { send } = await openSession({ turns: [], always: 'Yes.', traceLimits: { spans: 7 } })
  const ids: string[] = []
  for (let count = 0; count < 5; count++) ids.push((await send('POST', '/run', message())).body[0].id)
  const spans: SpanBody[] = (await send('GET', TRACE)).body
  expect(spans.length).toBeGreaterThan(3)
  expect(spans.length).toBeLessThanOrEqual(7)
  expect((await send('GET', `/debug/trace/${ids[0]}`)).status).toBe(404)
  expect((await send('GET', `/debug/trace/${ids[4]}`)).status).toBe(200)
})

verifies('trace.bounded', 'many bytes', async () => {
  const { send } = await openSession({ turns: [], always: 'Yes.', traceLimits: { bytes: 100_000 } })
  for (let count = 0; count < 20; count++) {
    await send('POST', '/run', message({ newMessage: 'x'.repeat(3000) }))
  }
  const { text } = await send('GET', TRACE)
  expect(text.length).toBeGreaterThan(40_000)
  expect(text.length).toBeLessThan(110_000)
})

verifies('trace.bounded', 'a long message', async () => {
  const { send } = await openSession({ turns: [], always: 'Yes.' })
  await send('POST', '/run', message({ newMessage: `first ${'x'.repeat(200_000)}` }))
  await send('POST', '/run', message({ newMessage: 'and now?' }))
  const spans: SpanBody[] = (await send('GET', TRACE)).body
  const texts = spans
    .flatMap(({ attributes }) => attributes['gcp.vertex.agent.llm_request'] ?? [])
    .map(String)
  expect(texts).toHaveLength(2)
  for (const text of texts) expect(text.length).toBeLessThan(34_000)
  const { contents } = JSON.parse(texts[1] ?? '')
  expect(contents.at(-1).parts[0].text).toBe('and now?')
})

verifies('trace.deleted', async () => {
  const { send } = await openSession()
  const [event] = (await send('POST', '/run', message())).body
  expect((await send('GET', TRACE)).body).toHaveLength(5)
  expect((await send('DELETE', SESSION)).status).toBe(204)
  expect((await send('GET', TRACE)).text).toBe('[]')
  expect((await send('GET', `/debug/trace/${event.id}`)).status).toBe(404)
})

verifies('trace.deleted', 'those of its namesakes stay', async () => {
  const { send, sessions } = await openSession({ turns: [], always: 'Yes.' })
  await sessions.createSession({ appName: 'weather', userId: 'u2', sessionId: 's1' })
  await send('POST', '/run', message())
  await send('POST', '/run', message({ userId: 'u2' }))
  await send('DELETE', SESSION)
  const spans: SpanBody[] = (await send('GET', TRACE)).body
  expect(spans).toHaveLength(3)
  expect(spans[0]?.attributes['user.id']).toBe('u2')
})

verifies('trace.deleted', 'while a run is under way', async () => {
  const { opened: arrived, open: arrive } = gate()
  const { send } = await openSession({
    tool: () => {
      arrive()
      return new Promise(() => {})
    },
  })
  const run = send('POST', '/run', message())
  await arrived
  await send('DELETE', SESSION)
  expect((await run).status).toBe(409)
  expect((await send('GET', TRACE)).text).toBe('[]')
})

verifies('trace.secrets', async () => {
  const agent = new LlmAgent({
    name: 'secretive',
    model: scriptedModel(['Yes.']),
    generateContentConfig: {
      temperature: 0.5,
      httpOptions: { headers: { authorization: 'Bearer hidden-token' } },
    },
  })
  const { send } = await openSession({ apps: { secretive: agent } })
  await send('POST', '/run', message({ appName: 'secretive' }))
  const { text } = await send('GET', TRACE)
  expect(text).toContain('temperature')
  expect(text).not.toContain('hidden-token')
})
