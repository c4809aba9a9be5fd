import type { FastifyRequest } from 'fastify'
import type { TraceOrigin } from '../core/trace.js'

/** The trace that the client is in, if it says so. */
export function traceOriginOf({ headers }: FastifyRequest): TraceOrigin | undefined {
  const { traceparent, tracestate } = headers
  if (typeof traceparent !== 'string') return undefined
  return { traceparent, ...(typeof tracestate === 'string' && { tracestate }) }
}
