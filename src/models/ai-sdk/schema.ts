import { isJsonObject, type JsonObject } from '../../schema/json.js'

const COUNTS = new Set(['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'])
/** Only Gemini knows these. */
const DROPPED = new Set(['propertyOrdering', 'example', 'nullable'])

/**
 * A schema of the Gemini API as JSON Schema, which other providers take: types in small letters, counts as numbers,
 * `null` as a type. Objects with known properties are closed, as some providers demand.
 */
export function toJsonSchema(schema: JsonObject): JsonObject {
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(schema)) {
    if (value !== undefined && !DROPPED.has(key)) result[key] = convert(key, value)
  }
  if (result.type === 'type_unspecified') delete result.type
  if (result.format === 'enum') delete result.format
  withStrictBounds(result)
  if (isJsonObject(result.properties)) result.additionalProperties ??= false
  return schema.nullable === true ? orNull(result) : result
}

function convert(key: string, value: unknown): unknown {
  if (key === 'type') return String(value).toLowerCase()
  if (COUNTS.has(key)) return Number(value)
  if (key === 'anyOf' && Array.isArray(value)) return value.map(convertInner)
  if (key === 'items') return convertInner(value)
  if (key === 'properties' && isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, convertInner(inner)]))
  }
  return value
}

const convertInner = (schema: unknown): unknown => (isJsonObject(schema) ? toJsonSchema(schema) : schema)

const BOUNDS = [
  ['minimum', 'exclusiveMinimum'],
  ['maximum', 'exclusiveMaximum'],
] as const

/** OpenAPI 3.0 says `minimum: 0, exclusiveMinimum: true` where JSON Schema says `exclusiveMinimum: 0`. */
function withStrictBounds(schema: JsonObject): void {
  for (const [bound, strict] of BOUNDS) {
    if (typeof schema[strict] !== 'boolean') continue
    if (schema[strict]) {
      schema[strict] = schema[bound]
      delete schema[bound]
    } else {
      delete schema[strict]
    }
  }
}

function orNull(schema: JsonObject): JsonObject {
  if (Array.isArray(schema.anyOf)) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] }
  if (schema.type === undefined || schema.type === 'null') return schema
  return {
    ...schema,
    type: [schema.type, 'null'],
    ...(Array.isArray(schema.enum) && { enum: [...schema.enum, null] }),
  }
}
