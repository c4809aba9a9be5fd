import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { AdkError } from '../../src/core/errors.js'
import { agent, failureOf, folder, open, type Files } from './support.js'

describe('the reason of a failed load', () => {
  it.each<[string, Files, string | RegExp]>([
    [
      'a syntax error',
      { 'x/agent.ts': 'const a = 1\n\n\nlet = = 3\n' },
      /^x\/agent\.ts:4:\d+: syntax error: \S/,
    ],
    ['one in JavaScript', { 'x/agent.mjs': 'export {}\n}\n' }, /^x\/agent\.mjs:2:1: syntax error: \S/],
    ['one in CommonJS', { 'x/agent.cjs': 'module.exports = {\n' }, /^x\/agent\.cjs:2:1: syntax error: \S/],
    [
      'one in JSON',
      { 'x/agent.ts': agent('d', 'import d from "./d.json"'), 'x/d.json': '{' },
      /^x\/agent\.ts:1: x\/d\.json: .*JSON/,
    ],
    [
      'one in a sibling',
      { 'x/agent.ts': agent('t', `import { t } from './lib/t'`), 'x/lib/t.ts': '\n  export const t = )' },
      /^x\/lib\/t\.ts:2:20: syntax error: Unexpected token$/,
    ],
    [
      'a missing package',
      { 'x/agent.ts': agent('t', `import t from '@some/package/deep.js'`) },
      'x/agent.ts: cannot find package "@some/package"; install it in the project of the agent: npm install @some/package',
    ],
    [
      'one that a sibling misses',
      {
        'x/agent.js': agent('t', `import t from './t.js'`),
        'x/t.js': `import t from 'left-pad'\nexport default t`,
      },
      'x/t.js: cannot find package "left-pad"; install it in the project of the agent: npm install left-pad',
    ],
    [
      'one that CommonJS misses',
      { 'x/agent.cjs': `require('left-pad')` },
      'x/agent.cjs: cannot find package "left-pad"; install it in the project of the agent: npm install left-pad',
    ],
    [
      'one that a package misses',
      {
        'x/agent.ts': agent('t', `import t from 'needy'`),
        'x/node_modules/needy/package.json': '{"type":"module","exports":"./i.js"}',
        'x/node_modules/needy/i.js': `import 'left-pad'`,
      },
      /cannot find package "left-pad"; install it in the project of the agent: npm install left-pad$/,
    ],
    [
      'a missing sibling',
      { 'x/agent.ts': agent('t', `import { t } from './tool.js'`) },
      'x/agent.ts: cannot find module "./tool.js"',
    ],
    [
      'a name that we do not have',
      {
        'x/agent.ts': agent(
          '1',
          `import { TestAgent as Test, Magic } from 'adk-ts'\nexport const tool = () => new Magic()`,
        ),
      },
      'x/agent.ts:1:29: "adk-ts" has no export "Magic"',
    ],
    [
      'one of @google/adk',
      { 'x/agent.js': `import { Magic } from '@google/adk'` },
      'x/agent.js:1:10: "adk-ts", which stands in for "@google/adk", has no export "Magic"',
    ],
    [
      'one that CommonJS reads',
      { 'x/agent.cjs': `\nconst { TestAgent, Magic } = require('adk-ts')` },
      /^x\/agent\.cjs:2: "adk-ts" has no export "Magic"$/,
    ],
    [
      'one that is read later than it is imported',
      { 'x/agent.ts': `import * as adk from 'adk-ts'\nexport const rootAgent = new adk.Magic()` },
      /^x\/agent\.ts:2: "adk-ts" has no export "Magic"$/,
    ],
    ['an error of the agent', { 'x/agent.ts': '\n\nthrow new TypeError("no key")' }, 'x/agent.ts:3: no key'],
    [
      'one of its helpers',
      {
        'x/agent.ts': agent('t()', `import { t } from './t'`),
        'x/t.ts': 'export const t = () => { null.x }',
      },
      /^x\/t\.ts:1: Cannot read properties of null \(reading 'x'\)$/,
    ],
    ['something else that is thrown', { 'x/agent.ts': 'throw "oh"' }, 'x/agent.ts: oh'],
    ['nothing that is thrown', { 'x/agent.ts': 'throw undefined' }, 'x/agent.ts: unknown error'],
    [
      'an agent that refuses its options',
      { 'x/agent.ts': agent('1').replace('note: 1', 'name: "1 2"') },
      /^x\/agent\.ts:3: Agent name "1 2"/,
    ],
    [
      'paths in a message',
      { 'x/agent.ts': 'throw new Error(`${import.meta.dirname}/data and /etc/some/where`)' },
      'x/agent.ts:1: x/data and [path]',
    ],
    [
      'keys in a message',
      { 'x/agent.ts': 'throw new Error("GET https://x.y/?key=abcdef")' },
      'x/agent.ts:1: GET https://x.y/?key=[redacted]',
    ],
  ])('%s', async (_what, files, reason) => {
    const [start, rest] = split(await failureOf({ ...files, 'y/agent.ts': '' }))
    expect(start).toBe('App "x" failed to load: ')
    if (typeof reason === 'string') expect(rest).toBe(reason)
    else expect(rest).toMatch(reason)
  })

  it('names files outside the agents folder by the way to them', async () => {
    const path = await folder({
      'agents/x/agent.ts': agent('t', `import { t } from '../../shared/t'`),
      'shared/t.ts': 'export const t = 1\nthrow new Error("at " + import.meta.filename)',
    })
    const { loader } = open(join(path, 'agents'))
    await expect(loader.load('x')).rejects.toThrow(
      'App "x" failed to load: ../shared/t.ts:2: at ../shared/t.ts',
    )
  })

  it('keeps the error itself for the log', async () => {
    const { loader } = open(await folder({ 'x/agent.ts': '\nthrow new Error("boom")' }))
    const error = await loader.load('x').catch((error: unknown) => error)
    expect(error).toBeInstanceOf(AdkError)
    expect(error).toMatchObject({ code: 'app_load_failed', status: 500, cause: { message: 'boom' } })
  })

  it('tells of a tsconfig that cannot be read', async () => {
    const path = await folder({
      'x/agent.ts': agent('1'),
      'x/tsconfig.json': '{ "extends": "./nowhere.json" }',
    })
    await expect(open(path).loader.load('x')).rejects.toThrow(/^App "x" failed to load: x\/agent\.ts: /)
  })
})

function split(message: string): [string, string] {
  const end = message.indexOf(': ') + 2
  return [message.slice(0, end), message.slice(end)]
}

it('an agent that waits for ever while it loads is given up', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const failure = failureOf({ 'slow/agent.ts': 'await new Promise(() => {})\nexport const rootAgent = 1' })
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(60_000)
    expect(await failure).toBe(
      'App "slow" failed to load: slow/agent.ts: did not load within 60 seconds; ' +
        'is there an `await` at its top that never ends?',
    )
  } finally {
    vi.useRealTimers()
  }
})
