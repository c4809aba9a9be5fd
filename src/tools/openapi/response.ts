import type { ApiRequest } from './request.js'

/** Most that is read of an answer, in bytes. */
const MAX_BYTES = 1024 * 1024
const MAX_REDIRECTS = 5
const TEXTUAL = /^text\/|[/+](?:json|xml|yaml|x-yaml|csv|javascript|x-www-form-urlencoded)\b/i

/** Sends a request, and follows redirects as long as they stay with the same server. */
export async function send(request: ApiRequest, signal: AbortSignal): Promise<Response> {
  const { method, headers, body = null } = request
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' })
    const target = redirects < MAX_REDIRECTS && method === 'GET' ? redirectOf(response, url) : undefined
    if (target?.origin !== url.origin) return response
    await response.body?.cancel()
    url = target
  }
}

function redirectOf({ status, headers }: Response, from: URL): URL | undefined {
  const location = headers.get('location')
  if (status < 300 || status > 399 || location === null || !URL.canParse(location, from.href))
    return undefined
  return new URL(location, from)
}

/** The value of a JSON answer, `{ text }` of another; `{ error, body }` where the server refused. */
export async function readAnswer(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? 'text/plain'
  const { text, isCut } = TEXTUAL.test(type) ? await readText(response) : await skip(response, type)
  const value = isCut ? undefined : parse(text, type)
  if (!response.ok)
    return { error: `status ${response.status} ${response.statusText}`.trim(), body: value ?? text }
  return value ?? { text, ...(isCut && { truncated: true }) }
}

async function skip(response: Response, type: string) {
  await response.body?.cancel()
  return { text: `[${type}]`, isCut: false }
}

async function readText({ body }: Response): Promise<{ text: string; isCut: boolean }> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array // as bodies have
    text += decoder.decode(bytes.subarray(0, MAX_BYTES - length), { stream: true })
    length += bytes.length
    if (length > MAX_BYTES) return { text, isCut: true } // leaving the loop ends the download
  }
  return { text: text + decoder.decode(), isCut: false }
}

function parse(text: string, type: string): unknown {
  if (!/[/+]json\b/i.test(type)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
