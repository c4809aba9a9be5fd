import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

// A stand-in for the JSON API of Google Cloud Storage on a local port, and for the metadata server that hands out tokens.

interface StoredObject {
  name: string
  generation: string
  contentType: string
  timeCreated: string
  md5Hash: string
  metadata?: Record<string, string>
  content: Buffer
}

export interface RecordedRequest {
  method: string
  url: URL
  authorization: string | undefined
}

/** What happens to a request instead of, or before, its answer. */
export interface Fault {
  method?: string
  /** A part of the URL. */
  url?: string
  status?: number
  headers?: Record<string, string>
  /** Cut the line. */
  drop?: boolean
  /** Cut the line in the middle of the answer. */
  cut?: boolean
  /** Do what was asked, and lose the answer. */
  afterwards?: boolean
}

export class GcsStandIn {
  readonly objects = new Map<string, StoredObject>()
  readonly requests: RecordedRequest[] = []
  /** Used up from the front by the requests that they fit. */
  readonly faults: Fault[] = []
  /** When set, requests have to bring it. */
  token: string | undefined
  pageSize = 3
  #generation = 1_700_000_000_000_000
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy())
  })

  constructor(readonly bucket = 'bucket') {}

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo // a listening TCP server has one
    return `http://127.0.0.1:${port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const url = new URL(request.url ?? '/', this.url)
    const { method = 'GET' } = request
    if (url.pathname.startsWith('/computeMetadata/')) return metadataServer(url, response, this.token)
    this.requests.push({ method, url, authorization: request.headers.authorization })
    const index = this.faults.findIndex(
      (fault) => (fault.method ?? method) === method && url.href.includes(fault.url ?? ''),
    )
    const [fault] = index === -1 ? [] : this.faults.splice(index, 1)
    if (fault?.afterwards) this.#handle(method, url, request, body)
    if (fault?.drop) return void response.destroy()
    if (fault?.cut) {
      response.writeHead(200, { 'content-length': '100' }).write('{')
      return void setImmediate(() => response.destroy())
    }
    if (fault) return send(response, fault.status ?? 500, failure(fault.status ?? 500), fault.headers)
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      return send(response, 401, failure(401))
    }
    const { status, value } = this.#handle(method, url, request, body)
    if (Buffer.isBuffer(value)) response.writeHead(status).end(value)
    else send(response, status, value)
  }

  #handle(
    method: string,
    url: URL,
    request: IncomingMessage,
    body: Buffer,
  ): { status: number; value?: unknown } {
    const [, upload, bucket = '', name] =
      /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? []
    if (decodeURIComponent(bucket) !== this.bucket) return { status: 404, value: failure(404) }
    if (upload) return this.#insert(url, request, body)
    if (name === undefined) return { status: 200, value: this.#list(url.searchParams) }
    const object = this.objects.get(decodeURIComponent(name))
    const generation = url.searchParams.get('generation')
    if (!object || (generation !== null && generation !== object.generation))
      return { status: 404, value: failure(404) }
    if (method === 'DELETE') {
      this.objects.delete(object.name)
      return { status: 204 }
    }
    if (url.searchParams.get('alt') === 'media') return { status: 200, value: object.content }
    return { status: 200, value: withoutContent(object) }
  }

  #insert(url: URL, request: IncomingMessage, body: Buffer): { status: number; value?: unknown } {
    const [, boundary = ''] =
      /^multipart\/related; boundary=(\S+)$/.exec(request.headers['content-type'] ?? '') ?? []
    const [metadata, content] = partsOf(body, boundary)
    if (!metadata || !content || url.searchParams.get('uploadType') !== 'multipart')
      return { status: 400, value: failure(400) }
    const given = JSON.parse(metadata.content.toString()) as Pick<
      StoredObject,
      'name' | 'contentType' | 'metadata' | 'md5Hash'
    >
    const md5Hash = createHash('md5').update(content.content).digest('base64')
    if (
      content.type !== given.contentType ||
      given.md5Hash !== md5Hash ||
      Buffer.byteLength(given.name) > 1024
    ) {
      return { status: 400, value: failure(400) }
    }
    if (url.searchParams.get('ifGenerationMatch') === '0' && this.objects.has(given.name)) {
      return { status: 412, value: failure(412) }
    }
    const object = {
      ...given,
      generation: String(++this.#generation),
      timeCreated: new Date().toISOString(),
      content: content.content,
    }
    this.objects.set(given.name, object)
    return { status: 200, value: withoutContent(object) }
  }

  #list(query: URLSearchParams) {
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter')
    const after = query.get('pageToken')
    const names = [...this.objects.keys()]
      .filter(
        (name) => name.startsWith(prefix) && !(delimiter && name.slice(prefix.length).includes(delimiter)),
      )
      .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const start = after === null ? 0 : names.indexOf(Buffer.from(after, 'base64').toString()) + 1
    const page = names.slice(start, start + this.pageSize)
    const last = page.at(-1)
    return {
      kind: 'storage#objects',
      ...(page.length > 0 && { items: page.flatMap((name) => withoutContent(this.objects.get(name)) ?? []) }),
      ...(last !== undefined &&
        start + page.length < names.length && { nextPageToken: Buffer.from(last).toString('base64') }),
    }
  }
}

function withoutContent(object: StoredObject | undefined) {
  if (!object) return undefined
  const { content, ...others } = object
  return { ...others, kind: 'storage#object', size: String(content.length) }
}

function partsOf(body: Buffer, boundary: string): { type: string; content: Buffer }[] {
  const parts: { type: string; content: Buffer }[] = []
  let start = body.indexOf(`--${boundary}\r\n`)
  while (start !== -1) {
    const end = body.indexOf(`\r\n--${boundary}`, start + 1)
    const part = body.subarray(start + boundary.length + 4, end)
    const head = part.indexOf('\r\n\r\n')
    const [, type = ''] = /content-type: ([^\r\n]*)/i.exec(part.subarray(0, head).toString()) ?? []
    parts.push({ type, content: Buffer.from(part.subarray(head + 4)) })
    start = body.indexOf(`--${boundary}\r\n`, end)
  }
  return parts
}

const failure = (code: number) => ({ error: { code, message: `stand-in ${code}, key=secret-of-somebody` } })

function send(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(value === undefined ? undefined : JSON.stringify(value))
}

function metadataServer(url: URL, response: ServerResponse, token: string | undefined): void {
  response.setHeader('metadata-flavor', 'Google')
  if (url.pathname.endsWith('/token')) {
    return send(response, 200, { access_token: token, expires_in: 3600, token_type: 'Bearer' })
  }
  response.writeHead(200, { 'content-type': 'text/plain' }).end('stand-in')
}
