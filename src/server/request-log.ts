import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isJsonObject } from '../schema/json.js'
import { MAX_ID_LENGTH } from '../schema/session.js'
import type { Log } from '../telemetry/log.js'
import type { Metrics } from '../telemetry/metrics.js'
import { onReplyClosed } from './disconnect.js'

/** The client's own request id, if it is a plain one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID()
}

/** Who hears of requests once they are over. */
export interface Watchers {
  log: Log
  metrics?: Metrics | undefined
}

export function logRequests(app: FastifyInstance, watchers: Watchers): void {
  app.addHook('onRequest', (request, reply, done) => {
    followRequest(watchers, request, reply)
    done()
  })
}

/** Gives a request its id, and in the end its one line in the log and its place in the metrics. */
export function followRequest(
  { log, metrics }: Watchers,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.header('x-request-id', request.id)
  onReplyClosed(reply, () => {
    writeLine(log, request, reply)
    metrics?.observeRequest({
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    })
  })
}

/** Who, what, how it went, how long. Neither headers nor messages. */
function writeLine(log: Log, request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode, raw } = reply
  const level = levelOf(reply)
  if (!log.isLevelEnabled(level)) return
  log[level](
    {
      reqId: request.id,
      method: request.method,
      route: routeOf(request),
      status: statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...namesIn(request),
      ...(request.invocationId !== undefined && { invocation: request.invocationId }),
      ...(raw.writableEnded ? {} : { cause: 'client_disconnect' }),
    },
    'request',
  )
}

/** The pattern, since there are as many paths as clients can think of. */
const routeOf = ({ routeOptions }: FastifyRequest): string => routeOptions.url ?? 'unknown'

/** Failures are ours, refusals the client's; leaving is everybody's right. */
function levelOf({ statusCode, raw }: FastifyReply): 'error' | 'warn' | 'info' {
  if (!raw.writableEnded) return 'info'
  if (statusCode >= 500) return 'error'
  return statusCode >= 400 ? 'warn' : 'info'
}

function namesIn({ params, body, mount }: FastifyRequest): Record<string, unknown> {
  const path = isJsonObject(params) ? params : {}
  const fields = isJsonObject(body) ? body : {}
  const names = {
    app: path.app_name ?? fields.appName ?? mount,
    user: path.user_id ?? fields.userId,
    session: path.session_id ?? fields.sessionId,
  }
  return Object.fromEntries(Object.entries(names).filter(([, value]) => isName(value)))
}

/** Of a body that was refused, anything may be in the place of a name. */
const isName = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_ID_LENGTH
