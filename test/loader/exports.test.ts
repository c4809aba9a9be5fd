import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isApp } from '../../src/runner/app.js'
import { failureOf, folder, open } from './support.js'

const LINES = `import { BaseAgent, TestAgent } from 'adk-ts'
const a = new TestAgent({ name: 'a' }), b = new TestAgent({ name: 'b' }), child = new TestAgent({ name: 'child' })
const parent = new TestAgent({ name: 'parent', subAgents: [child] })
const app1 = { name: 'app1', rootAgent: a, plugins: [] }, app2 = { name: 'app2', rootAgent: b }
const other = { [Symbol.for('google.adk.baseAgent')]: true, name: 'other' }
`
const WITHOUT_NAMES = LINES.replace(
  "import { BaseAgent, TestAgent } from 'adk-ts'",
  "const { TestAgent } = require('adk-ts')",
)

async function load(files: Record<string, string>) {
  const { loader } = open(join(await folder(files), 'x'))
  return loader.load('x')
}

describe('the root agent', () => {
  it.each([
    ['export { app1 as app, app2 as rootApp, b as rootAgent }; export default app2', 'a', 'app1'],
    ['export { app1 as rootApp, b as rootAgent }; export default app2', 'a', 'app1'],
    ['export { b as rootAgent }; export default app1', 'a', 'app1'],
    ['export { a as rootAgent, b as root_agent }; export default b', 'a', undefined],
    ['export { a as root_agent, b as agent }; export default b', 'a', undefined],
    ['export { a as agent }; export default b', 'a', undefined],
    ['export { b as other }; export default a', 'a', undefined],
    ['export default child; export { parent }', 'child', undefined],
    ['export { a as weather }; export const name = "x", tools = [1]', 'a', undefined],
    ['export { a as one, a as two }', 'a', undefined],
    ['export { a as app }', 'a', undefined],
    ['export const app = () => 1, rootAgent = a', 'a', undefined],
  ])('%s', async (exports, agentName, appName) => {
    const loaded = await load({ 'x/agent.ts': LINES + exports })
    expect(loaded.name).toBe('x')
    expect(loaded.rootAgent.name).toBe(agentName)
    expect(loaded.app?.name).toBe(appName)
  })

  it('comes with all that a plain object says of its app', async () => {
    const guarded = (names: string) => `${LINES}
      export const app = { ...app1, plugins: [${names}].map((name) => ({ name })), resumabilityConfig: { isResumable: true } }`
    const { app } = await load({ 'x/agent.ts': guarded("'guard', 'log'") })
    expect(app?.plugins.map(({ name }) => name)).toEqual(['guard', 'log'])
    expect(app?.resumabilityConfig).toEqual({ isResumable: true })
    expect(isApp(app)).toBe(true)
    expect(await failureOf({ 'x/agent.ts': guarded("'log', 'log'") })).toContain(
      'Two plugins are named "log"',
    )
  })

  it.each([
    ['module.exports = a', 'a'],
    ['module.exports = child', 'child'],
    ['module.exports = { rootAgent: a, b }', 'a'],
    ['module.exports = app1', 'a'],
    ['module.exports = { app: app1, rootAgent: b }', 'a'],
    ['exports.default = a; exports.b = b', 'a'],
    ['exports.weather = a', 'a'],
  ])('of CommonJS: %s', async (exports, agentName) => {
    expect((await load({ 'x/agent.cjs': WITHOUT_NAMES + exports })).rootAgent.name).toBe(agentName)
  })

  it.each(['', 'export const rootAgent = { name: "x" }', 'export default 1', 'export const make = () => a'])(
    'is missing in %j',
    async (exports) => {
      expect(await failureOf({ 'x/agent.ts': LINES + exports })).toBe(
        'App "x" failed to load: x/agent.ts: exports no root agent; export `rootAgent` from agent.ts',
      )
    },
  )

  it('cannot be chosen among several', async () => {
    expect(await failureOf({ 'x/agent.ts': `${LINES}export { a, b }` })).toBe(
      'App "x" failed to load: x/agent.ts: exports several agents and none of them as `rootAgent`; ' +
        'export `rootAgent` from agent.ts',
    )
  })

  it.each([
    'export { other as rootAgent, a }',
    'export default other',
    'export { other as weather, a }',
    'export const app = { [Symbol.for("google.adk.app")]: true, name: "x", rootAgent: other }',
    'export const app = { name: "x", rootAgent: other }',
  ])('of another package is refused: %s', async (exports) => {
    expect(await failureOf({ 'x/agent.ts': LINES + exports })).toMatch(
      /^App "x" failed to load: x\/agent\.ts: exports an agent made by an installed "@google\/adk" .*import from "adk-ts" instead$/,
    )
  })
})
