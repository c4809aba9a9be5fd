import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ArtifactKey, BaseArtifactService, LoadArtifactRequest } from '../../core/artifact.js'
import type { Part } from '../../core/content.js'
import { AdkError } from '../../core/errors.js'
import type { SessionKey } from '../../core/session.js'
import {
  ArtifactPath,
  ArtifactQuery,
  ArtifactTailPath,
  ArtifactVersion,
  ArtifactVersionPath,
  ArtifactVersionQuery,
  Filename,
  SaveArtifactRequest,
} from '../../schema/artifact.js'
import { Part as PartSchema } from '../../schema/content.js'
import { acceptBothSpellings } from '../../schema/json.js'
import { Problem } from '../../schema/problem.js'
import { SessionPath } from '../../schema/session.js'
import type { ServerDeps } from '../deps.js'
import { sendJson } from '../json.js'
import { acceptsJson, mediaOf, sendMedia } from '../media.js'
import { described, errors, type ZodServer } from '../schemas.js'

const tags = ['Artifacts']
const ALL = '/apps/:app_name/users/:user_id/sessions/:session_id/artifacts'

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

const toKey = (path: z.infer<typeof SessionPath>): SessionKey => ({
  appName: path.app_name,
  userId: path.user_id,
  sessionId: path.session_id,
})

export function artifactRoutes(app: ZodServer, { artifacts }: ServerDeps): void {
  app.get(
    ALL,
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
    ALL,
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
        ...(customMetadata && { customMetadata }),
      })
      return describeVersion(artifacts, { ...key, version })
    },
  )

  readingRoutes(app, artifacts)

  app.delete(
    `${ALL}/:artifact_name`,
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
  app.delete(`${ALL}/*`, { schema: { hide: true, params: ArtifactTailPath } }, ({ params }, reply) =>
    remove(reply, { ...toKey(params), filename: params['*'] }),
  )

  async function remove(reply: FastifyReply, { filename, ...key }: ArtifactKey): Promise<FastifyReply> {
    await artifacts.deleteArtifact({ ...key, filename: parseFilename(filename) })
    return reply.code(204).send()
  }
}

/**
 * Names may hold slashes, encoded or not, so no pattern of the router tells where a name ends: every route leads to
 * {@link read}, and those that have a pattern are there to be documented.
 */
function readingRoutes(app: ZodServer, artifacts: BaseArtifactService): void {
  const one = `${ALL}/:artifact_name`
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
    (request, reply) => read(artifacts, request, reply),
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
    (request, reply) => read(artifacts, request, reply),
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
    (request, reply) => read(artifacts, request, reply),
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
    (request, reply) => read(artifacts, request, reply),
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
    (request, reply) => read(artifacts, request, reply),
  )

  app.get(
    `${ALL}/*`,
    { schema: { hide: true, params: ArtifactTailPath, querystring: ArtifactQuery } },
    (request, reply) => read(artifacts, request, reply),
  )
}

interface ReadRequest {
  params: z.infer<typeof SessionPath> & Partial<Record<'artifact_name' | 'version_id' | '*', string>>
  query?: unknown
}

async function read(
  artifacts: BaseArtifactService,
  request: FastifyRequest & ReadRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { view, name, version } = parseTail(tailOf(request))
  const key = { ...toKey(request.params), filename: parseFilename(name) }
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
      return asJson ? sendValue(reply, part) : sendMedia(reply, key.filename, requireMedia(key, part))
    }
    default:
      return view satisfies never
  }
}

const sendValue = (reply: FastifyReply, value: unknown): FastifyReply =>
  sendJson(reply, JSON.stringify(value))

/** What follows `/artifacts/`, decoded. */
function tailOf({ params, routeOptions: { url = '' } }: FastifyRequest & ReadRequest): string {
  const tail = url.slice(ALL.length + 1)
  return tail.replace(/:(\w+)|\*/g, (pattern, name: 'artifact_name' | 'version_id' | undefined) => {
    return params[name ?? '*'] ?? pattern
  })
}

type View = 'content' | 'versions' | 'metadata' | 'all-metadata'

/** In this order, from the right: a name may itself look like the end of a path. */
const VIEWS: [view: View, pattern: RegExp][] = [
  ['metadata', /^(.+)\/versions\/([^/]+)\/metadata$/s],
  ['all-metadata', /^(.+)\/versions\/metadata$/s],
  ['content', /^(.+)\/versions\/([^/]+)$/s],
  ['versions', /^(.+)\/versions$/s],
]

function parseTail(tail: string): { view: View; name: string; version?: string } {
  for (const [view, pattern] of VIEWS) {
    const [, name, version] = pattern.exec(tail) ?? []
    if (name !== undefined) return { view, name, ...(version !== undefined && { version }) }
  }
  return { view: 'content', name: tail }
}

/** In the form of every other request that does not fit its schema. */
const invalid = (part: string, issues: Partial<z.core.$ZodIssue>[]): Error =>
  Object.assign(new Error('Invalid request'), { part, issues })

function parseFilename(name: string): string {
  const { data, error } = Filename.safeParse(name, { reportInput: true })
  if (data !== undefined) return data
  throw invalid(
    'path',
    (error?.issues ?? []).map((issue) => ({ ...issue, path: ['artifact_name'] })),
  )
}

/** Nothing but digits is a number here: `1abc` and `1e9` are mistakes. */
function parseVersion(text: string | undefined, [part, name]: [string, string]): { version?: number } {
  if (text === 'latest') return {}
  if (text !== undefined && /^\d+$/.test(text)) return { version: Number(text) }
  const params = { type: 'int_parsing' }
  throw invalid(part, [{ code: 'custom', path: [name], message: 'Invalid version ID', params, input: text }])
}

async function load(artifacts: BaseArtifactService, request: LoadArtifactRequest): Promise<Part> {
  const part = await artifacts.loadArtifact(request)
  // As in the official servers: an artifact without content is none.
  if (part && (part.text || part.inlineData?.data || part.fileData)) return part
  throw missing(request)
}

async function describeVersion(
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
