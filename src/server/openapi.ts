// The generated OpenAPI document, made easier to read and to generate clients from.
import type { jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { isJsonObject } from '../schema/json.js'

type OpenApiDocument = ReturnType<typeof jsonSchemaTransformObject>
type Schemas = ReadonlyMap<string, unknown>

const REFERENCE = /"#\/components\/schemas\/(\w+)"/g
const INPUT = 'Input'

/**
 * Every schema comes in two forms, `Part` as it is sent and `PartInput` as it is received. Keeps those that are used,
 * under the plain name unless both are used and differ. A body of which no field is required may be left out.
 */
export function tidyOpenApi(document: OpenApiDocument): OpenApiDocument {
  const components = 'components' in document ? document.components : {}
  const schemas: Schemas = new Map(Object.entries(components?.schemas ?? {}))
  const used = reachableFrom({ ...document, components: {} }, schemas)
  const rename = (name: string) => {
    const plain = name.endsWith(INPUT) ? name.slice(0, -INPUT.length) : name
    return used.has(plain) && formOf(name, schemas) !== formOf(plain, schemas) ? name : plain
  }
  const kept = [...used].sort().map((name) => [rename(name), schemas.get(name)] as const)
  const tidy = { ...document, components: { ...components, schemas: Object.fromEntries(kept) } }
  const text = JSON.stringify(tidy).replace(REFERENCE, (_, name: string) => reference(rename(name)))
  const mark = (key: string, value: unknown) => (key === 'requestBody' ? markOptional(value, kept) : value)
  return JSON.parse(text, mark) as OpenApiDocument // the same document but for what is said above
}

const reference = (name: string): string => `"#/components/schemas/${name}"`

function markOptional(body: unknown, schemas: readonly (readonly [string, unknown])[]): unknown {
  const used = schemas.find(([name]) => JSON.stringify(body).includes(reference(name)))?.[1]
  return isJsonObject(body) && isJsonObject(used) && !used.required ? { ...body, required: false } : body
}

/** The names of all schemas that something refers to, directly or not. */
function reachableFrom(root: unknown, schemas: Schemas): Set<string> {
  const found = new Set<string>()
  const pending = [root]
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    for (const [, name = ''] of JSON.stringify(value).matchAll(REFERENCE)) {
      if (!found.has(name)) pending.push(schemas.get(name))
      found.add(name)
    }
  }
  return found
}

/** Equal for two schemas that are the same but for the names of what they are made of. */
function formOf(name: string, schemas: Schemas, within: readonly string[] = []): string {
  if (within.includes(name)) return 'itself'
  return JSON.stringify(schemas.get(name)).replace(REFERENCE, (_, inner: string) =>
    formOf(inner, schemas, [...within, name]),
  )
}
