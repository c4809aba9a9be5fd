// The few calls of the JSON API of Google Cloud Storage that artifacts need.
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { linkAbort } from '../core/abort.js'
import { AdkError, messageOf, publicMessage } from '../core/errors.js'
import type { Authorize } from './gcs-auth.js'

/** How often a call is made, if it fails for a reason that may pass. */
const MAX_ATTEMPTS = 5
/** Longest pause before the second attempt, in milliseconds; it doubles from there. */
const FIRST_PAUSE_MS = 500
/** Longest pause that a server may ask for, in milliseconds. */
const MAX_PAUSE_MS = 10_000
/** How long one attempt may take, and longer for every MiB that is sent, in milliseconds. */
const ATTEMPT_MS = 30_000
const MIB_MS = 2_000

const StoredObject = z.object({
  name: z.string(),
  generation: z.string().optional(),
  contentType: z.string().optional(),
  timeCreated: z.string().optional(),
  md5Hash: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
})
export type StoredObject = z.infer<typeof StoredObject>

const Listing = z.object({ items: z.array(StoredObject).optional(), nextPageToken: z.string().optional() })

export interface NewObject {
  name: string
  contentType: string
  metadata: Record<string, string>
  content: Buffer
  md5Hash: string
}

interface Call {
  method?: 'POST' | 'DELETE'
  query?: Record<string, string>
  body?: Buffer
  contentType?: string
  /** Statuses that are an answer, beside those that say yes. */
  allow?: readonly number[]
}

/** One that has arrived as a whole. */
interface Answer {
  status: number
  content: Buffer
}

export class GcsClient {
  readonly #closing = new AbortController()

  constructor(
    readonly bucket: string,
    private readonly endpoint: string,
    private readonly authorize: Authorize | undefined,
  ) {}

  /** Page by page, in the order of the names. With a delimiter, only names that have none after the prefix. */
  async *list(prefix: string, delimiter?: '/'): AsyncGenerator<StoredObject, void> {
    let pageToken: string | undefined
    do {
      const query = {
        prefix,
        ...(delimiter && { delimiter }),
        ...(pageToken && { pageToken }),
        fields: 'items(name,generation,contentType,timeCreated,metadata),nextPageToken',
      }
      const { content } = await this.#call(this.#objects(), { query })
      const page = Listing.parse(JSON.parse(content.toString()))
      yield* page.items ?? []
      pageToken = page.nextPageToken
    } while (pageToken)
  }

  async describe(name: string): Promise<StoredObject | undefined> {
    const { status, content } = await this.#call(this.#object(name), { allow: [404] })
    return status === 404 ? undefined : StoredObject.parse(JSON.parse(content.toString()))
  }

  async download({ name, generation }: StoredObject): Promise<Buffer | undefined> {
    const query = { alt: 'media', ...(generation && { generation }) }
    const { status, content } = await this.#call(this.#object(name), { query, allow: [404] })
    return status === 404 ? undefined : content
  }

  /** Resolves to whether it was stored; it is not where the name is taken. */
  async create({ content, ...object }: NewObject): Promise<boolean> {
    const boundary = `part-${object.md5Hash.replace(/\W/g, '')}`
    const { contentType } = object
    const body = Buffer.concat([
      Buffer.from(`--${boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n`),
      Buffer.from(JSON.stringify(object)),
      Buffer.from(`\r\n--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`),
      content,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ])
    const { status, attempts } = await this.#call(`/upload${this.#objects()}`, {
      method: 'POST',
      query: { uploadType: 'multipart', ifGenerationMatch: '0' },
      body,
      contentType: `multipart/related; boundary=${boundary}`,
      allow: [412],
    })
    if (status !== 412) return true
    // The answer to an earlier attempt may have been lost on its way; then what took the name is what we sent.
    const taken = attempts > 1 ? await this.describe(object.name) : undefined
    return taken?.md5Hash === object.md5Hash && isDeepStrictEqual(taken.metadata ?? {}, object.metadata)
  }

  /** Also succeeds when there is none. */
  async remove(name: string): Promise<void> {
    await this.#call(this.#object(name), { method: 'DELETE', allow: [404] })
  }

  /** Rejects with one sentence for the person who starts the server unless the bucket is there and may be read. */
  async check(): Promise<void> {
    const query = { maxResults: '1', fields: 'nextPageToken' }
    const status = await this.#check(query)
    if (status === 404) throw new Error(`There is no bucket "${this.bucket}" in Google Cloud Storage`)
    if (status >= 400) {
      throw new Error(`The credentials of this process have no right to the bucket "${this.bucket}"`)
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort(new AdkError('shutting_down', 'The server is shutting down'))
  }

  async #check(query: Record<string, string>): Promise<number> {
    try {
      return (await this.#call(this.#objects(), { query, allow: [401, 403, 404] })).status
    } catch (error) {
      const reason = publicMessage(innermost(error))
      throw new Error(`Cannot use the bucket "${this.bucket}" in Google Cloud Storage: ${reason}`, {
        cause: error,
      })
    }
  }

  #objects(): string {
    return `/storage/v1/b/${encodeURIComponent(this.bucket)}/o`
  }

  #object(name: string): string {
    return `${this.#objects()}/${encodeURIComponent(name)}`
  }

  async #call(path: string, call: Call): Promise<Answer & { attempts: number }> {
    const url = `${this.endpoint}${path}?${new URLSearchParams(call.query).toString()}`
    const { signal } = this.#closing
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(url, call)
      if ('answer' in outcome) return { ...outcome.answer, attempts: attempt }
      const { failure, passes, pauseMs } = outcome
      if (!passes || attempt === MAX_ATTEMPTS) throw toAdkError(failure)
      const pause = pauseMs ?? Math.random() * FIRST_PAUSE_MS * 2 ** (attempt - 1)
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }

  async #attempt(url: string, { method, body, contentType, allow = [] }: Call): Promise<Outcome> {
    const timeMs = ATTEMPT_MS + MIB_MS * Math.ceil((body?.length ?? 0) / 2 ** 20)
    const reason = () => new Error(`There was no answer for ${timeMs} ms`)
    const { signal, release } = linkAbort(this.#closing.signal, { timeoutMs: timeMs, reason })
    try {
      const headers = {
        ...(await this.authorize?.(signal)),
        ...(contentType && { 'content-type': contentType }),
      }
      const response = await fetch(url, {
        method: method ?? 'GET',
        headers,
        signal,
        redirect: 'error',
        ...(body && { body: new Uint8Array(body) }),
      })
      const { status } = response
      const content = Buffer.from(await response.arrayBuffer())
      if (response.ok || allow.includes(status)) return { answer: { status, content } }
      const failure = new Error(`HTTP ${status}: ${content.toString().slice(0, 500)}`)
      return { failure, passes: MAY_PASS.has(status), pauseMs: pauseOf(response) }
    } catch (error) {
      return { failure: error, passes: !this.#closing.signal.aborted, pauseMs: undefined }
    } finally {
      release()
    }
  }
}

type Outcome = { answer: Answer } | { failure: unknown; passes: boolean; pauseMs: number | undefined }

const innermost = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? innermost(error.cause) : error

const MAY_PASS = new Set([408, 429, 500, 502, 503, 504])

function pauseOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return seconds >= 0 ? Math.min(seconds * 1000, MAX_PAUSE_MS) : undefined
}

/** For a client in general words; for the log, what it was. */
function toAdkError(cause: unknown): AdkError {
  const refused = /^HTTP 40[13]:/.test(messageOf(cause))
  const text = refused
    ? 'Google Cloud Storage refuses the server'
    : 'Google Cloud Storage cannot be reached or used'
  return new AdkError('storage_unavailable', `${text}; try again later`, { cause })
}
