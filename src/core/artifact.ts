import { Filename } from '../schema/artifact.js'
import type { JsonObject } from '../schema/json.js'
import type { Part } from './content.js'
import { AdkError } from './errors.js'
import type { SessionKey } from './session.js'

/** Names that start with this belong to the user and are seen by all of the user's sessions. */
export const USER_ARTIFACT_PREFIX = 'user:'

export interface ArtifactKey extends SessionKey {
  filename: string
}

export interface SaveArtifactRequest extends ArtifactKey {
  artifact: Part
  customMetadata?: JsonObject
}

export interface LoadArtifactRequest extends ArtifactKey {
  /** The latest, unless one is named. */
  version?: number
}

export interface ArtifactVersion {
  version: number
  canonicalUri: string
  customMetadata: JsonObject
  /** Seconds since the epoch. */
  createTime: number
  mimeType?: string
}

/** Throws unless every store can keep a name, and every URL carry it. */
export function checkFilename(filename: string): void {
  const { error } = Filename.safeParse(filename)
  if (!error) return
  const problems = error.issues.map(({ message }) => message).join('; ')
  throw new AdkError(
    'invalid_artifact_name',
    `Artifact name ${JSON.stringify(shorten(filename))} cannot be kept: ${problems}`,
  )
}

const shorten = (text: string): string =>
  text.length > 60 ? `${Array.from(text).slice(0, 60).join('')}…` : text

/** Where an artifact is, in the words of its store: without a path or a host of the machine. */
export function artifactUri(
  scheme: 'artifact' | 'memory',
  { appName, userId, sessionId, filename }: ArtifactKey,
  version: number,
): string {
  const session = filename.startsWith(USER_ARTIFACT_PREFIX) ? [] : ['sessions', sessionId]
  const names = [
    'apps',
    appName,
    'users',
    userId,
    ...session,
    'artifacts',
    filename,
    'versions',
    String(version),
  ]
  return `${scheme}://${names.map(encodeURIComponent).join('/')}`
}

/** A store of named, versioned parts. Versions count from 0, per name; the session need not exist. */
export abstract class BaseArtifactService {
  /** Resolves to the new version once it is stored. */
  abstract saveArtifact(request: SaveArtifactRequest): Promise<number>
  /** Resolves to `undefined` when there is none. */
  abstract loadArtifact(request: LoadArtifactRequest): Promise<Part | undefined>
  /** Names of the session and of its user, sorted. */
  abstract listArtifactKeys(request: SessionKey): Promise<string[]>
  /** Ascending; empty for an unknown name. */
  abstract listVersions(request: ArtifactKey): Promise<number[]>
  abstract listArtifactVersions(request: ArtifactKey): Promise<ArtifactVersion[]>
  abstract getArtifactVersion(request: LoadArtifactRequest): Promise<ArtifactVersion | undefined>
  /** Deletes all versions; also succeeds when there are none. */
  abstract deleteArtifact(request: ArtifactKey): Promise<void>

  /** Deletes the artifacts of a session; those of its user stay, because other sessions see them. */
  async deleteSession(key: SessionKey): Promise<void> {
    for (const filename of await this.listArtifactKeys(key)) {
      if (!filename.startsWith(USER_ARTIFACT_PREFIX)) await this.deleteArtifact({ ...key, filename })
    }
  }

  async close(): Promise<void> {}
}
