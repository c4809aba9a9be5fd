import { z } from 'zod'
import { AppList, AppNames, AppSummary, Health, ListAppsQuery, Version } from '../../schema/app.js'
import type { ServedApp, ServerDeps } from '../deps.js'
import { sendJson } from '../json.js'
import { described, errors, type ZodServer } from '../schemas.js'

export function utilityRoutes(app: ZodServer, { apps, options }: ServerDeps): void {
  app.get(
    '/health',
    {
      schema: {
        tags: ['Utility'],
        operationId: 'health',
        summary: 'Is the server up?',
        response: { 200: described(Health, 'It is up.') },
      },
    },
    async () => ({ status: 'ok' }) as const,
  )

  app.get(
    '/version',
    {
      schema: {
        tags: ['Utility'],
        operationId: 'version',
        summary: 'Version of the server',
        response: { 200: described(Version, 'The versions.') },
      },
    },
    async () =>
      ({
        version: options.version,
        language: 'typescript',
        language_version: process.versions.node,
      }) as const,
  )

  app.get(
    '/list-apps',
    {
      schema: {
        tags: ['Utility'],
        operationId: 'listApps',
        summary: 'List the apps',
        description:
          'Names of the apps that were found in the agents folder, sorted. With `detailed`, a description of each.',
        querystring: ListAppsQuery,
        response: {
          200: described(z.union([AppNames, AppList]), 'The names, or with `detailed` the descriptions.'),
          ...errors.invalid,
        },
      },
    },
    async ({ query, mount }, reply) => {
      const names = mount === undefined ? await apps.list() : [mount]
      if (!query.detailed) return sendJson(reply, JSON.stringify(names))
      const loaded = await Promise.allSettled(names.map((name) => apps.load(name)))
      return {
        apps: loaded.flatMap((result) => (result.status === 'fulfilled' ? [summarize(result.value)] : [])),
      }
    },
  )
}

/** The app in short, as lists of apps have it. */
export function summarize({ name, rootAgent }: ServedApp): z.infer<typeof AppSummary> {
  const { name: rootAgentName, description } = rootAgent
  return { name, rootAgentName, description, language: 'typescript', isComputerUse: false }
}
