import { describe, expect, it } from 'vitest'
import * as adk from 'adk-ts'
import type { ToolAccessRules } from '../../src/loader/tool-access.js'
import type { ToolAccess } from '../../src/schema/tool-access.js'
import { folder, open } from './support.js'

const list = (...tools: string[]): ToolAccess => ({ mode: 'allow_list', tools })

/** An app with the tools `look` and `work`, the latter in an agent below; what else it exports. */
const app = (more = '', tools = 'tool("look")') => `
  import { AgentTool, BaseAgent, BaseToolset, BuiltInCodeExecutor, FunctionTool, GOOGLE_SEARCH, LlmAgent } from 'adk-ts'
  const tool = (name) => new FunctionTool({ name, description: '', execute: () => ({}) })
  class Tools extends BaseToolset { async getTools() { return [] } }
  class Custom extends BaseAgent { async *runAsyncImpl() {} }
  const worker = new LlmAgent({ name: 'worker', tools: [tool('work')] })
  export const rootAgent = new LlmAgent({ name: 'root', tools: [${tools}], subAgents: [worker] })
  ${more}
`

async function load(source: string, toolAccess?: ToolAccessRules, file = 'a/agent.ts') {
  const { loader } = open(await folder({ [file]: source }), {
    modules: { 'adk-ts': adk },
    ...(toolAccess && { toolAccess }),
  })
  const { allowedTools } = await loader.load('a')
  return allowedTools && [...allowedTools]
}

const failure = (...args: Parameters<typeof load>): Promise<string> =>
  load(...args).then(
    () => 'loaded',
    (error: Error) => error.message,
  )

const own = (access: unknown) => `export const toolAccess = ${JSON.stringify(access)}`

describe('the tools that models may call are', () => {
  it('all where nobody says otherwise', async () => {
    expect(await load(app())).toBeUndefined()
    expect(await load(app(), { byDefault: { mode: 'allow_all' } })).toBeUndefined()
  })

  it('those that the app exports', async () => {
    expect(await load(app(own({ mode: 'allow_none' })))).toEqual([])
    expect(await load(app(own({ mode: 'allow_all' })), { byDefault: { mode: 'allow_none' } })).toBeUndefined()
    expect(await load(app(own(list(' work ', 'look', 'work'))))).toEqual(['work', 'look'])
    expect(await load(app('export const tool_access = { mode: "allow_none" }'))).toEqual([])
  })

  it('those of a CommonJS module as well', async () => {
    const source = `
      const { LlmAgent } = require('adk-ts')
      module.exports = { rootAgent: new LlmAgent({ name: 'root' }), toolAccess: { mode: 'allow_none' } }`
    expect(await load(source, undefined, 'a/agent.cjs')).toEqual([])
  })

  it('those that are said for all, for apps that say nothing or inherit', async () => {
    const byDefault = { mode: 'allow_list' as const, tools: ['look', 'tool_of_another_app'] }
    expect(await load(app(), { byDefault })).toEqual(byDefault.tools)
    expect(await load(app(own({ mode: 'inherit' })), { byDefault })).toEqual(byDefault.tools)
    expect(await load(app(own({ mode: 'inherit' })))).toBeUndefined()
  })

  it('those that the operator says for the app, whatever it says itself', async () => {
    const apps = new Map([['a', list('look')]])
    expect(await load(app(own({ mode: 'allow_all' })), { apps })).toEqual(['look'])
    expect(await load(app(), { apps: new Map([['b', list('look')]]) })).toBeUndefined()
    const inherit = new Map<string, ToolAccess>([['a', { mode: 'inherit' }]])
    expect(
      await load(app(own({ mode: 'allow_all' })), { apps: inherit, byDefault: { mode: 'allow_none' } }),
    ).toEqual([])
  })
})

describe('an app fails to load, with its name and the tool,', () => {
  const unknown = (...args: Parameters<typeof load>) => failure(...args)

  it('when its list holds a tool that it does not have', async () => {
    const text = (place: string) =>
      `App "a" failed to load: a/agent.ts: ${place} names wrok, which none of its agents has; its tools are look, work`
    expect(await unknown(app(own(list('look', 'wrok'))))).toBe(text('its tool access'))
    const rules = { apps: new Map([['a', list('wrok')]]), file: 'adk-ts.config.json' }
    expect(await unknown(app(), rules)).toBe(text('apps.a of adk-ts.config.json'))
  })

  it('built-in tools, code and agents as tools counted in', async () => {
    const tools =
      'GOOGLE_SEARCH, new AgentTool({ agent: new LlmAgent({ name: "helper", tools: [tool("help")], codeExecutor: new BuiltInCodeExecutor() }) })'
    const names = ['google_search', 'helper', 'work', 'help', 'code_execution']
    expect(await load(app(own(list(...names)), tools))).toEqual(names)
    expect(await unknown(app(own(list('look')), tools))).toContain(
      `names look, which none of its agents has; its tools are`,
    )
  })

  it('but not when tools of it are known only while it runs', async () => {
    expect(await load(app(own(list('from_elsewhere')), 'new Tools()'))).toEqual(['from_elsewhere'])
    const custom = 'new AgentTool({ agent: new Custom({ name: "custom" }) })'
    expect(await load(app(own(list('from_elsewhere')), custom))).toEqual(['from_elsewhere'])
  })

  it.each([
    ['everything', 'toolAccess: Invalid input: expected object, received string'],
    [{}, 'toolAccess.mode: should be one of allow_all, allow_none, allow_list, inherit'],
    [{ mode: 'all' }, 'toolAccess.mode: should be one of allow_all, allow_none, allow_list, inherit'],
    [{ mode: 'allow_list' }, 'toolAccess.tools: should name at least one tool where the mode is allow_list'],
    [
      { mode: 'allow_list', tools: [] },
      'toolAccess.tools: should name at least one tool where the mode is allow_list',
    ],
    [
      { mode: 'allow_none', tools: ['a'] },
      'toolAccess.tools: should be left out where the mode is not allow_list',
    ],
    [{ mode: 'allow_all', tool: [] }, 'toolAccess: Unrecognized key: "tool"'],
  ])('when it exports %j', async (access, problem) => {
    expect(await failure(app(own(access)))).toBe(
      `App "a" failed to load: a/agent.ts: exports a tool access that does not fit: ${problem}`,
    )
  })
})
