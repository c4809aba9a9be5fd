// Events as they lie in the `event_data` column of ADK databases: in snake_case, but for what belongs to users.
import { createEvent, sealParsed, type CreateEventParams, type Event } from '../core/event.js'
import { setOwn } from '../core/json.js'
import { camelCase, isJsonObject, isUserOwned, type JsonObject } from '../schema/json.js'

/** Maps from ids of calls to things of the framework: the names are the user's, what is below them is not. */
const MAPS = new Set(['requestedAuthConfigs', 'requestedToolConfirmations'])

/** Most names that are remembered, since those in foreign events may be any. */
const MAX_NAMES = 1000

/** What a row holds of an event. */
interface EventRow {
  id: string
  invocationId: string
  data: string
}

/** Databases of `@google/adk` hold milliseconds, those of adk-python seconds. */
export type TimeUnit = 'seconds' | 'milliseconds'

export function encodeEventRow(event: Event, unit: TimeUnit): string {
  const data = toSnakeCase(event)
  if (unit === 'seconds') return JSON.stringify(data)
  return JSON.stringify({ ...data, timestamp: Math.round(event.timestamp * 1e6) / 1e3 })
}

/** The event of a row, sealed. Throws when the row holds something else. */
export function decodeEventRow({ id, invocationId, data }: EventRow): Event {
  const fields = parseObject(id, data)
  // What other ADKs store is an event, if perhaps one of a later version.
  const known = toCamelCase(fields) as CreateEventParams
  const event = createEvent({ ...known, id, invocationId })
  // What was divided is not exact any more.
  if (event.timestamp !== known.timestamp) event.timestamp = roundTime(event.timestamp)
  return sealParsed(event)
}

function parseObject(id: string, data: string): JsonObject {
  try {
    const fields: unknown = JSON.parse(data)
    if (isJsonObject(fields)) return fields
  } catch {
    // Said below.
  }
  throw new Error(`The event ${id} in the database is not a JSON object`)
}

/** To microseconds, which is what databases keep. */
export const roundTime = (seconds: number): number => Math.round(seconds * 1e6) / 1e6

function toSnakeCase(fields: object): JsonObject {
  const result: JsonObject = {}
  for (const [name, value] of Object.entries(fields)) {
    setOwn(result, snakeCase(name), isUserOwned(name) ? value : snakeValue(value))
  }
  return result
}

function snakeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeValue)
  return isJsonObject(value) ? toSnakeCase(value) : value
}

const snakeCase = remembered((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
const camelCaseOf = remembered(camelCase)

/** Events have few names, each of them again and again. */
function remembered(convert: (name: string) => string): (name: string) => string {
  const known = new Map<string, string>()
  return (name) => {
    const result = known.get(name) ?? convert(name)
    if (known.size < MAX_NAMES) known.set(name, result)
    return result
  }
}

/** What is `null` is as good as absent, but for what belongs to users. */
function toCamelCase(fields: JsonObject): JsonObject {
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(fields)) {
    const name = camelCaseOf(key)
    if (MAPS.has(name)) setOwn(result, name, mapValues(value))
    else if (isUserOwned(name)) setOwn(result, name, value)
    else if (value !== null) setOwn(result, name, camelValue(value))
  }
  return result
}

function camelValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelValue)
  return isJsonObject(value) ? toCamelCase(value) : value
}

function mapValues(map: unknown): unknown {
  if (!isJsonObject(map)) return map
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(map)) setOwn(result, key, camelValue(value))
  return result
}
