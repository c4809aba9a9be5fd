import { describe, expect, onTestFinished, test } from 'vitest'
import { GcsArtifactService } from '../../src/artifacts/durable.js'
import { GcsArtifactStore } from '../../src/artifacts/gcs.js'
import { setEnvironment } from '../support/gemini-stand-in.js'
import { GcsStandIn } from '../support/gcs-stand-in.js'
import { describeArtifactStore } from './artifact-store-suite.js'

const KEY = { appName: 'app', userId: 'user', sessionId: 'one' }

async function standIn(): Promise<GcsStandIn> {
  const gcs = await new GcsStandIn().start()
  onTestFinished(() => gcs.close())
  return gcs
}

async function openStore() {
  const gcs = await standIn()
  const store = await GcsArtifactStore.open('bucket', { endpoint: gcs.url, authorize: null })
  onTestFinished(() => store.close())
  gcs.requests.length = 0
  return { gcs, store }
}

const save = (store: GcsArtifactStore, filename: string, text = filename) =>
  store.saveArtifact({ ...KEY, filename, artifact: { text } })

let shared: GcsStandIn | undefined
async function freshBucket() {
  await shared?.close()
  shared = await new GcsStandIn().start()
  return { endpoint: shared.url, authorize: null }
}
describeArtifactStore('Google Cloud Storage', async () =>
  GcsArtifactStore.open('bucket', await freshBucket()),
)
describeArtifactStore(
  'Google Cloud Storage, as authors open it',
  async () => new GcsArtifactService('bucket', await freshBucket()),
)

describe('the layout', () => {
  test('is that of the official ones', async () => {
    const { gcs, store } = await openStore()
    await save(store, 'dir/n.txt')
    await save(store, 'user:p.txt')
    const inlineData = { mimeType: 'image/png', data: 'AAEC', displayName: 'dots' }
    await store.saveArtifact({
      ...KEY,
      filename: 'dots.png',
      artifact: { inlineData },
      customMetadata: { a: 'b' },
    })
    const fileData = { fileUri: 'gs://other/a.pdf', mimeType: 'application/pdf' }
    await store.saveArtifact({ ...KEY, filename: 'ref', artifact: { fileData } })
    const told = [...gcs.objects.values()].map(({ name, contentType, metadata, content }) => ({
      name,
      contentType,
      metadata,
      content: content.toString('latin1'),
    }))
    expect(told).toEqual([
      {
        name: 'app/user/one/dir/n.txt/0',
        contentType: 'text/plain',
        metadata: { adkIsText: 'true' },
        content: 'dir/n.txt',
      },
      {
        name: 'app/user/user/user:p.txt/0',
        contentType: 'text/plain',
        metadata: { adkIsText: 'true' },
        content: 'user:p.txt',
      },
      {
        name: 'app/user/one/dots.png/0',
        contentType: 'image/png',
        metadata: { a: 'b', adkDisplayName: 'dots' },
        content: '\u0000\u0001\u0002',
      },
      {
        name: 'app/user/one/ref/0',
        contentType: 'application/octet-stream',
        metadata: { adkFileUri: 'gs://other/a.pdf', adkFileMimeType: 'application/pdf' },
        content: '',
      },
    ])
    expect(await store.getArtifactVersion({ ...KEY, filename: 'ref' })).toMatchObject({
      canonicalUri: 'gs://bucket/app/user/one/ref/0',
      mimeType: 'application/pdf',
      customMetadata: {},
    })
  })

  test('of others is read: objects without metadata, and the older word for files', async () => {
    const { gcs, store } = await openStore()
    const plain = { generation: '1', timeCreated: '2026-01-01T00:00:00.000Z', md5Hash: '' }
    const put = (name: string, content: string, more: object) =>
      gcs.objects.set(name, {
        name,
        contentType: 'image/png',
        content: Buffer.from(content),
        ...plain,
        ...more,
      })
    put('app/user/one/a/0', 'abc', {})
    put('app/user/one/b/4', '', { metadata: { file_uri: 'gs://x/y' } })
    put('app/user/one/c/latest', 'no version', {})
    put('app/user/one/d/01', 'no version', {})
    put('app/user/user/shared.txt/0', 'without its prefix', {})
    expect(await store.listArtifactKeys(KEY)).toEqual(['a', 'b'])
    expect(await store.loadArtifact({ ...KEY, filename: 'a' })).toEqual({
      inlineData: { mimeType: 'image/png', data: 'YWJj' },
    })
    expect(await store.loadArtifact({ ...KEY, filename: 'b' })).toEqual({ fileData: { fileUri: 'gs://x/y' } })
    expect(await store.getArtifactVersion({ ...KEY, filename: 'a' })).toEqual({
      version: 0,
      canonicalUri: 'gs://bucket/app/user/one/a/0',
      customMetadata: {},
      createTime: 1767225600,
      mimeType: 'image/png',
    })
  })

  test('has limits that are told', async () => {
    const { store } = await openStore()
    await expect(save(store, '名'.repeat(400))).rejects.toMatchObject({ code: 'invalid_artifact_name' })
    const customMetadata = { long: 'x'.repeat(9000) }
    const saved = store.saveArtifact({ ...KEY, filename: 'n', artifact: { text: 'x' }, customMetadata })
    await expect(saved).rejects.toMatchObject({ code: 'body_too_large' })
  })

  test.each(['a\r\nx-evil: 1', 'ä/ö', ' image/png', '', '\u0000'])('keeps the type %j', async (mimeType) => {
    const { store } = await openStore()
    const artifact = { inlineData: { mimeType, data: 'AAEC' } }
    await store.saveArtifact({ ...KEY, filename: 'n', artifact })
    expect(await store.loadArtifact({ ...KEY, filename: 'n' })).toEqual(artifact)
  })
})

describe('failures', () => {
  const soon = { 'retry-after': '0' }

  test.each([408, 429, 500, 502, 503, 504])('that may pass are tried again: %i', async (status) => {
    const { gcs, store } = await openStore()
    gcs.faults.push(
      { status, headers: soon },
      { method: 'POST', status, headers: soon },
      { method: 'POST', status, headers: soon },
    )
    expect(await save(store, 'n')).toBe(0)
    expect(gcs.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST', 'POST', 'POST'])
  })

  test('of the line are tried again', async () => {
    const { gcs, store } = await openStore()
    await save(store, 'n')
    gcs.faults.push({ drop: true })
    expect(await store.loadArtifact({ ...KEY, filename: 'n' })).toEqual({ text: 'n' })
  })

  test.each(['', 'alt=media'])('in the middle of an answer are tried again: %j', async (url) => {
    const { gcs, store } = await openStore()
    await save(store, 'n')
    gcs.faults.push({ url, cut: true })
    expect(await store.loadArtifact({ ...KEY, filename: 'n' })).toEqual({ text: 'n' })
    expect(gcs.faults).toEqual([])
  })

  test.each([{ drop: true }, { cut: true }, { status: 503, headers: soon }])(
    'of an answer whose work was done do it once: %j',
    async (how) => {
      const { gcs, store } = await openStore()
      gcs.faults.push({ method: 'POST', afterwards: true, ...how })
      expect(await save(store, 'n', 'one')).toBe(0)
      expect(await store.listVersions({ ...KEY, filename: 'n' })).toEqual([0])
      gcs.faults.push({ method: 'DELETE', afterwards: true, ...how })
      await store.deleteArtifact({ ...KEY, filename: 'n' })
      expect(gcs.objects.size).toBe(0)
    },
  )

  test('that stay are told without what the server said', async () => {
    const { gcs, store } = await openStore()
    gcs.faults.push(...Array.from({ length: 5 }, () => ({ status: 503, headers: soon })))
    const error = await store.loadArtifact({ ...KEY, filename: 'n' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'storage_unavailable', status: 503 })
    expect(String(error)).not.toMatch(/secret|stand-in|127\.0\.0\.1/)
    expect(gcs.requests).toHaveLength(5)
  })

  test.each([400, 401, 403])('that cannot pass are not tried again: %i', async (status) => {
    const { gcs, store } = await openStore()
    gcs.faults.push({ status })
    await expect(store.listArtifactKeys(KEY)).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(gcs.requests).toHaveLength(1)
  })

  test('are not waited for once the store is closed', async () => {
    const { gcs, store } = await openStore()
    gcs.faults.push({ status: 503, headers: { 'retry-after': '10' } })
    const loading = store.loadArtifact({ ...KEY, filename: 'n' })
    await expect.poll(() => gcs.requests.length).toBe(1)
    await store.close()
    await expect(loading).rejects.toMatchObject({ code: 'shutting_down' })
  })
})

describe('opening', () => {
  const open = (gcs: GcsStandIn, bucket = 'bucket') =>
    GcsArtifactStore.open(bucket, { endpoint: gcs.url, authorize: null })

  test('tells that there is no such bucket', async () => {
    await expect(open(await standIn(), 'other')).rejects.toThrow(
      'There is no bucket "other" in Google Cloud Storage',
    )
  })

  test('tells that there are no rights', async () => {
    const gcs = await standIn()
    gcs.token = 'somebody'
    await expect(open(gcs)).rejects.toThrow(
      'The credentials of this process have no right to the bucket "bucket"',
    )
  })

  test('tells what is in the way otherwise', async () => {
    const gcs = await standIn()
    gcs.faults.push({ status: 400 })
    await expect(open(gcs)).rejects.toThrow(
      /^Cannot use the bucket "bucket" in Google Cloud Storage: HTTP 400/,
    )
    gcs.faults.push({ status: 400 })
    await expect(open(gcs)).rejects.not.toThrow('secret-of-somebody')
  })

  test('asks the machine for its token, and brings it along', async () => {
    const gcs = await standIn()
    gcs.token = 'token-of-the-machine'
    const restore = setEnvironment({
      GCE_METADATA_HOST: gcs.url.replace('http://', ''),
      METADATA_SERVER_DETECTION: 'assume-present',
      GOOGLE_APPLICATION_CREDENTIALS: undefined,
      GOOGLE_CLOUD_PROJECT: 'project',
      HOME: '/nowhere',
    })
    onTestFinished(restore)
    const store = await GcsArtifactStore.open('bucket', { endpoint: gcs.url })
    await save(store, 'n')
    expect(await store.loadArtifact({ ...KEY, filename: 'n' })).toEqual({ text: 'n' })
    expect(new Set(gcs.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer token-of-the-machine']),
    )
  })
})
