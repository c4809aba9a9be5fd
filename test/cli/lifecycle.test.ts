import { once } from 'node:events'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  agent,
  answer,
  Cli,
  createSession,
  folder,
  messageTo,
  post,
  serve,
  speaker,
  waiter,
} from './support.js'

/** A server with a stream under way: its first event has arrived, and the rest waits for `finish`. */
async function streaming(): Promise<{
  cli: Cli
  url: string
  finish: () => Promise<void>
  rest: Promise<string>
}> {
  const gate = join(await folder(), 'gate')
  const { cli, url } = await serve([await folder({ 'a/agent.ts': waiter(gate) })])
  await createSession(url, 'a')
  const response = await post(`${url}/run_sse`, { ...messageTo('a'), streaming: true })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const first = await reader?.read()
  expect(first?.value).toContain('"one "')
  const readOn = async (): Promise<string> => {
    let text = ''
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read())
      text += chunk.value
    return text
  }
  const rest = readOn()
  rest.catch(() => {}) // whoever is interested in it also hears of its failure
  return { cli, url, finish: () => writeFile(gate, ''), rest }
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('ends an idle server with exit code 0, even while a client keeps its connection', async () => {
    const { cli, url } = await serve([await folder()])
    await (await fetch(`${url}/health`)).json()
    cli.signal(signal)
    expect(await cli.ended()).toBe(0)
    expect(await cli.logged('shutdown.begin')).toMatchObject({ cause: signal })
    await cli.logged('shutdown.end')
  })

  it('ends a server that is still waiting for its database', async () => {
    const database = createServer((socket) => socket.on('error', () => {}))
    onTestFinished(() => void database.close())
    await once(database.listen(0, '127.0.0.1'), 'listening')
    const { port } = database.address() as AddressInfo // a listening TCP server has one
    const asked = once(database, 'connection')
    const uri = `postgresql://u:p@127.0.0.1:${port}/db`
    const cli = new Cli(['api_server', '--session_service_uri', uri, await folder()])
    await asked
    cli.signal(signal)
    expect(await cli.ended()).toBe(0)
  })

  it('lets a stream finish first, and refuses what is new', async () => {
    const { cli, url, finish, rest } = await streaming()
    cli.signal(signal)
    await cli.logged('shutdown.begin')
    expect((await fetch(`${url}/health`)).status).toBe(503)
    expect(cli.hasEnded).toBe(false)
    await finish()
    expect(await rest).toContain('"one two"')
    expect(await cli.ended()).toBe(0)
  })

  it('given again ends the server at once with exit code 1', async () => {
    const { cli, rest } = await streaming()
    cli.signal(signal)
    await cli.logged('shutdown.begin')
    await cli.until(() => {
      cli.signal(signal)
      return cli.hasEnded
    })
    expect(await cli.ended()).toBe(1)
    await expect(rest).rejects.toThrow('terminated')
  })
})

it('a signal that arrives twice, as npm passes on what the terminal has sent already, counts once', async () => {
  const { cli, finish, rest } = await streaming()
  cli.signal('SIGINT')
  cli.signal('SIGTERM')
  await cli.logged('shutdown.begin')
  await finish()
  expect(await rest).toContain('"one two"')
  expect(await cli.ended()).toBe(0)
})

describe('mistakes of agents', () => {
  const toolAgent = (execute: string): string => `
    import { BaseLlm, FunctionTool, LlmAgent } from 'adk-ts'
    class Scripted extends BaseLlm {
      async *generateContentAsync({ contents }) {
        const isAnswered = contents.at(-1).parts.some((part) => part.functionResponse)
        yield { content: { role: 'model', parts: [isAnswered ? { text: 'done' } : { functionCall: { name: 'tool', args: {} } }] } }
      }
    }
    const tool = new FunctionTool({ name: 'tool', description: 'A tool', execute: () => { ${execute}; return 'started' } })
    export const rootAgent = new LlmAgent({ name: 'root', model: new Scripted({ model: 'scripted' }), tools: [tool] })
  `

  it('a promise that a tool forgot is logged with its stack, and the server goes on', async () => {
    const { cli, url } = await serve([
      await folder({ 'a/agent.ts': toolAgent("void Promise.reject(new Error('forgotten'))") }),
    ])
    await createSession(url, 'a')
    expect(await answer(url, 'a')).toBe('done')
    const line = await cli.logged('unhandled_rejection')
    expect(line).toMatchObject({ level: 'error', err: { message: 'forgotten' } })
    expect(JSON.stringify(line)).toContain('agent.ts')
    expect(await answer(url, 'a')).toBe('done')
    cli.signal('SIGTERM')
    expect(await cli.ended()).toBe(0)
  })

  it('what a tool throws out of the blue ends the process, with a fatal line and exit code 1', async () => {
    const execute = "setTimeout(() => { throw new Error('out of the blue') })"
    const { cli, url } = await serve([await folder({ 'a/agent.ts': toolAgent(execute) })])
    await createSession(url, 'a')
    await answer(url, 'a').catch(() => 'cut off')
    expect(await cli.ended()).toBe(1)
    const line = await cli.logged('fatal')
    expect(line).toMatchObject({ level: 'fatal', err: { message: 'out of the blue' } })
    expect(JSON.stringify(line)).toContain('agent.ts')
  })

  it('a tool that holds up the whole server is told to the log', async () => {
    const execute = 'for (const until = Date.now() + 1200; Date.now() < until; );'
    const { cli, url } = await serve([await folder({ 'a/agent.ts': toolAgent(execute) })])
    await createSession(url, 'a')
    expect(await answer(url, 'a')).toBe('done')
    expect(await cli.logged('loop.lag')).toMatchObject({ level: 'warn', ms: expect.any(Number) })
  })

  it('an agent that cannot be loaded does not keep the others from running', async () => {
    const agents = await folder({
      'good/agent.ts': speaker('Hi'),
      'bad/agent.ts': 'export const rootAgent = (',
    })
    const { cli, url } = await serve([agents])
    await createSession(url, 'bad')
    await createSession(url, 'good')
    const response = await post(`${url}/run`, messageTo('bad'))
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('bad/agent.ts:1')
    expect(await answer(url, 'good')).toBe('Hi')
    expect(await cli.logged(/failed to load: bad\/agent\.ts:1/)).toMatchObject({ level: 'error', app: 'bad' })
  })

  it.each(['/agents', '/list-apps?detailed=true', '/apps/bad/app-info'])(
    'an agent that cannot be loaded is told to the log once per attempt, as with %s',
    async (path) => {
      const { cli, url } = await serve([await folder({ 'bad/agent.ts': 'export const rootAgent = (' })])
      await fetch(`${url}${path}`)
      await cli.logged('request')
      expect(cli.log().filter(({ err }) => err !== undefined)).toHaveLength(1)
    },
  )
})

it('an app whose plugins cannot be told apart is a mistake in the file that makes it', async () => {
  const source = `
    import { App, LlmAgent, LoggingPlugin } from 'adk-ts'
    const plugins = [new LoggingPlugin(), new LoggingPlugin()]
    export const app = new App({ name: 'a', rootAgent: new LlmAgent({ name: 'root' }), plugins })`
  const { url } = await serve([await folder({ 'a/agent.ts': source })])
  await createSession(url, 'a')
  const response = await post(`${url}/run`, messageTo('a'))
  expect(await response.json()).toMatchObject({
    detail:
      'App "a" failed to load: a/agent.ts:4: Two plugins are named "logging_plugin"; give each its own name',
  })
})

it('goes on when nobody reads its output any more', async () => {
  const { cli, url } = await serve([
    '-v',
    await folder({ 'a/agent.ts': agent("console.log('x'); console.error('y'); yield say('Hi')") }),
  ])
  cli.closeOutput()
  await createSession(url, 'a')
  for (let turn = 0; turn < 3; turn++) expect(await answer(url, 'a')).toBe('Hi')
  cli.signal('SIGTERM')
  expect(await cli.ended()).toBe(0)
})

it('goes on when there is no room for its log, which goes on when there is', async () => {
  const logFile = join(await folder(), 'log')
  await writeFile(logFile, '-'.repeat(1024))
  const { cli, url } = await serve([await folder({ 'a/agent.ts': speaker('Hi') })], { maxFileKb: 1, logFile })
  await createSession(url, 'a')
  for (let turn = 0; turn < 3; turn++) expect(await answer(url, 'a')).toBe('Hi')
  await truncate(logFile)
  expect(await answer(url, 'a')).toBe('Hi')
  cli.signal('SIGTERM')
  expect(await cli.ended()).toBe(0)
  expect(await readFile(logFile, 'utf8')).toContain('shutdown.end')
})
