// Artifacts as files. Whoever made them need not be trusted: browsers must neither guess their type nor run them.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Part } from '../core/content.js'

interface Media {
  type: string
  content: Buffer | string
}

/** The content of an artifact; `undefined` when it lies elsewhere. */
export function mediaOf({ inlineData, text }: Part): Media | undefined {
  if (inlineData?.data) {
    return { type: safeType(inlineData.mimeType), content: Buffer.from(inlineData.data, 'base64') }
  }
  return text ? { type: 'text/plain; charset=utf-8', content: text } : undefined
}

const TOKEN = "[\\w!#$%&'*+.^`|~-]+"
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?: ?; ?${TOKEN}=(?:${TOKEN}|"[\\w .,:/+-]*"))*$`)

/** Longest type, in characters. Clients take no headers of any length. */
const MAX_TYPE = 512

/** A type that is none would break the header, or end it. */
function safeType(mimeType = ''): string {
  const isSafe = mimeType.length <= MAX_TYPE && MEDIA_TYPE.test(mimeType)
  return isSafe ? mimeType : 'application/octet-stream'
}

export function sendMedia(reply: FastifyReply, filename: string, { type, content }: Media): FastifyReply {
  return reply
    .headers({
      'content-type': type,
      'content-disposition': contentDisposition(filename),
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
    })
    .send(typeof content === 'string' ? Buffer.from(content) : content)
}

/** Suggests the last piece of the name: in ASCII for old clients, and as it is. */
function contentDisposition(filename: string): string {
  const last = filename.split(/[/\\]/).at(-1) ?? ''
  const name = last.replace(/^user:/, '').replace(/^\.+$/, '') || 'artifact'
  const plain = name.replace(/[^\w !#$&+.^`~-]/g, '_')
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** Whether the client can read JSON, which it can unless it says what it wants instead. */
export function acceptsJson({ headers: { accept } }: FastifyRequest): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((piece) => piece.trim().toLowerCase())
    const isRefused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
    return !isRefused && /^(?:\*\/\*|application\/(?:\*|json|[\w.+-]+\+json))$/.test(type)
  })
}
