/** The part of JSON Schema, in the spelling of Gemini or its own, that the tests of the offline model use. */
export interface JsonSchema {
  type?: string
  nullable?: boolean
  enum?: unknown[]
  default?: unknown
  anyOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  minimum?: number
  maximum?: number
}

/** Whether a value is what a schema asks for: written apart from the code that it checks. */
export function accepts(value: unknown, schema: JsonSchema): boolean {
  if (value === null) return acceptsNull(schema)
  if (schema.enum && !schema.enum.includes(value)) return false
  if (schema.anyOf && !schema.anyOf.some((option) => accepts(value, option))) return false
  const { minimum = -Infinity, maximum = Infinity, items } = schema
  switch (schema.type?.toLowerCase()) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      return Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum
    case 'number':
      return Number.isFinite(value) && Number(value) >= minimum && Number(value) <= maximum
    case 'boolean':
      return typeof value === 'boolean'
    case 'null':
      return false
    case 'array':
      return Array.isArray(value) && value.every((item) => !items || accepts(item, items))
    case 'object':
      return typeof value === 'object' && !Array.isArray(value) && acceptsObject(value, schema)
    default:
      return true
  }
}

const acceptsNull = ({ type, nullable, anyOf = [] }: JsonSchema): boolean =>
  nullable === true || type === 'null' || anyOf.some(acceptsNull)

function acceptsObject(value: object, { properties = {}, required = [] }: JsonSchema): boolean {
  const items = new Map<string, unknown>(Object.entries(value))
  return (
    required.every((name) => items.has(name)) &&
    Object.entries(properties).every(([name, schema]) => !items.has(name) || accepts(items.get(name), schema))
  )
}
