// The routes of the server a second time, in its description: as every app has them under `/agent/{agent_name}`.
import type { jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { JsonObject } from '../schema/json.js'

type OpenApiDocument = ReturnType<typeof jsonSchemaTransformObject>

/** Marks the operations that are there under `/agent/{agent_name}`, too; gone from the finished document. */
export const MOUNTED = 'x-mounted'

export const MOUNTS_TAG = {
  name: 'Mounts',
  description:
    'Every app on its own: below `/agent/{agent_name}` the routes above know that app alone. They share its sessions with ' +
    'the root; `appName` may be left out, and another app is 404.',
}

const AGENT_NAME = {
  schema: { type: 'string' },
  example: 'weather_time_agent',
  in: 'path',
  name: 'agent_name',
  required: true,
  description: 'Name of the agent folder, exactly; an `app_name` in the path or the body is the same.',
}

const NOT_FOUND = {
  description: 'There is no such app, or the request names another one.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

/** Adds the mounted paths after all others. */
export function withMountedPaths(document: OpenApiDocument): OpenApiDocument {
  const paths: Record<string, JsonObject> = {}
  const mounted: Record<string, JsonObject> = {}
  for (const [path, methods] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries<JsonObject>(methods)) {
      const { [MOUNTED]: isMounted, ...own } = operation
      ;(paths[path] ??= {})[method] = own
      if (isMounted) (mounted[`/agent/{agent_name}${path}`] ??= {})[method] = asMounted(own)
    }
  }
  return { ...document, paths: { ...paths, ...mounted } }
}

function asMounted({ operationId, parameters = [], responses, ...operation }: JsonObject): JsonObject {
  return {
    ...operation,
    operationId: `${String(operationId)}OfAgent`,
    tags: [MOUNTS_TAG.name],
    parameters: [AGENT_NAME, ...(parameters as object[])], // a list, by the rules of OpenAPI
    responses: { 404: NOT_FOUND, ...(responses as object) },
  }
}
