import type { BaseAgent } from '../core/agent.js'
import type { BaseArtifactService } from '../core/artifact.js'
import type { BaseMemoryService } from '../core/memory.js'
import type { BaseSessionService } from '../core/session.js'
import type { Runner } from '../runner/runner.js'
import type { Runs } from '../runs/runs.js'
import type { AcpOptions } from '../acp/options.js'
import type { Log } from '../telemetry/log.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { TraceStore } from '../telemetry/traces.js'

/** An app that is loaded and can be run. */
export interface ServedApp {
  readonly name: string
  readonly rootAgent: BaseAgent
  readonly runner: Runner
  /** The folder of the app, where it has one of its own. */
  readonly dir?: string
}

/** The apps of the agents folder. */
export interface Apps {
  /** Names, sorted; nothing is loaded. */
  list(): Promise<string[]>
  /** Rejects with `app_not_found`, or with `app_load_failed` once the log has the reason. */
  load(name: string): Promise<ServedApp>
}

/** Where the server is, and whom it talks to. */
export interface ServerOptions {
  host: string
  /** Origins besides the server's own: literal, `*`, or `regex:<pattern>`. */
  allowOrigins: readonly string[]
  /** The path under which a proxy serves this server, such as `/adk`; empty when there is none. */
  urlPrefix: string
  /** Largest request body, in bytes. */
  bodyLimit: number
  /** The app of requests that name none. */
  defaultApp: string | undefined
  /** Create a missing session when a run names one. */
  autoCreateSession: boolean
  /** How the Agent Communication Protocol is spoken, if it is. */
  acp: AcpOptions | undefined
  /** How long running requests may take to finish once the server stops, in milliseconds. */
  drainMs: number
  version: string
}

/** Everything the routes work with. Made in one place, by whoever starts the server. */
export interface ServerDeps {
  apps: Apps
  sessions: BaseSessionService
  artifacts: BaseArtifactService
  memory: BaseMemoryService
  runs: Runs
  traces: TraceStore
  /** Only where they were asked for. */
  metrics?: Metrics | undefined
  log: Log
  options: ServerOptions
}
