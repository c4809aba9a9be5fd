import swagger from '@fastify/swagger'
import type { FastifyError, FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { AdkError } from '../core/errors.js'
import type { Apps, ServerOptions } from './deps.js'
import { MOUNTED, MOUNTS_TAG, withMountedPaths } from './mounted-paths.js'
import { isMounted } from './mounts.js'
import { tidyOpenApi } from './openapi.js'

const DESCRIPTION = `HTTP API of ADK agents, compatible with the official ADK API servers.

Create a session, then send it messages: \`/run\` answers with all events at once, \`/run_sse\` streams them.
Field names are camelCase; requests may also use snake_case. Times are seconds. Errors carry the same sentence under
\`detail\` and \`error\`; requests that do not fit their schema are answered with 422 and a list in \`detail\`.`

/** The bar only names the tool behind the page. */
const WITHOUT_TOP_BAR = '.swagger-ui .topbar { display: none }'

const TAGS = [
  { name: 'Utility', description: 'Health, version and the apps that are served.' },
  { name: 'Sessions', description: 'Conversations: their state and their events.' },
  { name: 'Run', description: 'Send a message to an agent.' },
  { name: 'Runs', description: 'Messages being answered: in the background, watched, resumed, cancelled.' },
  { name: 'Artifacts', description: 'Texts and files of a session or of its user, in versions.' },
  { name: 'Memory', description: 'What an app remembers of a user across sessions.' },
  { name: 'Graph', description: 'What an app is made of, as trees and drawings.' },
  { name: 'Traces', description: 'What happened during runs, and how long it took.' },
  { name: 'Developer', description: "What Google's dev UI asks for besides." },
  MOUNTS_TAG,
]

const ACP_TAG = {
  name: 'ACP',
  description:
    'The Agent Communication Protocol 0.2.0: the same agents for its clients. Keys are in snake_case, errors are ' +
    '`{"code", "message", "data"}`. Its sessions are those of the user `acp`, under the same id.',
}

/** Describes every route that is registered after it, at `/openapi.json`, and serves a page to try them at `/docs`. */
export async function documentApi(app: FastifyInstance, options: ServerOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'adk-ts',
        version: options.version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: options.acp ? [...TAGS, ACP_TAG] : TAGS,
      servers: [{ url: options.urlPrefix || '/' }],
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route)
      return { schema: { ...schema, ...(isMounted(route.route) && { [MOUNTED]: true }) }, url }
    },
    transformObject: (document) => withMountedPaths(tidyOpenApi(jsonSchemaTransformObject(document))),
  })
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  await app.register(async (scope) => {
    scope.setErrorHandler(explainRefusal)
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      indexPrefix: options.urlPrefix,
      theme: { title: 'adk-ts', css: [{ filename: 'adk-ts.css', content: WITHOUT_TOP_BAR }] },
      uiConfig: { tryItOutEnabled: true, displayRequestDuration: true },
    })
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

/** What the server of files refuses, such as a range that a file does not have. */
function explainRefusal(error: FastifyError): never {
  const { statusCode = 500 } = error
  throw statusCode < 500 ? new AdkError('bad_request', 'There is no such file, or no such part of it') : error
}

/**
 * Has the description made before any agent is loaded, because agents may name schemas of their own in zod's one
 * registry; and not earlier, because it takes megabytes that a server at rest does not need.
 */
export const describeBeforeLoading = (app: FastifyInstance, apps: Apps): Apps => ({
  list: () => apps.list(),
  load: async (name) => {
    app.swagger()
    return apps.load(name)
  },
})
