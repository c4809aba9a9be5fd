import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Acp } from '../../acp/acp.js'
import type { AcpOptions } from '../../acp/options.js'
import type { AcpRun } from '../../acp/run.js'
import {
  AcpError,
  AcpEvent,
  AcpEventList,
  AcpResourcePath,
  AcpRun as AcpRunSchema,
  AcpRunPath,
  AcpSession,
  AcpSessionPath,
  RunCreateRequest,
  RunResumeRequest,
} from '../../schema/acp.js'
import { AgentList, AgentListQuery, AgentManifest, AgentPath, Pong } from '../../schema/acp-agent.js'
import { JsonObject } from '../../schema/json.js'
import { toAcpForm } from '../acp-problem.js'
import type { ServerDeps, ServerOptions } from '../deps.js'
import { disconnectSignal } from '../disconnect.js'
import { sendJson } from '../json.js'
import { described, type ZodServer } from '../schemas.js'
import { sendAcpEvents } from '../sse.js'
import { traceOriginOf } from '../trace-origin.js'

const tags = ['ACP']

const problem = (status: number, description: string) => ({ [status]: described(AcpError, description) })
const invalid = problem(422, 'The request does not fit its schema, or says nothing.')
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

/** Not everybody uses the protocol, so nothing but its routes is there before the first request. */
type LoadAcp = () => Promise<Acp>

/** The Agent Communication Protocol. The routes are on a scope of their own, whose errors have the form of the protocol. */
export function acpRoutes(app: ZodServer, deps: ServerDeps, options: AcpOptions): void {
  let loading: Promise<Acp> | undefined
  const load = () =>
    (loading ??= import('../../acp/acp.js').then(({ Acp: Loaded }) => new Loaded(deps, options)))
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, toProblemBody: toAcpForm }
  })
  discoveryRoutes(app, load)
  runRoutes(app, load, deps.options)
  sessionRoutes(app, load, deps.options)
}

function discoveryRoutes(app: ZodServer, load: LoadAcp): void {
  app.get(
    '/ping',
    {
      schema: {
        tags,
        operationId: 'acpPing',
        summary: 'Is the server up?',
        response: { 200: described(Pong, 'It is up.') },
      },
    },
    async () => ({}),
  )

  app.get(
    '/agents',
    {
      schema: {
        tags,
        operationId: 'acpListAgents',
        summary: 'List the agents',
        description: 'The apps of `/list-apps`, in the same order, with the names that the protocol allows.',
        querystring: AgentListQuery,
        response: { 200: described(AgentList, 'The agents.'), ...invalid },
      },
    },
    async ({ query }) => ({ agents: await (await load()).agents.list(query) }),
  )

  app.get(
    '/agents/:name',
    {
      schema: {
        tags,
        operationId: 'acpGetAgent',
        summary: 'Describe an agent',
        params: AgentPath,
        response: { 200: described(AgentManifest, 'The agent.'), ...problem(404, 'There is no such agent.') },
      },
    },
    async ({ params }) => {
      const { agents } = await load()
      return agents.manifest(await agents.find(params.name))
    },
  )
}

function runRoutes(app: ZodServer, load: LoadAcp, options: ServerOptions): void {
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

function sessionRoutes(app: ZodServer, load: LoadAcp, options: ServerOptions): void {
  app.get(
    '/sessions/:session_id',
    {
      schema: {
        tags,
        operationId: 'acpGetSession',
        summary: 'Get a session',
        description:
          'The messages of the runs that were completed on it. It is kept for an hour after its last run, as long as there ' +
          'are not too many; the ADK session of the same id, under the user `acp`, stays.',
        params: AcpSessionPath,
        response: {
          200: described(AcpSession, 'The session.'),
          ...problem(404, 'No run has used such a session lately.'),
          ...invalid,
        },
      },
    },
    async ({ params }, reply) => {
      const session = await (await load()).session(params.session_id, baseUrlOf(reply.request, options))
      return sendJson(reply, JSON.stringify(session))
    },
  )

  app.get(
    '/resources/:resource_id',
    {
      schema: {
        tags,
        operationId: 'acpGetResource',
        summary: 'Get a message or the state of a session',
        description: 'What the URLs in a session lead to.',
        params: AcpResourcePath,
        response: {
          200: described(JsonObject, 'A message, or the state.'),
          ...problem(404, 'There is no such resource, or it is no longer kept.'),
          ...invalid,
        },
      },
    },
    async ({ params }, reply) => {
      const resource = await (await load()).resource(params.resource_id)
      return sendJson(reply, JSON.stringify(resource))
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

/** As the client sees it: headers of proxies are not trusted. */
const baseUrlOf = ({ protocol, host }: FastifyRequest, { urlPrefix }: ServerOptions): string =>
  `${protocol}://${host}${urlPrefix}`
