// Clients on real sockets, for what an injected request cannot show: bytes, lifetimes, and leaving.
import { once } from 'node:events'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { parsed, type Reply } from './server.js'

export interface RawRequest {
  method: string
  path: string
  /** As they are sent, in order; names may repeat. Host, Content-Length and Connection are added where missing. */
  headers?: [name: string, value: string][]
  body?: string | Buffer
}

/** Connects, and closes when the server does. */
export async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  // What became of a socket is seen by what was read from it.
  socket.on('error', () => {})
  return socket
}

export function bytesOf({ method, path, headers = [], body = '' }: RawRequest): Buffer {
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  const added: [string, string][] = [
    ['Host', 'localhost'],
    ['Connection', 'close'],
  ]
  if (body.length > 0) added.push(['Content-Length', String(Buffer.byteLength(body))])
  const all = [...added.filter(([name]) => !given.has(name.toLowerCase())), ...headers]
  const head = [`${method} ${path} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`), '', '']
  return Buffer.concat([Buffer.from(head.join('\r\n')), Buffer.from(body)])
}

/** Sends a request, and reads until the server closes the connection. The status is 0 when it answers nothing. */
export async function exchange(port: number, request: RawRequest | Buffer): Promise<Reply> {
  const socket = await open(port)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => void chunks.push(chunk))
  socket.write(Buffer.isBuffer(request) ? request : bytesOf(request))
  await once(socket, 'close')
  return readReply(Buffer.concat(chunks))
}

/** Takes apart the bytes of one reply. */
export function readReply(bytes: Buffer): Reply {
  const end = bytes.indexOf('\r\n\r\n')
  const [start = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const rest = bytes.subarray(end + 4)
  const text = (headers['transfer-encoding'] === 'chunked' ? joinChunks(rest) : rest).toString()
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1] ?? 0), headers, text, body: parsed(text) }
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let position = 0; position < bytes.length;) {
    const lineEnd = bytes.indexOf('\r\n', position)
    const size = Number.parseInt(bytes.subarray(position, lineEnd).toString(), 16)
    if (!(size > 0)) break
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    position = lineEnd + 2 + size + 2
  }
  return Buffer.concat(chunks)
}

/** A stream of server-sent events, read as it arrives. */
export class EventStream {
  /** All that has arrived, as it was sent. */
  text = ''
  /** The `id` of the latest event, if it had one. */
  lastEventId: string | undefined
  readonly #chunks: AsyncIterator<string>
  #pending = ''

  constructor(readonly response: IncomingMessage) {
    this.#chunks = response.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>
  }

  get status(): number {
    return this.response.statusCode ?? 0
  }

  /** The value of the next event; `undefined` at the end. Throws when the server breaks off. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they expect it to be
  async next(): Promise<any> {
    for (;;) {
      const end = this.#pending.indexOf('\n\n')
      if (end !== -1) {
        const frame = this.#pending.slice(0, end)
        this.#pending = this.#pending.slice(end + 2)
        if (frame.startsWith(':')) continue
        const { id, data = '' } = /^(?:id: (?<id>.*)\n)?data: (?<data>.*)$/.exec(frame)?.groups ?? {}
        this.lastEventId = id
        return JSON.parse(data)
      }
      const { done, value } = await this.#chunks.next()
      if (done) return undefined
      this.text += value
      this.#pending += value
    }
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  async rest(): Promise<any[]> {
    const events: unknown[] = []
    for (let event = await this.next(); event !== undefined; event = await this.next()) events.push(event)
    return events
  }

  readonly leave = (): void => void this.response.destroy()
}

/** Sends a run and resolves when the headers of the answer are there. */
export async function openStream(
  port: number,
  body: unknown,
  headers: Record<string, string> = {},
  path = '/run_sse',
): Promise<EventStream> {
  const request = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', agent: false })
  request.setHeader('content-type', 'application/json')
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
  request.end(JSON.stringify(body))
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return new EventStream(response)
}

/** Reads a stream with GET, and resolves when the headers of the answer are there. */
export async function watch(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const request = httpRequest({ host: '127.0.0.1', port, path, agent: false, headers })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return new EventStream(response)
}

/** Sends a run to `/run` and leaves it open; `leave` gives it up. */
export function startRun(port: number, body: unknown): { reply: Promise<Reply>; leave: () => void } {
  const request = httpRequest({ host: '127.0.0.1', port, path: '/run', method: 'POST', agent: false })
  request.setHeader('content-type', 'application/json')
  request.end(JSON.stringify(body))
  const reply = readResponse(request)
  reply.catch(() => {})
  return { reply, leave: () => request.destroy() }
}

async function readResponse(request: ClientRequest): Promise<Reply> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const text = Buffer.concat(await response.toArray()).toString()
  return { status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) }
}
