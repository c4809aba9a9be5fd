// An artifact as an object of a bucket: what becomes its content, and what is said in its metadata.
import { createHash } from 'node:crypto'
import type { ArtifactVersion, SaveArtifactRequest } from '../core/artifact.js'
import { AdkError } from '../core/errors.js'
import { frozenJsonObject } from '../core/json.js'
import { JsonObject } from '../schema/json.js'
import type { NewObject, StoredObject } from './gcs-client.js'
import { toJson, toStored, type StoredPart } from './stored-part.js'

/** Most that the metadata of an object may hold, in bytes. */
const MAX_METADATA = 8 * 1024

/** What this says about an artifact among the metadata of its object; all but the last two as the official ones do. */
const OWN = {
  displayName: 'adkDisplayName',
  isText: 'adkIsText',
  fileUri: 'adkFileUri',
  fileMimeType: 'adkFileMimeType',
  isPart: 'adkIsPart',
  /** Custom metadata as JSON, where some of it is no text. */
  custom: 'adkCustomMetadata',
} as const
const OWN_KEYS = new Set<string>(Object.values(OWN))

export interface VersionObject {
  version: number
  object: StoredObject
}

export function toObject({ artifact, customMetadata = {} }: SaveArtifactRequest): Omit<NewObject, 'name'> {
  const simple = toStored(artifact)
  const stored = simple.kind === 'data' && !isSafeType(simple.mimeType) ? toJson(artifact) : simple
  const content = 'content' in stored ? stored.content : Buffer.alloc(0)
  const metadata = { ...toMetadata(customMetadata), ...ownMetadata(stored) }
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA) {
    throw new AdkError(
      'body_too_large',
      'Google Cloud Storage keeps at most 8 KiB of metadata with an artifact',
    )
  }
  const md5Hash = createHash('md5').update(content).digest('base64')
  return { contentType: contentTypeOf(stored), metadata, content, md5Hash }
}

/** One that can stand in a header. */
const isSafeType = (mimeType: string): boolean =>
  /^[\x21-\x7e](?:[\x20-\x7e]{0,250}[\x21-\x7e])?$/.test(mimeType)

function contentTypeOf(stored: StoredPart): string {
  if (stored.kind === 'data') return stored.mimeType
  if (stored.kind === 'file') return 'application/octet-stream'
  return stored.kind === 'text' ? 'text/plain' : 'application/json'
}

function ownMetadata(stored: StoredPart): Record<string, string> {
  switch (stored.kind) {
    case 'text':
      return { [OWN.isText]: 'true' }
    case 'data':
      return stored.displayName === undefined ? {} : { [OWN.displayName]: stored.displayName }
    case 'file':
      return {
        [OWN.fileUri]: stored.fileUri,
        ...(stored.mimeType && { [OWN.fileMimeType]: stored.mimeType }),
      }
    case 'json':
      return { [OWN.isPart]: 'true' }
    default:
      return stored satisfies never
  }
}

/** Metadata of an object is text. What is none is kept as JSON, once for each who can read it. */
function toMetadata(custom: JsonObject): Record<string, string> {
  const entries = Object.entries(frozenJsonObject(custom)).filter(([key]) => !OWN_KEYS.has(key))
  const texts = entries.map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  const isText = entries.every(([, value]) => typeof value === 'string')
  return {
    ...(Object.fromEntries(texts) as Record<string, string>), // pairs of texts
    ...(!isText && { [OWN.custom]: JSON.stringify(Object.fromEntries(entries)) }),
  }
}

function customMetadataOf(metadata: Record<string, string>): JsonObject {
  const whole = metadata[OWN.custom]
  if (whole !== undefined) {
    try {
      return JsonObject.parse(JSON.parse(whole))
    } catch {
      // Then what the texts say has to do.
    }
  }
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !OWN_KEYS.has(key)))
}

/** Older ones of adk-python say it in a word of their own. */
const fileUriOf = ({ metadata = {} }: StoredObject): string | undefined =>
  metadata[OWN.fileUri] ?? metadata.file_uri

/** Whether there is no content to download. */
export const refersElsewhere = (object: StoredObject): boolean => fileUriOf(object) !== undefined

export function fromObject(object: StoredObject, content: Buffer): StoredPart {
  const { contentType = 'application/octet-stream', metadata = {} } = object
  const fileUri = fileUriOf(object)
  const mimeType = metadata[OWN.fileMimeType]
  if (fileUri !== undefined) return { kind: 'file', fileUri, ...(mimeType && { mimeType }) }
  if (metadata[OWN.isPart] === 'true') return { kind: 'json', content }
  if (metadata[OWN.isText] === 'true') return { kind: 'text', content }
  const displayName = metadata[OWN.displayName]
  return { kind: 'data', content, mimeType: contentType, ...(displayName && { displayName }) }
}

export function describeObject(bucket: string, { version, object }: VersionObject): ArtifactVersion {
  const { name, contentType, timeCreated, metadata = {} } = object
  const mimeType = refersElsewhere(object) ? metadata[OWN.fileMimeType] : contentType
  return {
    version,
    canonicalUri: `gs://${bucket}/${name}`,
    customMetadata: customMetadataOf(metadata),
    createTime: timeCreated === undefined ? 0 : Date.parse(timeCreated) / 1000,
    ...(mimeType && { mimeType }),
  }
}
