import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { Counter } from '../../src/telemetry/exposition.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import { verifies } from '../contract/verifies.js'
import { throwingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { parseMetrics, valueOf } from '../support/prometheus.js'
import { scriptedModel } from '../support/scripted-model.js'
import { buildTestServer, message, openSession, SESSION, type TestServerOptions } from '../support/server.js'

const METRICS = '/metrics'
const USAGE = { promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 2 }

async function counted(options: TestServerOptions = {}) {
  const metrics = new Metrics()
  onTestFinished(() => metrics.close())
  const server = await openSession({ metrics, ...options })
  const read = async () => (await server.send('GET', METRICS)).text
  return { ...server, read }
}

verifies('metrics.off', async () => {
  const { send } = await buildTestServer()
  expect((await send('GET', METRICS)).status).toBe(404)
})

verifies('metrics.off', 'nor under an app, as they are those of the whole server', async () => {
  const { send } = await counted()
  expect((await send('GET', `/agent/weather${METRICS}`)).status).toBe(404)
})

verifies('metrics.format', async () => {
  const { send } = await counted()
  await send('POST', '/run', message())
  const reply = await send('GET', METRICS)
  expect(reply.status).toBe(200)
  expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(parseMetrics(reply.text).size).toBeGreaterThan(20)
})

verifies('metrics.format', 'before anything happened', async () => {
  const { read } = await counted()
  expect(parseMetrics(await read()).get('adk_runs_started_total')?.samples).toEqual([])
})

verifies('metrics.format', 'whatever labels hold', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (values) => {
      const counter = new Counter('c_total', 'Help.')
      for (const value of values) counter.add({ label: value })
      const samples = parseMetrics(counter.toText()).get('c_total')?.samples ?? []
      expect(samples.map(({ labels }) => labels.label)).toEqual([...new Set(values)])
    }),
  )
})

verifies('metrics.requests', async () => {
  const { send, read } = await counted()
  await send('GET', SESSION)
  await send('GET', '/apps/weather/users/u2/sessions/s2')
  await send('GET', '/no/such/path')
  await send('GET', '/%')
  await send('POST', '/run', '{')
  const text = await read()
  const requests = (labels: Record<string, string>) => valueOf(text, 'adk_http_requests_total', labels)
  const route = '/apps/:app_name/users/:user_id/sessions/:session_id'
  expect(requests({ method: 'GET', route, status: '200' })).toBe(1)
  expect(requests({ method: 'GET', route, status: '404' })).toBe(1)
  expect(requests({ route: 'unknown', status: '404' })).toBe(1)
  expect(requests({ route: 'unknown', status: '400' })).toBe(1)
  expect(requests({ method: 'POST', route: '/run', status: '422' })).toBe(1)
  expect(valueOf(text, 'adk_http_request_duration_seconds_count', { route })).toBe(2)
  expect(text).not.toContain('u2')
  expect(text).not.toContain('no/such')
})

verifies('metrics.runs', async () => {
  const { opened: arrived, open: arrive } = gate()
  const { send, read } = await counted({
    apps: { broken: throwingAgent(new Error('no')) },
    tool: () => {
      arrive()
      return new Promise(() => {})
    },
  })
  await send('POST', '/run', message({ appName: 'broken' }))
  const run = send('POST', '/run', message())
  await arrived
  expect(valueOf(await read(), 'adk_runs_in_flight', { app: 'weather' })).toBe(1)
  await send('DELETE', SESSION)
  await run
  const text = await read()
  expect(valueOf(text, 'adk_runs_in_flight', { app: 'weather' })).toBe(0)
  expect(valueOf(text, 'adk_runs_started_total', { app: 'weather' })).toBe(1)
  expect(valueOf(text, 'adk_runs_ended_total', { app: 'weather', status: 'cancelled' })).toBe(1)
  expect(valueOf(text, 'adk_runs_ended_total', { app: 'broken', status: 'failed' })).toBe(1)
})

verifies('metrics.models', async () => {
  const answer = { content: { role: 'model', parts: [{ text: 'Yes.' }] }, usageMetadata: USAGE }
  const { send, read } = await counted({
    turns: [{ response: answer }, { response: answer }, { fail: new TypeError('no') }],
  })
  for (let turn = 0; turn < 3; turn++) await send('POST', '/run', message())
  const text = await read()
  const model = 'scripted'
  expect(valueOf(text, 'adk_model_tokens_total', { model, direction: 'input' })).toBe(14)
  expect(valueOf(text, 'adk_model_tokens_total', { model, direction: 'output' })).toBe(10)
  expect(valueOf(text, 'adk_model_call_duration_seconds_count', { model })).toBe(3)
  expect(valueOf(text, 'adk_model_errors_total', { model, error: 'TypeError' })).toBe(1)
  expect(valueOf(text, 'adk_runs_ended_total', { app: 'weather', status: 'completed' })).toBe(3)
})

verifies('metrics.tools', async () => {
  const { send, read } = await counted({
    tool: () => {
      throw new RangeError('no')
    },
  })
  await send('POST', '/run', message())
  const text = await read()
  expect(valueOf(text, 'adk_tool_call_duration_seconds_count', { tool: 'get_weather' })).toBe(1)
  expect(valueOf(text, 'adk_tool_errors_total', { tool: 'get_weather', error: 'RangeError' })).toBe(1)
})

verifies('metrics.process', async () => {
  const { read } = await counted()
  const text = await read()
  expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  expect(valueOf(text, 'process_cpu_user_seconds_total')).toBeGreaterThan(0)
  expect(Math.abs((valueOf(text, 'process_start_time_seconds') ?? 0) - Date.now() / 1000)).toBeLessThan(
    86_400,
  )
  for (const name of ['mean', 'max', 'p50', 'p90', 'p99']) {
    expect(valueOf(text, `nodejs_eventloop_lag_${name}_seconds`)).toBeGreaterThanOrEqual(0)
  }
})

verifies('metrics.bounded', async () => {
  const model = scriptedModel([], 'Yes.')
  let count = 0
  const agent = new LlmAgent({
    name: 'fickle',
    model,
    beforeModelCallback: ({ request }) => {
      request.model = `model-${count++}`
    },
  })
  const { send, read } = await counted({ apps: { fickle: agent } })
  for (let turn = 0; turn < 520; turn++) {
    await send('POST', '/run', message({ appName: 'fickle' }))
  }
  const text = await read()
  const { samples = [] } = parseMetrics(text).get('adk_model_call_duration_seconds') ?? {}
  expect(samples.filter(({ name }) => name.endsWith('_count'))).toHaveLength(501)
  expect(valueOf(text, 'adk_model_call_duration_seconds_count', { model: 'other' })).toBe(20)
})

test('the strict reader refuses what a scraper would', () => {
  for (const text of [
    'a 1',
    '# HELP a A.\n# TYPE a counter\na 1\n',
    '# HELP a A.\n# TYPE a gauge\nb 1\n',
    '# HELP a A.\n# TYPE a gauge\na{x="1} 1\n',
    '# HELP a A.\n# TYPE a gauge\na 1\na 2\n',
    '# HELP a A.\n# TYPE a gauge\na one\n',
  ]) {
    expect(() => parseMetrics(text)).toThrow()
  }
})
