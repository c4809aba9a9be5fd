import type { JsonObject } from '../schema/json.js'
import type { Part } from './content.js'
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
  async close(): Promise<void> {}
}
