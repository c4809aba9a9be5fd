import type { BaseAgent } from '../core/agent.js'
import type { BaseArtifactService } from '../core/artifact.js'
import type { Content } from '../core/content.js'
import type { ResolveModel } from '../core/invocation-context.js'
import type { Log } from '../core/log.js'
import type { BaseMemoryService } from '../core/memory.js'
import type { BasePlugin } from '../core/plugin.js'
import type { RunConfig } from '../core/run-config.js'
import type { BaseSessionService } from '../core/session.js'
import type { Span, TraceOrigin, Tracer } from '../core/trace.js'
import type { JsonObject } from '../schema/json.js'
import type { App, EventsCompactionConfig, ResumabilityConfig } from './app.js'

export interface RunnerConfig {
  /** Give either an app, or a name and an agent. */
  app?: App
  appName?: string
  agent?: BaseAgent
  plugins?: BasePlugin[]
  sessionService: BaseSessionService
  artifactService?: BaseArtifactService
  memoryService?: BaseMemoryService
  resumabilityConfig?: ResumabilityConfig
  eventsCompactionConfig?: EventsCompactionConfig
  /** Names of the tools that models may call, over all agents of the app; all when unset. */
  allowedTools?: ReadonlySet<string>
  log?: Log
  /** Which model serves an agent; by default the registry decides. */
  resolveModel?: ResolveModel
  /** Who notes what happens in runs; by default OpenTelemetry, where the program has set it up. */
  tracer?: Tracer
}

export interface RunRequest {
  userId: string
  sessionId: string
  /** May be left out when an invocation is continued. */
  newMessage?: Content | undefined
  /** State to set together with the message. */
  stateDelta?: JsonObject
  /** Copied to every event of the run. */
  customMetadata?: JsonObject
  runConfig?: RunConfig
  /** Continues the invocation of this id, if the session has it; otherwise the new one gets it. */
  invocationId?: string
  /** Stored events stay; the model call and the tools see the signal; nothing more is stored but answers to open calls. */
  abortSignal?: AbortSignal
  /** Model calls made so far, when this run is part of another one. */
  calls?: { count: number }
  /** What this run is a part of: work of this process, or … */
  span?: Span
  /** … that of somebody else. */
  traceOrigin?: TraceOrigin | undefined
}
