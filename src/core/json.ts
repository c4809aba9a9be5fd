import type { JsonObject } from '../schema/json.js'

/** Deepest nesting that is stored, in levels: what a request may have, and what is put around it. */
export const MAX_DEPTH = 72

/**
 * A frozen JSON copy of any value, made in one pass, so that nobody can reach into what was stored.
 * `undefined`, functions and symbols vanish from objects and are `null` in arrays; BigInt becomes a string, a date its
 * ISO form, NaN and Infinity `null`, bytes base64, a Map an object, a Set an array; `toJSON` is honoured.
 * Throws a TypeError for cycles and for nesting deeper than {@link MAX_DEPTH}, `depth` levels of it being around it.
 */
export function frozenJson(value: unknown, depth = 0): unknown {
  return copy(value, depth)
}

export function frozenJsonObject(value: JsonObject): JsonObject {
  return copyFields(value, 0)
}

function copy(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? null : copyObject(value, depth)
    default:
      return undefined
  }
}

function copyObject(value: object, depth: number): unknown {
  // A cycle is nesting without end, so the bound finds both, without keeping a set of what was seen.
  if (depth >= MAX_DEPTH) {
    throw new TypeError(`it refers to itself or is nested deeper than ${MAX_DEPTH} levels`)
  }
  if (Array.isArray(value)) return Object.freeze(value.map((item) => copy(item, depth + 1) ?? null))
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map) return copyFields(toObject(value), depth)
  if (value instanceof Set) return Object.freeze([...value].map((item) => copy(item, depth + 1) ?? null))
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), depth + 1)
  return copyFields(value as JsonObject, depth) // whatever it is, it has fields
}

function copyFields(value: JsonObject, depth: number): JsonObject {
  const result: JsonObject = {}
  for (const key of Object.keys(value)) {
    const kept = copy(value[key], depth + 1)
    if (kept !== undefined) setOwn(result, key, kept)
  }
  return Object.freeze(result)
}

function toObject(map: Map<unknown, unknown>): JsonObject {
  const object: JsonObject = {}
  for (const [key, value] of map) setOwn(object, String(key), value)
  return object
}

/** Freezes what `JSON.parse` has made, all the way down. */
export function freezeParsed(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const item of Object.values(value)) freezeParsed(item)
}

/**
 * A copy that its owner may change, all the way down: what is stored is frozen. Texts are shared, so it costs little;
 * so is what is neither a plain object nor an array.
 */
export function thaw<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => thaw(item)) as T // of the same items
  if (!isPlain(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) setOwn(copy, key, thaw(value[key]))
  return copy as T // with the same entries
}

function isPlain(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** `target[key] = value` for keys that come from outside: `__proto__` is a key like any other. */
export function setOwn(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}

/** `Object.assign` for keys that come from outside. */
export function assignOwn(target: JsonObject, source: JsonObject): void {
  for (const key of Object.keys(source)) setOwn(target, key, source[key])
}
