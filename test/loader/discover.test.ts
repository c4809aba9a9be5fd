import { rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { agent, folder, noteIn, open, write, type Files } from './support.js'

const list = async (files: Files) => open(await folder(files)).loader.list()

describe('what is an agent', () => {
  it('lists folders and files, sorted, without importing them', async () => {
    const names = await list({
      'weather/agent.ts': 'throw new Error()',
      'single.js': '(',
      'b/index.mjs': '',
      'B/app.cts': '',
      '10/agent.cjs': '',
      'a.b-c_d/agent.mts': '',
      'größe/agent.js': '',
    })
    expect(names).toEqual(['10', 'B', 'a.b-c_d', 'b', 'größe', 'single', 'weather'])
  })

  it('ignores what is not one', async () => {
    const names = await list({
      'real/agent.ts': '',
      '.hidden/agent.ts': '',
      '__special/agent.ts': '',
      'node_modules/agent.ts': '',
      'empty/readme.md': '',
      'deep/er/agent.ts': '',
      'types.d.ts': '',
      'real.test.ts': '',
      'vitest.config.ts': '',
      'index.ts': '',
      'notes.txt': '',
      'agent.txt': '',
      'folder/agent.ts/x': '',
    })
    expect(names).toEqual(['folder', 'real'])
  })

  it('warns once about names that cannot be part of a URL', async () => {
    const { loader, said } = open(await folder({ 'my agent/agent.ts': '', 'a%2fb.ts': '', 'ok.ts': '' }))
    expect(await loader.list()).toEqual(['ok'])
    await loader.list()
    expect(said.toSorted()).toEqual([
      'warn: Ignored "a%2fb": the name of an agent consists of letters, digits, "_", "-" and "."',
      'warn: Ignored "my agent": the name of an agent consists of letters, digits, "_", "-" and "."',
    ])
  })

  it('prefers app to agent to index, TypeScript to JavaScript and folders to files', async () => {
    const path = await folder({
      'x/index.ts': agent('"index"'),
      'x/agent.ts': agent('"agent"'),
      'x/app.js': agent('"app"'),
      'y/index.ts': agent('"index"'),
      'y/agent.js': agent('"agent.js"'),
      'y/agent.ts': agent('"agent.ts"'),
      'z.ts': agent('"file"'),
      'z/index.js': agent('"folder"'),
    })
    const { loader } = open(path)
    expect(await loader.list()).toEqual(['x', 'y', 'z'])
    expect(await noteIn(loader, 'x')).toBe('app')
    expect(await noteIn(loader, 'y')).toBe('agent.ts')
    expect(await noteIn(loader, 'z')).toBe('folder')
  })

  it('sees folders come and go', async () => {
    const path = await folder({ 'one/agent.ts': agent('1') })
    const { loader } = open(path)
    expect(await loader.list()).toEqual(['one'])
    await write(path, { 'two/agent.ts': agent('2') })
    expect(await loader.list()).toEqual(['one', 'two'])
    expect(await noteIn(loader, 'two')).toBe(2)
    await rm(join(path, 'one'), { recursive: true })
    expect(await loader.list()).toEqual(['two'])
  })

  it('refuses a folder that does not exist, and lists nothing in an empty one', async () => {
    const path = await folder()
    expect(await open(path).loader.list()).toEqual([])
    await expect(open(join(path, 'nowhere')).loader.list()).rejects.toThrow(
      /^Agents folder not found: .*nowhere$/,
    )
  })
})

describe('one agent alone', () => {
  it.each(['agent.ts', 'app.js'])(
    'a folder with %s in it is one agent, named after the folder',
    async (file) => {
      const path = await folder({
        [`weather/${file}`]: agent('1'),
        'weather/tools/agent.ts': '',
        'weather/lib.ts': '',
      })
      const { loader } = open(join(path, 'weather'))
      expect(await loader.list()).toEqual(['weather'])
      expect(await noteIn(loader, 'weather')).toBe(1)
      expect(await loader.load('weather')).toMatchObject({ name: 'weather', dir: join(path, 'weather') })
    },
  )

  it('index alone makes a folder an agent, among agents it does not', async () => {
    const path = await folder({ 'weather/index.ts': agent('1') })
    expect(await open(join(path, 'weather')).loader.list()).toEqual(['weather'])
    await write(path, { 'weather/news/agent.ts': '' })
    expect(await open(join(path, 'weather')).loader.list()).toEqual(['news'])
  })

  it('a file is one agent, named after itself or its folder', async () => {
    const path = await folder({
      'single.ts': agent('1'),
      'weather/agent.ts': agent('2'),
      'other/agent.ts': '',
    })
    const single = open(join(path, 'single.ts')).loader
    expect(await single.list()).toEqual(['single'])
    expect(await noteIn(single, 'single')).toBe(1)
    const weather = open(join(path, 'weather/agent.ts')).loader
    expect(await weather.list()).toEqual(['weather'])
    expect(await noteIn(weather, 'weather')).toBe(2)
    await expect(open(join(path, 'single.txt')).loader.list()).rejects.toThrow(/^Agents folder not found/)
    await write(path, { 'single.txt': '' })
    await expect(open(join(path, 'single.txt')).loader.list()).rejects.toThrow(
      /^Not an agent: single.txt; give a folder/,
    )
  })

  it('is named as it was pointed at, even through a link', async () => {
    const path = await folder({ 'weather_v2/agent.ts': agent('2') })
    await symlink('weather_v2', join(path, 'weather'))
    expect(await open(join(path, 'weather')).loader.list()).toEqual(['weather'])
  })
})

describe('names and links', () => {
  const hostile = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    '/etc/passwd',
    '%2e%2e',
    'real/',
    'real/agent.ts',
    './real',
    'REAL',
  ]

  it.each([...hostile, '__proto__', 'constructor', 'toString', 'real\0', 'nöwhere'])(
    'knows no app %j',
    async (name) => {
      const { loader } = open(
        await folder({ 'agents/real/agent.ts': agent('1'), 'x/agent.ts': agent('2') }).then(inAgents),
      )
      await expect(loader.load(name)).rejects.toMatchObject({
        code: 'app_not_found',
        status: 404,
        message: `App not found: ${name}`,
      })
    },
  )

  it('names of object properties are names like any other', async () => {
    const { loader } = open(await folder({ 'constructor/agent.ts': agent('1'), 'toString.ts': agent('2') }))
    expect(await loader.list()).toEqual(['constructor', 'toString'])
    expect(await noteIn(loader, 'constructor')).toBe(1)
    expect(await noteIn(loader, 'toString')).toBe(2)
  })

  it('follows links within the agents folder only', async () => {
    const path = await folder({
      'agents/real/agent.ts': agent('1'),
      'agents/entry/readme.md': '',
      'elsewhere/agent.ts': agent('2'),
    })
    await symlink('real', join(path, 'agents/alias'))
    await symlink('../elsewhere', join(path, 'agents/escape'))
    await symlink('../elsewhere/agent.ts', join(path, 'agents/file.ts'))
    await symlink('../../elsewhere/agent.ts', join(path, 'agents/entry/agent.ts'))
    await symlink('nowhere', join(path, 'agents/dangling'))
    const { loader, said } = open(inAgents(path))
    expect(await loader.list()).toEqual(['alias', 'real'])
    expect(await noteIn(loader, 'alias')).toBe(1)
    await expect(loader.load('escape')).rejects.toMatchObject({ code: 'app_not_found' })
    expect(said.filter((line) => line.includes('Ignored')).toSorted()).toEqual(
      ['entry/agent.ts', 'escape', 'file.ts'].map(
        (name) => `warn: Ignored "${name}": it is a link that leads outside the agents folder`,
      ),
    )
  })

  it('says nothing about where the agents folder is', async () => {
    const path = await folder({ 'x y/agent.ts': '' })
    const { loader, said } = open(path)
    await loader.list()
    expect(said.join()).not.toContain(basename(path))
  })
})

function inAgents(path: string): string {
  return join(path, 'agents')
}
