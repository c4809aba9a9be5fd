// The composition root: the only place that picks stores and models and wires them to the server.
import type { FastifyInstance } from 'fastify'
import type { Config, OfflineMode } from './config.js'
import type { ResolveModel } from './core/invocation-context.js'
import { setLogger } from './core/log.js'
import { isBaseLlm } from './core/model.js'
import { createLoader, type LoadedApp, type Loader } from './loader/loader.js'
import { Gemini } from './models/gemini/gemini.js'
import { OfflineModel } from './models/offline/offline.js'
import { LLMRegistry } from './models/registry.js'
import { Runner, type RunnerConfig } from './runner/runner.js'
import { Retention } from './runs/retention.js'
import { Runs } from './runs/runs.js'
import { buildServer } from './server/app.js'
import type { Apps, ServedApp } from './server/deps.js'
import { openStores } from './stores.js'
import { agentLogger } from './telemetry/agent-log.js'
import type { Log } from './telemetry/log.js'
import {
  exportToCollector,
  exportToProgram,
  isOpenTelemetryRegistered,
  type TraceExport,
} from './telemetry/open-telemetry.js'
import type { TelemetrySettings } from './telemetry/settings.js'
import { SpanTracer } from './telemetry/tracer.js'
import { TraceStore } from './telemetry/traces.js'
import { VERSION } from './core/version.js'

/** A server with everything it needs, not yet listening. Closing it closes everything. */
export interface Composition {
  app: FastifyInstance
  apps: Apps
}

export async function compose(config: Config, log: Log): Promise<Composition> {
  setLogger(agentLogger(log))
  const traceExport = await openExport(config.telemetry, log)
  const { sessions, artifacts, memory, ...stores } = await openStores(config)
  const traces = new TraceStore({ capture: config.telemetry.keepContents })
  const metrics = config.metrics ? new (await import('./telemetry/metrics.js')).Metrics() : undefined
  const services = {
    sessionService: sessions,
    artifactService: artifacts,
    memoryService: memory,
    resolveModel: modelResolver(config.offline),
    tracer: new SpanTracer([traceExport, traces, metrics].filter((reader) => reader !== undefined)),
    log,
  }
  const loader = createLoader({
    agentsDir: config.agentsDir,
    modules: { 'adk-ts': await import('./index.js'), zod: await import('zod') },
    log,
    watch: config.reloadAgents,
    toolAccess: config.toolAccess,
  })
  const runs = new Runs({ log })
  const apps = new ServedApps(loader, runs, services)
  const app = await buildServer({
    apps,
    sessions,
    artifacts,
    memory,
    runs,
    traces,
    metrics,
    log,
    options: { ...config, bodyLimit: config.maxBodyMb * 1024 * 1024, version: VERSION },
  })
  const { sessionTtl: ttl } = config
  const retention =
    ttl === undefined
      ? undefined
      : new Retention({ keepers: { runs, sessions, artifacts, memory, traces }, ttl, log })
  retention?.start()
  app.addHook('onClose', async () => {
    await retention?.stop()
    await apps.close()
    await stores.close()
    metrics?.close()
    await traceExport?.close()
  })
  return { app, apps }
}

/** Where the program sends its own traces, ours go as well; else to the collector that the environment names. */
async function openExport(settings: TelemetrySettings, log: Log): Promise<TraceExport | undefined> {
  if (isOpenTelemetryRegistered()) return exportToProgram(settings.exportContents)
  return settings.exportTraces ? exportToCollector(settings.exportContents, log) : undefined
}

/** How long a list of apps is good, in milliseconds: clients that ask all the time do not keep the disk busy. */
const LIST_MS = 250

/** Gives every loaded version of an app its runner. A replaced one lets go once its last run is over. */
class ServedApps implements Apps {
  #listed = { at: 0, names: Promise.resolve<string[]>([]) }
  readonly #current = new Map<string, { loaded: LoadedApp; served: ServedApp }>()

  constructor(
    private readonly loader: Loader,
    private readonly runs: Runs,
    private readonly services: Omit<RunnerConfig, 'app' | 'appName' | 'agent'>,
  ) {}

  list(): Promise<string[]> {
    if (Date.now() - this.#listed.at < LIST_MS) return this.#listed.names
    this.#listed = { at: Date.now(), names: this.loader.list() }
    return this.#listed.names
  }

  async load(name: string): Promise<ServedApp> {
    const loaded = await this.loader.load(name)
    const known = this.#current.get(name)
    if (known?.loaded === loaded) return known.served
    const { rootAgent, app, dir, ownsFolder, allowedTools } = loaded
    const runner = new Runner({
      ...this.services,
      appName: name,
      ...(app ? { app } : { agent: rootAgent }),
      allowedTools,
    })
    const served: ServedApp = { name, rootAgent, runner, dir: ownsFolder ? dir : undefined }
    this.#current.set(name, { loaded, served })
    if (known) void this.#retire(known.served)
    return served
  }

  async close(): Promise<void> {
    await Promise.all([...this.#current.values()].map(({ served }) => served.runner.close()))
    await this.loader.close()
  }

  async #retire({ runner }: ServedApp): Promise<void> {
    await this.runs.whenIdle(runner)
    await runner.close()
  }
}

/** Which model answers, given what the agent asks for. */
function modelResolver(offline: OfflineMode): ResolveModel {
  const resolve: ResolveModel = (model) => (isBaseLlm(model) ? model : LLMRegistry.newLlm(model))
  if (offline === 'never') return resolve
  const substitute = new OfflineModel()
  if (offline === 'always') return () => substitute
  return (model) => {
    const resolved = resolve(model)
    return resolved instanceof Gemini && !resolved.hasCredentials() ? substitute : resolved
  }
}
