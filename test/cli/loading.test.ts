import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { answer, Cli, createSession, folder, run, serve, speaker } from './support.js'

// What is loaded when. V8 itself tells, once the process has ended, which scripts it ran.

interface Coverage {
  result: { url: string }[]
}

/** The packages that a process loaded, by the name of their folder. */
async function loadedPackages(
  start: (env: Record<string, string>) => Promise<unknown>,
): Promise<Set<string>> {
  const directory = await folder()
  await start({ NODE_V8_COVERAGE: directory })
  const files = await readdir(directory)
  const reports = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
  const scripts = reports.flatMap((report) => (JSON.parse(report) as Coverage).result)
  return new Set(scripts.flatMap(({ url }) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []))
}

const stop = async (cli: Cli): Promise<void> => {
  cli.signal('SIGTERM')
  expect(await cli.ended()).toBe(0)
}

it.each([[['--help']], [['api_server', '--help']], [['--version']], [['api_server', 'not/there']]])(
  '%j loads nothing but the parser of the command line',
  async (args) => {
    expect(await loadedPackages((env) => run(args, { env }))).toEqual(new Set(['commander']))
  },
)

const ON_DEMAND = ['@google/genai', 'jiti', 'chokidar', 'pino-pretty', 'zod-to-json-schema']

it('the server starts without what only some of its users need', async () => {
  const agents = await folder({ 'a/agent.ts': speaker('Hi') })
  const packages = await loadedPackages(async (env) => {
    const { cli, url } = await serve([agents], { env })
    await fetch(`${url}/list-apps`)
    await stop(cli)
  })
  expect([...packages]).toEqual(expect.arrayContaining(['fastify', 'zod', 'pino']))
  for (const name of ON_DEMAND) expect(packages).not.toContain(name)
})

it('the first run loads what turns TypeScript into JavaScript, and a watcher only with --reload_agents', async () => {
  const agents = await folder({ 'a/agent.ts': speaker('Hi') })
  const runOnce = (flags: string[]) =>
    loadedPackages(async (env) => {
      const { cli, url } = await serve([...flags, agents], { env })
      await createSession(url, 'a')
      expect(await answer(url, 'a')).toBe('Hi')
      await stop(cli)
    })
  const plain = await runOnce([])
  expect(plain).toContain('jiti')
  for (const name of ['@google/genai', 'chokidar', 'pino-pretty']) expect(plain).not.toContain(name)
  expect(await runOnce(['--reload_agents'])).toContain('chokidar')
})
