import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/telemetry/log.js'
import { agent, ask, createSession, folder, messageTo, post, serve, sessionPath, speaker } from './support.js'

const requests = (lines: Record<string, unknown>[]) => lines.filter(({ evt }) => evt === 'request')

describe('the log of a server whose output nobody watches', () => {
  it('is JSON on standard error, one line per request, and the banner has standard output to itself', async () => {
    const { cli, url } = await serve([await folder({ 'a/agent.ts': speaker('Hi') })])
    await createSession(url, 'a')
    await ask(url, 'a')
    await fetch(`${url}/nowhere?key=abc`)
    await cli.until(() => requests(cli.log()).length === 3)
    const [created, ran, missed] = requests(cli.log())
    expect(created).toMatchObject({
      level: 'info',
      method: 'POST',
      status: 200,
      app: 'a',
      user: 'u1',
      session: 's1',
    })
    expect(ran).toMatchObject({ level: 'info', method: 'POST', route: '/run', status: 200, app: 'a' })
    expect(ran?.invocation).toMatch(/^e-/)
    expect(missed).toMatchObject({ level: 'warn', method: 'GET', status: 404 })
    for (const line of cli.log()) expect(Date.parse(String(line.time))).not.toBeNaN()
    expect(await cli.logged('server.listening')).toMatchObject({ port: Number(new URL(url).port), apps: 1 })
    expect(cli.stdout).not.toContain('{')
  })

  it('takes in what agents write through the logger of the package', async () => {
    const source =
      "import { getLogger } from 'adk-ts'\ngetLogger().warn('look', { at: 'this' })\n" + speaker('Hi')
    const { cli, url } = await serve([await folder({ 'a/agent.ts': source })])
    await createSession(url, 'a')
    await ask(url, 'a')
    expect(await cli.logged('agent.log')).toMatchObject({ level: 'warn', text: "look { at: 'this' }" })
  })

  it('has no place for what was said, for headers, or for queries', async () => {
    const { cli, url } = await serve(['-v', await folder({ 'a/agent.ts': speaker('an-answer') })])
    await createSession(url, 'a')
    await fetch(`${url}/run?token=in-the-query`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer in-a-header',
        cookie: 'in=a-cookie',
      },
      body: JSON.stringify(messageTo('a', 'a-question')),
    })
    await cli.until(() => requests(cli.log()).length === 2)
    expect(cli.stderr).not.toMatch(/an-answer|a-question|in-the-query|in-a-header|a-cookie/)
  })

  it('has no keys, even where an agent puts one into an error, and stays JSON', async () => {
    const key = `AIza${'x'.repeat(35)}`
    const { cli, url } = await serve(
      [
        await folder({
          'a/agent.ts': agent(`throw new Error(\`got "key=\${process.env.GEMINI_API_KEY}" and "${key}"\`)`),
        }),
      ],
      { env: { GEMINI_API_KEY: 'plain-secret' } },
    )
    await createSession(url, 'a')
    await post(`${url}/run`, messageTo('a'))
    await cli.until(() => requests(cli.log()).length === 2)
    expect(cli.stdout + cli.stderr).not.toMatch(/plain-secret|AIza/)
  })

  it('writes a line break in a name as JSON does', async () => {
    const { cli, url } = await serve([await folder()])
    const name = 'a\n{"evt":"fatal"}\u001b[31m'
    await post(`${url}${sessionPath(encodeURIComponent(name))}`, {})
    await cli.until(() => requests(cli.log()).length === 1)
    expect(cli.log().some(({ evt }) => evt === 'fatal')).toBe(false)
    expect(cli.stderr).not.toContain('\u001b')
  })

  it.each([
    [['--log_level', 'error'], false, false],
    [['--log_level=WARNING'], false, true],
    [['--log_level', 'silent'], false, false],
    [['--log_level', 'debug'], true, true],
    [['--verbose'], true, true],
    [['-v', '--log_level', 'error'], true, true],
  ])('with %j requests are told: %s, mistakes of clients: %s', async (flags, infos, warnings) => {
    const { cli, url } = await serve([...flags, await folder({ 'a/agent.ts': speaker('Hi') })])
    await createSession(url, 'a')
    await ask(url, 'a')
    await fetch(`${url}/nowhere`)
    cli.signal('SIGTERM')
    await cli.ended()
    const seen = requests(cli.log()).map(({ level }) => level)
    expect(seen.includes('info')).toBe(infos)
    expect(seen.includes('warn')).toBe(warnings)
    expect(cli.log().some(({ level }) => level === 'debug')).toBe(
      flags.some((flag) => /debug|^-v|--verbose/.test(flag)),
    )
  })
})

/** What is written for one line of the log. */
async function written(
  pretty: boolean,
  write: (log: Awaited<ReturnType<typeof createLog>>) => void,
): Promise<string> {
  let text = ''
  write(await createLog({ level: 'info', pretty, destination: { write: (line) => void (text += line) } }))
  return text
}

describe('a line of the log', () => {
  it('keeps its form when a key is taken out that ends at an escaped quote', async () => {
    const text = await written(false, (log) =>
      log.error({ err: new Error('"key=secret" and "token=other"') }, 'failed'),
    )
    const line = JSON.parse(text) as { err: { message: string } }
    expect(line.err.message).toBe('"key=[redacted]" and "token=[redacted]"')
    expect(text).not.toMatch(/secret|other/)
    expect(text.endsWith('}\n')).toBe(true)
  })

  it('is one line for people, too', async () => {
    const request = { reqId: 'r', method: 'GET', route: '/list-apps', status: 200, ms: 1.5, app: 'weather' }
    const text = await written(true, (log) => log.info(request, 'request'))
    expect(text).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: GET \/list-apps 200 in 1\.5 ms \{"app":"weather"\}\n$/)
  })

  it('shows control characters to people instead of sending them to the terminal', async () => {
    const nasty = 'a\u001b[31m\r\b\u0007\u009b1m\u007f'
    const text = await written(true, (log) => {
      log.warn({ app: nasty }, nasty)
      log.warn({}, 'first\nsecond')
      log.error({ err: new Error(nasty) }, 'failed')
    })
    // eslint-disable-next-line no-control-regex -- these are what the test is about
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(text).toContain('\\u001b[31m')
    expect(text).toContain('\\x9b1m')
    expect(text).toContain('first\\nsecond')
  })

  it('leaves backslashes alone', async () => {
    const text = await written(true, (log) => log.warn({}, 'C:\\u001b \\\\ "quoted"'))
    expect(text).toContain('C:\\u001b \\\\ "quoted"\n')
  })
})
