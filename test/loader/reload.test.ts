import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Loader } from '../../src/loader/loader.js'
import { agent, folder, noteIn, open, until, write, type Files } from './support.js'

async function watching(files: Files, agentsDir = '') {
  const path = await folder(files)
  return { path, ...open(join(path, agentsDir), { watch: true }) }
}

const note = (loader: Loader, name: string) => noteIn(loader, name).catch(() => undefined)
const env = (value: string) => ({ 'a/.env': `LOADER_REAL=${value}\nLOADER_FILE=${value}` })
const dataFiles = (n: number) => ({
  'a/one.cjs': `module.exports = ${n}`,
  'a/two.js': `module.exports = ${n}`,
  'a/data.json': `{"n":${n}}`,
})
const sibling = (value: number) => `export const value = ${value}\n`

describe('an edited agent', () => {
  it.each<[string, string, Files]>([
    ['its entry', 'a/agent.ts', { 'a/agent.ts': 'ENTRY' }],
    ['a sibling', 'a/lib/value.ts', { 'a/agent.ts': agent('value', `import { value } from './lib/value'`) }],
    [
      'a module in JavaScript',
      'a/value.mjs',
      { 'a/agent.mjs': agent('value', `import { value } from './value.mjs'`) },
    ],
    [
      'a file outside the agents folder',
      '../shared/value.ts',
      { 'a/agent.ts': agent('value', `import { value } from '../../shared/value'`) },
    ],
  ])('is imported anew when %s changes, and only it', async (_what, file, files) => {
    const content = (value: number) => (files[file] === 'ENTRY' ? agent(String(value)) : sibling(value))
    const { path, loader, said } = await watching({ 'agents/b/agent.ts': agent('0') }, 'agents')
    await write(join(path, 'agents'), { ...files, [file]: content(1) })
    const [before, other] = [await loader.load('a'), await loader.load('b')]
    expect(await noteIn(loader, 'a')).toBe(1)
    await write(join(path, 'agents'), { [file]: content(2) })
    await until(async () => (await note(loader, 'a')) === 2)
    const after = await loader.load('a')
    expect(after.version).toBeGreaterThan(before.version)
    expect(after.rootAgent.constructor).toBe(before.rootAgent.constructor)
    expect(before.rootAgent).toMatchObject({ note: 1 })
    expect(await loader.load('b')).toBe(other)
    expect(said.some((line) => line.startsWith('info: App "a" has changed'))).toBe(true)
  })

  it('in CommonJS reads its siblings and JSON again', async () => {
    const entry = `const { TestAgent } = require('adk-ts')
exports.rootAgent = new TestAgent({ note: [require('./one.cjs'), require('./two.js'), require('./data.json').n] })`
    const { path, loader } = await watching({ 'a/agent.cjs': entry })
    await write(path, dataFiles(1))
    expect(await noteIn(loader, 'a')).toEqual([1, 1, 1])
    await write(path, dataFiles(2))
    await until(async () => String(await note(loader, 'a')) === '2,2,2')
  })

  it('sees a changed JSON file that it imports', async () => {
    const { path, loader } = await watching({
      'a/agent.ts': agent('d.n', 'import d from "./d.json"'),
      'a/d.json': '{"n":1}',
    })
    expect(await noteIn(loader, 'a')).toBe(1)
    await write(path, { 'a/d.json': '{"n":2}' })
    await until(async () => (await note(loader, 'a')) === 2)
  })

  it('sees its changed .env, within the real environment', async () => {
    process.env['LOADER_REAL'] = 'real'
    const entry = agent('[process.env.LOADER_REAL, process.env.LOADER_FILE]')
    const { path, loader } = await watching({ 'a/agent.ts': entry, ...env('one') })
    expect(await noteIn(loader, 'a')).toEqual(['real', 'one'])
    await write(path, env('two'))
    await until(async () => String(await note(loader, 'a')) === 'real,two')
    await write(path, { 'a/.env': '' })
    await until(async () => String(await note(loader, 'a')) === 'real,')
  })

  it('fails while it is broken, keeps its older runs, and comes back', async () => {
    const { path, loader } = await watching({ 'a/agent.ts': agent('1') })
    const running = await loader.load('a')
    await write(path, { 'a/agent.ts': 'throw new Error("broken")' })
    const failure = () =>
      loader.load('a').then(
        () => '',
        (error: Error) => error.message,
      )
    await until(async () => (await failure()) === 'App "a" failed to load: a/agent.ts:1: broken')
    expect(running.rootAgent).toMatchObject({ note: 1 })
    await write(path, { 'a/agent.ts': agent('3') })
    await until(async () => (await note(loader, 'a')) === 3)
  })

  it('is found by a better name that appears', async () => {
    const { path, loader } = await watching({ 'a/agent.ts': agent('"agent"') })
    expect(await noteIn(loader, 'a')).toBe('agent')
    await write(path, { 'a/app.ts': agent('"app"') })
    await until(async () => (await note(loader, 'a')) === 'app')
  })

  it.each(['a.ts', 'a/agent.js'])(
    'that is a single file is found by a better name, %s, too',
    async (better) => {
      const { path, loader } = await watching({ 'a.js': agent('"file"') })
      expect(await noteIn(loader, 'a')).toBe('file')
      await write(path, { [better]: agent('"better"') })
      await until(async () => (await note(loader, 'a')) === 'better')
    },
  )

  it('vanishes, and appears again', async () => {
    const { path, loader } = await watching({ 'a/agent.ts': agent('1') })
    await loader.load('a')
    await rm(join(path, 'a'), { recursive: true })
    await until(() =>
      loader.load('a').then(
        () => false,
        (error: { code: string }) => error.code === 'app_not_found',
      ),
    )
    expect(await loader.list()).toEqual([])
    await write(path, { 'a/agent.ts': agent('2'), 'b/agent.ts': agent('3') })
    expect(await loader.list()).toEqual(['a', 'b'])
    await until(async () => (await note(loader, 'a')) === 2)
    expect(await noteIn(loader, 'b')).toBe(3)
  })

  it('is not reloaded for what it writes, for packages, or for hidden files', async () => {
    const { path, loader, said } = await watching({ 'a/agent.ts': agent('1'), 'b/agent.ts': agent('1') })
    const first = await loader.load('a')
    await loader.load('b')
    await write(path, {
      'a/notes.json': '{}',
      'a/notes.md': '',
      'a/.cache/x.ts': '',
      'a/node_modules/p/index.js': '',
      'a/.hidden.ts': '',
    })
    await write(path, { 'b/agent.ts': agent('2') })
    await until(() => said.some((line) => line.startsWith('info: App "b" has changed')))
    expect(await loader.load('a')).toBe(first)
  })
})

describe('without watching', () => {
  it('an app stays as it was loaded', async () => {
    const path = await folder({ 'a/agent.ts': agent('1') })
    const { loader } = open(path)
    const first = await loader.load('a')
    await write(path, { 'a/agent.ts': agent('2') })
    expect(await loader.load('a')).toBe(first)
  })
})

describe('close', () => {
  it('may be called at any time, and twice', async () => {
    const { loader } = await watching({ 'a/agent.ts': agent('1') })
    const loading = loader.load('a')
    await loader.close()
    await loader.close()
    expect((await loading).name).toBe('a')
    expect(await noteIn(loader, 'a')).toBe(1)
  })

  it('leaves nothing that keeps the process alive', async () => {
    const path = await folder({ 'a/agent.ts': agent('1'), 'a/broken.ts': '' })
    const script = `
      import { createJiti } from 'jiti'
      const [root, agentsDir] = process.argv.slice(1)
      const jiti = createJiti(root)
      const { createLoader } = await jiti.import(root + '/src/loader/loader.ts')
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const loader = createLoader({ agentsDir, modules: {}, log, watch: true })
      await loader.load('a').catch((error) => process.stdout.write(error.message))
      await loader.close()`
    const root = join(import.meta.dirname, '../..')
    const parameters = ['--input-type=module', '-e', script, root, path]
    const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root, timeout: 15_000 })
    expect(stdout).toMatch(/^App "a" failed to load: a\/agent.ts: cannot find package "adk-ts"/)
  })
})
