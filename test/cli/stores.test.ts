import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshPostgres } from '../support/database.js'
import { GcsStandIn } from '../support/gcs-stand-in.js'
import {
  createSession,
  folder,
  messageTo,
  post,
  run,
  serve,
  sessionPath,
  speaker,
  type StartOptions,
} from './support.js'

const AGENTS = { 'agents/weather/agent.ts': speaker('Sunny') }
const ARTIFACTS = `${sessionPath('weather')}/artifacts`

/** Tells what the app remembers of the message. */
const REMEMBERING = `
  import { BaseAgent, createEvent } from 'adk-ts'
  class Remembering extends BaseAgent {
    async *runAsyncImpl({ invocationId, appName, userId, userContent, memoryService }: any) {
      const query = userContent.parts[0].text
      const { memories } = await memoryService.searchMemory({ appName, userId, query })
      const text = memories.map(({ content }: any) => content.parts[0].text).join(', ') || 'nothing'
      yield createEvent({ invocationId, author: 'remembering', content: { role: 'model', parts: [{ text }] } })
    }
  }
  export const rootAgent = new Remembering({ name: 'remembering' })
`

/** Does something, starts the server anew, and does something else. */
async function restart(
  args: string[],
  options: StartOptions,
  before: (url: string) => Promise<unknown>,
): Promise<{ url: string; stdout: string }> {
  const first = await serve(args, options)
  await before(first.url)
  first.cli.signal('SIGTERM')
  expect(await first.cli.ended()).toBe(0)
  const { cli, url } = await serve(args, options)
  return { url, stdout: cli.stdout }
}

const save = async (url: string) => {
  const reply = await post(url + ARTIFACTS, { filename: 'dir/n.txt', artifact: { text: 'kept' } })
  expect(reply.status).toBe(200)
}
const load = async (url: string): Promise<unknown> => (await fetch(`${url}${ARTIFACTS}/dir/n.txt`)).json()

async function refuse(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run([
    'api_server',
    '--port',
    '0',
    join(await folder(AGENTS), 'agents'),
    ...args,
  ])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^adk-ts: .+\n$/)
  expect(stderr).not.toContain('secret')
  return stderr
}

describe('--artifact_service_uri', () => {
  it('keeps artifacts in a folder, which is made', async () => {
    const cwd = await folder(AGENTS)
    const path = join(cwd, 'a b/artifacts')
    const uri = `file://${encodeURI(path)}`
    const { url, stdout } = await restart(['--artifact_service_uri', uri], { cwd }, save)
    expect(stdout).toContain(`Artifacts kept in ${path}`)
    expect(await load(url)).toEqual({ text: 'kept' })
    expect(
      await readdir(join(path, 'apps/weather/users/u1/sessions/s1/artifacts/dir/n.txt/versions')),
    ).toEqual(['0'])
  })

  it('keeps artifacts in a bucket', async () => {
    const gcs = await new GcsStandIn('my-bucket').start()
    onTestFinished(() => gcs.close())
    for (const host of [gcs.url, gcs.url.replace('http://', '')]) {
      const options = { cwd: await folder(AGENTS), env: { STORAGE_EMULATOR_HOST: host } }
      const { url, stdout } = await restart(['--artifact_service_uri', 'gs://my-bucket'], options, save)
      expect(stdout).toContain('Artifacts kept in gs://my-bucket')
      expect(await load(url)).toEqual({ text: 'kept' })
    }
    expect([...gcs.objects.keys()]).toEqual(['weather/u1/s1/dir/n.txt/0', 'weather/u1/s1/dir/n.txt/1'])
  })

  it('is in memory where it is left out, or said to be', async () => {
    const cwd = await folder(AGENTS)
    for (const args of [[], ['--artifact_service_uri=memory://']]) {
      const { url, stdout } = await restart(args, { cwd }, save)
      expect(stdout).not.toContain('Artifacts')
      expect(await load(url)).toEqual({
        detail: 'Artifact not found: dir/n.txt',
        error: 'Artifact not found: dir/n.txt',
      })
    }
  })

  it.each([
    ['s3://me:secret@bucket', 'Unsupported artifact service URI: s3://me:***@bucket; use memory://'],
    ['artifacts', 'Unsupported artifact service URI: artifacts; use memory://'],
    ['', 'Unsupported artifact service URI: (empty); use memory://'],
    ['file://relative/folder', 'should name an absolute folder, such as file:///var/lib/artifacts'],
    ['file://', 'should name an absolute folder'],
    ['file:///', 'should name an absolute folder'],
    ['gs://', 'should name a bucket and nothing else'],
    ['gs://my-bucket/folder', 'should name a bucket and nothing else'],
    ['gs://My Bucket', 'should name a bucket and nothing else'],
    ['file:///dev/null/artifacts', 'Cannot keep artifacts in /dev/null/artifacts: a file is in its place'],
  ])('refuses %j', async (uri, sentence) => {
    expect(await refuse(`--artifact_service_uri=${uri}`)).toContain(sentence)
  })

  it('refuses a bucket that is not there', async () => {
    const gcs = await new GcsStandIn('my-bucket').start()
    onTestFinished(() => gcs.close())
    const args = ['api_server', '--port', '0', await folder(AGENTS), '--artifact_service_uri', 'gs://other']
    const { code, stderr } = await run(args, { env: { STORAGE_EMULATOR_HOST: gcs.url } })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'adk-ts: There is no bucket "other" in Google Cloud Storage\n',
    })
  })
})

describe('--memory_service_uri', () => {
  const tell = async (url: string) => {
    await createSession(url, 'weather')
    await post(`${url}/run`, messageTo('weather', 'I like apples'))
    const reply = await fetch(`${url}/apps/weather/users/u1/memory`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"sessionId": "s1"}',
    })
    expect(reply.status).toBe(200)
  }
  const ask = async (url: string, session: string) => {
    await createSession(url, 'weather', session)
    const events: unknown = await (await post(`${url}/run`, messageTo('weather', 'apples?', session))).json()
    return (events as { content: { parts: { text: string }[] } }[])[0]?.content.parts[0]?.text
  }

  const MAKES: [make: string, fresh: () => Promise<string>][] = [
    ['SQLite', async () => 'sqlite:///memory.db'],
    ['PostgreSQL', freshPostgres],
  ]
  for (const [make, fresh] of MAKES) {
    it(`remembers in ${make}, until the session is deleted`, async () => {
      const cwd = await folder({ 'agents/weather/agent.ts': REMEMBERING })
      // One database for everything, to which the server has one pool of connections.
      const uri = await fresh()
      const args = ['--memory_service_uri', uri, '--session_service_uri', uri]
      const { url } = await restart(args, { cwd }, tell)
      expect(await ask(url, 's2')).toBe('I like apples')
      await fetch(url + sessionPath('weather'), { method: 'DELETE' })
      expect(await ask(url, 's3')).toBe('nothing')
    })
  }

  it.each([
    ['rag://corpus', 'Unsupported memory service URI: rag://corpus; use memory://'],
    ['postgresql://me:secret@127.0.0.1:1/db', 'the server does not answer at this address'],
  ])('refuses %s', async (uri, sentence) => {
    expect(await refuse('--memory_service_uri', uri)).toContain(sentence)
  })
})

describe('--use_local_storage', () => {
  it('keeps sessions and artifacts beside the agents', async () => {
    const cwd = await folder(AGENTS)
    const { url } = await restart(['--use_local_storage'], { cwd }, async (before) => {
      await createSession(before, 'weather')
      await save(before)
    })
    expect((await fetch(url + sessionPath('weather'))).status).toBe(200)
    expect(await load(url)).toEqual({ text: 'kept' })
    expect((await stat(join(cwd, 'agents/.adk/artifacts/apps/weather'))).isDirectory()).toBe(true)
    expect(await (await fetch(`${url}/list-apps`)).json()).toEqual(['weather'])
  })

  it.each(['session_service_uri', 'artifact_service_uri'])('does not go with --%s', async (flag) => {
    expect(await refuse('--use_local_storage', `--${flag}=memory://`)).toContain('cannot be used with')
  })
})

describe('--session_ttl', () => {
  it('deletes sessions that nobody uses, with what is theirs', async () => {
    const args = ['--session_ttl', '2s', '--use_local_storage']
    const { url } = await serve(args, { cwd: await folder(AGENTS) })
    await createSession(url, 'weather')
    await save(url)
    const status = async () => (await fetch(url + sessionPath('weather'))).status
    await expect.poll(status, { timeout: 15_000 }).toBe(404)
    await expect.poll(async () => (await fetch(url + ARTIFACTS)).json(), { timeout: 5000 }).toEqual([])
  })

  it.each(['0s', '5', 'soon', '-1d', '1.5h', '1y', ''])('refuses %j', async (text) => {
    expect(await refuse(`--session_ttl=${text}`)).toContain('such as 90s, 30m or 7d')
  })
})
