// One version of an artifact on the disk: a folder with the content and a description of it.
import { mkdir, rename, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { ArtifactVersion, SaveArtifactRequest } from '../core/artifact.js'
import { clock } from '../core/clock.js'
import { JsonObject } from '../schema/json.js'
import { foldersIn, ifThere, isTaken, readWhole, removeAll, syncFolder, writeDurably } from './disk.js'
import { storedMimeType, type StoredPart } from './stored-part.js'

/** What lies beside the content. Others of the ADK write it too, and need not write all of it. */
const Metadata = z.object({
  fileName: z.string().nullish(),
  mimeType: z.string().nullish(),
  displayName: z.string().nullish(),
  fileUri: z.string().nullish(),
  createTime: z.number().nullish(),
  customMetadata: JsonObject.nullish(),
  /** Ours: the content is the part itself, as JSON. */
  isPart: z.boolean().nullish(),
})
type Metadata = z.infer<typeof Metadata>

export interface VersionFolder {
  version: number
  path: string
  metadata: Metadata
}

const METADATA = 'metadata.json'

interface NewVersion {
  /** The folder of the versions; it must be there. */
  versions: string
  contentName: string
  request: SaveArtifactRequest
  stored: StoredPart
}

/** Prepares a version beside the others and gives it its number once it is whole and on the disk. */
export async function publishVersion({
  versions,
  contentName,
  request,
  stored,
}: NewVersion): Promise<number> {
  const { version, staging } = await reserveVersion(versions)
  const final = join(versions, String(version))
  try {
    if ('content' in stored) await writeDurably(join(staging, contentName), stored.content)
    const uri = pathToFileURL(join(final, contentName)).href
    await writeDurably(join(staging, METADATA), JSON.stringify(toMetadata(request, stored, version, uri)))
    await syncFolder(staging)
    await rename(staging, final)
    await syncFolder(versions)
  } catch (error) {
    await removeAll(staging)
    throw error
  }
  return version
}

/** A number that nobody else gets, and the folder in which the version is prepared. */
async function reserveVersion(versions: string): Promise<{ version: number; staging: string }> {
  let version = ((await versionsIn(versions)).at(-1) ?? -1) + 1
  for (; ; version++) {
    const staging = join(versions, `.${version}.pending`)
    try {
      await mkdir(staging)
    } catch (error) {
      if (isTaken(error)) continue
      throw error
    }
    if (!(await ifThere(stat(join(versions, String(version)))))) return { version, staging }
    await rmdir(staging) // it was published after we looked
  }
}

/** Numbers, ascending. */
export async function versionsIn(folder: string): Promise<number[]> {
  const names = (await foldersIn(folder)).filter((name) => /^(?:0|[1-9]\d{0,14})$/.test(name))
  return names.map(Number).toSorted((a, b) => a - b)
}

function toMetadata(request: SaveArtifactRequest, stored: StoredPart, version: number, canonicalUri: string) {
  const { filename: fileName, customMetadata = {} } = request
  const { kind } = stored
  return {
    fileName,
    version,
    canonicalUri,
    customMetadata,
    createTime: clock.now(),
    ...(kind === 'data' && { mimeType: stored.mimeType, displayName: stored.displayName }),
    ...(kind === 'file' && { mimeType: stored.mimeType, fileUri: stored.fileUri }),
    ...(kind === 'json' && { mimeType: 'application/json', isPart: true }),
  }
}

/** `undefined` for what is no version: nothing there, or nothing that can be understood. */
export async function findVersion(path: string, version: number): Promise<VersionFolder | undefined> {
  const text = await readWhole(join(path, METADATA))
  if (!text) return undefined
  try {
    return { version, path, metadata: Metadata.parse(JSON.parse(text.toString())) }
  } catch {
    return undefined
  }
}

function kindOf({ isPart, fileUri, mimeType }: Metadata): StoredPart['kind'] {
  if (isPart) return 'json'
  if (fileUri) return 'file'
  return mimeType ? 'data' : 'text'
}

export async function readStored(
  { path, metadata }: VersionFolder,
  contentName: string,
): Promise<StoredPart | undefined> {
  const { mimeType, displayName, fileUri } = metadata
  if (fileUri) return { kind: 'file', fileUri, ...(mimeType && { mimeType }) }
  const content = await readWhole(join(path, contentName))
  if (!content) return undefined
  if (metadata.isPart) return { kind: 'json', content }
  if (!mimeType) return { kind: 'text', content }
  return { kind: 'data', content, mimeType, ...(displayName && { displayName }) }
}

export async function describeVersion(
  { path, version, metadata }: VersionFolder,
  canonicalUri: string,
): Promise<ArtifactVersion> {
  const mimeType = storedMimeType({ kind: kindOf(metadata), mimeType: metadata.mimeType ?? undefined })
  return {
    version,
    canonicalUri,
    customMetadata: metadata.customMetadata ?? {},
    createTime: metadata.createTime ?? (await stat(path)).mtimeMs / 1000,
    ...(mimeType !== undefined && { mimeType }),
  }
}
