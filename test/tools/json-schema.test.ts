import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { objectSchema, toGeminiSchema } from '../../src/tools/declaration.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { fromJsonSchema, parametersFrom } from '../../src/tools/json-schema.js'

describe('a schema of an author', () => {
  it('in JSON Schema is converted', () => {
    const tool = new FunctionTool({
      name: 'tell_weather',
      description: 'Tells the weather.',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string', minLength: 1 } },
        required: ['city'],
      },
      execute: ({ city }) => city,
    })
    expect(tool._getDeclaration().parameters).toEqual({
      type: 'OBJECT',
      properties: { city: { type: 'STRING', minLength: '1' } },
      required: ['city'],
    })
  })

  it('of the Gemini API is passed on as it is', () => {
    const schema = { type: 'OBJECT', properties: { days: { type: 'INTEGER', format: 'enum' } } } as never
    expect(toGeminiSchema(schema)).toBe(schema)
  })

  it('that is no object cannot be parameters', () => {
    expect(() => objectSchema({ type: 'string' })).toThrow('not STRING')
  })

  it('in zod must not contain itself, and may use a part twice', () => {
    const Node = z.object({
      get children() {
        return z.array(Node)
      },
    })
    expect(() => objectSchema(Node)).toThrow('refers to itself')
    const Point = z.object({ x: z.number() }).meta({ id: 'Point' })
    const point = { type: 'OBJECT', properties: { x: { type: 'NUMBER' } }, required: ['x'] }
    expect(objectSchema(z.object({ from: Point, to: Point })).properties).toEqual({ from: point, to: point })
  })
})

describe('a schema of somebody else', () => {
  it.each<[string, Record<string, unknown>, unknown]>([
    [
      'keeps what models understand',
      { type: 'string', title: 'T', pattern: '^a' },
      { type: 'STRING', title: 'T', pattern: '^a' },
    ],
    [
      'loses what they refuse',
      { type: 'number', exclusiveMinimum: 1, 'x-order': 2, examples: [3], not: {} },
      { type: 'NUMBER' },
    ],
    [
      'keeps the formats they know',
      { type: 'string', format: 'date-time' },
      { type: 'STRING', format: 'date-time' },
    ],
    ['loses other formats', { type: 'string', format: 'uri' }, { type: 'STRING' }],
    ['names its type where that is clear', { properties: {} }, { type: 'OBJECT', properties: {} }],
    ['with null as a type', { type: ['string', 'null'] }, { type: 'STRING', nullable: true }],
    [
      'with null as an alternative',
      { anyOf: [{ type: 'string', minLength: 1 }, { type: 'null' }], description: 'A name.' },
      { type: 'STRING', minLength: '1', nullable: true, description: 'A name.' },
    ],
    [
      'with several types',
      { type: ['string', 'number'] },
      { anyOf: [{ type: 'STRING' }, { type: 'NUMBER' }] },
    ],
    ['with a constant', { const: 'on' }, { type: 'STRING', enum: ['on'] }],
    ['with texts to choose from', { enum: ['a', '', null] }, { type: 'STRING', enum: ['a'], nullable: true }],
    [
      'with numbers to choose from',
      { type: 'integer', enum: [1, 2], description: 'How many.' },
      { type: 'INTEGER', description: 'How many. One of: 1, 2.' },
    ],
    [
      'with parts that all hold',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { b: { type: 'boolean' } }, required: ['b'] },
        ],
      },
      {
        type: 'OBJECT',
        properties: { a: { type: 'STRING' }, b: { type: 'BOOLEAN' } },
        required: ['a', 'b'],
      },
    ],
    [
      'that requires what it does not describe',
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a', 'b'] },
      { type: 'OBJECT', properties: { a: { type: 'STRING' } }, required: ['a'] },
    ],
    [
      'of a tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
      { type: 'ARRAY', items: { anyOf: [{ type: 'STRING' }, { type: 'NUMBER' }] } },
    ],
    [
      'with references',
      {
        type: 'object',
        properties: { at: { $ref: '#/$defs/a~1place', description: 'Where.' } },
        $defs: { 'a/place': { type: 'string', description: 'A place.' } },
      },
      { type: 'OBJECT', properties: { at: { type: 'STRING', description: 'Where.' } } },
    ],
    [
      'that contains itself',
      {
        type: 'object',
        properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
      },
      {
        type: 'OBJECT',
        properties: {
          name: { type: 'STRING' },
          children: { type: 'ARRAY', items: { type: 'OBJECT', properties: {} } },
        },
      },
    ],
    ['with a reference to nothing', { $ref: 'https://example.com/s' }, { type: 'OBJECT', properties: {} }],
  ])('%s', (_case, schema, expected) => {
    expect(fromJsonSchema(schema)).toEqual(expected)
  })

  it('of anything allows the types there are', () => {
    const anything = { anyOf: ['STRING', 'NUMBER', 'BOOLEAN', 'OBJECT'].map((type) => ({ type })) }
    expect(fromJsonSchema({})).toEqual(anything)
    expect(fromJsonSchema({ type: 'array' })).toEqual({ type: 'ARRAY', items: anything })
    expect(fromJsonSchema({ type: 'object', properties: { value: true } })).toEqual({
      type: 'OBJECT',
      properties: { value: anything },
    })
  })

  it('has an end, however its references multiply', () => {
    const names = Array.from({ length: 40 }, (_, index) => `d${index}`)
    const $defs = Object.fromEntries(
      names.map((name, index) => {
        const next = { $ref: `#/$defs/d${index + 1}` }
        return [name, { type: 'object', properties: { one: next, other: next } }]
      }),
    )
    expect(JSON.stringify(fromJsonSchema({ $ref: '#/$defs/d0', $defs })).length).toBeLessThan(1_000_000)
  })

  it('has an end, however deep it is', () => {
    let schema: Record<string, unknown> = { type: 'string' }
    for (let depth = 0; depth < 20_000; depth++) schema = { type: 'array', items: schema }
    expect(fromJsonSchema(schema).type).toBe('ARRAY')
  })

  it('may name a property like anything', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}},"__proto__":1}')
    const { properties } = fromJsonSchema(schema)
    expect(Object.keys(properties ?? {})).toEqual(['__proto__'])
  })

  it.each([{}, { type: 'string' }, { type: 'object' }, { $ref: '#/$defs/none' }])(
    'describes parameters as an object, whatever it says: %j',
    (schema) => {
      expect(parametersFrom(schema)).toEqual({ type: 'OBJECT', properties: {} })
    },
  )
})
