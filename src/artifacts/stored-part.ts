import { isDeepStrictEqual } from 'node:util'
import type { Part } from '../core/content.js'
import { frozenJson } from '../core/json.js'

/**
 * A part in the form in which engines of all ADKs keep it: the content as bytes, and beside it what kind it is.
 * `json` holds the whole part as JSON, for those that the others cannot tell.
 */
export type StoredPart =
  | { kind: 'text'; content: Buffer }
  | { kind: 'data'; content: Buffer; mimeType: string; displayName?: string }
  | { kind: 'file'; fileUri: string; mimeType?: string }
  | { kind: 'json'; content: Buffer }

/** The form for parts that no other form tells whole. */
export function toJson(part: Part): StoredPart {
  return { kind: 'json', content: Buffer.from(JSON.stringify(part)) }
}

export function toStored(artifact: Part): StoredPart {
  const part = frozenJson(artifact) as Part // a JSON copy has the shape of its original
  const simple = toSimple(part)
  return simple && isDeepStrictEqual(withoutData(toPart(simple)), withoutData(part)) ? simple : toJson(part)
}

function toSimple({ text, inlineData, fileData }: Part): StoredPart | undefined {
  if (inlineData?.mimeType && inlineData.data !== undefined) {
    const { data, mimeType, displayName } = inlineData
    const content = Buffer.from(data, 'base64')
    return { kind: 'data', content, mimeType, ...(displayName && { displayName }) }
  }
  if (text !== undefined) return { kind: 'text', content: Buffer.from(text) }
  if (!fileData?.fileUri) return undefined
  const { fileUri, mimeType } = fileData
  return { kind: 'file', fileUri, ...(mimeType && { mimeType }) }
}

/** Base64 has several spellings of the same bytes. */
const withoutData = ({ inlineData, ...part }: Part): Part =>
  inlineData ? { ...part, inlineData: { ...inlineData, data: '' } } : part

export function toPart(stored: StoredPart): Part {
  switch (stored.kind) {
    case 'text':
      return { text: stored.content.toString() }
    case 'data': {
      const { content, mimeType, displayName } = stored
      return {
        inlineData: { mimeType, data: content.toString('base64'), ...(displayName && { displayName }) },
      }
    }
    case 'file': {
      const { fileUri, mimeType } = stored
      return { fileData: { fileUri, ...(mimeType && { mimeType }) } }
    }
    case 'json':
      return JSON.parse(stored.content.toString()) as Part // as it was written by toStored
    default:
      return stored satisfies never
  }
}

/** The type that is told of a version. */
export function storedMimeType(stored: Pick<StoredPart, 'kind'> & { mimeType?: string }): string | undefined {
  if (stored.kind === 'text') return 'text/plain'
  return stored.kind === 'json' ? 'application/json' : stored.mimeType
}
