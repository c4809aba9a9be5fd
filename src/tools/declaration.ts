import { createRequire } from 'node:module'
import { z } from 'zod'
import type { Schema } from '../core/content.js'
import { describeIssues, type SchemaError } from '../schema/issues.js'
import type { JsonObject } from '../schema/json.js'
import { fromJsonSchema, fromZodDocument, isJsonSchema, type JsonSchema } from './json-schema.js'

/** What the two major versions of zod have in common, whichever copy made the schema. */
interface ZodLike {
  safeParse(value: unknown): ZodResult
  safeParseAsync(value: unknown): Promise<ZodResult>
}

type ZodResult = { success: true; data: unknown } | { success: false; error: SchemaError }

/** Parameters or results of a tool or an agent: a zod object, a schema of the Gemini API, or a JSON Schema. */
export type SchemaLike = ZodLike | Schema | JsonSchema

export function isZod(schema: unknown): schema is ZodLike {
  return typeof schema === 'object' && schema !== null && 'safeParseAsync' in schema
}

const NO_PARAMETERS = z.object({})

/** The Gemini schema of an object. Throws when the schema describes something else, or cannot be expressed. */
export function objectSchema(schema: SchemaLike | undefined): Schema {
  const converted = toGeminiSchema(schema ?? NO_PARAMETERS)
  if (String(converted.type).toUpperCase() !== 'OBJECT') {
    throw new Error(
      `Parameters should be an object schema, such as z.object({ … }), not ${String(converted.type)}`,
    )
  }
  return converted
}

export function toGeminiSchema(schema: SchemaLike): Schema {
  if (isZod(schema)) return fromZodDocument('_zod' in schema ? fromZod4(schema) : fromZod3(schema))
  return isJsonSchema(schema) ? fromJsonSchema(schema) : schema
}

function fromZod4(schema: ZodLike): JsonObject {
  // Any copy of zod 4 can describe the schemas of another one: it reads their definitions only.
  return z.toJSONSchema(schema as unknown as z.ZodType, { target: 'openapi-3.0', io: 'input' })
}

const require = createRequire(import.meta.url)

function fromZod3(schema: ZodLike): JsonObject {
  // Loaded for the few who still use zod 3; synchronous, because declarations are.
  const { zodToJsonSchema } = require('zod-to-json-schema') as typeof import('zod-to-json-schema')
  type Zod3 = Parameters<typeof zodToJsonSchema>[0]
  return zodToJsonSchema(schema as unknown as Zod3, {
    target: 'openApi3',
    $refStrategy: 'none',
  })
}

/** The parsed value; throws what is wrong with it. At once, unless the schema itself has to wait for something. */
export function parseWith(schema: ZodLike, value: unknown): unknown {
  let result: ZodResult | Promise<ZodResult>
  try {
    result = schema.safeParse(value)
  } catch {
    result = schema.safeParseAsync(value) // zod throws when a refinement or transform is asynchronous
  }
  return result instanceof Promise ? result.then(unwrap) : unwrap(result)
}

function unwrap(result: ZodResult): unknown {
  if (result.success) return result.data
  throw new Error(describeIssues(result.error))
}
