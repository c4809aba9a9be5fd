import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text as streamText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FileArtifactService } from '../../src/artifacts/durable.js'
import { FileArtifactStore } from '../../src/artifacts/files.js'
import { folder } from '../support/files.js'
import { describeArtifactStore } from './artifact-store-suite.js'

const KEY = { appName: 'app', userId: 'user', sessionId: 'one' }
const SCOPE = 'apps/app/users/user/sessions/one/artifacts'

describeArtifactStore('files', async () => FileArtifactStore.open(await folder()))
describeArtifactStore('files, as authors open them', async () => new FileArtifactService(await folder()))
describeArtifactStore('files where capitals and accents do not count', async () =>
  FileArtifactStore.open(await folder(), { foldsNames: true }),
)

async function openStore() {
  const root = await folder()
  return { root, store: await FileArtifactStore.open(root) }
}

const save = (store: FileArtifactStore, filename: string, text = filename) =>
  store.saveArtifact({ ...KEY, filename, artifact: { text } })

describe('the layout', () => {
  test('is that of adk-python, whose artifacts can be read and continued', async () => {
    const root = join(await folder(), 'artifacts')
    await cp(fileURLToPath(new URL('adk-python-2.13', import.meta.url)), root, { recursive: true })
    const store = await FileArtifactStore.open(root)
    const key = { appName: 'weather', userId: 'u1', sessionId: 's1' }
    expect(await store.listArtifactKeys(key)).toEqual(['dir/dots.png', 'n.txt', 'user:shared/p.txt'])
    expect(await store.loadArtifact({ ...key, filename: 'n.txt' })).toEqual({ text: 'one é' })
    expect(await store.loadArtifact({ ...key, filename: 'user:shared/p.txt' })).toEqual({ text: 'mine' })
    expect(await store.loadArtifact({ ...key, filename: 'dir/dots.png' })).toEqual({
      inlineData: { mimeType: 'image/png', data: 'AAECAwQFBgc=', displayName: 'dots' },
    })
    expect(await store.getArtifactVersion({ ...key, filename: 'n.txt' })).toMatchObject({
      version: 1,
      customMetadata: { source: 'me' },
      mimeType: 'text/plain',
    })
    expect(await store.saveArtifact({ ...key, filename: 'n.txt', artifact: { text: 'two' } })).toBe(2)
    await store.deleteSession(key)
    expect(await store.listArtifactKeys(key)).toEqual(['user:shared/p.txt'])
  })

  test('is what adk-python reads', async () => {
    const { root, store } = await openStore()
    const data = Buffer.from([0, 255]).toString('base64')
    const artifact = { inlineData: { mimeType: 'image/png', data, displayName: 'dots' } }
    await store.saveArtifact({ ...KEY, filename: 'dir/A b.png', artifact, customMetadata: { a: 1 } })
    const version = join(root, SCOPE, 'dir/A b.png/versions/0')
    expect((await readdir(version)).toSorted()).toEqual(['A b.png', 'metadata.json'])
    expect(await readFile(join(version, 'A b.png'))).toEqual(Buffer.from([0, 255]))
    expect(JSON.parse(await readFile(join(version, 'metadata.json'), 'utf8'))).toEqual({
      fileName: 'dir/A b.png',
      mimeType: 'image/png',
      displayName: 'dots',
      canonicalUri: expect.stringMatching(/^file:\/\/\/.*\/A%20b\.png\/versions\/0\/A%20b\.png$/),
      customMetadata: { a: 1 },
      version: 0,
      createTime: expect.any(Number),
    })
    await save(store, 'user:n.txt')
    expect(await readFile(join(root, 'apps/app/users/user/artifacts/n.txt/versions/0/n.txt'), 'utf8')).toBe(
      'user:n.txt',
    )
    const metadata = await readFile(
      join(root, 'apps/app/users/user/artifacts/n.txt/versions/0/metadata.json'),
      'utf8',
    )
    expect(JSON.parse(metadata)).not.toHaveProperty('mimeType')
  })

  test('tells nobody where on the machine it is', async () => {
    const { root, store } = await openStore()
    await save(store, 'n')
    const version = await store.getArtifactVersion({ ...KEY, filename: 'n' })
    expect(JSON.stringify(version)).not.toContain(root)
    expect(version?.canonicalUri).toBe('artifact://apps/app/users/user/sessions/one/artifacts/n/versions/0')
  })

  test('keeps what was deleted nowhere, and no empty folders', async () => {
    const { root, store } = await openStore()
    for (const name of ['dir/n', 'dir/m', 'user:n']) await save(store, name)
    await store.deleteArtifact({ ...KEY, filename: 'dir/n' })
    expect(await readdir(join(root, SCOPE, 'dir'))).toEqual(['m'])
    await store.deleteArtifact({ ...KEY, filename: 'user:n' })
    await store.deleteSession(KEY)
    const left = await readdir(root, { recursive: true })
    expect(left.filter((name) => !name.startsWith('%~'))).toEqual([])
  })
})

describe('versions', () => {
  test('that are not whole are not seen', async () => {
    const { root, store } = await openStore()
    await save(store, 'n')
    const versions = join(root, SCOPE, 'n/versions')
    await mkdir(join(versions, '.1.pending'))
    await writeFile(join(versions, '.1.pending/n'), 'half')
    expect(await store.listVersions({ ...KEY, filename: 'n' })).toEqual([0])
    expect(await save(store, 'n', 'next')).toBe(2)
    expect(await store.loadArtifact({ ...KEY, filename: 'n' })).toEqual({ text: 'next' })
    expect(await store.loadArtifact({ ...KEY, filename: 'n', version: 1 })).toBeUndefined()
  })

  test.each(['', '{', '[]', '{"fileName": 5}', 'null'])('described by %j are not there', async (text) => {
    const { root, store } = await openStore()
    await save(store, 'n')
    await writeFile(join(root, SCOPE, 'n/versions/0/metadata.json'), text)
    expect(await store.loadArtifact({ ...KEY, filename: 'n' })).toBeUndefined()
    expect(await store.listArtifactKeys(KEY)).toEqual([])
    expect(await save(store, 'n')).toBe(1)
  })

  test('that were deleted halfway are gone once the store is opened again', async () => {
    const { root, store } = await openStore()
    await save(store, 'n')
    await mkdir(join(root, '%~trash'))
    await rename(join(root, SCOPE, 'n/versions'), join(root, '%~trash/some'))
    await FileArtifactStore.open(root)
    expect(await readdir(join(root, '%~trash'))).toEqual([])
    expect(await store.listArtifactKeys(KEY)).toEqual([])
  })
})

describe('links', () => {
  const PLACES = [
    'apps',
    'apps/app/users/user',
    'apps/app/users/user/sessions/one',
    SCOPE,
    `${SCOPE}/n`,
    `${SCOPE}/n/versions`,
    `${SCOPE}/n/versions/0`,
    `${SCOPE}/n/versions/0/n`,
    `${SCOPE}/n/versions/0/metadata.json`,
  ]

  test.each(PLACES)('at %s are followed by nothing', async (place) => {
    const { root, store } = await openStore()
    const outside = join(await folder(), 'outside')
    await save(store, 'n', 'secret')
    await rename(join(root, place), outside)
    await symlink(outside, join(root, place))
    const before = await snapshot(outside)
    expect(await store.loadArtifact({ ...KEY, filename: 'n' })).toBeUndefined()
    expect(await store.loadArtifact({ ...KEY, filename: 'n', version: 0 })).toBeUndefined()
    await save(store, 'n').catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'storage_unavailable' })
      expect(String(error)).not.toContain(root)
    })
    await store.deleteArtifact({ ...KEY, filename: 'n' })
    await store.deleteSession(KEY)
    expect(await snapshot(outside)).toEqual(before)
  })

  test('may lead to the folder of the store itself', async () => {
    const place = join(await folder(), 'link')
    await symlink(await folder(), place)
    const store = await FileArtifactStore.open(place)
    await save(store, 'n')
    expect(await store.listArtifactKeys(KEY)).toEqual(['n'])
    await store.deleteSession(KEY)
    expect(await store.listArtifactKeys(KEY)).toEqual([])
  })
})

async function snapshot(path: string): Promise<unknown> {
  return (await stat(path)).isFile()
    ? readFile(path, 'utf8')
    : (await readdir(path, { recursive: true })).toSorted()
}

describe('a disk that fails', () => {
  test('is told without a path', async () => {
    const { root, store } = await openStore()
    await writeFile(join(root, 'apps'), 'in the way')
    const error = await save(store, 'n').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'storage_unavailable', status: 503 })
    expect(String(error)).toMatch(/^AdkError: Artifact "n" could not be stored: /)
    expect(String(error)).not.toContain(root)
    await rm(join(root, 'apps'))
    expect(await save(store, 'n')).toBe(0)
  })

  test.skipIf(process.platform === 'win32')(
    'that is full takes nothing halfway, and is used again once there is room',
    async () => {
      const { root, store } = await openStore()
      const script = fileURLToPath(new URL('no-room-process.mjs', import.meta.url))
      // The largest file, in KiB; the signal would end the process where other disks give an error.
      const limited = `trap '' XFSZ; ulimit -f 100; exec "$0" "$1" "$2"`
      const child = spawn('bash', ['-c', limited, process.execPath, script, root], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const message = 'Artifact "n" could not be stored: it is larger than the disk allows'
      expect(JSON.parse(await streamText(child.stdout))).toEqual({
        code: 'storage_unavailable',
        message,
        version: 0,
      })
      expect(await store.listVersions({ ...KEY, filename: 'n' })).toEqual([0])
      expect(await readdir(join(root, SCOPE, 'n/versions'))).toEqual(['0'])
    },
  )

  test('whose folder is gone gets it back', async () => {
    const { root, store } = await openStore()
    await rm(root, { recursive: true })
    expect(await store.listArtifactKeys(KEY)).toEqual([])
    await expect(save(store, 'n')).rejects.toMatchObject({ code: 'storage_unavailable' })
    await mkdir(root)
    expect(await save(store, 'n')).toBe(0)
  })

  test('is told when it is opened', async () => {
    const file = join(await folder({ file: '' }), 'file')
    await expect(FileArtifactStore.open(file)).rejects.toThrow()
    await expect(FileArtifactStore.open(join(file, 'below'))).rejects.toThrow()
  })
})

describe('processes', () => {
  const SCRIPT = fileURLToPath(new URL('saving-process.mjs', import.meta.url))

  function start(root: string, ...args: string[]) {
    const child = spawn(process.execPath, [SCRIPT, root, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'close')
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    /** What was said to be stored; the last line may be cut. */
    const acknowledged = () => output.split('\n').slice(1, -1).map(Number)
    return { child, ended, acknowledged }
  }

  test('that save the same artifact at a time never get the same version', async () => {
    const { root, store } = await openStore()
    const children = [start(root, '10', '25'), start(root, '10', '25'), start(root, '10', '25')]
    await Promise.all(children.map(({ ended }) => ended))
    const versions = children.flatMap(({ acknowledged }) => acknowledged())
    const all = Array.from({ length: 75 }, (_, index) => index)
    expect(versions.toSorted((a, b) => a - b)).toEqual(all)
    expect(await store.listVersions({ ...KEY, filename: 'n' })).toEqual(all)
  })

  test('that are killed lose nothing that they acknowledged, and leave nothing torn', async () => {
    const { root, store } = await openStore()
    const size = 200_000
    const acknowledged: number[] = []
    for (const moment of [1, 2, 3, 5]) {
      const process = start(root, String(size))
      while (process.acknowledged().length < moment) await once(process.child.stdout, 'data')
      process.child.kill('SIGKILL')
      await process.ended
      acknowledged.push(...process.acknowledged())
    }
    const versions = await store.listVersions({ ...KEY, filename: 'n' })
    expect(versions).toEqual(expect.arrayContaining(acknowledged))
    expect(new Set(acknowledged).size).toBe(acknowledged.length)
    for (const version of versions) {
      expect((await store.loadArtifact({ ...KEY, filename: 'n', version }))?.text).toHaveLength(size)
    }
  })
})
