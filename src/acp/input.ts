// What a client says, as the runner wants it.
import type { Content, Part } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import type { AcpMessage, AcpPart } from '../schema/acp.js'
import { standardBase64 } from '../schema/base64.js'

export interface Input {
  /** What was said before, oldest first. */
  history: AcpMessage[]
  /** What is to be answered. */
  message: Content
}

/**
 * The last messages of the user in a row are to be answered, with what agents said after them, such as a draft to be
 * reviewed; all before is history. Where the user says nothing, everything is the message: agents talk to each other.
 */
export function toInput(messages: readonly AcpMessage[]): Input {
  let start = messages.findLastIndex(isOfUser)
  while (start > 0 && isOfUser(messages[start - 1])) start--
  start = Math.max(start, 0)
  const parts = messages.slice(start).flatMap(toParts)
  if (parts.length === 0) {
    throw new AdkError(
      'invalid_message',
      'The input says nothing; send at least one part with content or content_url',
    )
  }
  return { history: messages.slice(0, start), message: { role: 'user', parts } }
}

const isOfUser = (message: AcpMessage | undefined): boolean => (message?.role ?? 'user') === 'user'

export const toParts = ({ parts }: AcpMessage): Part[] => parts.flatMap((part) => toPart(part) ?? [])

/** `undefined` for a part without content, such as a step on the way. */
function toPart(part: AcpPart): Part | undefined {
  const { content, content_url, name } = part
  const mimeType = mediaTypeOf(part)
  if (content == null) {
    if (content_url == null) return undefined
    return { fileData: { fileUri: content_url, mimeType, ...(name && { displayName: name }) } }
  }
  if (content === '') return undefined
  if (isText(mimeType)) return { text: textOfPart(part) }
  const data = part.content_encoding === 'base64' ? (standardBase64(content) ?? '') : encode(content)
  return { inlineData: { mimeType, data, ...(name && { displayName: name }) } }
}

/** The text of a part, whichever way it is encoded. */
export function textOfPart({ content, content_encoding }: AcpPart): string {
  return content_encoding === 'base64' ? Buffer.from(content ?? '', 'base64').toString() : (content ?? '')
}

const encode = (text: string): string => Buffer.from(text).toString('base64')

/** Text is text, and bytes are bytes, when what is given for a type is none. */
function mediaTypeOf({ content_type, content_encoding }: AcpPart): string {
  if (content_type && /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+(?:\s*;.*)?$/.test(content_type)) return content_type
  return content_type && content_encoding === 'base64' ? 'application/octet-stream' : 'text/plain'
}

export const isJson = ({ content_type }: AcpPart): boolean =>
  /^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i.test(content_type ?? '')

const isText = (type: string): boolean => /^(?:text\/|application\/json(?:\s*;|$))/i.test(type)
