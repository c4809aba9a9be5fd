import { createServer } from 'node:net'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { answer, ask, createSession, folder, post, run, serve, sessionPath, speaker } from './support.js'

/** Containers often have no IPv6. */
const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

const names = async (url: string): Promise<unknown> => (await fetch(`${url}/list-apps`)).json()

/** What the banner says beside a name. */
const note = (stdout: string, name: string): string | undefined =>
  new RegExp(`^  ${name} +(.*)$`, 'm').exec(stdout)?.[1]

describe('the banner', () => {
  it('is the box of the ADK, with the address that the server really has', async () => {
    const { cli, url } = await serve([await folder({ 'b/agent.ts': '', 'a/agent.ts': '' })])
    const port = new URL(url).port
    expect(Number(port)).toBeGreaterThan(0)
    expect(cli.stdout.split('\n').slice(1, 6)).toEqual([
      '+-----------------------------------------------------------------------------+',
      '| ADK Web Server started                                                      |',
      '|                                                                             |',
      `| For local testing, access at http://localhost:${port}.${' '.repeat(29 - port.length)}|`,
      '+-----------------------------------------------------------------------------+',
    ])
    expect(note(cli.stdout, 'Agents')).toBe('a, b')
    expect(note(cli.stdout, 'API docs')).toBe(`${url}/docs`)
    expect(note(cli.stdout, 'Warning')).toBeUndefined()
    expect(note(cli.stdout, 'Offline')).toBeUndefined()
    expect((await fetch(`${url}/docs`)).status).toBe(200)
  })

  it.each(hasIPv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'])(
    'names an address that can be opened and warns when bound to %s',
    async (host) => {
      const { cli, url } = await serve(['-h', host, await folder()])
      expect(url).toMatch(/^http:\/\/localhost:\d+$/)
      expect(note(cli.stdout, 'Warning')).toContain(`bound to ${host}: anyone who can reach it can use it`)
      expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
    },
  )

  it.skipIf(!hasIPv6)('writes an IPv6 address as URLs do', async () => {
    const { url } = await serve(['--host', '::1', await folder()])
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })

  it('says when there are no agents, and the server starts', async () => {
    const cwd = await folder()
    const { cli, url } = await serve(['.'], { cwd })
    expect(note(cli.stdout, 'Agents')).toBe('none found in .; an agent is <name>/agent.ts')
    expect(await names(url)).toEqual([])
    expect(await cli.logged('No agents found')).toMatchObject({ level: 'warn' })
  })
})

describe('the folder', () => {
  it('is ./agents', async () => {
    const cwd = await folder({ 'agents/weather/agent.ts': speaker('Sunny') })
    const { url } = await serve([], { cwd })
    expect(await names(url)).toEqual(['weather'])
    await createSession(url, 'weather')
    expect(await answer(url, 'weather')).toBe('Sunny')
  })

  it('is this one when it is an agent, which is named after it', async () => {
    const cwd = await folder({ 'agent.ts': speaker('Here'), 'agents/other/agent.ts': speaker('There') })
    const { url } = await serve([], { cwd })
    expect(await names(url)).toEqual([basename(cwd)])
    await createSession(url, basename(cwd))
    expect(await answer(url, basename(cwd))).toBe('Here')
  })

  it('is this one when agents lie in it', async () => {
    const cwd = await folder({ 'weather/agent.ts': speaker('Sunny'), 'README.md': '' })
    const { url } = await serve([], { cwd })
    expect(await names(url)).toEqual(['weather'])
  })

  it('may be the folder of one agent, or its file', async () => {
    const cwd = await folder({ 'weather/agent.ts': speaker('Sunny'), 'one.ts': speaker('One') })
    expect(await names((await serve([join(cwd, 'weather')])).url)).toEqual(['weather'])
    expect(await names((await serve(['one.ts'], { cwd })).url)).toEqual(['one'])
  })
})

describe('a port that is in use', () => {
  it('is named, with the way out', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const args = ['api_server', await folder(), '--host', '127.0.0.1', '--port', String(port)]
    expect(await run(args)).toEqual({
      code: 1,
      stdout: '',
      stderr: `adk-ts: Port ${port} is already in use; choose another one with --port\n`,
    })
  })
})

describe('flags', () => {
  it('are understood with underscores, dashes, and values after =', async () => {
    const agents = await folder({ 'a/agent.ts': speaker('Hi') })
    const { url } = await serve([
      '--auto-create-session',
      '--url-prefix=/adk',
      '--allow_origins=https://a.dev',
      agents,
    ])
    expect(await answer(`${url}/adk`, 'a')).toBe('Hi')
    const response = await fetch(`${url}/health`, { headers: { origin: 'https://a.dev' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('https://a.dev')
  })

  it('--allow_origins may be repeated, hold a list, and hold a regular expression', async () => {
    const flags = [
      '--allow_origins',
      'https://a.dev, https://b.dev',
      '--allow_origins',
      'regex:https://c{1,2}\\.dev',
    ]
    const { url } = await serve([...flags, await folder()])
    const status = async (origin: string) => (await fetch(`${url}/health`, { headers: { origin } })).status
    for (const origin of ['https://a.dev', 'https://b.dev', 'https://c.dev', 'https://cc.dev']) {
      expect(await status(origin)).toBe(200)
    }
    expect(await status('https://ccc.dev')).toBe(403)
    expect(await status('https://evil.dev')).toBe(403)
  })

  it('without --auto_create_session a session has to be created first', async () => {
    const { url } = await serve([await folder({ 'a/agent.ts': speaker('Hi') })])
    await expect(ask(url, 'a')).rejects.toThrow('404')
  })

  it('--max_body_mb limits what is sent', async () => {
    const { url } = await serve(['--max_body_mb', '1', await folder()])
    expect((await post(`${url}${sessionPath('a')}`, { text: 'x'.repeat(1024 * 1024) })).status).toBe(413)
    expect((await post(`${url}${sessionPath('a')}`, { text: 'x' })).status).toBe(200)
  })
})

describe('--offline', () => {
  const gemini = `
    import { LlmAgent } from 'adk-ts'
    export const rootAgent = new LlmAgent({ name: 'root', model: 'gemini-2.5-flash' })
  `

  it('answers without a model, says so, and takes the word after it as the folder', async () => {
    const cwd = await folder({ 'my/agents/a/agent.ts': gemini })
    const { cli, url } = await serve(['--offline', 'my/agents'], { cwd, env: { GEMINI_API_KEY: 'none' } })
    expect(note(cli.stdout, 'Offline')).toBe('a built-in stand-in answers, no model is called')
    await createSession(url, 'a')
    expect((await ask(url, 'a')).at(-1)).toMatchObject({ modelVersion: 'offline' })
  })

  it('auto: answers for Gemini models without credentials', async () => {
    const cwd = await folder({ 'agents/a/agent.ts': gemini, 'agents/b/agent.ts': speaker('Real') })
    const { cli, url } = await serve(['--offline', 'auto'], { cwd })
    expect(note(cli.stdout, 'Offline')).toContain('auto')
    await createSession(url, 'a')
    await createSession(url, 'b')
    expect((await ask(url, 'a')).at(-1)).toMatchObject({ modelVersion: 'offline' })
    expect(await answer(url, 'b')).toBe('Real')
  })

  it('is off by default: without credentials an event says which variable to set', async () => {
    const { url } = await serve([await folder({ 'a/agent.ts': gemini })])
    await createSession(url, 'a')
    const [event] = await ask(url, 'a')
    expect(event?.errorMessage).toContain('GEMINI_API_KEY')
    expect(event?.errorMessage).toContain('--offline')
  })
})
