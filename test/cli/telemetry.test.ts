import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Collector } from '../support/collector.js'
import { valueOf } from '../support/prometheus.js'
import {
  answer,
  createSession,
  folder,
  messageTo,
  run,
  serve,
  speaker,
  type StartOptions,
} from './support.js'

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

/** One turn of a server with this environment, which is then ended. */
async function oneTurn(env: Record<string, string>, options: StartOptions = {}) {
  const { cli, url } = await serve([await folder({ 'parrot/agent.ts': speaker('A secret answer') })], {
    env,
    ...options,
  })
  await createSession(url, 'parrot')
  const response = await fetch(`${url}/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: TRACEPARENT, tracestate: 'vendor=1' },
    body: JSON.stringify(messageTo('parrot', 'A secret question')),
  })
  expect(response.status).toBe(200)
  const kept = await (await fetch(`${url}/debug/trace/session/s1`)).json()
  cli.signal('SIGTERM')
  expect(await cli.ended()).toBe(0)
  return { cli, kept: kept as { name: string; trace_id: string; span_id: string }[] }
}

describe('export to a collector', () => {
  it('sends the spans of a turn, at the latest when the server stops', async () => {
    const collector = await Collector.start()
    const { kept } = await oneTurn({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=collector-key',
      OTEL_SERVICE_NAME: 'parrots',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    })
    expect(collector.paths[0]).toBe('/v1/traces')
    expect(collector.headers[0]).toMatchObject({ 'x-api-key': 'collector-key' })
    expect(collector.resource).toMatchObject({
      'service.name': 'parrots',
      'deployment.environment.name': 'test',
      'telemetry.sdk.language': 'nodejs',
    })
    const [root, agent, call] = ['invocation', 'invoke_agent scripted', 'call_llm'].map((name) =>
      collector.named(name),
    )
    expect(collector.spans).toHaveLength(3)
    // The client's own span is the parent of ours.
    expect(root).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      traceState: 'vendor=1',
    })
    expect(agent).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId, kind: 1 })
    expect(call).toMatchObject({
      traceId: root?.traceId,
      parentSpanId: agent?.spanId,
      kind: 3,
      status: { code: 0 },
    })
    expect(call?.attributes).toMatchObject({
      'gen_ai.operation.name': 'generate_content',
      'gen_ai.request.model': 'scripted',
      'gen_ai.conversation.id': 's1',
    })
    // One span has one id, wherever it is looked up.
    expect(kept.map(({ name, trace_id, span_id }) => [name, trace_id, span_id])).toEqual(
      [root, agent, call].map((span) => [span?.name, span?.traceId, span?.spanId]),
    )
    expect(JSON.stringify(collector.spans)).not.toContain('secret')
  })

  it('sends what was said only where it is asked to', async () => {
    const collector = await Collector.start()
    await oneTurn({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/custom/path`,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
    })
    expect(collector.paths[0]).toBe('/custom/path')
    expect(collector.resource).toMatchObject({ 'service.name': 'adk-ts' })
    const { attributes } = collector.named('call_llm')
    expect(attributes['gcp.vertex.agent.llm_request']).toContain('A secret question')
    expect(attributes['gcp.vertex.agent.llm_response']).toContain('A secret answer')
  })

  it('heeds the standard sampler', async () => {
    const collector = await Collector.start()
    await oneTurn({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'always_off' })
    expect(collector.spans).toEqual([])
  })

  it.each([[{ OTEL_SDK_DISABLED: 'true' }], [{ OTEL_TRACES_EXPORTER: 'none' }]])(
    'is off with %o',
    async (env) => {
      const collector = await Collector.start()
      await oneTurn({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env })
      expect(collector.paths).toEqual([])
    },
  )

  it('never hurts a run, whatever becomes of the collector, and says so once', async () => {
    const { cli, url } = await serve([await folder({ 'parrot/agent.ts': speaker('Hello') })], {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        OTEL_BSP_SCHEDULE_DELAY: '10',
        OTEL_EXPORTER_OTLP_TIMEOUT: '50',
      },
    })
    await createSession(url, 'parrot')
    expect(await answer(url, 'parrot')).toBe('Hello')
    await cli.logged('traces.export_failed')
    for (let turn = 0; turn < 3; turn++) expect(await answer(url, 'parrot')).toBe('Hello')
    cli.signal('SIGTERM')
    expect(await cli.ended()).toBe(0)
    expect(cli.log().filter(({ evt }) => evt === 'traces.export_failed')).toHaveLength(1)
  })

  it('does not keep the server from stopping when the collector hangs', async () => {
    const silent = createServer(() => {})
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => {
      silent.closeAllConnections()
      silent.close()
    })
    const { port } = silent.address() as AddressInfo
    await oneTurn({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
  })

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT should be the URL/],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'ftp://user:hidden@x' }, /TRACES_ENDPOINT should be the URL/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /over HTTP/,
    ],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /"zipkin"; it should be otlp or none/],
  ])('refuses %o in words', async (env, words) => {
    const { code, stderr } = await run(['api_server', await folder()], { env })
    expect(code).toBe(1)
    expect(stderr).toMatch(words)
    expect(stderr).not.toContain('hidden')
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('says what to install where the packages are missing', async () => {
    const hide = join(
      await folder({
        'hide.mjs': `
          import { register } from 'node:module'
          register('data:text/javascript,' + encodeURIComponent(\`
            export async function resolve(specifier, context, next) {
              if (!specifier.startsWith('@opentelemetry/')) return next(specifier, context)
              throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
            }
          \`))
        `,
      }),
      'hide.mjs',
    )
    const { code, stderr } = await run(['api_server', await folder()], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' },
      node: ['--import', pathToFileURL(hide).href],
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^adk-ts: .*npm install @opentelemetry\/api@1\.9 .*\n$/)
  })
})

describe('a program that has set up OpenTelemetry itself', () => {
  it('gets the spans', async () => {
    const collector = await Collector.start()
    const home = pathToFileURL(join(import.meta.dirname, '../../package.json')).href
    const setup = await folder({
      'setup.mjs': `
        import { createRequire } from 'node:module'
        const require = createRequire(${JSON.stringify(home)})
        const { trace } = require('@opentelemetry/api')
        const { BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
        const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http')
        const exporter = new OTLPTraceExporter({ url: ${JSON.stringify(`${collector.url}/own`)} })
        trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
      `,
    })
    const { kept } = await oneTurn({}, { node: ['--import', pathToFileURL(join(setup, 'setup.mjs')).href] })
    await expect.poll(() => collector.spans.length).toBe(3)
    expect(new Set(collector.paths)).toEqual(new Set(['/own']))
    expect(collector.named('invocation').spanId).toBe(kept[0]?.span_id)
    expect(JSON.stringify(collector.spans)).not.toContain('secret')
  })
})

describe('--metrics', () => {
  it('counts what happens, and shows it', async () => {
    const agents = await folder({ 'parrot/agent.ts': speaker('Hello') })
    const { url } = await serve([agents, '--metrics'])
    await createSession(url, 'parrot')
    await answer(url, 'parrot')
    const text = await (await fetch(`${url}/metrics`)).text()
    expect(valueOf(text, 'adk_runs_ended_total', { app: 'parrot', status: 'completed' })).toBe(1)
    expect(valueOf(text, 'adk_http_requests_total', { route: '/run' })).toBe(1)
  })

  it('is off by itself', async () => {
    const { url } = await serve([await folder()])
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
  })
})
