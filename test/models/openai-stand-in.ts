import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

// A stand-in for a server that speaks the chat API of OpenAI, as Ollama, vLLM and many others do. It is scripted: every
// request takes the next reply.

/** What one request is answered with. */
export interface ChatReply {
  /** The message of a whole answer. */
  message?: object
  finishReason?: string
  usage?: object
  /** A stream: the deltas of its chunks; between them, what is to happen, or what to wait for. */
  deltas?: (object | 'hang' | 'drop' | Promise<unknown>)[]
  /** A string body is sent as HTML, anything else as JSON. */
  error?: { status: number; body: unknown; headers?: Record<string, string> }
  /** Never answer. */
  hang?: boolean
}

export interface ChatRequest {
  // Tests look into it as they expect it to be.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any
  authorization: string | undefined
  /** Resolves when the client has hung up before the answer was complete, or has read all of it. */
  outcome: Promise<'answered' | 'aborted'>
}

export interface OpenAiStandIn {
  /** For the `baseURL` of a provider. */
  baseURL: string
  requests: ChatRequest[]
  close: () => Promise<void>
}

/** Listens until the test is over. */
export async function startOpenAi(replies: ChatReply[]): Promise<OpenAiStandIn> {
  const script = [...replies]
  const requests: ChatRequest[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    requests.push(await record(request, response))
    await play(script.shift() ?? { error: { status: 400, body: fault('the script is over') } }, response)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(close)
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { baseURL: `http://127.0.0.1:${port}/v1`, requests, close }
}

async function record(request: IncomingMessage, response: ServerResponse): Promise<ChatRequest> {
  const outcome = once(response, 'close').then(() => (response.writableFinished ? 'answered' : 'aborted'))
  const { authorization } = request.headers
  return { body: JSON.parse(await text(request)), authorization, outcome }
}

async function play(reply: ChatReply, response: ServerResponse): Promise<void> {
  if (reply.hang) return
  if (reply.error) return sendError(reply.error, response)
  if (reply.deltas) return sendStream(reply, reply.deltas, response)
  const { message, finishReason = 'stop', usage } = reply
  const choice = { index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ ...HEAD, object: 'chat.completion', choices: [choice], usage }))
}

const HEAD = { id: 'chat-1', created: 1_700_000_000, model: 'local-model-7b' }

async function sendStream(
  { finishReason = 'stop', usage }: ChatReply,
  deltas: NonNullable<ChatReply['deltas']>,
  response: ServerResponse,
): Promise<void> {
  const send = (fields: object) =>
    response.write(`data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', ...fields })}\n\n`)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const delta of deltas) {
    if (delta === 'hang') return
    if (delta === 'drop') return void response.destroy()
    if (delta instanceof Promise) await delta
    else send('error' in delta ? delta : { choices: [{ index: 0, delta, finish_reason: null }] })
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: finishReason }], usage })
  response.end('data: [DONE]\n\n')
}

function sendError({ status, body, headers }: NonNullable<ChatReply['error']>, response: ServerResponse) {
  const isPage = typeof body === 'string'
  response.writeHead(status, { 'content-type': isPage ? 'text/html' : 'application/json', ...headers })
  response.end(isPage ? body : JSON.stringify(body))
}

/** An error body as OpenAI writes it. */
export const fault = (message: string, code: string | null = null) => ({
  error: { message, type: 'invalid_request_error', param: null, code },
})

/** A call of a function, as the API writes it. */
export const toolCall = (id: string, name: string, args: unknown, index = 0) => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
})
