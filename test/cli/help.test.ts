import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { folder, run } from './support.js'

const FLAGS = [
  '--host', '--port', '--allow_origins', '--log_level', '--verbose', '--url_prefix', '--reload_agents',
  '--auto_create_session', '--offline', '--max_body_mb', '--metrics', '--session_service_uri',
  '--artifact_service_uri', '--memory_service_uri', '--use_local_storage', '--session_ttl',
  '--no_acp', '--no_acp_confirmations', '--acp_keep_minutes', '--help',
] // prettier-ignore

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

describe('help', () => {
  it('tells what the program does, how to start it, and where the flags are', async () => {
    const { code, stdout, stderr } = await run(['--help'])
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toContain('api_server')
    expect(stdout).toContain('$ adk-ts api_server')
    expect(stdout).toContain('adk-ts api_server --help')
  })

  it('tells every flag with its default', async () => {
    const { code, stdout } = await run(['api_server', '--help'])
    expect(code).toBe(0)
    for (const flag of FLAGS) expect(stdout).toMatch(new RegExp(`^  (-\\w, )?${flag}\\b`, 'm'))
    expect(stdout).toMatch(/--host .*"localhost"/)
    expect(stdout).toMatch(/--port .*8000/)
    expect(stdout.replace(/\s+/g, ' ')).toContain('default: ./agents')
  })

  it('tells no flag that the list above leaves out', async () => {
    const { stdout } = await run(['api_server', '--help'])
    const told = [...stdout.matchAll(/^ {2}(?:-\w, )?(--\w+)/gm)].map(([, flag = '']) => flag)
    expect(told.toSorted()).toEqual(FLAGS.toSorted())
  })

  it('tells about models and the environment', async () => {
    const { stdout } = await run(['api_server', '--help'])
    for (const word of [
      'GEMINI_API_KEY',
      'GOOGLE_GENAI_USE_VERTEXAI',
      '.env',
      'ADK_DEFAULT_APP_NAME',
      '/docs',
    ]) {
      expect(stdout).toContain(word)
    }
  })

  it.each([['--help'], ['api_server', '--help'], ['help', 'api_server']])(
    'fits 100 columns: %s %s',
    async (...args) => {
      const { stdout } = await run(args.filter(Boolean))
      expect(widest(stdout)).toBeGreaterThan(60)
      expect(widest(stdout)).toBeLessThanOrEqual(100)
    },
  )

  it('is shown when nothing is asked for, as a mistake', async () => {
    const { code, stderr } = await run([])
    expect(code).toBe(1)
    expect(stderr).toContain('Usage: adk-ts')
  })

  it('has a short form, but not where -h is the host', async () => {
    expect((await run(['-h'])).stdout).toContain('Usage: adk-ts')
    expect((await run(['api_server', '-h'])).stderr).toBe(
      "adk-ts: option '-h, --host <address>' argument missing\n",
    )
  })

  it.each(['--version', '-v'])('prints the version of the package with %s', async (flag) => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(await run([flag])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })
})

describe('mistakes on the command line are answered with one sentence and exit code 1', () => {
  const mistake = async (args: string[], cwd?: string) => {
    const { code, stdout, stderr } = await run(args, {
      cwd: cwd ?? (await folder({ 'agents/a/agent.ts': '' })),
    })
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^adk-ts: [^\n]+\n$/)
    expect(code).toBe(1)
    return stderr
  }

  it('for an unknown flag, with the one that was meant', async () => {
    expect(await mistake(['api_server', '--prot', '1'])).toContain('(Did you mean --port?)')
    expect(await mistake(['api_server', '--allow-origin', 'x'])).toContain('(Did you mean --allow_origins?)')
  })

  it('for an unknown command, with the one that was meant', async () => {
    expect(await mistake(['api-servr'])).toContain('(Did you mean api_server?)')
    expect(await mistake(['web'])).toContain("unknown command 'web'")
  })

  it.each(['http', '-1', '65536', '80.5', '', '0x50'])('for the port "%s"', async (port) => {
    expect(await mistake(['api_server', `--port=${port}`])).toContain('A port is a number from 0 to 65535.')
  })

  it.each(['0', '-1', '2000', '0.5', 'ten', ''])('for a body of "%s" MiB', async (size) => {
    expect(await mistake(['api_server', `--max_body_mb=${size}`])).toContain('a number of MiB from 1 to 1024')
  })

  it('for a regular expression that is none', async () => {
    expect(await mistake(['api_server', '--allow_origins', 'regex:('])).toContain(
      'Invalid regular expression',
    )
  })

  it.each([
    'localhost:3000',
    'example.com',
    'https://example.com/path',
    'https://a b',
    'https://a,,localhost',
  ])('for "%s", which no browser sends as an origin', async (origin) => {
    expect(await mistake(['api_server', '--allow_origins', origin])).toContain(
      'is not an origin, such as https://',
    )
  })

  it('for unknown words where only some are known', async () => {
    expect(await mistake(['api_server', '--log_level', 'loud'])).toContain('debug, info, warn, error, silent')
    expect(await mistake(['api_server', '--offline=sometimes'])).toContain('never, always, auto')
    expect(await mistake(['api_server', '--url_prefix', 'adk'])).toContain('starts with "/"')
    expect(await mistake(['api_server', '--reload_agents=maybe'])).toContain('--reload_agents=maybe')
  })

  it('for several folders', async () => {
    expect(await mistake(['api_server', 'agents', 'more'])).toContain('too many arguments')
  })

  it('for a folder that is not there, naming it', async () => {
    const message = await mistake(['api_server', 'my/agents'])
    expect(message).toContain('my/agents does not exist; create it')
  })

  it('when there are no agents to be found, saying where they belong', async () => {
    const cwd = await folder({ 'src/index.ts': '', 'src/app.ts': '' })
    const message = await mistake(['api_server'], cwd)
    expect(message).toContain(cwd)
    expect(message).toContain('agents/<name>/agent.ts')
  })

  it('for a file that is no agent', async () => {
    const cwd = await folder({ 'notes.txt': '' })
    expect(await mistake(['api_server', 'notes.txt'], cwd)).toContain('notes.txt')
  })

  it('for an address that this machine does not have', async () => {
    expect(await mistake(['api_server', '--offline', '--host', '192.0.2.1', '-p', '0'])).toContain(
      'This machine has no address "192.0.2.1"; choose one with --host',
    )
  })
})
