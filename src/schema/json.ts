import { z } from 'zod'

/** A plain JSON object whose keys belong to the user: state, tool arguments, tool results, metadata. */
export type JsonObject = Record<string, unknown>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A user-owned map. It is passed through by reference, never rebuilt: zod's own records drop `__proto__`, which is
 * ordinary data here.
 */
export const JsonObject = z
  .custom<JsonObject>()
  .check(({ value, issues }) => {
    if (!isJsonObject(value)) issues.push({ code: 'invalid_type', expected: 'object', input: value })
  })
  .meta({ type: 'object', additionalProperties: true })

/** `true`, or a word for it: clients of the official servers send both. */
export const Flag = z.union([z.boolean(), z.stringbool()])

/** Below these keys names belong to the user and are left as they are. */
const USER_OWNED = new Set([
  'state',
  'stateDelta',
  'args',
  'response',
  'customMetadata',
  'partMetadata',
  'payload',
  'agentState',
  'artifactDelta',
  'requestedAuthConfigs',
  'requestedToolConfirmations',
  'output',
  'route',
  'setModelResponse',
  'scopes',
])

/** Whether what is below a key, in camelCase, is the user's: its names are left as they are. */
export const isUserOwned = (name: string): boolean => USER_OWNED.has(name)

/** The same field given in both spellings with different values. */
export class SpellingConflict {
  constructor(
    readonly path: (string | number)[],
    readonly first: string,
    readonly second: string,
  ) {}
}

/**
 * Brings a request body into the wire's own spelling: snake_case keys become camelCase and keys whose value is `null`
 * are left out, except inside user-owned maps. Bodies that need neither come back unchanged.
 */
export function normalizeKeys(value: unknown, path: (string | number)[] = []): unknown {
  if (Array.isArray(value)) return normalizeArray(value, path)
  if (!isJsonObject(value)) return value
  const result: JsonObject = Object.create(null)
  let changed = false
  for (const [key, item] of Object.entries(value)) {
    const name = camelCase(key)
    if (item === null) {
      changed = true
      continue
    }
    const kept = USER_OWNED.has(name) ? item : normalizeKeys(item, [...path, name])
    if (kept instanceof SpellingConflict) return kept
    if (name in result && !isSame(result[name], kept)) {
      const first = Object.keys(value).find((other) => camelCase(other) === name) ?? name
      return new SpellingConflict([...path, name], first, key)
    }
    if (name !== key || kept !== item) changed = true
    result[name] = kept
  }
  return changed ? result : value
}

function normalizeArray(values: unknown[], path: (string | number)[]): unknown {
  let changed = false
  const result: unknown[] = []
  for (const [index, item] of values.entries()) {
    const kept = normalizeKeys(item, [...path, index])
    if (kept instanceof SpellingConflict) return kept
    if (kept !== item) changed = true
    result.push(kept)
  }
  return changed ? result : values
}

const isSame = (first: unknown, second: unknown): boolean => JSON.stringify(first) === JSON.stringify(second)

export function camelCase(key: string): string {
  return key.includes('_')
    ? key.replace(/(?<=[a-z0-9])_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    : key
}

/** A request schema that accepts camelCase, snake_case and explicit nulls. Documented as the inner schema. */
export function acceptBothSpellings<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((body, context) => {
    const normalized = normalizeKeys(body)
    if (!(normalized instanceof SpellingConflict)) return normalized
    const { path, first, second } = normalized
    context.addIssue({
      code: 'custom',
      path,
      message: `"${first}" and "${second}" are the same field with different values; send one of them`,
    })
    return z.NEVER
  }, schema)
}
