import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { BaseAgent, type BaseAgentConfig } from '../../src/core/agent.js'
import { createLoader, type Loader, type LoaderOptions } from '../../src/loader/loader.js'
import { folder, type Files } from '../support/files.js'

/** Stands for what users write agents with: it carries whatever a test wants to look at. */
export class TestAgent extends BaseAgent {
  readonly note: unknown

  constructor({ note, ...config }: Partial<BaseAgentConfig> & { note?: unknown }) {
    super({ name: 'root', ...config })
    this.note = note
  }

  protected override async *runAsyncImpl() {}
}

export { folder, write, type Files } from '../support/files.js'

/** A loader that is closed with the test, and what it said. */
export function open(
  agentsDir: string,
  options: Partial<LoaderOptions> = {},
): { loader: Loader; said: string[] } {
  const said: string[] = []
  const say = (level: string) => (_details: object, message: string) => void said.push(`${level}: ${message}`)
  const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  const modules = { 'adk-ts': { BaseAgent, TestAgent }, zod: { z } }
  const loader = createLoader({ agentsDir, modules, log, ...options })
  onTestFinished(() => loader.close())
  return { loader, said }
}

/** Loads the only app of a folder made of these files, and hands back what its agent carries. */
export async function noteOf(files: Files): Promise<unknown> {
  const { loader } = open(await folder(files))
  const [name = ''] = await loader.list()
  return noteIn(loader, name)
}

export async function noteIn(loader: Loader, name: string): Promise<unknown> {
  const { rootAgent } = await loader.load(name)
  if (!(rootAgent instanceof TestAgent)) throw new Error('the root agent is not of the running copy')
  return rootAgent.note
}

/** The message with which the only app of a folder made of these files fails to load. */
export async function failureOf(files: Files): Promise<string> {
  const { loader } = open(await folder(files))
  const [name = ''] = await loader.list()
  return loader.load(name).then(
    () => 'loaded',
    (error: Error) => error.message,
  )
}

/** An agent module whose root agent carries the value of an expression. */
export const agent = (note: string, before = ''): string =>
  `${before}\nimport { TestAgent } from 'adk-ts'\nexport const rootAgent = new TestAgent({ note: ${note} })\n`

/** Waits for a condition, not for a time; fails when it does not come true. */
export async function until(condition: () => unknown): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('waited in vain')
}
