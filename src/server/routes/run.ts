import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { AdkError } from '../../core/errors.js'
import type { Event } from '../../core/event.js'
import type { AttachedRun, Run, StartRun } from '../../runs/runs.js'
import { Event as EventSchema } from '../../schema/event.js'
import { acceptBothSpellings } from '../../schema/json.js'
import { RunHeaders, RunRequest } from '../../schema/run.js'
import type { ServerDeps } from '../deps.js'
import { disconnectSignal } from '../disconnect.js'
import { sendEventList } from '../json.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { sendEvents, sendLog } from '../sse.js'
import { onceOf, prepareRun } from '../start-run.js'
import { traceOriginOf } from '../trace-origin.js'

const tags = ['Run']

const Body = acceptBothSpellings(RunRequest)

export function runRoutes(app: ZodServer, deps: ServerDeps): void {
  app.post(
    '/run',
    {
      schema: {
        tags,
        operationId: 'runAgent',
        summary: 'Send a message and get all events of the answer',
        description:
          'Answers when the agent is done. A failure of the model or of a tool is an event with `errorCode`. ' +
          'Disconnecting cancels the run.',
        headers: RunHeaders,
        body: Body,
        response: {
          200: described(z.array(EventSchema), 'The events, in order.'),
          ...errors.run,
          ...errors.eventsGone,
          ...errors.notFound,
          ...errors.invalid,
        },
      },
    },
    async ({ body, headers }, reply) => {
      const signal = disconnectSignal(reply)
      const request = await prepare(deps, { ...body, streaming: false }, reply)
      const once = onceOf(headers, body)
      if (once) {
        const run = deps.runs.start({ ...request, once })
        reply.request.invocationId = run.id
        return sendEventList(reply, await collectLog(run, signal))
      }
      const run = await deps.runs.attach({ ...request, signal })
      reply.request.invocationId = run.id
      return sendEventList(reply, await collect(run))
    },
  )

  app.post(
    '/run_sse',
    {
      schema: {
        tags,
        operationId: 'runAgentSse',
        summary: 'Send a message and get the events of the answer as they happen',
        description:
          'Server-sent events: each is `data:` followed by one event as JSON. With `streaming` the chunks of the model come ' +
          'too, as events with `partial: true`. A failure after the first event is one last `{"error": …}`. ' +
          'Disconnecting cancels the run.',
        headers: RunHeaders,
        body: Body,
        response: {
          200: { description: 'The events.', content: { 'text/event-stream': { schema: EventSchema } } },
          ...errors.run,
          ...errors.eventsGone,
          ...errors.notFound,
          ...errors.invalid,
        },
      },
    },
    async ({ body, headers }, reply) => {
      const signal = disconnectSignal(reply)
      const request = await prepare(deps, body, reply)
      const once = onceOf(headers, body)
      if (once) {
        const run = deps.runs.start({ ...request, once })
        reply.request.invocationId = run.id
        return sendLog(reply, run, { events: run.events({ signal }), isNumbered: false })
      }
      const run = await deps.runs.attach({ ...request, signal })
      reply.request.invocationId = run.id
      return sendEvents(reply, run.reading)
    },
  )
}

async function prepare(deps: ServerDeps, body: RunRequest, { request }: FastifyReply): Promise<StartRun> {
  const appName = body.appName ?? deps.options.defaultApp
  if (appName === undefined) {
    throw new AdkError('app_name_missing', 'appName is required when ADK_DEFAULT_APP_NAME is not set')
  }
  const { userId, sessionId } = body
  return prepareRun(deps, { appName, userId, sessionId }, body, traceOriginOf(request))
}

/** What the run has said so far and will say, chunks left out. */
async function collectLog(run: Run, signal: AbortSignal): Promise<Event[]> {
  const collected: Event[] = []
  for await (const { event } of run.events({ signal })) if (!event.partial) collected.push(event)
  if (run.failure) throw run.failure
  return collected
}

async function collect({ reading }: AttachedRun): Promise<Event[]> {
  const collected: Event[] = []
  for await (const event of reading) collected.push(event)
  return collected
}
