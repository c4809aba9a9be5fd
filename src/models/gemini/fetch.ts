import type { Fetch } from '@google/genai'
import { ModelError } from '../model-error.js'

const GLOBAL_FETCH = globalThis.fetch

/**
 * Opens what sends the requests of the SDK. It does what `fetch` would, at a fraction of its CPU time, but does not
 * follow redirects, and heeds `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. Who has replaced the global `fetch`, as tests
 * do, gets the requests.
 */
export async function openFetch(): Promise<Fetch> {
  void globalThis.Headers // loads the client of Node.js; were ours the first, it would serve the global `fetch` as well
  const { EnvHttpProxyAgent, request } = await import('undici')
  const dispatcher = withKnownProxies(() => new EnvHttpProxyAgent(NO_TIMEOUTS))
  return async (url, init = {}) => {
    const { method = 'GET', headers: sent, body: text, signal } = init
    const isPlain = typeof url === 'string' && typeof text === 'string'
    if (!isPlain || globalThis.fetch !== GLOBAL_FETCH) return globalThis.fetch(url, init)
    const plain = new Headers(sent)
    plain.set('accept-encoding', 'identity') // nobody here would unpack the answer
    const options = { method, headers: plain, body: text, signal, dispatcher }
    const { statusCode: status, headers, body } = await request(url, options)
    const isWhole = String(headers['content-type']).startsWith('application/json')
    return new Response(isWhole ? await body.text() : body.body, { status, headers: toPairs(headers) })
  }
}

/** A call watches the time itself, see call.ts. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 }

function withKnownProxies<T>(open: () => T): T {
  try {
    return open()
  } catch (cause) {
    const message = 'HTTP_PROXY or HTTPS_PROXY does not name a proxy, such as http://proxy.example:3128'
    throw new ModelError('UNAVAILABLE', message, { cause })
  }
}

const toPairs = (headers: Record<string, string | string[] | undefined>): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((item): [string, string] => [name, item]),
  )
