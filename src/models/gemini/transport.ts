import type {
  Fetch,
  GenerateContentConfig,
  GenerateContentParameters,
  GenerateContentResponse,
  GoogleGenAIOptions,
} from '@google/genai'
import { VERSION } from '../../core/version.js'
import { openFetch } from './fetch.js'
import type { GeminiSettings } from './settings.js'

// The only file that loads the SDK. Whatever sends requests of this shape and yields responses can take its place.

export type GeminiRequest = GenerateContentParameters & { config: GenerateContentConfig }

/**
 * Sends a request and yields the response; with `stream`, its chunks. It ends when the signal fires. What it throws
 * carries the HTTP `status` where there is one, and before the first chunk also the `Retry-After` header, as
 * `retryAfter`.
 */
export type GeminiTransport = (
  request: GeminiRequest,
  options: { stream: boolean; signal: AbortSignal },
) => Promise<AsyncIterable<GenerateContentResponse>>

/** A transport by `@google/genai`, which is loaded when the first one is opened. */
export async function openSdkTransport(settings: GeminiSettings): Promise<GeminiTransport> {
  const { GoogleGenAI } = await import('@google/genai')
  const { models } = new GoogleGenAI(clientOptions(settings))
  const ownFetch = await openFetch()
  return async (request, { stream, signal }) => {
    const { fetch, addRetryAfter } = watchRetryAfter(request.config.httpOptions?.fetch ?? ownFetch)
    const httpOptions = { ...request.config.httpOptions, fetch }
    const parameters = { ...request, config: { ...request.config, httpOptions, abortSignal: signal } }
    try {
      if (stream) return await models.generateContentStream(parameters)
      return only(await models.generateContent(parameters))
    } catch (error) {
      throw addRetryAfter(error)
    }
  }
}

async function* only<T>(item: T): AsyncGenerator<T, void> {
  yield item
}

/** The SDK's errors do not carry headers. */
function watchRetryAfter(fetch: Fetch) {
  let retryAfter: string | null = null
  return {
    fetch: async (...request: Parameters<Fetch>): Promise<Response> => {
      const response = await fetch(...request)
      retryAfter = response.headers.get('retry-after')
      return response
    },
    addRetryAfter: (error: unknown) =>
      error instanceof Error && retryAfter !== null ? Object.assign(error, { retryAfter }) : error,
  }
}

function clientOptions({ baseUrl, headers, ...credentials }: GeminiSettings): GoogleGenAIOptions {
  return {
    ...credentials,
    httpOptions: { headers: { ...ownHeaders(), ...headers }, ...(baseUrl && { baseUrl }) },
  }
}

function ownHeaders(): Record<string, string> {
  const label = `adk-ts/${VERSION} gl-node/${process.version}`
  return { 'User-Agent': label, 'x-goog-api-client': label }
}
