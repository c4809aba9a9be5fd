// The one place that answers errors. What they mean is in problem.ts and core/errors.ts.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { AdkError, type ProblemCode } from '../core/errors.js'
import { letListedOriginsRead } from './cors.js'
import type { ServerDeps } from './deps.js'
import { DISCONNECTED } from './disconnect.js'
import { isMounted, noteMount } from './mounts.js'
import { internalProblem, toProblem, type ProblemReply } from './problem.js'
import { followRequest, type Watchers } from './request-log.js'

type ToProblemBody = (problem: ProblemReply) => object

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How a route words its errors, where that is not the way of the ADK. */
    toProblemBody?: ToProblemBody
  }
}

/** Time that a client has to finish sending a body that is refused, in milliseconds. */
const LINGER_MS = 5000

/** What may well be over in a moment. */
const PASSING = new Set<ProblemCode>(['session_busy', 'too_many_runs', 'storage_unavailable'])

function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  toBody: ToProblemBody | undefined = request.routeOptions.config.toProblemBody,
): FastifyReply {
  const known = toProblem(error)
  if (!known) request.log.error({ reqId: request.id, err: error }, 'request.failed')
  const problem = known ?? internalProblem(request.id)
  const { status } = problem
  const text = JSON.stringify(toBody ? toBody(problem) : problem.body)
  if (error instanceof AdkError && PASSING.has(error.code)) {
    reply.header('retry-after', '1')
  }
  reply.code(status).type('application/json; charset=utf-8')
  if (status === 413) return sendBeforeClosing(request, reply, text)
  return reply.serializer((json: string) => json).send(text)
}

/** To close while the client is still sending would reset the connection, and the answer be lost on its way. */
function sendBeforeClosing(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  async function* answer() {
    yield text
    await finished(request.raw.resume(), { signal: AbortSignal.timeout(LINGER_MS) }).catch(() => {})
  }
  reply.headers({ connection: 'close', 'content-length': Buffer.byteLength(text) })
  return reply.send(Readable.from(answer()))
}

export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    logCause(request, error)
    // The body broke off, and with it the connection.
    return sendProblem(request, reply, error === request.raw.errored ? DISCONNECTED : error)
  })
}

/**
 * The client reads a sentence; whoever runs the server needs the stack of what is behind it. That of an app that fails to
 * load is in the log already.
 */
function logCause(request: FastifyRequest, error: unknown): void {
  if (!(error instanceof AdkError) || error.code === 'app_load_failed') return
  if (error.status >= 500 && error.cause !== undefined) {
    request.log.error({ reqId: request.id, err: error.cause }, error.code)
  }
}

/** Errors of the router, from before any hook or handler runs. */
export function frameworkErrorHandler(deps: Watchers & Pick<ServerDeps, 'options'>) {
  const { options } = deps
  const letRead = letListedOriginsRead(options.allowOrigins)
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    followRequest(deps, request, reply)
    letRead(request, reply)
    noteMount(request, reply, options)
    void sendProblem(request, reply, error)
  }
}

function toPattern(url: string): RegExp {
  const literal = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+').replaceAll('*', '.*')}/?$`)
}

/** Unknown paths, and known ones with another method. Called before the routes are added. */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const routes: { method: string; pattern: RegExp; route: RouteOptions }[] = []
  app.addHook('onRoute', (route) => {
    const { method, url } = route
    // The one that answers preflights, whatever their path.
    if (url === '*') return
    for (const name of [method].flat()) routes.push({ method: name, pattern: toPattern(url), route })
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    const known = routes.filter(
      ({ pattern, route }) => pattern.test(path) && (request.mount === undefined || isMounted(route)),
    )
    const allowed = known.map(({ method }) => method)
    const isRefusal = allowed.length > 0 && !allowed.includes(request.method)
    if (!isRefusal) return sendProblem(request, reply, new AdkError('route_not_found', 'Not Found'))
    reply.header('allow', [...new Set(allowed)].join(', '))
    const error = new AdkError('method_not_allowed', 'Method Not Allowed')
    return sendProblem(request, reply, error, known[0]?.route.config?.toProblemBody)
  })
}

const CLIENT_ERRORS: Record<string, { code: ProblemCode; text: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', text: 'The request took too long to arrive' },
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    text: 'The request line and headers are larger than 16 KB',
  },
}

/** Node keeps the answer that it is writing there; the types do not tell. */
function isAnswering(socket: Socket & { _httpMessage?: { headersSent: boolean } | null }): boolean {
  return socket._httpMessage?.headersSent ?? false
}

/** Bytes that are not HTTP never become a request: the answer goes straight to the socket. */
export function handleClientErrors(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return
  if (isAnswering(socket)) return void socket.destroy()
  const { code, text } = CLIENT_ERRORS[error.code ?? ''] ?? {
    code: 'bad_request',
    text: 'The request is not valid HTTP',
  }
  const { status } = new AdkError(code, text)
  const body = JSON.stringify({ detail: text, error: text })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
