import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export { folder, write, type Files } from '../support/files.js'

/** An agent whose model yields what the body of a generator yields; `say(text)` makes a response. */
export const agent = (body: string, before = ''): string => `
  import { BaseLlm, LlmAgent } from 'adk-ts'
  ${before}
  const say = (text: string, partial?: boolean) => ({ content: { role: 'model', parts: [{ text }] }, partial })
  class Scripted extends BaseLlm {
    async *generateContentAsync(request: any, stream?: boolean, signal?: AbortSignal) { ${body} }
  }
  export const rootAgent = new LlmAgent({ name: 'scripted', model: new Scripted({ model: 'scripted' }) })
`

/** An agent that always says the same. */
export const speaker = (text: string): string => agent(`yield say(${JSON.stringify(text)})`)

/** An agent whose answer is held up until a file exists; its first word is out before. */
export const waiter = (gate: string): string =>
  agent(
    `
      yield say('one ', true)
      while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 20))
      yield say('one two')
    `,
    "import { existsSync } from 'node:fs'",
  )

export interface StartOptions {
  cwd?: string
  env?: Record<string, string>
  /** Arguments for Node.js itself. */
  node?: string[]
  /** Largest file that the process may write, in KiB; beyond, writing fails as on a full disk. */
  maxFileKb?: number
  /** A file that standard error is appended to. */
  logFile?: string
}

/** What is needed to run anything at all: nothing that could change what the server does. */
function plainEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, NO_COLOR: '1' }
}

/** The limit is that of the shell, which the command takes the place of. A block has 512 bytes. */
const limited = (kb: number, command: readonly string[]): string[] => [
  'sh',
  '-c',
  `ulimit -f ${kb * 2} && exec "$@"`,
  'sh',
  ...command,
]

/** A running `adk-ts`. It ends with the test, whatever happens. */
export class Cli {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<number | NodeJS.Signals | null>

  constructor(args: readonly string[], { cwd, env, node = [], maxFileKb, logFile }: StartOptions = {}) {
    const command = [process.execPath, ...node, CLI, ...args]
    const [file = '', ...rest] = maxFileKb === undefined ? command : limited(maxFileKb, command)
    const log = logFile === undefined ? undefined : openSync(logFile, 'a')
    this.#child = spawn(file, rest, {
      cwd,
      env: { ...plainEnvironment(), ...env },
      stdio: ['ignore', 'pipe', log ?? 'pipe'],
    })
    if (log !== undefined) closeSync(log)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => resolve(code ?? signal))
    })
    onTestFinished(async () => {
      this.#child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** The exit code, or the signal that ended the process. */
  ended(): Promise<number | NodeJS.Signals | null> {
    return this.#ended
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Stops listening to what the process prints, as a pipe to a program that has ended does. */
  closeOutput(): void {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Where the server is, once it listens. */
  async url(): Promise<string> {
    await this.until(() => /access at (\S+)\.\s/.test(this.stdout))
    return /access at (\S+)\.\s/.exec(this.stdout)?.[1] ?? ''
  }

  /** Waits until it is so, or fails with what was printed. */
  async until(condition: () => unknown): Promise<void> {
    for (let attempt = 0; attempt < 750; attempt++) {
      if (await condition()) return
      if (this.hasEnded) await this.#ended
      if (this.hasEnded && !(await condition())) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`Waited in vain for ${condition.toString()}\n${this.stdout}\n${this.stderr}`)
  }

  /** The lines of the log so far, all of which are JSON. */
  log(): Record<string, unknown>[] {
    const lines = this.stderr.slice(0, this.stderr.lastIndexOf('\n') + 1).split('\n')
    return lines.filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Waits for a line of the log. */
  async logged(evt: string | RegExp): Promise<Record<string, unknown>> {
    const find = () =>
      this.log().find((line) => (typeof evt === 'string' ? line.evt === evt : evt.test(String(line.evt))))
    await this.until(find)
    return find() ?? {}
  }
}

/** Starts the server on a free port. */
export async function serve(
  args: readonly string[],
  options: StartOptions = {},
): Promise<{ cli: Cli; url: string }> {
  const cli = new Cli(['api_server', '--port', '0', ...args], options)
  return { cli, url: await cli.url() }
}

/** Runs a command that ends by itself. */
export async function run(
  args: readonly string[],
  options: StartOptions = {},
): Promise<{ code: number | NodeJS.Signals | null; stdout: string; stderr: string }> {
  const cli = new Cli(args, options)
  const code = await cli.ended()
  return { code, stdout: cli.stdout, stderr: cli.stderr }
}

export const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

export const sessionPath = (app: string, session = 's1'): string =>
  `/apps/${app}/users/u1/sessions/${session}`

/** Creates the session of the tests. */
export async function createSession(url: string, app: string, session = 's1'): Promise<void> {
  const response = await post(`${url}${sessionPath(app, session)}`, {})
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
}

export const messageTo = (app: string, text = 'Hello', session = 's1') => ({
  appName: app,
  userId: 'u1',
  sessionId: session,
  newMessage: { role: 'user', parts: [{ text }] },
})

interface AnyEvent {
  modelVersion?: string
  errorMessage?: string
  content?: { parts?: { text?: string }[] }
}

/** Sends a message and reads all that comes back. */
export async function ask(url: string, app: string, text?: string): Promise<AnyEvent[]> {
  const response = await post(`${url}/run`, messageTo(app, text))
  const body: unknown = await response.json()
  if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(body)}`)
  return body as AnyEvent[]
}

/** The text of an answer. */
export async function answer(url: string, app: string, text?: string): Promise<string> {
  const events = await ask(url, app, text)
  return events
    .flatMap(({ content }) => content?.parts ?? [])
    .map((part) => part.text ?? '')
    .join('')
}
