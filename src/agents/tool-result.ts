import { messageOf } from '../core/errors.js'
import { frozenJson } from '../core/json.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'

/** Largest result that is kept and sent to a model, in characters of JSON. */
const MAX_RESULT_LENGTH = 10 * 1024 * 1024

/** Levels that an event puts around a result. */
const DEPTH_IN_EVENT = 6

/** What a tool returned, as the model reads it: models read objects only, so other results are put into one. */
export function toResponse(result: unknown): JsonObject {
  const value = toJson(result)
  if (isJsonObject(value)) return { ...value }
  if (Array.isArray(value)) return { results: value }
  return value === undefined ? {} : { result: value }
}

function toJson(result: unknown): unknown {
  try {
    const value = frozenJson(result, DEPTH_IN_EVENT)
    if ((JSON.stringify(value)?.length ?? 0) <= MAX_RESULT_LENGTH) return value
    throw new RangeError(
      `it is larger than ${MAX_RESULT_LENGTH / 1024 / 1024} MiB; save it as an artifact instead`,
    )
  } catch (error) {
    throw new Error(`The result of the tool cannot be sent as JSON: ${messageOf(error)}`, { cause: error })
  }
}
