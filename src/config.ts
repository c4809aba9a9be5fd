import type { AcpOptions } from './acp/options.js'
import type { ToolAccessRules } from './loader/tool-access.js'
import type { LogLevel } from './telemetry/levels.js'
import { telemetrySettings, type TelemetrySettings } from './telemetry/settings.js'

/** When the offline model answers: never, always, or only for Gemini models that have no credentials. */
export const OFFLINE_MODES = ['never', 'always', 'auto'] as const
export type OfflineMode = (typeof OFFLINE_MODES)[number]

/** Everything that can be set, in one frozen object. Flags win over the environment. */
export interface Config {
  readonly agentsDir: string
  /** Address to bind to; `localhost` is both 127.0.0.1 and ::1. */
  readonly host: string
  readonly port: number
  readonly allowOrigins: readonly string[]
  readonly logLevel: LogLevel
  readonly urlPrefix: string
  readonly reloadAgents: boolean
  readonly autoCreateSession: boolean
  readonly offline: OfflineMode
  readonly maxBodyMb: number
  readonly acp: AcpOptions | undefined
  readonly defaultApp: string | undefined
  /** Where sessions are kept; in memory, if nothing is said. */
  readonly sessionServiceUri?: string | undefined
  /** Where artifacts are kept; in memory, if nothing is said. */
  readonly artifactServiceUri?: string | undefined
  /** Where memory is kept; in memory, if nothing is said. */
  readonly memoryServiceUri?: string | undefined
  /** Where an emulator of Google Cloud Storage is, instead of Google. */
  readonly storageEmulator?: string | undefined
  /** Keep sessions and artifacts inside the folder of the agents. */
  readonly useLocalStorage?: boolean
  /** How long a session is kept after its last update, in seconds; for ever, if nothing is said. */
  readonly sessionTtl?: number | undefined
  /** How long running requests may take to finish at shutdown, in milliseconds. */
  readonly drainMs: number
  /** The name of the configuration file, if there is one. */
  readonly configFile: string | undefined
  readonly toolAccess: ToolAccessRules
  readonly telemetry: TelemetrySettings
  /** Count what happens, and show it at /metrics. */
  readonly metrics: boolean
}

/** What the environment says, in the shape of {@link Config}. Read after `.env`, once. */
export function fromEnvironment(): Pick<
  Config,
  'defaultApp' | 'sessionServiceUri' | 'storageEmulator' | 'telemetry'
> {
  return {
    defaultApp: process.env['ADK_DEFAULT_APP_NAME']?.trim() || undefined,
    sessionServiceUri: process.env['DATABASE_URL']?.trim() || undefined,
    // Written with or without its scheme.
    storageEmulator:
      process.env['STORAGE_EMULATOR_HOST']?.trim().replace(/^(?!https?:\/\/)(?=.)/, 'http://') || undefined,
    telemetry: telemetrySettings(),
  }
}
