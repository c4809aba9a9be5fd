import { spawn } from 'node:child_process'
import { builtinModules } from 'node:module'
import { homedir } from 'node:os'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { importsOf, packageOf } from '../architecture/rules.js'
import {
  environment,
  execute,
  install,
  link,
  pack,
  readAll,
  readManifest,
  ROOT,
  temporaryFolder,
  type PackedFile,
} from './support.js'

let project: string
let remove: () => Promise<void>
let packed: PackedFile[]
/** The files of the package, as they were installed. */
let texts: Map<string, string>

const AGENT = `
  import { FunctionTool, LlmAgent } from 'adk-ts'
  import { phrase } from 'phrases'
  import { z } from 'zod'

  const greet = new FunctionTool({
    name: 'greet',
    description: 'Greets a person.',
    parameters: z.object({ person: z.string().describe('Who to greet') }),
    execute: ({ person }, context) => {
      context.state.set('greeted', person)
      const greeting: string = \`\${phrase}, \${person.toUpperCase()}!\`
      return { report: greeting }
    },
  })

  export const rootAgent = new LlmAgent({
    name: 'hello',
    model: 'gemini-2.5-flash',
    instruction: 'Greet people.',
    tools: [greet],
  })
`

/** A project of somebody who installed the package and another one. */
const FILES: Record<string, string> = {
  'package.json': '{ "name": "project", "private": true, "type": "module" }',
  'agents/hello/agent.ts': AGENT,
  'node_modules/phrases/package.json':
    '{ "name": "phrases", "version": "1.0.0", "main": "index.js", "types": "index.d.ts" }',
  'node_modules/phrases/index.js': "exports.phrase = 'Good morning'",
  'node_modules/phrases/index.d.ts': 'export declare const phrase: string',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    },
    include: ['agents', 'checks'],
  }),
}

beforeAll(async () => {
  ;({ path: project, remove } = await temporaryFolder())
  const { tarball, files } = await pack(project)
  packed = files
  await install(tarball, project)
  texts = await readAll(join(project, 'node_modules/adk-ts'))
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(project, name)), { recursive: true })
    await writeFile(join(project, name), text)
  }
}, 60_000)

afterAll(() => remove())

describe('the package', () => {
  it('holds what is needed to run and to read, and nothing else', () => {
    const tops = new Set(packed.map(({ path }) => path.split('/')[0]))
    const expected = ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'openapi', 'package.json']
    expect(tops).toEqual(new Set(expected))
    const extensions = new Set(packed.map(({ path }) => /\.d\.ts$|\.[^./]+$/.exec(path)?.[0]))
    expect(extensions).toEqual(new Set(['.d.ts', '.js', '.json', '.md', undefined]))
    expect(packed.map(({ path }) => path)).toContain('openapi/openapi.json')
  })

  it('holds one module with its types for every source, and none whose source is gone', async () => {
    const sources = [...(await readAll(join(ROOT, 'src'))).keys()].map((path) => path.replace(/\.ts$/, ''))
    const modules = (extension: RegExp) =>
      packed.flatMap(({ path }) =>
        path.startsWith('dist/') && extension.test(path) ? [path.slice(5).replace(extension, '')] : [],
      )
    expect(modules(/\.js$/).toSorted()).toEqual(sources.toSorted())
    expect(modules(/\.d\.ts$/).toSorted()).toEqual(sources.toSorted())
  })

  it('does not tell where it was built', () => {
    expect(texts.size).toBe(packed.length)
    for (const [path, text] of texts) {
      expect(text.includes(ROOT.replace(/\/$/, '')), path).toBe(false)
      expect(text.includes(`${homedir()}/`), path).toBe(false)
    }
  })

  it('holds every file that its manifest promises', async () => {
    const { bin, exports } = await readManifest()
    const entries = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    )
    const promised = [...Object.values(bin), ...entries]
    for (const path of promised) expect(texts.has(path.replace(/^\.\//, '')), path).toBe(true)
  })

  it('has a command that can be executed', () => {
    expect(texts.get('dist/cli.js')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect((packed.find(({ path }) => path === 'dist/cli.js')?.mode ?? 0) & 0o111).toBe(0o111)
  })

  it('imports nothing that it does not name as a dependency', async () => {
    const { dependencies, peerDependencies } = await readManifest()
    const known = new Set(Object.keys({ ...dependencies, ...peerDependencies }))
    const foreign = [...texts]
      .filter(([path]) => path.endsWith('.js'))
      .flatMap(([, text]) => importsOf(text).map(({ specifier }) => specifier))
      .filter((specifier) => !specifier.startsWith('.'))
      .map(packageOf)
    const used = new Set(foreign.filter((name) => !name.startsWith('node:')))
    expect(used).toContain('fastify')
    for (const name of used) expect(known).toContain(name)
    expect(foreign.filter((name) => builtinModules.includes(name))).toEqual([])
  })

  it('says its version', async () => {
    const { version } = await readManifest()
    const bin = join(project, 'node_modules/.bin/adk-ts')
    expect(await execute(bin, ['--version'], { cwd: project, home: project })).toBe(`${version}\n`)
  })

  it('serves an agent of the project that installed it, with the packages of that project', async () => {
    const url = await serveProject()
    expect(await (await fetch(`${url}/list-apps`)).json()).toEqual(['hello'])
    const session = `${url}/apps/hello/users/u/sessions/s`
    expect((await fetch(session, { method: 'POST' })).status).toBe(200)
    const response = await fetch(`${url}/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        appName: 'hello',
        userId: 'u',
        sessionId: 's',
        newMessage: 'Please greet the person Ada',
      }),
    })
    expect(await response.text()).toContain('Good morning, ADA!')
    expect(await (await fetch(session)).json()).toMatchObject({ state: { greeted: 'Ada' } })
    expect((await fetch(`${url}/docs/static/index.html`)).status).toBe(200)
  })

  it('has types that hold in a strict project, its own declarations included', async () => {
    await link(project, ['@types/node'])
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    await execute(process.execPath, [tsc, '-p', project], { cwd: project, home: project })
    await mkdir(join(project, 'checks'))
    await writeFile(
      join(project, 'checks/wrong.ts'),
      "import { LlmAgent } from 'adk-ts'\nnew LlmAgent({ nme: 'a' })\n",
    )
    const wrong = execute(process.execPath, [tsc, '-p', project], { cwd: project, home: project })
    await expect(wrong).rejects.toThrow(/checks\/wrong\.ts.*nme/)
  }, 60_000)
})

/** Starts the installed command in the project and resolves to where it listens. */
async function serveProject(): Promise<string> {
  const bin = join(project, 'node_modules/.bin/adk-ts')
  const child = spawn(bin, ['api_server', '--offline', '--port', '0'], {
    cwd: project,
    env: environment(project),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  return new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => reject(new Error(output)))
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [, url] = /access at (\S+)\.\s/.exec(output) ?? []
        if (url !== undefined) resolve(url)
      })
    }
  })
}

it('npx runs the command inside the repository', async () => {
  const { path: home, remove } = await temporaryFolder()
  onTestFinished(remove)
  // npx links the package, and for that builds it: in a copy, since other tests use what is built here.
  const copy = join(home, 'repository')
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'src', 'dist']) {
    await cp(join(ROOT, name), join(copy, name), { recursive: true })
  }
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  const { version } = await readManifest()
  for (const attempt of ['first', 'second']) {
    const output = await execute('npx', ['--no-install', 'adk-ts', '--version'], { cwd: copy, home })
    expect(output, attempt).toBe(`${version}\n`)
  }
}, 120_000)
