import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { execute, readManifest, ROOT, temporaryFolder } from './support.js'

// The committed description of the API, looked at as a stranger would.

type Json = Record<string, unknown>

interface Operation extends Json {
  operationId?: string
  summary?: string
  tags?: string[]
  parameters?: { in: string; name: string; required?: boolean; schema?: Json }[]
  requestBody?: { content?: Record<string, Json> }
  responses: Record<string, { description?: string; content?: Record<string, Json> }>
}

interface Document extends Json {
  openapi: string
  info: { title: string; version: string }
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Json> }
}

const FILE = join(ROOT, 'openapi/openapi.json')
const document = JSON.parse(await readFile(FILE, 'utf8')) as Document

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    method,
    operation,
  })),
)

/** Every object in a value, with the way to it. */
function* objectsIn(value: unknown, path = '#'): Generator<{ path: string; object: Json }> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield { path, object: value as Json }
  for (const [key, item] of Object.entries(value)) {
    yield* objectsIn(item, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
}

/** What a reference points to; `undefined` when there is nothing. */
function follow(root: unknown, reference: string): unknown {
  const keys = reference
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    root,
  )
}

const dangling = (root: unknown): string[] =>
  [...objectsIn(root)].flatMap(({ path, object: { $ref } }) => {
    const isFound = typeof $ref !== 'string' || ($ref.startsWith('#/') && follow(root, $ref) !== undefined)
    return isFound ? [] : [`${path}: ${$ref}`]
  })

const script = (args: string[]): Promise<string> =>
  execute(process.execPath, [join(ROOT, 'scripts/openapi.mjs'), ...args], { cwd: ROOT, home: ROOT })

describe('openapi/openapi.json', () => {
  it('is OpenAPI 3.1 and has the version of the package', async () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    expect(document.info).toMatchObject({ title: 'adk-ts', version: (await readManifest()).version })
  })

  it('describes the routes of the official servers', () => {
    expect(operations.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'GET /list-apps',
        'POST /apps/{app_name}/users/{user_id}/sessions/{session_id}',
        'POST /apps/{app_name}/users/{user_id}/sessions',
        'GET /apps/{app_name}/users/{user_id}/sessions',
        'GET /apps/{app_name}/users/{user_id}/sessions/{session_id}',
        'PATCH /apps/{app_name}/users/{user_id}/sessions/{session_id}',
        'DELETE /apps/{app_name}/users/{user_id}/sessions/{session_id}',
        'POST /run',
        'POST /run_sse',
      ]),
    )
  })

  it('describes the routes of the Agent Communication Protocol, of mounts, and of metrics', () => {
    expect(operations.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'GET /ping',
        'GET /agents',
        'GET /agents/{name}',
        'POST /runs',
        'GET /runs/{run_id}',
        'POST /runs/{run_id}',
        'POST /runs/{run_id}/cancel',
        'GET /runs/{run_id}/events',
        'GET /sessions/{session_id}',
        'GET /resources/{resource_id}',
        'GET /agent/{agent_name}/list-apps',
        'POST /agent/{agent_name}/run_sse',
        'GET /metrics',
      ]),
    )
  })

  it('has no reference that leads nowhere', () => {
    const references = [...objectsIn(document)].filter(({ object }) => '$ref' in object)
    expect(references.length).toBeGreaterThan(10)
    expect(dangling(document)).toEqual([])
    const broken = {
      a: { $ref: '#/components/schemas/Missing' },
      b: { $ref: 'Elsewhere' },
      'c/d': { $ref: '#/c~1d' },
    }
    expect(dangling(broken)).toEqual(['#/a: #/components/schemas/Missing', '#/b: Elsewhere'])
  })

  it('uses every schema that it names', () => {
    const used = new Set([...objectsIn(document)].map(({ object: { $ref } }) => $ref))
    for (const name of Object.keys(document.components.schemas))
      expect(used).toContain(`#/components/schemas/${name}`)
  })

  it.each(operations)('$name documents exactly the parameters in its path', ({ path, operation }) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
    expect(parameters.map(({ name }) => name).toSorted()).toEqual(inPath.toSorted())
    for (const parameter of parameters) {
      expect(parameter.required).toBe(true)
      expect(parameter.schema).toMatchObject({ type: 'string' })
    }
  })

  it.each(operations)('$name tells what it is for, takes, and answers', ({ method, operation }) => {
    expect(operation.summary).toMatch(/\w/)
    const tags = document.tags.map(({ name }) => name)
    expect(operation.tags?.length).toBe(1)
    expect(tags).toContain(operation.tags?.[0])
    if (method === 'get' || method === 'delete') expect(operation.requestBody).toBeUndefined()
    const statuses = Object.keys(operation.responses)
    expect(statuses.some((status) => /^2\d\d$/.test(status))).toBe(true)
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[1-5]\d\d$/)
      expect(description).toEqual(expect.any(String))
      if (status === '204') expect(content).toBeUndefined()
      else expect(Object.keys(content ?? {}).length).toBeGreaterThan(0)
    }
    for (const { content } of [operation.requestBody ?? {}, ...Object.values(operation.responses)]) {
      for (const media of Object.values(content ?? {})) expect(media.schema).toEqual(expect.any(Object))
    }
  })

  it('gives every operation an id of its own, fit for a function name', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z]\w*$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('speaks JSON Schema 2020-12: no keyword of older dialects, no required property without a schema', () => {
    const types = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']
    for (const { path, object } of objectsIn(document.components.schemas)) {
      if (
        /\/(?:properties|examples?|const|default|enum)$/.test(path) ||
        /\/(?:examples?|default)\//.test(path)
      )
        continue
      expect(object, path).not.toHaveProperty('nullable')
      expect(typeof object.exclusiveMinimum, path).not.toBe('boolean')
      if (object.type !== undefined)
        for (const type of [object.type].flat()) expect(types, path).toContain(type)
      const properties = Object.keys((object.properties as Json | undefined) ?? {})
      for (const name of (object.required as string[] | undefined) ?? [])
        expect(properties, path).toContain(name)
    }
  })
})

describe('scripts/openapi.mjs', () => {
  it('finds the committed file up to date', async () => {
    expect(await script(['--check'])).toBe('openapi/openapi.json is up to date\n')
  })

  it('writes the same every time, and notices a file that is old or missing', async () => {
    const { path, remove } = await temporaryFolder()
    onTestFinished(remove)
    const copy = join(path, 'openapi.json')
    await expect(script(['--check', copy])).rejects.toThrow('run "npm run openapi" and commit the result')
    await script([copy])
    expect(await readFile(copy, 'utf8')).toBe(await readFile(FILE, 'utf8'))
    await writeFile(copy, (await readFile(copy, 'utf8')).replace('"3.1.0"', '"3.0.0"'))
    await expect(script(['--check', copy])).rejects.toThrow('does not describe the API as it is now')
  })
})
