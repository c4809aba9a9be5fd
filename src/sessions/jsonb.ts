import { sealEvent, type Event } from '../core/event.js'
import { setOwn } from '../core/json.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'

/** JSON writes both with an escape; a text that says so itself is looked at once in vain. */
const UNFIT = /\\u(?:0000|d[89a-f])/

/**
 * A value that PostgreSQL's jsonb can hold: without the character U+0000, and with U+FFFD for halves of characters.
 * Nearly all are, and come back as they are.
 */
export function fitForJsonb<T extends object>(value: T): T {
  if (!UNFIT.test(JSON.stringify(value))) return value
  return fit(value) as T // of the same shape
}

/** A sealed event stays sealed. */
export function fitEvent(event: Event): Event {
  const fitting = fitForJsonb(event)
  return fitting === event ? event : sealEvent(fitting)
}

function fit(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd')
  if (Array.isArray(value)) return value.map(fit)
  if (!isJsonObject(value)) return value
  const result: JsonObject = {}
  for (const [key, item] of Object.entries(value)) setOwn(result, String(fit(key)), fit(item))
  return result
}
