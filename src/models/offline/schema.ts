import { setOwn } from '../../core/json.js'
import { isJsonObject, type JsonObject } from '../../schema/json.js'

/** What the offline model understands of a schema, whichever dialect it is written in. */
export interface Shape {
  /** In small letters; `undefined` allows anything. */
  type: string | undefined
  nullable: boolean
  description: string
  enum: readonly unknown[] | undefined
  default: unknown
  items: Shape | undefined
  properties: readonly Property[]
  minimum: number
  maximum: number
}

export interface Property {
  name: string
  required: boolean
  shape: Shape
}

/** Deeper parts are taken to allow anything: a schema object may contain itself. */
const MAX_DEPTH = 8

/** Reads a Gemini schema (types in capitals) or a JSON schema. Of several alternatives the first is taken. */
export function readShape(schema: unknown, depth = 0): Shape {
  const source = isJsonObject(schema) && depth < MAX_DEPTH ? schema : {}
  const alternatives = listOf(source.anyOf ?? source.oneOf).map((option) => readShape(option, depth + 1))
  const chosen = alternatives.find(({ type }) => type !== 'null') ?? alternatives[0]
  if (chosen)
    return { ...chosen, nullable: chosen.nullable || alternatives.some(({ type }) => type === 'null') }
  const types = listOf(source.type).map((type) => String(type).toLowerCase())
  return {
    type: types.find((type) => type !== 'null') ?? types[0] ?? (source.properties ? 'object' : undefined),
    nullable: source.nullable === true || types.includes('null'),
    description: typeof source.description === 'string' ? source.description : '',
    enum: Array.isArray(source.enum) ? source.enum : source.const === undefined ? undefined : [source.const],
    default: source.default,
    items: source.items ? readShape(source.items, depth + 1) : undefined,
    properties: readProperties(source, depth),
    minimum: Number(source.minimum ?? -Infinity),
    maximum: Number(source.maximum ?? Infinity),
  }
}

function readProperties({ properties, required }: JsonObject, depth: number): Property[] {
  const needed = new Set(listOf(required))
  const entries = Object.entries(isJsonObject(properties) ? properties : {})
  return entries.map(([name, schema]) => ({
    name,
    required: needed.has(name),
    shape: readShape(schema, depth + 1),
  }))
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

/** Whether a value has the type that is asked for. Patterns, formats and lengths are left to the tool. */
export function fits(value: unknown, shape: Shape): boolean {
  const { type, items, minimum, maximum } = shape
  if (value === null && shape.nullable) return true
  if (shape.enum && !shape.enum.includes(value)) return false
  if (type === 'array') return Array.isArray(value) && value.every((item) => !items || fits(item, items))
  if (type === 'object')
    return isJsonObject(value) && shape.properties.every((property) => hasFitting(value, property))
  if (type !== 'number' && type !== 'integer') return type === undefined || typeof value === type
  const isNumber = type === 'integer' ? Number.isInteger(value) : Number.isFinite(value)
  return isNumber && Number(value) >= minimum && Number(value) <= maximum
}

function hasFitting(value: JsonObject, { name, required, shape }: Property): boolean {
  return Object.hasOwn(value, name) ? fits(value[name], shape) : !required
}

/** A value that fits and says as little as possible; texts say `text`. */
export function blankFor(shape: Shape, text: string): unknown {
  if (shape.default !== undefined) return shape.default
  if (shape.enum) return shape.enum[0]
  if (shape.nullable) return null
  switch (shape.type) {
    case 'object':
      return objectOf(shape.properties, (property) =>
        property.required ? blankFor(property.shape, text) : undefined,
      )
    case 'array':
      return []
    case 'integer':
      return Math.min(Math.max(0, Math.ceil(shape.minimum)), Math.floor(shape.maximum))
    case 'number':
      return Math.min(Math.max(0, shape.minimum), shape.maximum)
    case 'boolean':
      return false
    default:
      return text
  }
}

/** An object of those properties that have a value. Names come from outside. */
export function objectOf(
  properties: readonly Property[],
  valueOf: (property: Property) => unknown,
): JsonObject {
  const result: JsonObject = {}
  for (const property of properties) {
    const value = valueOf(property)
    if (value !== undefined) setOwn(result, property.name, value)
  }
  return result
}
