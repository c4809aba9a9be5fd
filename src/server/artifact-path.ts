// What a path below the artifacts of a session asks for. Names may hold slashes, encoded or not, so no pattern of the router
// tells where a name ends.
import type { z } from 'zod'
import { Filename } from '../schema/artifact.js'
import type { SessionPath } from '../schema/session.js'

export const ARTIFACTS = '/apps/:app_name/users/:user_id/sessions/:session_id/artifacts'

type Pattern = 'artifact_name' | 'version_id' | '*'
/** The names in such a path, by the patterns of its route. */
export type ArtifactParams = z.infer<typeof SessionPath> & Partial<Record<Pattern, string>>

type View = 'content' | 'versions' | 'metadata' | 'all-metadata'

/** In this order, from the right: a name may itself look like the end of a path. */
const VIEWS: [view: View, pattern: RegExp][] = [
  ['metadata', /^(.+)\/versions\/([^/]+)\/metadata$/s],
  ['all-metadata', /^(.+)\/versions\/metadata$/s],
  ['content', /^(.+)\/versions\/([^/]+)$/s],
  ['versions', /^(.+)\/versions$/s],
]

interface Asked {
  view: View
  filename: string
  version?: string
}

/** Reads the path of a request, which the route of that URL has taken. */
export function parseArtifactPath(url: string, params: ArtifactParams): Asked {
  const tail = decodedTail(url, params)
  for (const [view, pattern] of VIEWS) {
    const [, name, version] = pattern.exec(tail) ?? []
    if (name === undefined) continue
    return { view, filename: parseFilename(name), ...(version !== undefined && { version }) }
  }
  return { view: 'content', filename: parseFilename(tail) }
}

/** What follows the artifacts, its patterns replaced by what they stand for. */
function decodedTail(url: string, params: ArtifactParams): string {
  return url.slice(ARTIFACTS.length + 1).replace(/:(\w+)|\*/g, (pattern, name: Pattern = '*') => {
    return params[name] ?? pattern
  })
}

/** In the form of every other request that does not fit its schema. */
const invalid = (part: string, issues: Partial<z.core.$ZodIssue>[]): Error =>
  Object.assign(new Error('Invalid request'), { part, issues })

export function parseFilename(name: string): string {
  const { data, error } = Filename.safeParse(name, { reportInput: true })
  if (data !== undefined) return data
  throw invalid(
    'path',
    (error?.issues ?? []).map((issue) => ({ ...issue, path: ['artifact_name'] })),
  )
}

/** The version, unless the latest is meant. Nothing but digits is a number here: `1abc` and `1e9` are mistakes. */
export function parseVersion(text: string | undefined, [part, name]: [string, string]): { version?: number } {
  if (text === 'latest') return {}
  if (text !== undefined && /^\d+$/.test(text)) return { version: Number(text) }
  const params = { type: 'int_parsing' }
  throw invalid(part, [{ code: 'custom', path: [name], message: 'Invalid version ID', params, input: text }])
}
