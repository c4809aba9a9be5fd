import { describe, expect, it } from 'vitest'
import { isBaseTool, isBaseToolset } from '../../src/core/tool.js'
import { OpenAPIToolset } from '../../src/tools/openapi/openapi.js'
import { callTool, declare, documentOf, openSession, startApi, type Answer } from './openapi-support.js'

const text = { type: 'string' }
const parameter = (name: string, place: string, more: object = {}) => ({
  name,
  in: place,
  schema: text,
  ...more,
})
const bodyOf = (schema: object, type = 'application/json') => ({ content: { [type]: { schema } } })

describe('the tools of a document', () => {
  it('are its operations', async () => {
    const toolset = new OpenAPIToolset({
      specDict: documentOf('https://example.com', {
        '/pets/{petId}': {
          parameters: [parameter('petId', 'path', { description: 'Which pet.' })],
          get: { operationId: 'getPetById', summary: 'Short.', description: 'Gets a pet.' },
          delete: { summary: 'Removes a pet.' },
        },
      }),
    })
    expect(isBaseToolset(toolset)).toBe(true)
    const tools = await toolset.getTools()
    expect(tools.every(isBaseTool)).toBe(true)
    expect(tools.map((tool) => tool._getDeclaration())).toEqual([
      {
        name: 'get_pet_by_id',
        description: 'Gets a pet.',
        parameters: {
          type: 'OBJECT',
          properties: { pet_id: { type: 'STRING', description: 'Which pet.' } },
          required: ['pet_id'],
        },
      },
      expect.objectContaining({ name: 'delete_pets_pet_id', description: 'Removes a pet.' }),
    ])
  })

  it('take parameters from everywhere, and the fields of the body', async () => {
    const [declaration] = await declare(
      documentOf(
        'https://example.com',
        {
          '/pets/{id}': {
            parameters: [parameter('id', 'path'), parameter('limit', 'query')],
            post: {
              operationId: 'op',
              parameters: [
                parameter('limit', 'query', {
                  schema: { type: 'integer', enum: [1, 2] },
                  description: 'How many.',
                  required: true,
                }),
                parameter('X-Request-ID', 'header'),
                parameter('Authorization', 'header'),
                parameter('theme', 'cookie'),
                { $ref: '#/components/parameters/Page' },
              ],
              requestBody: { $ref: '#/components/requestBodies/Pet' },
            },
          },
        },
        {
          components: {
            parameters: { Page: parameter('page', 'query') },
            requestBodies: { Pet: bodyOf({ $ref: '#/components/schemas/Pet' }) },
            schemas: {
              Base: {
                type: 'object',
                properties: { id: text, made: { ...text, readOnly: true } },
                required: ['id'],
              },
              Pet: {
                allOf: [
                  { $ref: '#/components/schemas/Base' },
                  {
                    type: 'object',
                    properties: {
                      parent: { $ref: '#/components/schemas/Pet' },
                      bornOn: { ...text, format: 'date' },
                    },
                  },
                ],
              },
            },
          },
        },
      ),
    )
    expect(declaration?.parameters).toMatchObject({
      type: 'OBJECT',
      properties: {
        id: { type: 'STRING' },
        limit: { type: 'INTEGER', description: 'How many. One of: 1, 2.' },
        x_request_id: { type: 'STRING' },
        theme: { type: 'STRING' },
        page: { type: 'STRING' },
        id_1: { type: 'STRING' },
        parent: { type: 'OBJECT', properties: { id: { type: 'STRING' }, parent: { type: 'OBJECT' } } },
        born_on: { type: 'STRING' },
      },
      required: ['id', 'limit', 'id_1'],
    })
    expect(Object.keys(declaration?.parameters?.properties ?? {})).toHaveLength(8)
  })

  it('may have bodies that are made of themselves, many times over', async () => {
    const schemas = {
      Node: {
        allOf: ['Node', 'Leaf', 'Node', 'Leaf'].map((name) => ({ $ref: `#/components/schemas/${name}` })),
      },
      Leaf: {
        properties: { value: text },
        required: ['value'],
        allOf: [
          { $ref: '#/components/schemas/Node' },
          { properties: { value: { type: 'number' }, left: text } },
        ],
      },
    }
    const post = { requestBody: bodyOf({ $ref: '#/components/schemas/Node' }) }
    const [declaration] = await declare(
      documentOf('https://example.com', { '/a': { post } }, { components: { schemas } }),
    )
    expect(declaration?.parameters).toMatchObject({
      properties: { value: { type: 'STRING' }, left: { type: 'STRING' } },
      required: ['value'],
    })
  })

  it('have the names that were asked for', async () => {
    const document = documentOf('https://example.com', {
      '/a': { get: { operationId: 'listAll', parameters: [parameter('maxCount', 'query')] } },
      '/b': { get: { operationId: 'list.all' } },
    })
    const names = async (options: Parameters<typeof declare>[1]) =>
      (await declare(document, options)).map(({ name }) => name)
    expect(await names({})).toEqual(['list_all', 'list_all_1'])
    expect(await names({ prefix: 'zoo' })).toEqual(['zoo_list_all', 'zoo_list_all_1'])
    expect(await names({ prefix: 'zoo', toolFilter: ['zoo_list_all', 'list_all_1'] })).toEqual([
      'zoo_list_all',
    ])
    const [kept] = await declare(document, { preservePropertyNames: true })
    expect(kept?.name).toBe('listAll')
    expect(Object.keys(kept?.parameters?.properties ?? {})).toEqual(['maxCount'])
  })

  it('can be read from JSON and from YAML', async () => {
    const yaml =
      'openapi: 3.1.0\nservers: [{url: "https://example.com"}]\npaths: {/a: {get: {operationId: readA}}}'
    const [fromYaml] = await new OpenAPIToolset({ specStr: yaml, specType: 'yaml' }).getTools()
    expect(fromYaml?.name).toBe('read_a')
    const specStr = JSON.stringify(documentOf('https://example.com', { '/b': { get: {} } }))
    const [fromJson] = await new OpenAPIToolset({ specStr }).getTools()
    expect(fromJson?.name).toBe('get_b')
  })

  it.each([
    ['{', 'not valid JSON'],
    ['{"swagger": "2.0"}', 'not of version 3'],
    ['[]', 'not of version 3'],
    ['{"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}', 'names no server'],
    ['{"openapi": "3.0.0", "servers": [{"url": "/v1"}], "paths": {"/a": {"get": {}}}}', 'names no server'],
    [
      '{"openapi": "3.0.0", "servers": [{"url": "https://me:pw@h"}], "paths": {"/a": {"get": {}}}}',
      'names no server',
    ],
    [
      '{"openapi": "3.0.0", "servers": [{"url": "file:///etc"}], "paths": {"/a": {"get": {}}}}',
      'names no server',
    ],
  ])('cannot be read from %s', async (specStr, message) => {
    await expect(new OpenAPIToolset({ specStr }).getTools()).rejects.toThrow(message)
  })

  it('need exactly one document', () => {
    expect(() => new OpenAPIToolset({})).toThrow('either as `specDict` or as `specStr`')
    expect(() => new OpenAPIToolset({ specDict: {}, specStr: '{}' })).toThrow('either')
  })
})

describe('a call', () => {
  it('puts each argument where it belongs', async () => {
    const { url, seen } = await startApi()
    const specDict = documentOf(`${url}/{version}/`, {
      '/pets/{petId}/food': {
        servers: [{ url: `${url}/{version}/`, variables: { version: { default: 'v2' } } }],
        post: {
          operationId: 'feed',
          parameters: [
            parameter('petId', 'path'),
            parameter('tags', 'query', { schema: { type: 'array', items: text } }),
            parameter('ids', 'query', {
              schema: { type: 'array', items: { type: 'integer' } },
              explode: false,
            }),
            parameter('where', 'query', { schema: { type: 'object' }, style: 'deepObject' }),
            parameter('X-Trace', 'header'),
            parameter('theme', 'cookie'),
          ],
          requestBody: bodyOf({
            type: 'object',
            properties: { kindOfFood: text, amount: { type: 'number' } },
          }),
        },
      },
    })
    const answer = await callTool({ specDict }, 'feed', {
      pet_id: 'a/b?c#d',
      tags: ['x y', 'z&q=1'],
      ids: [1, 2],
      where: { place: 'zoo' },
      x_trace: 't',
      theme: 'dark; admin=1',
      kind_of_food: 'hay',
      amount: 2,
      undeclared: 'x',
    })
    expect(answer).toEqual({ ok: true })
    const [request] = seen
    expect(request?.method).toBe('POST')
    expect(request?.url).toBe(
      '/v2/pets/a%2Fb%3Fc%23d/food?tags=x+y&tags=z%26q%3D1&ids=1%2C2&where%5Bplace%5D=zoo',
    )
    expect(request?.headers).toMatchObject({
      'x-trace': 't',
      cookie: 'theme=dark%3B%20admin%3D1',
      'content-type': 'application/json',
    })
    expect(JSON.parse(request?.body ?? '')).toEqual({ kindOfFood: 'hay', amount: 2 })
  })

  it.each([
    ['application/json', { type: 'array', items: text }, { body: ['a', 'b'] }, '["a","b"]'],
    ['text/plain', text, { body: 'hello' }, 'hello'],
    [
      'application/x-www-form-urlencoded',
      { type: 'object', properties: { a: text, list: { type: 'array', items: text } } },
      { a: '1 2', list: ['x', 'y'] },
      'a=1+2&list=x&list=y',
    ],
    ['application/vnd.api+json', { type: 'object', properties: { a: text } }, { a: 'b' }, '{"a":"b"}'],
  ])('sends a body of type %s', async (type, schema, args, body) => {
    const { url, seen } = await startApi()
    const paths = { '/a': { post: { operationId: 'op', requestBody: bodyOf(schema, type) } } }
    await callTool({ specDict: documentOf(url, paths) }, 'op', args)
    expect(seen[0]?.headers['content-type']).toBe(type)
    expect(seen[0]?.body).toBe(body)
  })

  it('sends a form with several parts', async () => {
    const { url, seen } = await startApi()
    const schema = { type: 'object', properties: { file_name: text } }
    const paths = {
      '/a': { post: { operationId: 'op', requestBody: bodyOf(schema, 'multipart/form-data') } },
    }
    await callTool({ specDict: documentOf(url, paths) }, 'op', { file_name: 'x.txt' })
    expect(seen[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(seen[0]?.body).toContain('name="file_name"\r\n\r\nx.txt')
  })

  it.each([
    [{ id: '..' }, 'may not be'],
    [{ id: '.' }, 'may not be'],
    [{ id: '' }, 'may not be empty'],
    [{}, 'is missing'],
    [{ id: 'x', header: 'a\r\nhost: evil.example' }, 'invalid'],
  ])('with arguments that lead elsewhere is not made: %j', async (args, message) => {
    const { url, seen } = await startApi()
    const parameters = [parameter('id', 'path'), parameter('header', 'header')]
    const specDict = documentOf(url, { '/pets/{id}/secret': { get: { operationId: 'op', parameters } } })
    expect(JSON.stringify(await callTool({ specDict }, 'op', args))).toContain(message)
    expect(seen).toEqual([])
  })

  it.each<[string, Answer, unknown]>([
    ['text', (response) => response.end('plain'), { text: 'plain' }],
    ['nothing', (response) => response.writeHead(204).end(), { text: '' }],
    [
      'a list',
      (response) => response.setHeader('content-type', 'application/json; charset=utf-8').end('[1,2]'),
      { results: [1, 2] },
    ],
    [
      'broken JSON',
      (response) => response.setHeader('content-type', 'application/json').end('{"a":'),
      { text: '{"a":' },
    ],
    [
      'a picture',
      (response) => response.setHeader('content-type', 'image/png').end('PNG'),
      { text: '[image/png]' },
    ],
    [
      'a refusal',
      (response) =>
        response.writeHead(422, { 'content-type': 'application/problem+json' }).end('{"why":"so"}'),
      { error: 'status 422 Unprocessable Entity', body: { why: 'so' } },
    ],
    [
      'an error',
      (response) => response.writeHead(500).end('oops'),
      { error: 'status 500 Internal Server Error', body: 'oops' },
    ],
  ])('answers with %s', async (_case, answer, expected) => {
    const { url } = await startApi(answer)
    const specDict = documentOf(url, { '/a': { get: { operationId: 'op' } } })
    expect(await callTool({ specDict }, 'op')).toEqual(expected)
  })

  it('reads no more than a mebibyte', async () => {
    const { url } = await startApi((response) => {
      response.setHeader('content-type', 'application/json')
      const write = (): void => void response.write('x'.repeat(64 * 1024), (error) => error ?? write())
      write()
    })
    const specDict = documentOf(url, { '/a': { get: { operationId: 'op' } } })
    const answer = await callTool({ specDict }, 'op')
    expect(answer).toEqual({ text: 'x'.repeat(1024 * 1024), truncated: true })
  })

  it('follows redirects on the same server only', async () => {
    const other = await startApi()
    const { url, seen } = await startApi((response, request) => {
      if (request.url === '/here') response.writeHead(302, { location: '/there' }).end()
      else if (request.url === '/away')
        response.writeHead(302, { location: `${other.url}/secret` }).end('moved')
      else response.end('arrived')
    })
    const specDict = documentOf(url, {
      '/here': { get: { operationId: 'here' } },
      '/away': { get: { operationId: 'away' } },
    })
    expect(await callTool({ specDict }, 'here')).toEqual({ text: 'arrived' })
    expect(await callTool({ specDict }, 'away')).toEqual({ error: 'status 302 Found', body: 'moved' })
    expect(seen.map((request) => request.url)).toEqual(['/here', '/there', '/away'])
    expect(other.seen).toEqual([])
  })

  it('ends with the run', async () => {
    const controller = new AbortController()
    let closed: Promise<unknown> | undefined
    const { url } = await startApi((response) => {
      closed = new Promise((resolve) => response.once('close', resolve))
      response.write('begun')
      controller.abort(new Error('the client left'))
    })
    const specDict = documentOf(url, { '/a': { get: { operationId: 'op' } } })
    const { send } = await openSession({ specDict }, 'op')
    await send([{ text: 'go' }], controller.signal)
    await closed
    expect(closed).toBeDefined()
  })

  it('says which server cannot be reached', async () => {
    const specDict = documentOf('http://api.invalid/secret-path', { '/a': { get: { operationId: 'op' } } })
    expect(await callTool({ specDict }, 'op')).toEqual({
      error: expect.stringMatching(/^Error in tool 'op': api\.invalid cannot be reached: \w+$/),
    })
  })
})
