import { z } from 'zod'
import { AdkError } from '../../core/errors.js'
import type { Run } from '../../runs/runs.js'
import { Event as EventSchema } from '../../schema/event.js'
import { acceptBothSpellings } from '../../schema/json.js'
import { Run as RunSchema, RunHeaders, RunPath, StartRunRequest, WatchHeaders } from '../../schema/run.js'
import { SessionPath } from '../../schema/session.js'
import type { ServerDeps } from '../deps.js'
import { disconnectSignal } from '../disconnect.js'
import { mountPath } from '../mounts.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { sendLog } from '../sse.js'
import { onceOf, prepareRun } from '../start-run.js'
import { traceOriginOf } from '../trace-origin.js'
import { requireSession, toKey } from '../session-key.js'

const tags = ['Runs']
const ALL = '/apps/:app_name/users/:user_id/sessions/:session_id/runs'
const ONE = `${ALL}/:invocation_id`

export function runsRoutes(app: ZodServer, deps: ServerDeps): void {
  const { runs, sessions, options } = deps

  app.get(
    ALL,
    {
      schema: {
        tags,
        operationId: 'listRuns',
        summary: 'List the runs of a session',
        description:
          'Those that wait, those under way, and those that ended lately, however they were started.',
        params: SessionPath,
        response: {
          200: described(z.array(RunSchema), 'The runs, oldest first.'),
          ...errors.notFound,
          ...errors.invalid,
        },
      },
    },
    async ({ params }) => {
      await requireSession(sessions, toKey(params), { numRecentEvents: 0 })
      return runs.list(toKey(params)).map(describeRun)
    },
  )

  app.post(
    ALL,
    {
      schema: {
        tags,
        operationId: 'startRun',
        summary: 'Send a message and do not wait for the answer',
        description:
          'Starts a run in the background, or puts it in line behind those of the session. It goes on until it ends or is ' +
          'cancelled, whether or not anybody watches. `Location` is its path.',
        params: SessionPath,
        headers: RunHeaders,
        body: acceptBothSpellings(StartRunRequest),
        response: {
          202: described(RunSchema, 'The run, which has begun or waits for its turn.'),
          ...errors.run,
          ...errors.notFound,
          ...errors.invalid,
        },
      },
    },
    async ({ params, headers, body }, reply) => {
      const request = await prepareRun(deps, toKey(params), body, traceOriginOf(reply.request))
      const run = runs.start({ ...request, once: onceOf(headers, body) })
      reply.request.invocationId = run.id
      return reply
        .code(202)
        .header('location', `${options.urlPrefix}${mountPath(reply.request)}${pathOf(run)}`)
        .send(describeRun(run))
    },
  )

  app.get(
    ONE,
    {
      schema: {
        tags,
        operationId: 'getRun',
        summary: 'Get the status of a run',
        description:
          'A run is kept for an hour after its end, as long as there are not too many. Its events stay in the session.',
        params: RunPath,
        response: { 200: described(RunSchema, 'The run.'), ...errors.runNotFound, ...errors.invalid },
      },
    },
    async ({ params }) => describeRun(requireRun(deps, params)),
  )

  app.get(
    `${ONE}/events`,
    {
      exposeHeadRoute: false,
      schema: {
        tags,
        operationId: 'watchRun',
        summary: 'Read the events of a run, from its beginning or where a connection broke',
        description:
          'Server-sent events as those of `/run_sse`, each with an `id`. The stream ends with the run; a run that failed or ' +
          'was cancelled ends with `{"error": …}`. With the header `Last-Event-ID`, which browsers send by themselves when they ' +
          'connect again, it goes on after that event. Leaving does not disturb the run. A run of `/run_sse` has only its ' +
          'complete events here.',
        params: RunPath,
        headers: WatchHeaders,
        response: {
          200: { description: 'The events.', content: { 'text/event-stream': { schema: EventSchema } } },
          204: z
            .undefined()
            .describe('The run has ended and nothing follows that event; do not connect again.'),
          ...errors.runNotFound,
          ...errors.eventsGone,
          ...errors.invalid,
        },
      },
    },
    async ({ params, headers }, reply) => {
      const run = requireRun(deps, params)
      const after = toIndex(run, headers['last-event-id'])
      if (run.endedAt !== undefined && after !== undefined && after + 1 >= frameCount(run))
        return reply.code(204).send()
      return sendLog(reply, run, {
        events: run.events({ after, signal: disconnectSignal(reply) }),
        isNumbered: true,
      })
    },
  )

  app.post(
    `${ONE}/cancel`,
    {
      schema: {
        tags,
        operationId: 'cancelRun',
        summary: 'Cancel a run',
        description:
          'Stops the model and the tools, and answers when the run has ended; its stored events stay. Nothing happens to a run ' +
          'that has ended already.',
        params: RunPath,
        response: {
          200: described(RunSchema, 'The run, which has ended.'),
          ...errors.runNotFound,
          ...errors.invalid,
        },
      },
    },
    async ({ params }) => {
      const run = requireRun(deps, params)
      run.cancel(new AdkError('run_cancelled', 'The run was cancelled'))
      await run.done
      return describeRun(run)
    },
  )
}

function requireRun({ runs }: ServerDeps, params: z.infer<typeof RunPath>): Run {
  const run = runs.find(toKey(params), params.invocation_id)
  if (run) return run
  const hint = 'Runs are kept for a while after their end; their events stay in the session'
  throw new AdkError('run_not_found', `Run not found: ${params.invocation_id}. ${hint}`)
}

/** A failure has a frame of its own, after the events. */
const frameCount = (run: Run): number => run.size + (run.failure ? 1 : 0)

function toIndex(run: Run, lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined
  const index = Number(lastEventId)
  if (index < frameCount(run)) return index
  throw new AdkError(
    'invalid_last_event_id',
    `Run ${run.id} has no event ${index} yet; Last-Event-ID should be the id of an event of this stream`,
  )
}

function pathOf({ key, id }: Run): string {
  const [app, user, session, run] = [key.appName, key.userId, key.sessionId, id].map(encodeURIComponent)
  return `/apps/${app}/users/${user}/sessions/${session}/runs/${run}`
}

function describeRun(run: Run): z.infer<typeof RunSchema> {
  const { id, invocationId, status, isAttached, size, createdAt, startedAt, endedAt, failure } = run
  return {
    id,
    invocationId,
    status,
    background: !isAttached,
    eventCount: size,
    createdAt,
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(failure && { errorCode: failure.code, errorMessage: failure.message }),
  }
}
