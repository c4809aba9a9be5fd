import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { compose, type Composition } from '../../src/compose.js'
import type { Config } from '../../src/config.js'
import { createLog } from '../../src/telemetry/log.js'
import { telemetrySettings } from '../../src/telemetry/settings.js'

/** The settings of `adk-ts api_server --offline` on a port of its own. */
const CONFIG: Omit<Config, 'agentsDir'> = {
  host: 'localhost',
  port: 0,
  allowOrigins: [],
  logLevel: 'silent',
  urlPrefix: '',
  reloadAgents: false,
  autoCreateSession: false,
  offline: 'always',
  maxBodyMb: 1,
  acp: { keepMs: 60_000, confirmations: true },
  defaultApp: undefined,
  drainMs: 0,
  metrics: false,
  telemetry: telemetrySettings({}),
  configFile: undefined,
  toolAccess: {},
}

/** Everything that the command line would start, with the agents of a folder. It is closed with the test. */
export async function composeTest(config: Pick<Config, 'agentsDir'> & Partial<Config>): Promise<Composition> {
  const log = await createLog({ level: 'silent', pretty: false })
  const composition = await compose({ ...CONFIG, ...config }, log)
  onTestFinished(() => composition.app.close())
  return composition
}

/** The same, listening; resolves to its URL. */
export async function serveTest(config: Pick<Config, 'agentsDir'> & Partial<Config>): Promise<string> {
  const { app } = await composeTest(config)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}
