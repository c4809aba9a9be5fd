import { publicMessage } from '../core/errors.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'

/**
 * A model call that failed. Its code and message become those of the error event that the client sees. It is not an
 * `AdkError`: a failed model answers with an event, not with an HTTP status. Own models may throw it too.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError'

  constructor(
    /** An HTTP status as a string, or a word such as `DEADLINE_EXCEEDED`. */
    readonly errorCode: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Turns whatever a transport threw into one short sentence and a code. `begun`: a part of the answer had arrived. */
export function toModelError(cause: unknown, { begun }: { begun: boolean }): ModelError {
  if (cause instanceof ModelError) return cause
  const status = statusOf(cause)
  if (status !== undefined) return fromStatus(status, cause)
  if (isConnectionError(cause)) {
    const message = begun
      ? 'The connection to the model broke in the middle of its answer'
      : 'The model could not be reached'
    return new ModelError('UNAVAILABLE', `${message}${codeIn(cause)}`, { cause })
  }
  if (isUnreadable(cause)) {
    return new ModelError('UNKNOWN_ERROR', 'The answer of the model was cut off or is not valid JSON', {
      cause,
    })
  }
  // Only a timeout in the author's own `httpOptions` gets here; an abort by the caller is rethrown before.
  if (cause instanceof Error && cause.name === 'AbortError') {
    return new ModelError('DEADLINE_EXCEEDED', 'The model did not answer in time', { cause })
  }
  return new ModelError('UNKNOWN_ERROR', publicMessage(cause) || 'The model call failed', { cause })
}

const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504])

/** Whether the same request may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error)
  return status === undefined ? isConnectionError(error) : TRANSIENT_STATUSES.has(status)
}

/** How long the API asks to wait, in milliseconds: by its `Retry-After` header, else by `RetryInfo` in its body. */
export function retryAfterOf(error: unknown): number | undefined {
  const header = error instanceof Error && 'retryAfter' in error ? error.retryAfter : undefined
  if (typeof header === 'string') return millisecondsOf(header)
  const details = bodyOf(error)?.details
  const info = Array.isArray(details)
    ? details.find((detail) => isJsonObject(detail) && 'retryDelay' in detail)
    : undefined
  return typeof info?.retryDelay === 'string' ? millisecondsOf(info.retryDelay.replace(/s$/, '')) : undefined
}

/** Seconds, or a date. */
function millisecondsOf(retryAfter: string): number | undefined {
  const milliseconds = /^[\d.]+$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : Date.parse(retryAfter) - Date.now()
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}

function fromStatus(status: number, cause: unknown): ModelError {
  const body = bodyOf(cause)
  const code = typeof body?.code === 'number' || typeof body?.code === 'string' ? body.code : status
  const isPage = typeof body?.message === 'string' && body.message.trimStart().startsWith('<') // of a proxy, in HTML
  const text = typeof body?.message === 'string' && !isPage ? publicMessage(body.message) : ''
  return new ModelError(String(code), text || `The model API answered with status ${status}`, { cause })
}

/** The `error` object of the JSON that the SDK puts into its messages, alone or after a few words. */
function bodyOf(error: unknown): JsonObject | undefined {
  if (!(error instanceof Error)) return undefined
  try {
    const parsed: unknown = JSON.parse(error.message.slice(error.message.search(/[[{]/)))
    const body: unknown = Array.isArray(parsed) ? parsed[0] : parsed
    if (!isJsonObject(body)) return undefined
    return isJsonObject(body.error) ? body.error : { message: body.error ?? body.message }
  } catch {
    return undefined
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

/**
 * Refused, lost and unresolved connections are errors of the system or of the HTTP client, told by their code; `fetch`
 * puts them into a TypeError.
 */
function isConnectionError(error: unknown): error is Error {
  if (error instanceof TypeError && error.cause instanceof Error) return true
  return /^(?:UND_ERR_|E[A-Z]+$)/.test(codeOf(error) ?? '')
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function codeIn(error: Error): string {
  const code = codeOf(error.cause) ?? codeOf(error)
  return code === undefined ? '' : ` (${code})`
}

function isUnreadable(error: unknown): boolean {
  return (
    error instanceof SyntaxError ||
    (error instanceof Error && error.message.startsWith('Incomplete JSON segment'))
  )
}
