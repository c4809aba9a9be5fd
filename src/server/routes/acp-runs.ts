import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { Acp } from '../../acp/acp.js'
import type { AcpRun } from '../../acp/run.js'
import {
  AcpEvent,
  AcpEventList,
  AcpRun as AcpRunSchema,
  AcpRunPath,
  RunCreateRequest,
  RunResumeRequest,
} from '../../schema/acp.js'
import { invalid, problem } from '../acp-schemas.js'
import { baseUrlOf } from '../base-url.js'
import type { ServerOptions } from '../deps.js'
import { disconnectSignal } from '../disconnect.js'
import { sendJson } from '../json.js'
import { described, type ZodServer } from '../schemas.js'
import { sendAcpEvents } from '../sse.js'
import { traceOriginOf } from '../trace-origin.js'

const tags = ['ACP']

const noRun = problem(404, 'There is no such run, or it is no longer kept.')

/** What may come of a run that is started or resumed, by the mode that was asked for. */
const outcome = {
  200: {
    description: 'The run, which is over or waits for an answer; or its events.',
    content: {
      'application/json': { schema: AcpRunSchema },
      'text/event-stream': { schema: AcpEvent },
    },
  },
  202: described(AcpRunSchema, 'The run, which goes on.'),
  ...problem(409, 'Too many runs wait for their turn on this session.'),
  ...problem(503, 'The server is at its limit of runs, or shutting down.'),
}

export function acpRunRoutes(app: ZodServer, load: () => Promise<Acp>, options: ServerOptions): void {
  app.post(
    '/runs',
    {
      schema: {
        tags,
        operationId: 'acpCreateRun',
        summary: 'Send messages to an agent',
        description:
          'With the mode `sync`, the answer is the run once it is over or waits for something; with `async`, the run at once; ' +
          'with `stream`, its events. A run goes on when its client leaves. An agent that fails is a run that `failed`, not an ' +
          'error. Runs on one session have their turns in order. The header `Run-ID` is the id of the run.',
        body: RunCreateRequest,
        response: {
          ...outcome,
          ...problem(400, '`session_id` and `session.id` differ.'),
          ...problem(404, 'There is no such agent.'),
          ...invalid,
        },
      },
    },
    async ({ body }, reply) => {
      const acp = await load()
      const client = {
        baseUrl: baseUrlOf(reply.request, options),
        traceOrigin: traceOriginOf(reply.request),
      }
      const run = await acp.start(body, client)
      reply.header('run-id', run.id)
      return answer(reply, run, { mode: body.mode ?? 'sync', from: 0 })
    },
  )

  app.get(
    '/runs/:run_id',
    {
      schema: {
        tags,
        operationId: 'acpGetRun',
        summary: 'Get a run',
        description: 'A run is kept for an hour after its end, as long as there are not too many.',
        params: AcpRunPath,
        response: { 200: described(AcpRunSchema, 'The run as it is now.'), ...noRun, ...invalid },
      },
    },
    async ({ params }, reply) => {
      const run = (await load()).find(params.run_id)
      return sendJson(reply, JSON.stringify(run.snapshot()))
    },
  )

  app.get(
    '/runs/:run_id/events',
    {
      schema: {
        tags,
        operationId: 'acpListRunEvents',
        summary: 'List the events of a run',
        params: AcpRunPath,
        response: { 200: described(AcpEventList, 'The events so far, in order.'), ...noRun, ...invalid },
      },
    },
    async ({ params }, reply) => {
      const { events } = (await load()).find(params.run_id)
      return sendJson(reply, JSON.stringify({ events }))
    },
  )

  app.post(
    '/runs/:run_id',
    {
      schema: {
        tags,
        operationId: 'acpResumeRun',
        summary: 'Answer what a run waits for',
        description:
          'Every question is a JSON part of `await_request.message`, with its `function_call_id`. A confirmation takes ' +
          '`{"confirmed": true}`, or a text such as yes or no; a credential the `auth_config` with an ' +
          '`exchangedAuthCredential`; anything else a JSON value or a text. With several questions each answer is a JSON part ' +
          'that names its `function_call_id`; the run waits until it has all of them.',
        params: AcpRunPath,
        body: RunResumeRequest,
        response: {
          ...outcome,
          ...problem(403, 'The run does not wait for an answer, or it may not be confirmed here.'),
          ...noRun,
          ...invalid,
        },
      },
    },
    async ({ params, body: { mode, await_resume } }, reply) => {
      const acp = await load()
      const run = acp.find(params.run_id)
      const from = run.events.length
      acp.resume(run, await_resume.message)
      return answer(reply, run, { mode, from })
    },
  )

  app.post(
    '/runs/:run_id/cancel',
    {
      schema: {
        tags,
        operationId: 'acpCancelRun',
        summary: 'Cancel a run',
        description: 'Stops the model and the tools. What the session has stored stays.',
        params: AcpRunPath,
        response: {
          202: described(AcpRunSchema, 'The run, which is about to end.'),
          ...problem(403, 'The run is over.'),
          ...noRun,
          ...invalid,
        },
      },
    },
    async ({ params }, reply) => {
      const acp = await load()
      const run = acp.cancel(acp.find(params.run_id))
      return sendJson(reply.code(202), JSON.stringify(run))
    },
  )
}

interface Asked {
  mode: NonNullable<z.infer<typeof RunCreateRequest>['mode']>
  /** The index of the first event that belongs to this request. */
  from: number
}

/** Whether somebody waits for it or not is nothing to the run. */
async function answer(reply: FastifyReply, run: AcpRun, { mode, from }: Asked): Promise<FastifyReply> {
  if (mode === 'async') return sendJson(reply.code(202), JSON.stringify(run.snapshot()))
  const signal = disconnectSignal(reply)
  if (mode === 'stream') return sendAcpEvents(reply, run.follow(from, signal))
  await run.rest(signal)
  if (run.invocationId !== undefined) reply.request.invocationId = run.invocationId
  return sendJson(reply, JSON.stringify(run.snapshot()))
}
