// Reading of artifacts. What a path asks for is in artifact-path.ts.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ArtifactKey, BaseArtifactService, LoadArtifactRequest } from '../../core/artifact.js'
import type { Part } from '../../core/content.js'
import { AdkError } from '../../core/errors.js'
import {
  ArtifactPath,
  ArtifactQuery,
  ArtifactTailPath,
  ArtifactVersion,
  ArtifactVersionPath,
  ArtifactVersionQuery,
} from '../../schema/artifact.js'
import { Part as PartSchema } from '../../schema/content.js'
import { Problem } from '../../schema/problem.js'
import { ARTIFACTS, parseArtifactPath, parseVersion, type ArtifactParams } from '../artifact-path.js'
import { sendJson } from '../json.js'
import { acceptsJson, mediaOf, sendMedia } from '../media.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { toKey } from '../session-key.js'

const tags = ['Artifacts']

const notFound = { 404: described(Problem, 'There is no such artifact, or it has no content of its own.') }
const partOrMedia = {
  200: {
    description: 'The content: as a part, or as a file when that was asked for.',
    content: {
      'application/json': { schema: PartSchema },
      'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) },
    },
  },
  ...notFound,
  ...errors.invalid,
}

/** Every route leads to {@link read}: those that have a pattern are there to be documented. */
export function artifactReadingRoutes(app: ZodServer, artifacts: BaseArtifactService): void {
  const answer = (request: ReadRequest, reply: FastifyReply) => read(artifacts, request, reply)
  const one = `${ARTIFACTS}/:artifact_name`
  app.get(
    one,
    {
      schema: {
        tags,
        operationId: 'getArtifact',
        summary: 'Get an artifact',
        params: ArtifactPath,
        querystring: ArtifactQuery,
        response: partOrMedia,
      },
    },
    answer,
  )

  app.get(
    `${one}/versions`,
    {
      schema: {
        tags,
        operationId: 'listArtifactVersions',
        summary: 'List the versions of an artifact',
        description: 'Numbers, ascending. Empty for an unknown name.',
        params: ArtifactPath,
        response: {
          200: described(z.array(z.int()).meta({ examples: [[0, 1]] }), 'The versions.'),
          ...errors.invalid,
        },
      },
    },
    answer,
  )

  app.get(
    `${one}/versions/:version_id`,
    {
      schema: {
        tags,
        operationId: 'getArtifactVersion',
        summary: 'Get one version of an artifact',
        params: ArtifactVersionPath,
        querystring: ArtifactVersionQuery,
        response: partOrMedia,
      },
    },
    answer,
  )

  app.get(
    `${one}/versions/metadata`,
    {
      schema: {
        tags,
        operationId: 'listArtifactVersionsMetadata',
        summary: 'Describe all versions of an artifact',
        description: 'Empty for an unknown name.',
        params: ArtifactPath,
        response: { 200: described(z.array(ArtifactVersion), 'The versions, ascending.'), ...errors.invalid },
      },
    },
    answer,
  )

  app.get(
    `${one}/versions/:version_id/metadata`,
    {
      schema: {
        tags,
        operationId: 'getArtifactVersionMetadata',
        summary: 'Describe one version of an artifact',
        params: ArtifactVersionPath,
        response: { 200: described(ArtifactVersion, 'The version.'), ...notFound, ...errors.invalid },
      },
    },
    answer,
  )

  app.get(
    `${ARTIFACTS}/*`,
    { schema: { hide: true, params: ArtifactTailPath, querystring: ArtifactQuery } },
    answer,
  )
}

type ReadRequest = FastifyRequest & { params: ArtifactParams; query?: unknown }

async function read(
  artifacts: BaseArtifactService,
  request: ReadRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { params, routeOptions } = request
  const { view, filename, version } = parseArtifactPath(routeOptions.url ?? '', params)
  const key = { ...toKey(params), filename }
  switch (view) {
    case 'versions':
      return sendValue(reply, await artifacts.listVersions(key))
    case 'all-metadata':
      return sendValue(reply, await artifacts.listArtifactVersions(key))
    case 'metadata': {
      const wanted = { ...key, ...parseVersion(version, ['path', 'version_id']) }
      return sendValue(reply, await describeVersion(artifacts, wanted))
    }
    case 'content': {
      const query = ArtifactQuery.parse(request.query)
      const wanted = {
        ...key,
        ...(version === undefined
          ? parseVersion(query.version ?? 'latest', ['query', 'version'])
          : parseVersion(version, ['path', 'version_id'])),
      }
      const part = await load(artifacts, wanted)
      reply.header('vary', [reply.getHeader('vary') ?? [], 'Accept'].flat().join(', '))
      const asJson = query.alt === undefined ? acceptsJson(request) : query.alt === 'json'
      return asJson ? sendValue(reply, part) : sendMedia(reply, filename, requireMedia(key, part))
    }
    default:
      return view satisfies never
  }
}

const sendValue = (reply: FastifyReply, value: unknown): FastifyReply =>
  sendJson(reply, JSON.stringify(value))

async function load(artifacts: BaseArtifactService, request: LoadArtifactRequest): Promise<Part> {
  const part = await artifacts.loadArtifact(request)
  // As in the official servers: an artifact without content is none.
  if (part && (part.text || part.inlineData?.data || part.fileData)) return part
  throw missing(request)
}

export async function describeVersion(
  artifacts: BaseArtifactService,
  request: LoadArtifactRequest,
): Promise<z.infer<typeof ArtifactVersion>> {
  const found = await artifacts.getArtifactVersion(request)
  if (!found) throw missing(request)
  return found
}

const missing = ({ filename }: ArtifactKey): AdkError =>
  new AdkError('artifact_not_found', `Artifact not found: ${filename}`)

function requireMedia({ filename }: ArtifactKey, part: Part) {
  const media = mediaOf(part)
  if (media) return media
  throw new AdkError(
    'artifact_not_found',
    `Artifact "${filename}" has no content of its own: it refers to a file that lies elsewhere. Get it as JSON to read where`,
  )
}
