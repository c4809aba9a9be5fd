import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { ArtifactKey } from '../../core/artifact.js'
import type { Part } from '../../core/content.js'
import {
  ArtifactPath,
  ArtifactTailPath,
  ArtifactVersion,
  SaveArtifactRequest,
} from '../../schema/artifact.js'
import { acceptBothSpellings } from '../../schema/json.js'
import { SessionPath } from '../../schema/session.js'
import { ARTIFACTS, parseFilename } from '../artifact-path.js'
import type { ServerDeps } from '../deps.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { toKey } from '../session-key.js'
import { artifactReadingRoutes, describeVersion } from './artifact-reading.js'

const tags = ['Artifacts']

export function artifactRoutes(app: ZodServer, { artifacts }: ServerDeps): void {
  app.get(
    ARTIFACTS,
    {
      schema: {
        tags,
        operationId: 'listArtifacts',
        summary: 'List the artifacts of a session',
        description:
          'Names, sorted, those that the user shares between sessions included. Empty for an unknown session.',
        params: SessionPath,
        response: {
          200: described(z.array(z.string()).meta({ examples: [['notes/today.txt']] }), 'The names.'),
          ...errors.invalid,
        },
      },
    },
    async ({ params }) => (await artifacts.listArtifactKeys(toKey(params))).toSorted(),
  )

  app.post(
    ARTIFACTS,
    {
      schema: {
        tags,
        operationId: 'saveArtifact',
        summary: 'Save an artifact',
        description:
          'Adds a version; earlier ones stay. Base64 may use either alphabet and is answered in the standard one. ' +
          'The session need not exist.',
        params: SessionPath,
        body: acceptBothSpellings(SaveArtifactRequest),
        response: { 200: described(ArtifactVersion, 'The new version.'), ...errors.invalid },
      },
    },
    async ({ params, body: { filename, artifact, customMetadata } }) => {
      const key = { ...toKey(params), filename }
      const version = await artifacts.saveArtifact({
        ...key,
        artifact: artifact as Part, // the wire's loose form of the same shape
        customMetadata,
      })
      return describeVersion(artifacts, { ...key, version })
    },
  )

  artifactReadingRoutes(app, artifacts)

  app.delete(
    `${ARTIFACTS}/:artifact_name`,
    {
      schema: {
        tags,
        operationId: 'deleteArtifact',
        summary: 'Delete an artifact',
        description: 'With all its versions. Also succeeds when there is no such artifact.',
        params: ArtifactPath,
        response: { 204: z.undefined().describe('Deleted.'), ...errors.invalid },
      },
    },
    ({ params }, reply) => remove(reply, { ...toKey(params), filename: params.artifact_name }),
  )
  app.delete(`${ARTIFACTS}/*`, { schema: { hide: true, params: ArtifactTailPath } }, ({ params }, reply) =>
    remove(reply, { ...toKey(params), filename: params['*'] }),
  )

  async function remove(reply: FastifyReply, { filename, ...key }: ArtifactKey): Promise<FastifyReply> {
    await artifacts.deleteArtifact({ ...key, filename: parseFilename(filename) })
    return reply.code(204).send()
  }
}
