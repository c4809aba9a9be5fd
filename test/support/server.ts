// A server made of agents that live in the test, without files, network or keys.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { onTestFinished } from 'vitest'
import { InMemoryArtifactService } from '../../src/artifacts/memory.js'
import type { BaseAgent } from '../../src/core/agent.js'
import { AdkError } from '../../src/core/errors.js'
import type { BasePlugin } from '../../src/core/plugin.js'
import type { BaseSessionService } from '../../src/core/session.js'
import { InMemoryMemoryService } from '../../src/memory/memory.js'
import { Runner, type RunnerConfig } from '../../src/runner/runner.js'
import { Runs, type RunsOptions } from '../../src/runs/runs.js'
import { buildServer } from '../../src/server/app.js'
import type { Apps, ServedApp, ServerOptions } from '../../src/server/deps.js'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import type { LogLevel } from '../../src/telemetry/levels.js'
import { createLog } from '../../src/telemetry/log.js'
import type { Metrics } from '../../src/telemetry/metrics.js'
import { SpanTracer, type SpanReader } from '../../src/telemetry/tracer.js'
import { TraceStore, type TraceLimits } from '../../src/telemetry/traces.js'
import { WEATHER_TURN, weatherAgent } from './agents.js'
import { scriptedModel, type ScriptedModel, type Turn } from './scripted-model.js'

export interface TestServerOptions extends Partial<ServerOptions> {
  /** More apps, by name; an error stands for an agent that fails to load. */
  apps?: Record<string, BaseAgent | Error>
  /** Folders of apps, by the name of the app. */
  dirs?: Record<string, string>
  /** What the model of the app `weather` does, call by call. */
  turns?: Turn[]
  /** What it does when the turns are over. */
  always?: Turn
  tool?: (args: Record<string, unknown>) => unknown
  plugins?: BasePlugin[]
  /** Whether interrupted invocations can be continued. */
  isResumable?: boolean
  maxRuns?: number
  /** Stores that do something of their own. */
  artifacts?: InMemoryArtifactService
  memory?: InMemoryMemoryService
  /** Most runs that may wait on one session. */
  maxWaiting?: number
  /** How much of what has ended is kept. */
  keep?: RunsOptions['keep']
  sessions?: BaseSessionService
  logLevel?: LogLevel
  traceLimits?: Partial<TraceLimits>
  /** Who is told of spans besides the routes. */
  spanReaders?: SpanReader[]
  metrics?: Metrics
}

export interface TestServer {
  app: FastifyInstance
  apps: Apps
  sessions: BaseSessionService
  artifacts: InMemoryArtifactService
  memory: InMemoryMemoryService
  runs: Runs
  /** The model of the app `weather`. */
  model: ScriptedModel
  /** Lines of the log, as text. */
  logged: string[]
  /** Sends a request without a socket. */
  send(method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
}

export type Method = NonNullable<InjectOptions['method']>

export interface Reply {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  text: string
  // The parsed body. Tests look into it as they expect it to be.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any
}

/** A server with the app `weather` and those of the test. It is closed with the test. */
export async function buildTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await makeTestServer(options)
  onTestFinished(() => server.app.close())
  return server
}

/** The same, to be closed by whoever made it. */
export async function makeTestServer(options: TestServerOptions): Promise<TestServer> {
  const {
    apps = {},
    dirs = {},
    always,
    turns = always === undefined ? WEATHER_TURN : [],
    tool,
    plugins,
    isResumable,
    maxRuns,
    maxWaiting,
    keep,
    logLevel = 'debug',
    traceLimits,
    spanReaders = [],
    metrics,
    artifacts: artifactService = new InMemoryArtifactService(),
    memory = new InMemoryMemoryService(),
    sessions = new InMemorySessionService(),
    ...rest
  } = options
  const model = scriptedModel(turns, always)
  const logged: string[] = []
  const log = await createLog({
    level: logLevel,
    pretty: false,
    destination: { write: (line) => void logged.push(line) },
  })
  const runs = new Runs({ log, maxRuns, maxWaiting, keep })
  const traces = new TraceStore({ limits: traceLimits })
  const services: Services = {
    sessionService: sessions,
    artifactService,
    memoryService: memory,
    log,
    tracer: new SpanTracer([traces, ...(metrics ? [metrics] : []), ...spanReaders]),
    ...(plugins && { plugins }),
    ...(isResumable !== undefined && { resumabilityConfig: { isResumable } }),
  }
  const served = serve({ weather: weatherAgent(model, tool), ...apps }, services, dirs)
  const app = await buildServer({
    apps: served,
    sessions,
    artifacts: artifactService,
    memory,
    runs,
    traces,
    metrics,
    log,
    options: {
      host: 'localhost',
      allowOrigins: [],
      urlPrefix: '',
      bodyLimit: 1024 * 1024,
      defaultApp: undefined,
      autoCreateSession: false,
      acp: { keepMs: 60 * 60 * 1000, confirmations: true },
      drainMs: 0,
      version: '1.2.3',
      ...rest,
    },
  })
  return {
    app,
    apps: served,
    sessions,
    artifacts: artifactService,
    memory,
    runs,
    model,
    logged,
    send: (...request) => inject(app, ...request),
  }
}

type Services = Pick<
  RunnerConfig,
  'sessionService' | 'artifactService' | 'memoryService' | 'plugins' | 'log' | 'resumabilityConfig' | 'tracer'
>

function serve(
  agents: Record<string, BaseAgent | Error>,
  services: Services,
  dirs: Record<string, string>,
): Apps {
  const served = new Map<string, ServedApp | Error>()
  for (const [name, rootAgent] of Object.entries(agents)) {
    if (rootAgent instanceof Error) served.set(name, rootAgent)
    else
      served.set(name, {
        name,
        rootAgent,
        ...(dirs[name] !== undefined && { dir: dirs[name] }),
        runner: new Runner({ ...services, appName: name, agent: rootAgent }),
      })
  }
  return {
    list: async () => [...served.keys()].sort(),
    async load(name) {
      const found = served.get(name)
      if (!found) throw new AdkError('app_not_found', `App not found: ${name}`)
      if (found instanceof Error) throw found
      return found
    },
  }
}

/** What the loader throws for an agent whose module is broken. */
export const loadFailure = (name: string, reason: string): AdkError =>
  new AdkError('app_load_failed', `App "${name}" failed to load: ${reason}`, { cause: new Error(reason) })

async function inject(
  app: FastifyInstance,
  method: Method,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const isText = typeof body === 'string' || Buffer.isBuffer(body)
  const response = await app.inject({
    method,
    url,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { payload: isText ? body : JSON.stringify(body) }),
  })
  const { statusCode: status, headers: replyHeaders, body: text } = response
  return { status, headers: replyHeaders, text, body: parsed(text) }
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const SESSION = '/apps/weather/users/u1/sessions/s1'

/** A message to the app `weather` in the session of {@link openSession}. */
export const message = (fields: Record<string, unknown> = {}) => ({
  appName: 'weather',
  userId: 'u1',
  sessionId: 's1',
  newMessage: { role: 'user', parts: [{ text: 'What is the weather in New York?' }] },
  ...fields,
})

/** A test server whose session {@link SESSION} exists, and those of the same user and id of its other apps. */
export async function openSession(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await buildTestServer(options)
  for (const appName of ['weather', ...Object.keys(options.apps ?? {})]) {
    await server.sessions.createSession({ appName, userId: 'u1', sessionId: 's1' })
  }
  return server
}

/** Every route, read from the tree that Fastify prints: a child stands under its parent, with what is added to the path. */
export function routesOf({ app }: Pick<TestServer, 'app'>): [method: Method, pattern: string][] {
  const parents: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent, segment = '', methods] = /^([│ ]*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line) ?? []
      if (indent === undefined) return []
      parents.splice(indent.length / 4, Infinity, segment)
      return ((methods?.split(', ') ?? []) as Method[]).map((method) => [method, parents.join('')])
    })
}

/** Starts listening on a port of its own; resolves to the port. */
export async function listen({ app }: Pick<TestServer, 'app'>): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}
