import { z } from 'zod'
import { AdkError } from '../../core/errors.js'
import { Problem } from '../../schema/problem.js'
import {
  AppEventTracePath,
  AppSessionTracePath,
  EventTrace,
  EventTracePath,
  SessionTracePath,
  Span,
} from '../../schema/trace.js'
import type { SpanRecord } from '../../telemetry/traces.js'
import type { ServerDeps } from '../deps.js'
import { described, errors, type ZodServer } from '../schemas.js'

const tags = ['Traces']
const DEV = '/dev/apps/:app_name'

const ofEvent = {
  tags,
  summary: 'Get what is known of the model call or tool call behind an event',
  description:
    'The newest traces are kept in memory, until there are too many of them or their session is deleted.',
  response: {
    200: described(EventTrace, 'The attributes.'),
    404: described(Problem, 'Nothing is kept of such an event.'),
    ...errors.invalid,
  },
}

const ofSession = {
  tags,
  summary: 'Get the traces of a session',
  description:
    'All spans that are kept of its runs, in order of their beginning; empty for an unknown session. Without an app, of ' +
    'all sessions that have this id.',
  response: { 200: described(z.array(Span), 'The spans.'), ...errors.invalid },
}

export function traceRoutes(app: ZodServer, { traces }: ServerDeps): void {
  app.get(
    '/debug/trace/:event_id',
    { schema: { ...ofEvent, operationId: 'getEventTrace', params: EventTracePath } },
    async ({ params, mount }) => flatten(traces.ofEvent(params.event_id, mount)),
  )
  app.get(
    `${DEV}/debug/trace/:event_id`,
    { schema: { ...ofEvent, operationId: 'getEventTraceDev', params: AppEventTracePath } },
    async ({ params }) => flatten(traces.ofEvent(params.event_id, params.app_name)),
  )
  app.get(
    '/debug/trace/session/:session_id',
    { schema: { ...ofSession, operationId: 'getSessionTrace', params: SessionTracePath } },
    async ({ params, mount }) => traces.ofSession(params.session_id, mount),
  )
  app.get(
    `${DEV}/debug/trace/session/:session_id`,
    { schema: { ...ofSession, operationId: 'getSessionTraceDev', params: AppSessionTracePath } },
    async ({ params }) => traces.ofSession(params.session_id, params.app_name),
  )
}

function flatten(span: SpanRecord | undefined): Record<string, unknown> {
  if (!span) throw new AdkError('trace_not_found', 'Trace not found')
  const { trace_id, span_id, attributes } = span
  return { ...attributes, trace_id, span_id }
}
