import { describe, expect, it } from 'vitest'
import { agent, answer, createSession, folder, run, serve, speaker } from './support.js'

const CALLER = agent(
  `
    const parts = request.contents.at(-1).parts
    const answered = parts.find((part) => part.functionResponse)?.functionResponse
    yield answered ? say(answered.response.error ?? 'it ran') : { content: { role: 'model', parts: [{ functionCall: { name: 'work', args: {} } }] } }
  `,
  `import { FunctionTool } from 'adk-ts'
   const tools = [new FunctionTool({ name: 'work', description: '', execute: () => ({}) })]`,
).replace("name: 'scripted',", "name: 'scripted', tools,")

const REFUSED = "Tool 'work' is not allowed by the tool access of this app. There are no tools."

const started = async (files: Record<string, string>) => {
  const cwd = await folder({ 'agents/a/agent.ts': CALLER, ...files })
  return serve([], { cwd })
}

describe('the configuration file', () => {
  const files = {
    'adk-ts.config.json': '\uFEFF{ "tool_access": { "mode": "allow_none" } }',
    'adk-ts.config.ts': `
      import type { ServerConfig } from 'adk-ts'
      const mode: string = 'allow_none'
      export default { toolAccess: { mode } } as ServerConfig`,
  }
  it.each(Object.entries(files))('%s decides about the tools of all apps', async (name, text) => {
    const { cli, url } = await started({ [name]: text })
    expect(cli.stdout).toMatch(new RegExp(`^  Config +${name}$`, 'm'))
    await createSession(url, 'a')
    expect(await answer(url, 'a')).toBe(REFUSED)
  })

  it('decides about one app', async () => {
    const apps = { apps: { a: { tool_access: { mode: 'allow_all' } } }, toolAccess: { mode: 'allow_none' } }
    const { url } = await started({
      'adk-ts.config.json': JSON.stringify(apps),
      'agents/b_c/agent.ts': CALLER,
    })
    for (const app of ['a', 'b_c']) await createSession(url, app)
    expect(await answer(url, 'a')).toBe('it ran')
    expect(await answer(url, 'b_c')).toBe(REFUSED)
  })

  it('may name an app that is not there yet, which is logged', async () => {
    const apps = { apps: { b: { toolAccess: { mode: 'allow_none' } } } }
    const { cli } = await started({ 'adk-ts.config.json': JSON.stringify(apps) })
    expect(await cli.logged(/not there/)).toMatchObject({
      app: 'b',
      evt: 'adk-ts.config.json names an app that is not there',
    })
  })

  it('may be missing', async () => {
    const { cli, url } = await started({})
    expect(cli.stdout).not.toContain('Config')
    await createSession(url, 'a')
    expect(await answer(url, 'a')).toBe('it ran')
  })

  it.each([
    ['json', '{', /adk-ts\.config\.json is not JSON: /],
    ['json', '[]', /adk-ts\.config\.json: Invalid input: expected object, received array/],
    ['json', '{"tools": []}', /adk-ts\.config\.json: Unrecognized key: "tools"/],
    [
      'json',
      '{"tool_access": {"mode": "inherit"}}',
      /adk-ts\.config\.json: toolAccess\.mode: should be one of allow_all, allow_none, allow_list$/,
    ],
    [
      'json',
      '{"apps": {"my_app": {"tool_access": {"mode": "allow_list"}}}}',
      /adk-ts\.config\.json: apps\.my_app\.toolAccess\.tools: should name at least one tool/,
    ],
    ['json', '{"toolAccess": {"mode": "allow_all"}, "tool_access": {}}', /Unrecognized key: "tool_access"/],
    ['ts', 'export default {', /adk-ts\.config\.ts:1:\d+: syntax error/],
    ['ts', "\nthrow new Error('no')", /adk-ts\.config\.ts:2: no/],
    [
      'ts',
      'export const toolAccess = {}',
      /adk-ts\.config\.ts: exports no configuration; write `export default/,
    ],
  ])('ends the start when it does not fit: %s, %s', async (extension, text, message) => {
    const cwd = await folder({ 'agents/a/agent.ts': speaker('Hi'), [`adk-ts.config.${extension}`]: text })
    const { code, stdout, stderr } = await run(['api_server', '--port', '0'], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(message)])
    expect(stderr).not.toContain(cwd)
  })

  it('is there once', async () => {
    const cwd = await folder({ 'agents/a/agent.ts': speaker('Hi'), ...files })
    const { code, stderr } = await run(['api_server', '--port', '0'], { cwd })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'adk-ts: There are both adk-ts.config.json and adk-ts.config.ts; keep one of them\n',
    })
  })
})
