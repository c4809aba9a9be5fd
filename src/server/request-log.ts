import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isJsonObject } from '../schema/json.js'
import type { Log } from '../telemetry/log.js'
import { onReplyClosed } from './disconnect.js'

/** The client's own request id, if it is a plain one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID()
}

export function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onRequest', (request, reply, done) => {
    followRequest(log, request, reply)
    done()
  })
}

/** Gives a request its id, and in the end its one line in the log. */
export function followRequest(log: Log, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  onReplyClosed(reply, () => writeLine(log, request, reply))
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
      route: request.routeOptions.url ?? 'unknown',
      status: statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...namesIn(request),
      ...(request.invocationId !== undefined && { invocation: request.invocationId }),
      ...(raw.writableEnded ? {} : { cause: 'client_disconnect' }),
    },
    'request',
  )
}

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
  return Object.fromEntries(Object.entries(names).filter(([, value]) => typeof value === 'string'))
}
