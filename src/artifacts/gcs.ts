// Artifacts as objects of a bucket, in the layout of the official ones: {app}/{user}/{session}/{name}/{version}, and
// {app}/{user}/user/{name}/{version} for those of the user.
import {
  BaseArtifactService,
  checkFilename,
  USER_ARTIFACT_PREFIX,
  type ArtifactKey,
  type ArtifactVersion,
  type LoadArtifactRequest,
  type SaveArtifactRequest,
} from '../core/artifact.js'
import type { Part } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import type { SessionKey } from '../core/session.js'
import { googleAuthorization, type Authorize } from './gcs-auth.js'
import { GcsClient } from './gcs-client.js'
import { describeObject, fromObject, refersElsewhere, toObject, type VersionObject } from './gcs-object.js'
import { inBatches } from './in-batches.js'
import { toFolderName } from './path-names.js'
import { toPart } from './stored-part.js'

const ENDPOINT = 'https://storage.googleapis.com'
/** Longest name of an object, in bytes. */
const MAX_NAME = 1024
/** How often a save tries the next version because somebody else got the one before. */
const MAX_ATTEMPTS = 50

export interface GcsOptions {
  /** Where the API is, such as `http://127.0.0.1:9000`, instead of Google. */
  endpoint?: string
  /** How requests say who asks; nobody in particular, where it is `null`. */
  authorize?: Authorize | null
}

/** Artifacts in Google Cloud Storage. Several processes may use a bucket at a time: no version is ever overwritten. */
export class GcsArtifactStore extends BaseArtifactService {
  private constructor(private readonly client: GcsClient) {
    super()
  }

  /** Rejects with one sentence unless the bucket is there and may be used. */
  static async open(
    bucket: string,
    { endpoint = ENDPOINT, authorize }: GcsOptions = {},
  ): Promise<GcsArtifactStore> {
    const client = new GcsClient(
      bucket,
      endpoint.replace(/\/+$/, ''),
      authorize === undefined ? await googleAuthorization() : (authorize ?? undefined),
    )
    await client.check()
    return new GcsArtifactStore(client)
  }

  override async saveArtifact(request: SaveArtifactRequest): Promise<number> {
    checkFilename(request.filename)
    const prefix = prefixOf(request)
    const object = toObject(request)
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const version = ((await this.#versions(prefix)).at(-1)?.version ?? -1) + 1
      if (await this.client.create({ ...object, name: nameOf(prefix, version) })) return version
    }
    const text = `Artifact "${request.filename}" is saved by too many at a time; try again later`
    throw new AdkError('storage_unavailable', text)
  }

  override async loadArtifact(request: LoadArtifactRequest): Promise<Part | undefined> {
    const found = await this.#find(request)
    if (!found) return undefined
    const { object } = found
    const content = refersElsewhere(object) ? Buffer.alloc(0) : await this.client.download(object)
    return content && toPart(fromObject(object, content))
  }

  override async listArtifactKeys(key: SessionKey): Promise<string[]> {
    const names = new Set<string>()
    for (const filename of ['', USER_ARTIFACT_PREFIX]) {
      const scope = scopeOf(key, filename)
      for await (const { name } of this.client.list(scope)) {
        const [, found] = /^(.+)\/(?:0|[1-9]\d*)$/s.exec(name.slice(scope.length)) ?? []
        if (found?.startsWith(USER_ARTIFACT_PREFIX) === (filename !== '')) names.add(found)
      }
    }
    return [...names].toSorted()
  }

  override async listVersions(key: ArtifactKey): Promise<number[]> {
    return (await this.#versions(prefixOf(key))).map(({ version }) => version)
  }

  override async listArtifactVersions(key: ArtifactKey): Promise<ArtifactVersion[]> {
    return (await this.#versions(prefixOf(key))).map((found) => describeObject(this.client.bucket, found))
  }

  override async getArtifactVersion(request: LoadArtifactRequest): Promise<ArtifactVersion | undefined> {
    const found = await this.#find(request)
    return found && describeObject(this.client.bucket, found)
  }

  override async deleteArtifact(key: ArtifactKey): Promise<void> {
    const prefix = prefixOf(key)
    await this.#remove((await this.#versions(prefix)).map(({ object }) => object.name))
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    const names: string[] = []
    for await (const { name } of this.client.list(scopeOf(key, ''))) names.push(name)
    await this.#remove(names)
  }

  override async close(): Promise<void> {
    this.client.close()
  }

  /** Ascending. Names are compared as text there, so their order says nothing. */
  async #versions(prefix: string): Promise<VersionObject[]> {
    const found: VersionObject[] = []
    for await (const object of this.client.list(prefix, '/')) {
      const text = object.name.slice(prefix.length)
      if (/^(?:0|[1-9]\d{0,14})$/.test(text)) found.push({ version: Number(text), object })
    }
    return found.toSorted((a, b) => a.version - b.version)
  }

  async #find({ version, ...key }: LoadArtifactRequest): Promise<VersionObject | undefined> {
    const prefix = prefixOf(key)
    if (version === undefined) return (await this.#versions(prefix)).at(-1)
    if (!Number.isSafeInteger(version) || version < 0) return undefined
    const object = await this.client.describe(nameOf(prefix, version))
    return object && { version, object }
  }

  async #remove(names: readonly string[]): Promise<void> {
    await inBatches(names, (name) => this.client.remove(name))
  }
}

/** Where the names of a session begin, or those of its user where the name says so. */
function scopeOf({ appName, userId, sessionId }: SessionKey, filename: string): string {
  const isShared = filename.startsWith(USER_ARTIFACT_PREFIX)
  // A session of that name must not be taken for the user.
  const session = sessionId === 'user' ? '%75ser' : toFolderName(sessionId, false)
  return [toFolderName(appName, false), toFolderName(userId, false), isShared ? 'user' : session, ''].join(
    '/',
  )
}

const prefixOf = (key: ArtifactKey): string => `${scopeOf(key, key.filename)}${key.filename}/`

function nameOf(prefix: string, version: number): string {
  const name = `${prefix}${version}`
  if (Buffer.byteLength(name) <= MAX_NAME) return name
  throw new AdkError('invalid_artifact_name', 'The artifact name is too long for Google Cloud Storage')
}
