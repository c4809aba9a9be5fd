// Reading of request bodies: what JSON.parse accepts and the rest of the server should not see is refused here.
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AdkError, messageOf } from '../core/errors.js'
import { isJsonObject } from '../schema/json.js'

/** Deepest nesting of a request body, in levels. */
const MAX_DEPTH = 64
/** Most keys of one object in a request body. */
const MAX_KEYS = 10_000
/** Most values of a request body, about: each takes memory and time, and while a body is read nobody else is served. */
const MAX_VALUES = 1_000_000

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Installs the one parser of the server: JSON in UTF-8 with any JSON media type, or without a media type. A request
 * without a body may name whatever type it likes.
 */
export function acceptJsonBodies(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw: { headers }, is404 }, _reply, done) => {
    // Whatever is sent there, the path or the method is what is wrong.
    if (is404) {
      headers['content-type'] = 'application/json'
      return done()
    }
    const encoding = headers['content-encoding'] ?? 'identity'
    // A compressed body could unfold into anything.
    if (encoding !== 'identity') throw unsupported('not be compressed; send it without Content-Encoding')
    if (isBodyless(headers)) delete headers['content-type']
    else headers['content-type'] ||= 'application/json'
    done()
  })
  app.removeAllContentTypeParsers()
  const parse = async ({ headers, is404 }: FastifyRequest, body: Buffer) => {
    if (is404) return undefined
    if (!isUtf8(headers['content-type'] ?? '')) throw unsupported('be UTF-8')
    return parseBody(body)
  }
  app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i, { parseAs: 'buffer' }, parse)
}

function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset="?([\w-]+)/i.exec(contentType)?.[1]
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset)
}

function isBodyless(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
}

const unsupported = (rule: string) =>
  new AdkError('media_type_not_supported', `The request body should ${rule}`)

/** `undefined` for an empty body. Throws what the client should read otherwise. */
export function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined
  const text = decode(body)
  if (text.trim() === '') return undefined
  checkShape(text)
  const value = parse(text)
  if (mayBeTooWide(text)) checkValues(value)
  return value
}

function decode(body: Buffer): string {
  try {
    return decoder.decode(body)
  } catch (error) {
    throw new AdkError('body_not_utf8', 'The request body is not valid UTF-8', { cause: error })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidJson(`JSON decode error${positionOf(error, text)}`, 'json_invalid')
  }
}

/** Says where, without repeating what was sent. */
function positionOf(error: unknown, text: string): string {
  const message = messageOf(error)
  const position = /position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return ` at position ${position}`
  return /end of JSON/i.test(message) ? ` at position ${text.length}: the text ends too early` : ''
}

/** Counts brackets and commas outside strings, before anything takes the text apart. */
function checkShape(text: string): void {
  let depth = 0
  let values = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) {
      index = endOfString(text, index)
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) throw invalidJson(`JSON is nested deeper than ${MAX_DEPTH} levels`, 'too_deep')
      values++
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
    else if (code === COMMA) values++
  }
  if (values > MAX_VALUES) throw invalidJson(`JSON has more than ${MAX_VALUES} values`, 'too_wide')
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]

/** The index of the closing quote. Searches natively: strings hold whole images. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

/** Numbers such as 1e999 become infinite, and very wide objects slow everything down; both are rare, so look first. */
function mayBeTooWide(text: string): boolean {
  return text.length > MAX_KEYS * 4 || /[eE]\+?\d{3}|\d{200}/.test(text)
}

function checkValues(value: unknown): void {
  const pending = [value]
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    if (typeof current === 'number' && !Number.isFinite(current)) {
      throw invalidJson('A number is too large', 'finite_number')
    }
    if (Array.isArray(current)) {
      for (const item of current) pending.push(item)
    } else if (isJsonObject(current)) {
      const values = Object.values(current)
      if (values.length > MAX_KEYS) throw invalidJson(`An object has more than ${MAX_KEYS} keys`, 'too_wide')
      pending.push(...values)
    }
  }
}

/** Looks like any other invalid request to whoever reads it. */
function invalidJson(message: string, code: string): Error {
  return Object.assign(new Error(message), {
    part: 'body',
    issues: [{ code: 'custom', path: [], message, params: { type: code } }],
  })
}
