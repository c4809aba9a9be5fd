import {
  artifactUri,
  BaseArtifactService,
  checkFilename,
  USER_ARTIFACT_PREFIX,
  type ArtifactKey,
  type ArtifactVersion,
  type LoadArtifactRequest,
  type SaveArtifactRequest,
} from '../core/artifact.js'
import { clock } from '../core/clock.js'
import type { Part } from '../core/content.js'
import { frozenJson, frozenJsonObject } from '../core/json.js'
import type { SessionKey } from '../core/session.js'

interface StoredVersion {
  readonly part: Part
  readonly info: ArtifactVersion
}

/** Artifacts that live as long as the process. */
export class InMemoryArtifactService extends BaseArtifactService {
  /** By scope (app, user and, unless shared, session), then by name. */
  readonly #scopes = new Map<string, Map<string, StoredVersion[]>>()

  override async saveArtifact(request: SaveArtifactRequest): Promise<number> {
    checkFilename(request.filename)
    const scope = scopeKey(request, request.filename)
    const names = this.#scopes.get(scope) ?? new Map<string, StoredVersion[]>()
    const versions = names.get(request.filename) ?? []
    const version = versions.length
    const mimeType = mimeTypeOf(request.artifact)
    const info: ArtifactVersion = {
      version,
      canonicalUri: artifactUri('memory', request, version),
      customMetadata: frozenJsonObject(request.customMetadata ?? {}),
      createTime: clock.now(),
      ...(mimeType !== undefined && { mimeType }),
    }
    versions.push({ part: frozenJson(request.artifact) as Part, info }) // a JSON copy has the shape of its original
    names.set(request.filename, versions)
    this.#scopes.set(scope, names)
    return version
  }

  override async loadArtifact(request: LoadArtifactRequest): Promise<Part | undefined> {
    return this.#version(request)?.part
  }

  override async listArtifactKeys(key: SessionKey): Promise<string[]> {
    const own = this.#scopes.get(scopeKey(key, ''))?.keys() ?? []
    const shared = this.#scopes.get(scopeKey(key, USER_ARTIFACT_PREFIX))?.keys() ?? []
    return [...own, ...shared].toSorted()
  }

  override async listVersions(key: ArtifactKey): Promise<number[]> {
    return this.#versions(key).map(({ info }) => info.version)
  }

  override async listArtifactVersions(key: ArtifactKey): Promise<ArtifactVersion[]> {
    return this.#versions(key).map(({ info }) => info)
  }

  override async getArtifactVersion(request: LoadArtifactRequest): Promise<ArtifactVersion | undefined> {
    return this.#version(request)?.info
  }

  override async deleteArtifact(key: ArtifactKey): Promise<void> {
    const scope = scopeKey(key, key.filename)
    const names = this.#scopes.get(scope)
    names?.delete(key.filename)
    if (names?.size === 0) this.#scopes.delete(scope)
  }

  #versions(key: ArtifactKey): StoredVersion[] {
    return this.#scopes.get(scopeKey(key, key.filename))?.get(key.filename) ?? []
  }

  #version({ version, ...key }: LoadArtifactRequest): StoredVersion | undefined {
    const versions = this.#versions(key)
    return version === undefined ? versions.at(-1) : versions[version]
  }
}

/** JSON of a list, so that no choice of names can make two scopes look alike. */
function scopeKey({ appName, userId, sessionId }: SessionKey, filename: string): string {
  return JSON.stringify(
    filename.startsWith(USER_ARTIFACT_PREFIX) ? [appName, userId] : [appName, userId, sessionId],
  )
}

/** The type of what a part holds, in the words of the ADK. */
function mimeTypeOf(part: Part): string | undefined {
  if (part.inlineData) return part.inlineData.mimeType
  if (part.text !== undefined) return 'text/plain'
  if (part.fileData) return part.fileData.mimeType
  return 'application/octet-stream'
}
