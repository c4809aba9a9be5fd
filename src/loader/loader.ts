// The loader: which agents there are, and their modules, imported when they are first used and again when they change.
// Running agents, and stores of any kind, are not its business; nor are names that a request brings: they are only ever
// compared with the names that were found.
import { basename, join } from 'node:path'
import { linkAbort, unlessAborted } from '../core/abort.js'
import type { BaseAgent } from '../core/agent.js'
import { AdkError } from '../core/errors.js'
import type { Log } from '../core/log.js'
import type { App } from '../runner/app.js'
import { discoverApps, isInside, type FoundApp, type FoundApps } from './discover.js'
import { loadDotenv } from './dotenv.js'
import { evaluate } from './evaluate.js'
import { explainLoadError } from './load-error.js'
import type { Modules } from './provided-modules.js'
import { findRootAgent } from './root-agent.js'
import { allowedToolsOf, type ToolAccessRules } from './tool-access.js'
import { watchFolder, type Watcher } from './watch.js'

export interface LoadedApp {
  /** Of the folder or file, and so of the URLs; an app object may call itself something else. */
  readonly name: string
  readonly rootAgent: BaseAgent
  /** Present when the module exports an app rather than a bare agent. */
  readonly app?: App
  /** The folder of the app, as an absolute path. */
  readonly dir: string
  /** False for an agent that is a single file among others: what else lies in `dir` is not its own. */
  readonly ownsFolder: boolean
  /** Names of the tools that models may call; all when absent. */
  readonly allowedTools?: ReadonlySet<string>
  /** Different for every load, and growing. */
  readonly version: number
}

export interface Loader {
  /** Sorted names of all apps that are there now, whether they can be loaded or not. Rejects without agents folder. */
  list(): Promise<string[]>
  /**
   * Imports the app when it is first asked for; rejects with `app_not_found` or `app_load_failed`. A failure is not
   * kept: the next call tries again.
   *
   * An app whose files have changed is imported anew and everybody who asks from then on waits for the new version.
   * When that fails they get the error, never the old version: whoever edited the agent must see what is wrong with it.
   * Runs that are under way keep the version they started with.
   */
  load(name: string): Promise<LoadedApp>
  /** Stops watching. */
  close(): Promise<void>
}

export interface LoaderOptions {
  /** A folder of agents, the folder of one agent, or the file of one. */
  agentsDir: string
  /** The running `adk-ts`, and modules that stand in where an agent has none, such as `zod`. */
  modules: Modules
  log: Log
  /** What is said about the tools of apps, besides what they say themselves. */
  toolAccess?: ToolAccessRules
  /** Notice changed files. */
  watch?: boolean
}

export function createLoader(options: LoaderOptions): Loader {
  return new FolderLoader(options)
}

/** What one import of an app is made of. */
interface Sources {
  found?: FoundApp
  files: Set<string>
  /** Changed since. */
  stale: boolean
}

class FolderLoader implements Loader {
  /** The newest import of each app, under way or done. */
  private readonly newest = new Map<string, { app: Promise<LoadedApp>; sources: Sources }>()
  private readonly said = new Set<string>()
  private watcher: Promise<Watcher> | undefined
  private closed = false
  private loads = 0

  constructor(private readonly options: LoaderOptions) {}

  async list(): Promise<string[]> {
    const { apps } = await this.discover()
    return [...apps.keys()].sort()
  }

  load(name: string): Promise<LoadedApp> {
    const known = this.newest.get(name)
    if (known && !known.sources.stale) return known.app
    const sources: Sources = { files: new Set(), stale: false }
    const fresh = { app: this.open(name, sources), sources }
    this.newest.set(name, fresh)
    fresh.app.catch(() => {
      if (this.newest.get(name) === fresh) this.newest.delete(name)
    })
    return fresh.app
  }

  async close(): Promise<void> {
    this.closed = true
    const watcher = await this.watcher
    await watcher?.close()
  }

  private async open(name: string, sources: Sources): Promise<LoadedApp> {
    const { root, apps } = await this.discover()
    const found = apps.get(name)
    if (!found) throw new AdkError('app_not_found', `App not found: ${name}`)
    sources.found = found
    const watcher = await this.watch(root)
    const onFile = (file: string) => {
      sources.files.add(file)
      if (!isInside(root, file)) watcher?.add(file)
    }
    try {
      return await this.import(found, onFile)
    } catch (error) {
      const reason = explainLoadError(error, { root, file: found.file, files: sources.files })
      const failure = `App "${name}" failed to load: ${reason}`
      this.options.log.error({ event: 'agent.load_failed', app: name, err: error }, failure)
      throw new AdkError('app_load_failed', failure, { cause: error })
    }
  }

  private async import(
    { name, dir, file, ownsFolder }: FoundApp,
    onFile: (file: string) => void,
  ): Promise<LoadedApp> {
    for (const variable of await loadDotenv(dir)) {
      this.options.log.warn(
        { app: name },
        `The .env file of "${name}" replaces ${variable}, set by another .env file`,
      )
    }
    const exports = await inTime(
      evaluate({
        file,
        modules: this.options.modules,
        onFile,
        onCompatible: () => this.sayOnce('debug', '"@google/adk" is not installed; "adk-ts" takes its place'),
      }),
    )
    const { toolAccess, ...root } = findRootAgent(exports, basename(file))
    const allowedTools = allowedToolsOf(
      { name, rootAgent: root.rootAgent, toolAccess },
      this.options.toolAccess,
    )
    const version = ++this.loads
    this.options.log.debug({ app: name, version }, `App "${name}" loaded`)
    return { name, dir, ownsFolder, version, ...root, ...(allowedTools && { allowedTools }) }
  }

  private discover(): Promise<FoundApps> {
    return discoverApps(this.options.agentsDir, (message) => this.sayOnce('warn', message))
  }

  private sayOnce(level: keyof Log, message: string): void {
    if (this.said.has(message)) return
    this.said.add(message)
    this.options.log[level]({}, message)
  }

  /** Watching begins before the first import, so that no change after it is missed. */
  private async watch(folder: string): Promise<Watcher | undefined> {
    if (!this.options.watch || this.closed) return undefined
    this.watcher ??= watchFolder({
      folder,
      onChange: (files) => this.markStale(files),
      onError: (error) => this.options.log.warn({ err: error }, 'Changes of agents may go unnoticed'),
    })
    return this.watcher
  }

  private markStale(changed: ReadonlySet<string>): void {
    for (const [name, { sources }] of this.newest) {
      const file = [...changed].find((path) => concerns(path, sources))
      if (file === undefined || sources.stale) continue
      sources.stale = true
      this.options.log.info(
        { app: name },
        `App "${name}" has changed (${basename(file)}); its next run loads it anew`,
      )
    }
  }
}

/** Longest time that an agent's code may take to load, in milliseconds. */
const LOAD_MS = 60_000

/** What waits for ever would keep everybody waiting who asks for all apps. */
async function inTime<T>(loading: Promise<T>): Promise<T> {
  const text = `did not load within ${LOAD_MS / 1000} seconds; is there an \`await\` at its top that never ends?`
  const limit = linkAbort(undefined, { timeoutMs: LOAD_MS, reason: () => new Error(text) })
  try {
    return await unlessAborted(loading, limit.signal)
  } finally {
    limit.release()
  }
}

const CODE = /\.[cm]?[jt]sx?$/

/**
 * Whether a changed file matters: one that was imported, the `.env` file, or code that may be found first from now on.
 * Other files beside it may well be what its own tools write.
 */
function concerns(path: string, { found, files }: Sources): boolean {
  if (files.has(path)) return true
  return found !== undefined && (path === join(found.dir, '.env') || mayComeFirst(path, found))
}

function mayComeFirst(path: string, { name, dir, ownsFolder }: FoundApp): boolean {
  const place = ownsFolder ? dir : join(dir, name)
  return CODE.test(path) && (isInside(place, path) || path.replace(CODE, '') === place)
}
