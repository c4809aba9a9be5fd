import type { FastifyRequest } from 'fastify'
import type { TraceOrigin } from '../core/trace.js'

/** The trace that the client is in, if it says so. Of the headers as they came: routes know only those of their schema. */
export function traceOriginOf({ raw: { headers } }: FastifyRequest): TraceOrigin | undefined {
  const { traceparent, tracestate } = headers
  if (typeof traceparent !== 'string') return undefined
  return { traceparent, ...(typeof tracestate === 'string' && { tracestate }) }
}
