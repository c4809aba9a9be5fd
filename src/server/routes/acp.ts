import type { Acp } from '../../acp/acp.js'
import type { AcpOptions } from '../../acp/options.js'
import { AcpResourcePath, AcpSession, AcpSessionPath } from '../../schema/acp.js'
import { AgentList, AgentListQuery, AgentManifest, AgentPath, Pong } from '../../schema/acp-agent.js'
import { JsonObject } from '../../schema/json.js'
import { toAcpForm } from '../acp-problem.js'
import { invalid, problem } from '../acp-schemas.js'
import { baseUrlOf } from '../base-url.js'
import type { ServerDeps, ServerOptions } from '../deps.js'
import { sendJson } from '../json.js'
import { described, type ZodServer } from '../schemas.js'
import { acpRunRoutes } from './acp-runs.js'

const tags = ['ACP']

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
  acpRunRoutes(app, load, deps.options)
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
