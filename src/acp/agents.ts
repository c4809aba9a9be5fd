import type { BaseAgent } from '../core/agent.js'
import { AdkError } from '../core/errors.js'
import type { Runner } from '../runner/runner.js'
import type { AgentManifest } from '../schema/acp-agent.js'
import type { Log } from '../telemetry/log.js'
import { manifestOf } from './manifest.js'
import { labelOf, publicNames } from './names.js'

/** An app that is loaded and can be run. */
interface AcpApp {
  readonly rootAgent: BaseAgent
  readonly runner: Runner
}

export interface AcpApps {
  /** Names, sorted; nothing is loaded. */
  list(): Promise<string[]>
  /** Rejects when there is no such app, or it fails to load. */
  load(name: string): Promise<AcpApp>
}

interface AgentName {
  /** As it is told to clients. */
  name: string
  appName: string
}

/** The apps as agents of the protocol. */
export class AcpAgents {
  constructor(
    private readonly apps: AcpApps,
    private readonly log: Log,
  ) {}

  async list({ limit, offset }: { limit: number; offset: number }): Promise<AgentManifest[]> {
    const names = publicNames(await this.apps.list())
    const page = [...names].slice(offset, offset + limit)
    return Promise.all(page.map(([name, appName]) => this.manifest({ name, appName })))
  }

  /** By its public name, or by that of its folder, which counts first. */
  async find(name: string): Promise<AgentName> {
    const folders = await this.apps.list()
    const names = publicNames(folders)
    const appName = folders.includes(name) ? name : names.get(name)
    if (appName === undefined) throw new AdkError('agent_not_found', `Agent not found: ${name}`)
    const known = [...names].find(([, folder]) => folder === appName)?.[0] ?? appName
    return { name: known, appName }
  }

  /** Says which apps have to go by the names of their folders. */
  async warnOfDoubles(): Promise<void> {
    for (const [name, app] of publicNames(await this.apps.list())) {
      const label = labelOf(app)
      if (name === app && label !== app) this.log.warn({ app, label }, 'acp.name_taken')
    }
  }

  /** An app that fails to load is described, too: its run tells why. */
  async manifest({ name, appName }: AgentName): Promise<AgentManifest> {
    try {
      const { rootAgent } = await this.apps.load(appName)
      return manifestOf(name, appName, rootAgent)
    } catch {
      return manifestOf(name, appName)
    }
  }
}
