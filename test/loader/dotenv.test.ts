import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadDotenv } from '../../src/loader/dotenv.js'
import { agent, folder, noteIn, open, write } from './support.js'

const NAMES = ['LOADER_A', 'LOADER_B', 'LOADER_C', 'ADK_DISABLE_LOAD_DOTENV']
const clear = () => NAMES.forEach((name) => delete process.env[name])
const values = () => NAMES.slice(0, 3).map((name) => process.env[name])

beforeEach(clear)
afterEach(clear)

describe('loadDotenv', () => {
  it('sets what the environment does not have', async () => {
    process.env['LOADER_A'] = 'real'
    process.env['LOADER_B'] = ''
    await loadDotenv(
      await folder({ '.env': '\uFEFFLOADER_A=file\nLOADER_B=file\nexport LOADER_C="two\nlines" # note\n' }),
    )
    expect(values()).toEqual(['real', '', 'two\nlines'])
  })

  it('changes and removes what it set itself, but not what was set since', async () => {
    const path = await folder({ '.env': 'LOADER_A=1\nLOADER_B=1\nLOADER_C=1' })
    await loadDotenv(path)
    process.env['LOADER_C'] = 'program'
    await write(path, { '.env': 'LOADER_A=2\nLOADER_C=2' })
    await loadDotenv(path)
    expect(values()).toEqual(['2', undefined, 'program'])
    await write(path, { '.env': '' })
    await loadDotenv(path)
    expect(values()).toEqual([undefined, undefined, 'program'])
  })

  it('lets the file that is read last win, and names what it replaced', async () => {
    const [first, second] = [
      await folder({ '.env': 'LOADER_A=1\nLOADER_B=1' }),
      await folder({ '.env': 'LOADER_A=2\nLOADER_B=1' }),
    ]
    expect(await loadDotenv(first)).toEqual([])
    expect(await loadDotenv(second)).toEqual(['LOADER_A'])
    expect(values()).toEqual(['2', '1', undefined])
    expect(await loadDotenv(first)).toEqual(['LOADER_A'])
  })

  it('does nothing without a file, with a folder of that name, or when it is switched off', async () => {
    const path = await folder()
    expect(await loadDotenv(path)).toEqual([])
    await mkdir(join(path, '.env'))
    expect(await loadDotenv(path)).toEqual([])
    process.env['ADK_DISABLE_LOAD_DOTENV'] = '1'
    expect(await loadDotenv(await folder({ '.env': 'LOADER_A=1' }))).toEqual([])
    expect(values()).toEqual([undefined, undefined, undefined])
  })
})

describe('the .env of an agent', () => {
  it('is read before the agent is imported, and not before it is used', async () => {
    const path = await folder({
      'a/agent.ts': agent('process.env.LOADER_A'),
      'a/.env': 'LOADER_A=of-a',
      'b/agent.ts': agent('process.env.LOADER_B ?? null'),
      'b/.env': 'LOADER_A=of-b',
    })
    const { loader, said } = open(path)
    await loader.list()
    expect(values()[0]).toBeUndefined()
    expect(await noteIn(loader, 'a')).toBe('of-a')
    expect(await noteIn(loader, 'b')).toBeNull()
    expect(said).toContain('warn: The .env file of "b" replaces LOADER_A, set by another .env file')
    expect(said.join()).not.toContain('of-b')
  })
})
