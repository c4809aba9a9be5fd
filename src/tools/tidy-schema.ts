// What the Gemini API refuses in a schema is taken out: one keyword it does not know fails the whole request.
import type { Schema } from '../core/content.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'

const KEPT = [
  'title',
  'description',
  'nullable',
  'default',
  'example',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
  'pattern',
]
const TYPES = new Set<unknown>(['OBJECT', 'ARRAY', 'STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'NULL'])
const FORMATS: Readonly<Record<string, readonly unknown[]>> = {
  STRING: ['date-time'],
  INTEGER: ['int32', 'int64'],
  NUMBER: ['float', 'double'],
}

/** A converted schema that the API accepts. It may say less than before, and never forbids more. */
export function tidySchema(schema: JsonObject): Schema {
  const result: JsonObject = {}
  for (const key of KEPT) if (schema[key] !== undefined) result[key] = schema[key]
  if (Array.isArray(schema.anyOf) && schema.anyOf.length > 0) {
    result.anyOf = schema.anyOf.filter(isJsonObject).map(tidySchema)
  }
  const type = typeOf(schema)
  if (type !== undefined) result.type = type
  else if (!result.anyOf) result.anyOf = ANYTHING
  if (type !== undefined && FORMATS[type]?.includes(schema.format)) result.format = schema.format
  if (type === 'OBJECT') Object.assign(result, tidyProperties(schema))
  if (type === 'ARRAY') result.items = tidySchema(isJsonObject(schema.items) ? schema.items : {})
  if (Array.isArray(schema.enum)) Object.assign(result, tidyMembers(schema.enum, result))
  return result
}

const ANYTHING = ['STRING', 'NUMBER', 'BOOLEAN', 'OBJECT'].map((type) => ({ type }))

/** The type that is said or, where none is, that follows from the other keywords. */
function typeOf({ type, properties, items, enum: members, anyOf }: JsonObject): string | undefined {
  if (TYPES.has(type)) return String(type)
  if (properties !== undefined) return 'OBJECT'
  if (items !== undefined) return 'ARRAY'
  const types = new Set(Array.isArray(members) ? members.map((member) => typeof member) : [])
  if (types.has('string')) return 'STRING'
  if (types.has('number')) return 'NUMBER'
  if (types.has('boolean')) return 'BOOLEAN'
  return type === undefined || anyOf !== undefined ? undefined : 'STRING'
}

function tidyProperties({ properties, required }: JsonObject): JsonObject {
  const entries = Object.entries(isJsonObject(properties) ? properties : {}).filter(([, schema]) =>
    isJsonObject(schema),
  ) as [string, JsonObject][] // as filtered
  const names = new Set(entries.map(([name]) => name))
  const needed = new Set(Array.isArray(required) ? required.filter((name) => names.has(name)) : [])
  return {
    properties: Object.fromEntries(entries.map(([name, schema]) => [name, tidySchema(schema)])),
    ...(needed.size > 0 && { required: [...needed] }),
  }
}

/** Members may be texts only; others are told in words. */
function tidyMembers(members: readonly unknown[], { type, description }: JsonObject): JsonObject {
  const values = members.filter((member) => member !== null && member !== '')
  const nullable = members.includes(null) ? { nullable: true } : {}
  if (values.length === 0) return nullable
  if (type === 'STRING') return { enum: values.map(String), ...nullable }
  const listed = `One of: ${values.map((value) => JSON.stringify(value)).join(', ')}.`
  return { description: typeof description === 'string' ? `${description} ${listed}` : listed, ...nullable }
}
