// Which engine is behind each store, from what was configured.
import { statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InMemoryArtifactService } from './artifacts/memory.js'
import { parseArtifactUri, type ArtifactUri } from './artifacts/uri.js'
import type { Config } from './config.js'
import type { BaseArtifactService } from './core/artifact.js'
import type { BaseMemoryService } from './core/memory.js'
import type { BaseSessionService } from './core/session.js'
import { openDatabase, type Database } from './database/database.js'
import { parseStoreUri, type StoreUri } from './database/uri.js'
import { InMemoryMemoryService } from './memory/memory.js'
import { InMemorySessionService } from './sessions/memory.js'

export interface Stores {
  sessions: BaseSessionService
  artifacts: BaseArtifactService
  memory: BaseMemoryService
  /** Waits for pending writes and lets go of files and connections. */
  close(): Promise<void>
}

/** Rejects with one sentence for the person who started the server when a store cannot be reached or used. */
export async function openStores(config: Config): Promise<Stores> {
  const databases = new Databases()
  try {
    const sessions = await openSessions(config, databases)
    const artifacts = await openArtifacts(config)
    const memory = await openMemory(config, databases)
    return {
      sessions,
      artifacts,
      memory,
      close: async () => {
        await Promise.all([sessions, artifacts, memory].map((store) => store.close()))
        await databases.close()
      },
    }
  } catch (error) {
    await databases.close()
    throw error
  }
}

async function openSessions(config: Config, databases: Databases): Promise<BaseSessionService> {
  const uri = sessionUri(config)
  if (uri.kind === 'memory') return new InMemorySessionService()
  if (config.useLocalStorage) await mkdir(localFolder(config), { recursive: true })
  const { openSqlSessions } = await import('./sessions/sql.js')
  return openSqlSessions(await databases.open(uri))
}

async function openArtifacts(config: Config): Promise<BaseArtifactService> {
  const uri = artifactUri(config)
  switch (uri.kind) {
    case 'memory':
      return new InMemoryArtifactService()
    case 'files': {
      const { FileArtifactStore } = await import('./artifacts/files.js')
      return FileArtifactStore.open(uri.folder)
    }
    case 'gcs': {
      const { GcsArtifactStore } = await import('./artifacts/gcs.js')
      const { storageEmulator } = config
      // An emulator wants to know nobody.
      return GcsArtifactStore.open(
        uri.bucket,
        storageEmulator ? { endpoint: storageEmulator, authorize: null } : {},
      )
    }
    default:
      return uri satisfies never
  }
}

async function openMemory(config: Config, databases: Databases): Promise<BaseMemoryService> {
  const uri = parseStoreUri(config.memoryServiceUri ?? 'memory://', 'memory service')
  if (uri.kind === 'memory') return new InMemoryMemoryService()
  const { SqlMemoryService } = await import('./memory/sql.js')
  return SqlMemoryService.open(await databases.open(uri))
}

/** Databases by where they are: stores that use the same one share its connections. */
class Databases {
  readonly #open = new Map<string, Promise<Database>>()

  open(uri: Exclude<StoreUri, { kind: 'memory' }>): Promise<Database> {
    const name = JSON.stringify(uri)
    const known = this.#open.get(name) ?? openDatabase(uri)
    this.#open.set(name, known)
    return known
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(closeOnceOpen))
  }
}

async function closeOnceOpen(opening: Promise<Database>): Promise<void> {
  const database = await opening.catch(() => undefined)
  await database?.close()
}

function sessionUri(config: Config): StoreUri {
  if (config.useLocalStorage) {
    const path = join(localFolder(config), 'session.db')
    return { kind: 'sqlite', path, shown: path }
  }
  return parseStoreUri(config.sessionServiceUri ?? 'memory://', 'session service')
}

function artifactUri(config: Config): ArtifactUri {
  if (config.useLocalStorage) return { kind: 'files', folder: join(localFolder(config), 'artifacts') }
  return parseArtifactUri(config.artifactServiceUri ?? 'memory://')
}

/** Where `--use_local_storage` keeps things, as adk-python does. */
function localFolder({ agentsDir }: Config): string {
  const isFile = statSync(agentsDir, { throwIfNoEntry: false })?.isFile() ?? false
  return join(isFile ? dirname(agentsDir) : agentsDir, '.adk')
}

/** For the person who starts the server. */
export function whereSessionsAre(config: Config): string {
  const uri = sessionUri(config)
  return uri.kind === 'memory' || uri.shown === 'memory'
    ? 'kept in memory only; they end with this process'
    : `kept in ${uri.shown}`
}

/** The same for artifacts; `undefined` where there is nothing to say. */
export function whereArtifactsAre(config: Config): string | undefined {
  const uri = artifactUri(config)
  if (uri.kind === 'memory') return undefined
  return `kept in ${uri.kind === 'files' ? uri.folder : `gs://${uri.bucket}`}`
}
