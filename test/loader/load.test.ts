import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { agent, folder, noteIn, noteOf, open, write, type Files } from './support.js'

const globals = globalThis as Record<string, unknown>

/** A package that counts how often it was imported, and says how. */
const packages: Files = {
  'node_modules/modern/package.json': '{"name":"modern","type":"module","exports":"./index.js"}',
  'node_modules/modern/index.js': 'export const url = import.meta.url; export const object = {}',
  'node_modules/legacy/package.json': '{"name":"legacy","main":"main.js"}',
  'node_modules/legacy/main.js':
    'exports.object = {}; exports.native = require.cache[__filename] !== undefined',
}

const circle = (extension: string): Files => ({
  [`agent.${extension}`]: agent('a()', `import { a } from './a.${extension}'`),
  [`a.${extension}`]: `import { b } from './b.${extension}'\nexport const name = 'a'\nexport const a = () => b()`,
  [`b.${extension}`]: `import * as a from './a.${extension}'\nexport const b = () => 'b of ' + a.name`,
})

const count = (name: string) => `globalThis.runs.push('${name}')\nexport const ${name} = 1\n`

describe('what an agent may be written in', () => {
  it.each<[string, Files, unknown]>([
    [
      'siblings without extension',
      { 'lib/t.ts': 'export const t = 1', 'agent.ts': agent('t', `import { t } from './lib/t'`) },
      1,
    ],
    [
      'siblings named .js',
      { 'tool.ts': 'export const t = 2', 'agent.ts': agent('t', `import { t } from './tool.js'`) },
      2,
    ],
    [
      'an index of a folder',
      { 'lib/index.ts': 'export const t = 3', 'agent.ts': agent('t', `import { t } from './lib'`) },
      3,
    ],
    [
      'JSON',
      { 'data.json': '{"a":[1]}', 'agent.ts': agent('data', `import data from './data.json'`) },
      { a: [1] },
    ],
    [
      'JSON with an attribute',
      {
        'data.json': '[5]',
        'agent.ts': agent('data', `import data from './data.json' with { type: 'json' }`),
      },
      [5],
    ],
    ['top-level await', { 'agent.ts': agent('await Promise.resolve(6)') }, 6],
    [
      'enums',
      {
        'agent.ts': agent('[Color.Red, Size.Big]', `enum Color { Red = 'red' }\nconst enum Size { Big = 7 }`),
      },
      ['red', 7],
    ],
    ['namespaces', { 'agent.ts': agent('N.x', 'namespace N { export const x = 8 }') }, 8],
    ['.mts', { 'agent.mts': agent('typeof import.meta.url') }, 'string'],
    [
      '.cts',
      {
        'agent.cts': `const { TestAgent } = require('adk-ts')\nexports.rootAgent = new TestAgent({ note: 9 as number })`,
      },
      9,
    ],
    [
      '.cts with imports',
      { 'agent.cts': agent('join("a", "b")', `import { join } from 'node:path'`) },
      join('a', 'b'),
    ],
    ['import.meta.dirname', { 'agent.ts': agent('import.meta.dirname.length > 1') }, true],
    [
      'a file name with a space',
      { 'my tool.ts': 'export const t = 10', 'agent.ts': agent('t', `import { t } from './my tool'`) },
      10,
    ],
    [
      'dynamic imports',
      { 'lib.ts': 'export const t = 11', 'agent.ts': agent(`(await import('./li' + 'b')).t`) },
      11,
    ],
    [
      'paths of a tsconfig',
      {
        'tsconfig.json': '{"compilerOptions":{"paths":{"@lib/*":["./lib/*"]}}}',
        'lib/t.ts': 'export const t = 12',
        'agent.ts': agent('t', `import { t } from '@lib/t'`),
      },
      12,
    ],
  ])('%s', async (_what, files, note) => {
    expect(await noteOf(files)).toEqual(note)
  })

  it('circular imports', async () => {
    expect(await noteOf(circle('ts'))).toBe('b of a')
    expect(await noteOf(circle('mjs'))).toBe('b of a')
  })

  it('an entry that is imported by what it imports', async () => {
    const files = { 'agent.mjs': agent('b.name', `import { b } from './b.mjs'\nexport const x = 1`) }
    expect(
      await noteOf({
        ...files,
        'b.mjs': `import * as entry from './agent.mjs'\nexport const b = () => entry.x`,
      }),
    ).toBe('b')
  })

  it.each(['agent.js', 'agent.cjs'])('CommonJS in %s', async (file) => {
    const files = {
      [file]: `const { TestAgent } = require('adk-ts')
const own = require('./own'), modern = require('./modern.mjs'), typed = require('./typed')
module.exports = new TestAgent({ note: [own, modern.m, typed.t, __dirname.length > 1], name: 'common' })`,
      'own.js': 'module.exports = require("./own2.cjs")',
      'own2.cjs': 'module.exports = "own"',
      'modern.mjs': 'export const m = "modern"',
      'typed.ts': 'export const t: string = "typed"',
    }
    expect(await noteOf(files)).toEqual(['own', 'modern', 'typed', true])
  })

  it('ES modules in JavaScript, with and without a package.json that says so, and CommonJS below them', async () => {
    const files = {
      'agent.js': agent(
        '[one, two, three]',
        `import one, { two } from './lib.cjs'\nimport { three } from './three.js'`,
      ),
      'lib.cjs': 'module.exports = 1\nmodule.exports = Object.assign(() => 1, { two: 2 })',
      'three.js': 'export const three = await Promise.resolve(3)',
    }
    const note = [expect.any(Function), 2, 3]
    expect(await noteOf(files)).toEqual(note)
    expect(await noteOf({ ...files, 'package.json': '{"type":"module"}' })).toEqual(note)
  })

  it('an agent that is part of a package', async () => {
    const path = await folder({
      'node_modules/p/x/agent.mjs': agent(
        '[mine, url]',
        `import { mine } from './mine.mjs'\nimport { url } from 'modern'`,
      ),
      'node_modules/p/x/mine.mjs': `import { TestAgent } from 'adk-ts'\nexport const mine = typeof TestAgent`,
      ...packages,
    })
    const note = await noteIn(open(join(path, 'node_modules/p')).loader, 'x')
    expect(note).toEqual(['function', expect.stringMatching(/^file:/)])
  })

  it('modules that are imported later, when a tool runs', async () => {
    const path = await folder({
      'agent.ts': agent(`() => import('./late.mjs')`),
      'late.mjs': `import { TestAgent } from 'adk-ts'\nexport const late = new TestAgent({ note: 'late' })`,
    })
    const { loader } = open(path)
    const [name = ''] = await loader.list()
    const importLate = (await noteIn(loader, name)) as () => Promise<{ late: { note: string } }>
    const [first, second] = [await importLate(), await importLate()]
    expect(first.late.note).toBe('late')
    expect(second.late).toBe(first.late)
  })
})

describe('packages', () => {
  it('come from the agent’s own node_modules, are loaded by Node.js and stay as they are', async () => {
    const imports = `import { url, object } from 'modern'\nimport legacy from 'legacy'`
    const path = await folder({ 'a/agent.ts': agent('{ url, object, legacy }', imports) })
    await write(join(path, 'a'), packages)
    interface Note {
      url: string
      object: object
      legacy: { object: object; native: boolean }
    }
    const { loader } = open(path)
    const first = (await noteIn(loader, 'a')) as Note
    const second = (await noteIn(open(path).loader, 'a')) as Note
    expect(first.url).toMatch(/^file:.*\/node_modules\/modern\/index\.js$/)
    expect(first.legacy.native).toBe(true)
    expect(second.object).toBe(first.object)
    expect(second.legacy.object).toBe(first.legacy.object)
  })

  it('zod is the agent’s own, or else the server’s', async () => {
    const entry = agent('z', `import { z } from 'zod'`)
    expect(await noteOf({ 'agent.ts': entry })).toBe(z)
    const own = {
      'node_modules/zod/package.json': '{"main":"i.js"}',
      'node_modules/zod/i.js': 'exports.z = "own"',
    }
    expect(await noteOf({ 'agent.ts': entry, ...own })).toBe('own')
  })

  it('adk-ts is always the running copy', async () => {
    const other = {
      'node_modules/adk-ts/package.json': '{"main":"i.js"}',
      'node_modules/adk-ts/i.js': 'throw 1',
    }
    const require = `const { TestAgent } = require('adk-ts')\nexports.rootAgent = new TestAgent({ note: 1 })`
    expect(await noteOf({ 'agent.ts': agent('1'), ...other })).toBe(1)
    expect(await noteOf({ 'agent.mjs': agent('1'), ...other })).toBe(1)
    expect(await noteOf({ 'agent.cjs': require, ...other })).toBe(1)
  })

  it('@google/adk is ours where it is not installed, and that is said once', async () => {
    const entry = agent('1').replace('adk-ts', '@google/adk')
    const { loader, said } = open(
      await folder({ 'a/agent.ts': entry, 'b/agent.ts': entry, 'c/agent.ts': agent('1') }),
    )
    for (const name of ['c', 'a', 'b']) expect(await noteIn(loader, name)).toBe(1)
    expect(said.filter((line) => line.includes('@google/adk'))).toEqual([
      'debug: "@google/adk" is not installed; "adk-ts" takes its place',
    ])
  })

  it('ours can be imported whole, and types that it does not have may be imported', async () => {
    const imports = `import * as adk from 'adk-ts'\nimport adk2, { type Nothing, Nought } from 'adk-ts'\nlet x: Nothing | Nought`
    expect(await noteOf({ 'agent.ts': agent('adk.TestAgent === adk2.TestAgent', imports) })).toBe(true)
  })
})

describe('loading', () => {
  it('happens once, for any number of requests at a time and after it', async () => {
    globals['loads'] = 0
    const { loader } = open(await folder({ 'a/agent.ts': agent('globalThis.loads += 1') }))
    expect(globals['loads']).toBe(0)
    const apps = await Promise.all(Array.from({ length: 10 }, () => loader.load('a')))
    expect(new Set(apps).size).toBe(1)
    expect(await loader.load('a')).toBe(apps[0])
    expect(globals['loads']).toBe(1)
  })

  it('runs each module once per load', async () => {
    globals['runs'] = []
    const imports = `import { a } from './a.ts'\nimport { b } from './b.mjs'\nimport { c } from './c.js'\nglobalThis.runs.push('agent')`
    await noteOf({
      'agent.js': agent('a + b + c', imports),
      'a.ts': `import './c.js'\n${count('a')}`,
      'b.mjs': `import './a.ts'\n${count('b')}`,
      'c.js': count('c'),
    })
    expect(globals['runs']).toEqual(['c', 'a', 'b', 'agent'])
  })

  it('runs a module that fails once, too', async () => {
    globals['failures'] = 0
    const path = await folder({ 'a/agent.mjs': 'globalThis.failures++\nthrow new Error("no")\nexport {}' })
    await expect(open(path).loader.load('a')).rejects.toMatchObject({ code: 'app_load_failed' })
    expect(globals['failures']).toBe(1)
  })

  it('keeps loads apart, with agents of one class', async () => {
    const path = await folder({ 'a/agent.ts': agent('{}') })
    const [first, second] = [open(path).loader, open(path).loader]
    expect(await noteIn(first, 'a')).not.toBe(await noteIn(second, 'a'))
  })

  it('a broken agent stays listed, can be repaired, and harms no other', async () => {
    const path = await folder({ 'bad/agent.ts': 'throw new Error("bad")', 'good/agent.ts': agent('1') })
    const { loader, said } = open(path)
    await expect(Promise.all([loader.load('bad'), loader.load('bad')])).rejects.toThrow('bad/agent.ts:1: bad')
    expect(said.filter((line) => line.startsWith('error'))).toEqual([
      'error: App "bad" failed to load: bad/agent.ts:1: bad',
    ])
    expect(await noteIn(loader, 'good')).toBe(1)
    expect(await loader.list()).toEqual(['bad', 'good'])
    await write(path, { 'bad/agent.ts': agent('2') })
    expect(await noteIn(loader, 'bad')).toBe(2)
  })

  it('keeps the lines of TypeScript in stack traces', async () => {
    const tool = `interface Report {\n  city: string\n}\n\nexport const tool = (report: Report): string => {\n  throw new Error(report.city)\n}\n`
    const path = await folder({
      'a/agent.ts': agent('tool', `import { tool } from './tool'`),
      'a/tool.ts': tool,
    })
    const thrower = (await noteIn(open(path).loader, 'a')) as (report: { city: string }) => string
    let stack = ''
    try {
      thrower({ city: 'Paris' })
    } catch (error) {
      stack = (error as Error).stack ?? ''
    }
    expect(stack).toContain(`${join(path, 'a', 'tool.ts')}:6:`)
  })
})
