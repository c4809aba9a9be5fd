// Artifacts as files, in the layout of adk-python: apps/{app}/users/{user}/[sessions/{session}/]artifacts/{name}/
// versions/{version}/, which holds the content, under the last piece of the name, and metadata.json.
import { randomUUID } from 'node:crypto'
import { mkdir, realpath, rename, rmdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
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
import type { Part } from '../core/content.js'
import { frozenJsonObject } from '../core/json.js'
import type { SessionKey } from '../core/session.js'
import {
  diskFailure,
  diskReason,
  foldersIn,
  ifThere,
  isFolder,
  isMissing,
  makeFolder,
  removeAll,
  removeEmpty,
  syncFolder,
} from './disk.js'
import { inBatches } from './in-batches.js'
import { fromFolderName, OWN_PREFIX, toFolderName } from './path-names.js'
import { toPart, toStored, type StoredPart } from './stored-part.js'
import {
  describeVersion,
  findVersion,
  publishVersion,
  readStored,
  versionsIn,
  type VersionFolder,
} from './version-folder.js'

const VERSIONS = 'versions'
/** Where deleted things go at once, to be removed in peace. */
const TRASH = `${OWN_PREFIX}trash`
/** How often a save starts anew because its artifact was deleted meanwhile. */
const MAX_ATTEMPTS = 20

interface FileArtifactOptions {
  /** Whether the disk takes names for the same that differ in capitals or accents; it is tried out unless given. */
  foldsNames?: boolean
}

/**
 * Artifacts that lie in a folder, one per app, user, session and name. Several processes may use it at a time: a version
 * is prepared beside the others, under a name that only one of them gets, and appears as a whole.
 */
export class FileArtifactStore extends BaseArtifactService {
  private constructor(
    private readonly root: string,
    private readonly foldsNames: boolean,
  ) {
    super()
  }

  /** Makes the folder, if need be, and tries whether it can be written. Rejects with one sentence. */
  static async open(folder: string, { foldsNames }: FileArtifactOptions = {}): Promise<FileArtifactStore> {
    try {
      await mkdir(folder, { recursive: true })
      const root = await realpath(resolve(folder))
      // What a process that died left half removed.
      for (const name of await foldersIn(join(root, TRASH))) await removeAll(join(root, TRASH, name))
      const folds = await foldsNamesIn(root)
      return new FileArtifactStore(root, foldsNames ?? folds)
    } catch (error) {
      throw new Error(`Cannot keep artifacts in ${folder}: ${diskReason(error)}`, { cause: error })
    }
  }

  override async saveArtifact(request: SaveArtifactRequest): Promise<number> {
    checkFilename(request.filename)
    const stored = toStored(request.artifact)
    const customMetadata = frozenJsonObject(request.customMetadata ?? {})
    return this.#do(`Artifact "${request.filename}" could not be stored`, async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#publish({ ...request, customMetadata }, stored)
        } catch (error) {
          if (!isMissing(error) || attempt === MAX_ATTEMPTS) throw error // else it was deleted meanwhile
        }
      }
    })
  }

  override async loadArtifact(request: LoadArtifactRequest): Promise<Part | undefined> {
    return this.#do(`Artifact "${request.filename}" could not be read`, async () => {
      const names = this.#names(request)
      const found = await this.#find(names, request.version)
      const stored = found && (await readStored(found, names.at(-1) ?? ''))
      return stored && toPart(stored)
    })
  }

  override async listArtifactKeys(key: SessionKey): Promise<string[]> {
    return this.#do('The artifacts could not be listed', async () =>
      [...(await this.#list(key, '')), ...(await this.#list(key, USER_ARTIFACT_PREFIX))].toSorted(),
    )
  }

  override async listVersions(key: ArtifactKey): Promise<number[]> {
    return this.#do(`The versions of artifact "${key.filename}" could not be listed`, () =>
      this.#versions(this.#names(key)),
    )
  }

  override async listArtifactVersions(key: ArtifactKey): Promise<ArtifactVersion[]> {
    const versions = await this.listVersions(key)
    const found = await inBatches(versions, (version) => this.getArtifactVersion({ ...key, version }))
    return found.filter((version) => version !== undefined)
  }

  override async getArtifactVersion(request: LoadArtifactRequest): Promise<ArtifactVersion | undefined> {
    return this.#do(`Artifact "${request.filename}" could not be read`, async () => {
      const found = await this.#find(this.#names(request), request.version)
      return found && describeVersion(found, artifactUri('artifact', request, found.version))
    })
  }

  override async deleteArtifact(key: ArtifactKey): Promise<void> {
    await this.#do(`Artifact "${key.filename}" could not be deleted`, () =>
      this.#remove([...this.#names(key), VERSIONS]),
    )
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    await this.#do(`The artifacts of session "${key.sessionId}" could not be deleted`, () =>
      this.#remove(this.#scope(key, '').slice(0, -1)),
    )
  }

  /** The folders of a scope: of the session, or of its user where the name says so. */
  #scope({ appName, userId, sessionId }: SessionKey, filename: string): string[] {
    const name = (text: string) => toFolderName(text, this.foldsNames)
    const session = filename.startsWith(USER_ARTIFACT_PREFIX) ? [] : ['sessions', name(sessionId)]
    return ['apps', name(appName), 'users', name(userId), ...session, 'artifacts']
  }

  #names(key: ArtifactKey): string[] {
    return [...this.#scope(key, key.filename), ...this.#pathOf(key.filename)]
  }

  #pathOf(filename: string): string[] {
    const path = filename.startsWith(USER_ARTIFACT_PREFIX)
      ? filename.slice(USER_ARTIFACT_PREFIX.length)
      : filename
    return path.split('/').map((text) => toFolderName(text, this.foldsNames))
  }

  /** Prepares the next version and gives it its number. Rejects as missing when the artifact is deleted meanwhile. */
  async #publish(request: SaveArtifactRequest, stored: StoredPart): Promise<number> {
    const names = this.#names(request)
    const versions = await makeFolder(this.root, [...names, VERSIONS])
    return publishVersion({ versions, contentName: names.at(-1) ?? '', request, stored })
  }

  async #versions(names: string[]): Promise<number[]> {
    const folder = join(this.root, ...names, VERSIONS)
    return (await isFolder(folder)) ? versionsIn(folder) : []
  }

  async #find(names: string[], wanted: number | undefined): Promise<VersionFolder | undefined> {
    const version = wanted ?? (await this.#versions(names)).at(-1)
    if (version === undefined || !Number.isSafeInteger(version) || version < 0) return undefined
    const path = join(this.root, ...names, VERSIONS, String(version))
    return (await isFolder(path)) ? findVersion(path, version) : undefined
  }

  /** Every folder that has versions is an artifact, and may have others below it. */
  async #list(key: SessionKey, prefix: string): Promise<string[]> {
    const scope = this.#scope(key, prefix)
    const root = join(this.root, ...scope)
    const artifacts: string[][] = []
    const visit = async (path: string[]): Promise<void> => {
      for (const name of await foldersIn(join(root, ...path))) {
        if (name === VERSIONS) artifacts.push(path)
        else await visit([...path, name])
      }
    }
    if (await isFolder(root)) await visit([])
    return (await inBatches(artifacts, (path) => this.#filename(root, path, prefix))).flat()
  }

  /** What the artifact in a folder is called: as it was when it was saved, or else what its folders say. */
  async #filename(root: string, path: string[], prefix: string): Promise<string[]> {
    const versions = join(root, ...path, VERSIONS)
    const latest = (await versionsIn(versions)).at(-1)
    const found = latest === undefined ? undefined : await findVersion(join(versions, String(latest)), latest)
    if (!found) return []
    const told = path.map(fromFolderName).join('/')
    const isHere = (name: string) =>
      name.startsWith(USER_ARTIFACT_PREFIX) === (prefix !== '') &&
      this.#pathOf(name).join('/') === path.join('/')
    return [found.metadata.fileName ?? '', prefix + told].filter((name) => name && isHere(name)).slice(0, 1)
  }

  /** Out of sight at once, then off the disk, with the folders around it that are empty now. */
  async #remove(names: string[]): Promise<void> {
    const path = join(this.root, ...names)
    if (!(await isFolder(path))) return
    const trash = join(await makeFolder(this.root, [TRASH]), randomUUID())
    await ifThere(rename(path, trash))
    await ifThere(syncFolder(join(path, '..')))
    await removeAll(trash)
    await removeEmpty(this.root, names.slice(0, -1))
  }

  async #do<T>(failure: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw diskFailure(failure, error)
    }
  }
}

/** Tries whether a name is found again in other capitals, or with its accent apart; and whether this can be written. */
async function foldsNamesIn(root: string): Promise<boolean> {
  const name = `${OWN_PREFIX}Probé-${randomUUID()}`
  await mkdir(join(root, name))
  try {
    const variants = [name.toLowerCase(), name.normalize('NFD')]
    const found = await Promise.all(variants.map((variant) => ifThere(stat(join(root, variant)))))
    return found.some(Boolean)
  } finally {
    await rmdir(join(root, name))
  }
}
