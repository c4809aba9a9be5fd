import type { z } from 'zod'
import { AdkError } from '../../core/errors.js'
import { agentTree, groupsOf, nodeAt } from '../../graph/agent-tree.js'
import { toDot, type DotOptions } from '../../graph/dot.js'
import { highlightsOf } from '../../graph/highlights.js'
import { readReadme } from '../../graph/readme.js'
import { AppPath } from '../../schema/app.js'
import { BuildGraph, EventPath, Graph, GraphImageQuery, GraphImages, GraphQuery } from '../../schema/graph.js'
import { Problem } from '../../schema/problem.js'
import type { ServedApp, ServerDeps } from '../deps.js'
import { sendJson } from '../json.js'
import { described, errors, type ZodServer } from '../schemas.js'

const tags = ['Graph']
const EVENT = '/apps/:app_name/users/:user_id/sessions/:session_id/events/:event_id/graph'
const DEV = '/dev/apps/:app_name'

const refused = {
  404: described(Problem, 'There is no such app, or no such node in it.'),
  ...errors.invalid,
  500: described(Problem, 'The app failed to load.'),
}

export function graphRoutes(app: ZodServer, { apps, sessions }: ServerDeps): void {
  for (const [url, operationId] of [
    [EVENT, 'getEventGraph'],
    [`/dev${EVENT}`, 'getEventGraphDev'],
  ] as const) {
    app.get(
      url,
      {
        schema: {
          tags,
          operationId,
          summary: 'Draw an app with what an event is about',
          description:
            'The agent and the tools of function calls and responses stand out, else the author of the event. Empty when ' +
            'there is no such event or session.',
          params: EventPath,
          querystring: GraphQuery,
          response: { 200: described(Graph, 'The drawing, or `{}`.'), ...refused },
        },
      },
      async ({ params, query }) => {
        const { app_name: appName, user_id: userId, session_id: sessionId } = params
        const session = await sessions.getSession({ appName, userId, sessionId })
        const event = session?.events.find(({ id }) => id === params.event_id)
        if (!event) return {}
        const served = await apps.load(appName)
        return draw(served, { dark: query.dark_mode ?? true, highlights: highlightsOf(event) })
      },
    )
  }

  app.get(
    `${DEV}/graph`,
    {
      schema: {
        tags,
        operationId: 'getAppGraph',
        summary: 'Draw an app',
        params: AppPath,
        querystring: GraphQuery,
        response: { 200: described(Graph, 'The drawing.'), ...refused },
      },
    },
    async ({ params, query }) => draw(await apps.load(params.app_name), { dark: query.dark_mode ?? false }),
  )

  app.get(
    `${DEV}/build_graph`,
    {
      schema: {
        tags,
        operationId: 'getBuildGraph',
        summary: 'Get the agents of an app as a tree, and its README',
        params: AppPath,
        response: { 200: described(BuildGraph, 'The tree.'), ...refused },
      },
    },
    async ({ params }, reply) => {
      const { name, rootAgent, dir } = await apps.load(params.app_name)
      return sendJson(
        reply,
        JSON.stringify({ name, root_agent: agentTree(rootAgent), readme: await readReadme(dir) }),
      )
    },
  )

  app.get(
    `${DEV}/build_graph_image`,
    {
      schema: {
        tags,
        operationId: 'getBuildGraphImage',
        summary: 'Draw an app and every group of agents in it',
        description: 'With `node`, `dotSrc` is the drawing of that agent and what is below it.',
        params: AppPath,
        querystring: GraphImageQuery,
        response: { 200: described(GraphImages, 'The drawings.'), ...refused },
      },
    },
    async ({ params, query: { node, dark_mode: dark = false } }, reply) => {
      const { rootAgent } = await apps.load(params.app_name)
      return sendJson(reply, JSON.stringify(images(agentTree(rootAgent), { node, dark })))
    },
  )
}

function draw({ rootAgent }: ServedApp, options: DotOptions): z.infer<typeof Graph> {
  const dotSrc = toDot(agentTree(rootAgent), options)
  return { dotSrc, dot_src: dotSrc }
}

/** By path, and once more on top, where clients that asked for one node look. */
function images(
  root: ReturnType<typeof agentTree>,
  { node = '', dark }: { node: string | undefined; dark: boolean },
): Record<string, unknown> {
  const path = node.split('/').filter((name) => name !== '')
  const wanted = nodeAt(root, path)
  if (!wanted) throw new AdkError('node_not_found', `Node not found: ${node}`)
  const drawings = [...groupsOf(root), [path.join('/'), wanted] as const]
  const dotSrc = toDot(wanted, { dark })
  return Object.fromEntries([
    ...drawings.map(([at, group]) => [at, { dotSrc: toDot(group, { dark }) }] as const),
    ['dotSrc', dotSrc],
  ])
}
