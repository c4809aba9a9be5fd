// JSON Schema in the dialect of the Gemini API: types in capitals, counts as strings, no references.
import type { Schema } from '../core/content.js'
import { setOwn } from '../core/json.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'
import { tidySchema } from './tidy-schema.js'

/** A schema with the types of JSON Schema, which are in small letters. */
export interface JsonSchema {
  type: JsonSchemaType | JsonSchemaType[]
  [keyword: string]: unknown
}

type JsonSchemaType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null'

/** Whether a schema is written in JSON Schema rather than in the dialect of the Gemini API. */
export function isJsonSchema(schema: object): schema is JsonSchema {
  const types = 'type' in schema ? [schema.type].flat() : []
  return types.some((type) => typeof type === 'string' && type !== type.toUpperCase()) || '$schema' in schema
}

/**
 * The Gemini schema of any JSON Schema, as far as it can be expressed: what the API refuses is left out, and a part that
 * contains itself ends in an object without description. References are looked up in `document`.
 */
export function fromJsonSchema(schema: JsonObject, document: JsonObject = schema): Schema {
  return tidySchema(
    convert(
      schema,
      rootOf(document, () => ({ type: 'OBJECT' })),
    ),
  )
}

/** The parameters of a function whose schema somebody else wrote: always an object. */
export function parametersFrom(schema: JsonObject, document?: JsonObject): Schema {
  const converted = fromJsonSchema({ type: 'object', ...schema }, document)
  return String(converted.type) === 'OBJECT' ? converted : fromJsonSchema({ type: 'object' })
}

/** The Gemini schema of our own documents: all they say is kept. Throws for a schema that contains itself. */
export function fromZodDocument(document: JsonObject): Schema {
  return convert(
    document,
    rootOf(document, () => {
      throw new Error(
        'The schema refers to itself, which models do not accept; describe the nested part as a string or object',
      )
    }),
  )
}

interface Place {
  document: JsonObject
  /** The references around this place: meeting one again is a recursion. */
  within: readonly string[]
  depth: number
  /** Parts that may still be looked at: references can multiply without end. */
  budget: { parts: number }
  /** Stands for a part that is not looked at. */
  cut: () => JsonObject
}

const MAX_DEPTH = 32
const MAX_PARTS = 5000

const rootOf = (document: JsonObject, cut: () => JsonObject): Place => ({
  document,
  within: ['#'],
  depth: 0,
  budget: { parts: MAX_PARTS },
  cut,
})

const DROPPED = new Set([
  'additionalProperties',
  'readOnly',
  '$schema',
  '$defs',
  'definitions',
  'components',
  'id',
  '$id',
])
const COUNTS = new Set(['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'])
/** The pattern behind these formats is zod's own; the name of the format says it better. */
const NAMED_FORMATS = new Set<unknown>(['email', 'uuid'])

function convert(schema: JsonObject, outer: Place): JsonObject {
  const place = { ...outer, depth: outer.depth + 1 }
  if (place.depth > MAX_DEPTH || place.budget.parts-- <= 0) return place.cut()
  if (typeof schema.$ref === 'string') return convertReference(schema.$ref, schema, place)
  const result: JsonObject = {}
  const parts: JsonObject[] = []
  for (const [key, value] of Object.entries(schema)) {
    if (DROPPED.has(key) || (key === 'pattern' && NAMED_FORMATS.has(schema.format))) continue
    if (key === 'type') Object.assign(result, convertType(value))
    else if (key === 'const') result.enum = [value]
    else if (key === 'properties' && isJsonObject(value)) result.properties = convertEach(value, place)
    else if (key === 'items' || key === 'prefixItems') result.items = convertItems(value, place)
    else if (key === 'oneOf' || key === 'anyOf') parts.push(convertAlternatives(value, place))
    else if (key === 'allOf') parts.push(...asSchemas(value).map((part) => convert(part, place)))
    else if (COUNTS.has(key)) result[key] = String(value)
    else setOwn(result, key, value)
  }
  return parts.reduce(merge, result)
}

/** Two descriptions of the same value as one; where they differ, the first is right. */
function merge(own: JsonObject, part: JsonObject): JsonObject {
  const merged = { ...part, ...own }
  if (isJsonObject(own.properties) && isJsonObject(part.properties))
    merged.properties = { ...part.properties, ...own.properties }
  if (Array.isArray(own.required) && Array.isArray(part.required))
    merged.required = [...own.required, ...part.required]
  return merged
}

function convertReference(reference: string, { description }: JsonObject, place: Place): JsonObject {
  const target = lookUp(reference, place.document)
  if (!isJsonObject(target) || place.within.includes(reference)) return place.cut()
  const converted = convert(target, { ...place, within: [...place.within, reference] })
  return { ...converted, ...(description !== undefined && { description }) }
}

/** What a reference such as `#/$defs/Pet` points at. References to other documents point at nothing. */
export function lookUp(reference: string, document: JsonObject): unknown {
  const [root, ...path] = reference.split('/')
  if (root !== '#') return undefined
  return path.reduce<unknown>((value, step) => {
    const key = decodeStep(step)
    if (Array.isArray(value)) return value[Number(key)] as unknown
    return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }, document)
}

function decodeStep(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return step
  }
}

function convertEach(properties: JsonObject, place: Place): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, convert(asSchema(schema), place)]),
  )
}

/** The items of a tuple are described together: each is one of them. */
function convertItems(items: unknown, place: Place): JsonObject {
  if (!Array.isArray(items)) return convert(asSchema(items), place)
  return { anyOf: items.map((item) => convert(asSchema(item), place)) }
}

/** `anyOf` with null is how most languages write an optional value. */
function convertAlternatives(value: unknown, place: Place): JsonObject {
  const all = asSchemas(value)
  const some = all.filter(({ type }) => type !== 'null')
  const nullable = some.length < all.length ? { nullable: true } : {}
  const [only] = some
  if (only && some.length === 1) return { ...convert(only, place), ...nullable }
  return { anyOf: some.map((item) => convert(item, place)), ...nullable }
}

function convertType(type: unknown): JsonObject {
  if (!Array.isArray(type)) return { type: String(type).toUpperCase() }
  const named = type.filter((item) => item !== 'null').map(String)
  const nullable = named.length < type.length ? { nullable: true } : {}
  if (named.length === 1) return { type: String(named[0]).toUpperCase(), ...nullable }
  return { anyOf: named.map((item) => ({ type: item.toUpperCase() })), ...nullable }
}

const asSchemas = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])

/** `true` is the schema of anything. */
const asSchema = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
