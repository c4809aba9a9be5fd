import { publicMessage } from '../../core/errors.js'
import { isJsonObject, type JsonObject } from '../../schema/json.js'
import { ModelError } from '../model-error.js'

/**
 * What a provider of the AI SDK threw, or sent as an error in its stream, in the form that `callModel` decides by: with
 * the HTTP `status` and `retryAfter` where there are such. Anything unknown comes back as it is.
 */
export function fromProviderError(error: unknown): unknown {
  if (!(error instanceof Error)) return fromErrorBody(error)
  const { statusCode, responseHeaders, isRetryable }: Error & ApiCallFields = error
  // With a success the status tells nothing: the line broke, or the answer cannot be read.
  if (typeof statusCode === 'number' && statusCode < 400)
    return error.cause instanceof TypeError ? error.cause : error
  if (typeof statusCode === 'number') {
    return withStatus(new ModelError(String(statusCode), messageIn(error, statusCode), { cause: error }), {
      // The provider knows which of its own statuses pass, such as 529.
      status: isRetryable && statusCode > 500 ? 503 : statusCode,
      retryAfter: retryAfterIn(responseHeaders),
    })
  }
  // Providers wrap the failure of `fetch`; it is recognised by its class.
  if (isRetryable && error.cause instanceof Error) return new TypeError(error.message, { cause: error.cause })
  if (error.name === 'AI_LoadAPIKeyError') {
    return new ModelError('UNAUTHENTICATED', publicMessage(error), { cause: error })
  }
  return error
}

/** The fields of an `APICallError`, whichever copy of the SDK made it. */
interface ApiCallFields {
  statusCode?: unknown
  responseHeaders?: unknown
  isRetryable?: unknown
}

const messageIn = (error: Error, status: number): string =>
  publicMessage(error) || `The model API answered with status ${status}`

const withStatus = (
  error: ModelError,
  details: { status: number; retryAfter: string | undefined },
): ModelError => Object.assign(error, details)

function retryAfterIn(headers: unknown): string | undefined {
  if (!isJsonObject(headers)) return undefined
  const { 'retry-after-ms': milliseconds, 'retry-after': seconds } = headers
  if (typeof milliseconds === 'string' && Number(milliseconds) >= 0)
    return String(Number(milliseconds) / 1000)
  return typeof seconds === 'string' ? seconds : undefined
}

/** Errors inside of a stream are often the provider's own JSON. */
function fromErrorBody(body: unknown): Error {
  if (typeof body === 'string') return new ModelError('UNKNOWN_ERROR', publicMessage(body))
  const error = errorIn(body)
  const code = [error.code, error.type].find(
    (value) => typeof value === 'string' || typeof value === 'number',
  )
  const message = typeof error.message === 'string' ? publicMessage(error.message) : ''
  const failure = new ModelError(
    String(code ?? 'UNKNOWN_ERROR'),
    message || 'The model broke off its answer with an error',
    { cause: body },
  )
  return typeof code === 'number' ? withStatus(failure, { status: code, retryAfter: undefined }) : failure
}

function errorIn(body: unknown): JsonObject {
  if (!isJsonObject(body)) return {}
  return isJsonObject(body.error) ? body.error : body
}
