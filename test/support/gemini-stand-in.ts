import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach } from 'vitest'

// A stand-in for the Gemini REST API on a local port. It is scripted: every request takes the next turn of its model.
// The format of scripts is that of the golden cases, with `hang` and `drop` added.

/** What one request is answered with. */
export interface ModelTurn {
  /** A whole response; for a streaming request, the only chunk. */
  response?: object
  /** A stream: responses, and between them `{ __delayMs }`, `{ __drop: true }` or `{ __hang: true }`. */
  chunks?: object[]
  /** A string body is sent as HTML, anything else as JSON. */
  httpError?: { status: number; body: unknown; headers?: Record<string, string> }
  /** Pause before the first byte. */
  delayMs?: number
  /** Never answer. */
  hang?: boolean
  /** Cut the line instead of answering. */
  drop?: boolean
}

/** Model name to its turns, used up from the front. */
export type ModelScript = Record<string, ModelTurn[]>

export interface RecordedRequest {
  model: string
  /** `generateContent` or `streamGenerateContent`. */
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: Record<string, unknown>
  /** How it ended; `aborted`: the client hung up before the answer was complete. */
  outcome: Promise<'answered' | 'aborted' | 'dropped'>
}

const ROUTE = /\/(?:models|endpoints)\/([^/:?]+):(generateContent|streamGenerateContent)/

export class GeminiStandIn {
  /** In order of arrival. */
  readonly requests: RecordedRequest[] = []
  /** Asked when the script of a model has no turn left. */
  responder: ((request: RecordedRequest) => ModelTurn | undefined) | undefined
  #script: ModelScript = {}
  readonly #arrivals = new EventEmitter()
  readonly #closing = new AbortController()
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy())
  })

  async start(script: ModelScript = {}): Promise<this> {
    this.load(script)
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  /** Replaces what is left of the script, and forgets the requests so far. */
  load(script: ModelScript): void {
    this.#script = structuredClone(script)
    this.requests.length = 0
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo // a listening TCP server has one
    return `http://127.0.0.1:${port}`
  }

  /** The request of that number, counted from 1, as soon as it is there. */
  async received(number: number): Promise<RecordedRequest> {
    for (;;) {
      const request = this.requests[number - 1]
      if (request) return request
      await once(this.#arrivals, 'request')
    }
  }

  /** Turns that were never asked for, by model. */
  remaining(): Record<string, number> {
    const counts = Object.entries(this.#script).map(([model, turns]) => [model, turns.length] as const)
    return Object.fromEntries(counts.filter(([, count]) => count > 0))
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#server.closeAllConnections()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const [, model, method] = ROUTE.exec(request.url ?? '') ?? []
    if (!model || !method) return sendJson(response, 404, failure(404, `no route ${request.url}`))
    const recorded: RecordedRequest = {
      model,
      method,
      url: request.url ?? '',
      headers: request.headers,
      body: JSON.parse(body),
      outcome: outcomeOf(response),
    }
    this.requests.push(recorded)
    this.#arrivals.emit('request')
    const turn = this.#script[model]?.shift() ?? this.responder?.(recorded)
    if (!turn) return sendJson(response, 400, failure(400, `the script of ${model} is exhausted`))
    await this.#play(turn, method, response)
  }

  async #play(turn: ModelTurn, method: string, response: ServerResponse): Promise<void> {
    if (turn.delayMs) await this.#pause(turn.delayMs)
    if (turn.hang) return
    if (turn.drop) return drop(response)
    if (turn.httpError) return sendError(response, turn.httpError)
    const chunks = turn.chunks ?? [turn.response ?? {}]
    if (method === 'generateContent') return sendJson(response, 200, turn.response ?? chunks[0])
    await this.#stream(chunks, response)
  }

  async #stream(chunks: object[], response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    for (const chunk of chunks) {
      if ('__hang' in chunk) return
      if ('__drop' in chunk) return drop(response)
      if ('__delayMs' in chunk) await this.#pause(Number(chunk.__delayMs))
      else if (!response.write(`data: ${JSON.stringify(chunk)}\r\n\r\n`))
        await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    response.end()
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#closing.signal })
  }
}

/** Everything that could lead a test to a real account, removed. */
const NO_GOOGLE: Readonly<Record<string, undefined>> = {
  GOOGLE_GENAI_API_KEY: undefined,
  GOOGLE_API_KEY: undefined,
  GEMINI_API_KEY: undefined,
  GOOGLE_GENAI_USE_VERTEXAI: undefined,
  GOOGLE_GENAI_USE_ENTERPRISE: undefined,
  GOOGLE_CLOUD_PROJECT: undefined,
  GOOGLE_CLOUD_LOCATION: undefined,
  GOOGLE_GEMINI_BASE_URL: undefined,
  GOOGLE_VERTEX_BASE_URL: undefined,
}

/** Makes `Gemini` call the stand-in, with some key and no other setting. Returns a function that undoes it. */
export function pointEnvironmentAt({ url }: { url: string }): () => void {
  return setEnvironment({ ...NO_GOOGLE, GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'stand-in-key' })
}

/** Starts one before every test of the file, where `Gemini` finds it, and ends it after. */
export function standInForEach(use: (standIn: GeminiStandIn) => void): void {
  let standIn: GeminiStandIn
  let restore: () => void
  beforeEach(async () => {
    standIn = await new GeminiStandIn().start()
    restore = pointEnvironmentAt(standIn)
    use(standIn)
  })
  afterEach(async () => {
    restore()
    await standIn.close()
  })
}

/** Sets variables; `undefined` removes one. Returns a function that puts everything back. */
export function setEnvironment(values: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]))
  assignEnvironment(values)
  return () => assignEnvironment(before)
}

function assignEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

const DROPPED = new WeakSet<ServerResponse>()

function drop(response: ServerResponse): void {
  DROPPED.add(response)
  response.destroy()
}

async function outcomeOf(response: ServerResponse): Promise<'answered' | 'aborted' | 'dropped'> {
  await once(response, 'close')
  if (DROPPED.has(response)) return 'dropped'
  return response.writableFinished ? 'answered' : 'aborted'
}

/** An error body as the API writes it. */
export function failure(code: number, message: string, status = 'UNKNOWN') {
  return { error: { code, message, status } }
}

function sendError(
  response: ServerResponse,
  { status, body, headers }: NonNullable<ModelTurn['httpError']>,
): void {
  if (typeof body !== 'string') return sendJson(response, status, body, headers)
  response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers?: Record<string, string>,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
