// Server-sent events, as ADK clients read them: `data: {json}` and an empty line, nothing before and nothing else,
// but for comment frames that keep proxies awake. A stream that can be resumed also numbers its frames.
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { clock } from '../core/clock.js'
import { AdkError, type ProblemCode } from '../core/errors.js'
import { encodeEvent, type Event } from '../core/event.js'
import type { LoggedEvent, Run } from '../runs/runs.js'
import type { AcpEvent } from '../schema/acp.js'
import { toAcpForm } from './acp-problem.js'
import { internalProblem, toProblem, type ProblemReply } from './problem.js'

/** Silence after which a comment is sent, in milliseconds; proxies cut connections that are idle for longer. */
const PING_AFTER_MS = 15_000
/** Pings in a row that may find the client not reading; the next one gives it up. */
const MAX_UNREAD_PINGS = 3

const frame = (json: string): string => `data: ${json}\n\n`

/** Sends each event as it happens. A reader that is slow or stops holds up its own run only, and leaving ends it. */
export function sendEvents(reply: FastifyReply, events: AsyncIterator<Event, void>): FastifyReply {
  return send(reply, new Frames(reply, { events, toFrame: (event) => frame(encodeEvent(event)) }))
}

interface LogToSend {
  events: AsyncIterator<LoggedEvent, void>
  /** Whether frames have an `id`, so that a reader can tell where it stopped. */
  isNumbered: boolean
}

/** Sends what a run has logged and will log. How slowly it is read, and whether it is read, is nothing to the run. */
export function sendLog(reply: FastifyReply, run: Run, { events, isNumbered }: LogToSend): FastifyReply {
  const number = (index: number, text: string): string => (isNumbered ? `id: ${index}\n${text}` : text)
  const frames = new Frames(reply, {
    events,
    toFrame: ({ index, json }) => number(index, frame(json)),
    // One past the last event, so that who has seen it need not see it again.
    lastFrame: () => run.failure && number(run.size, errorFrame(reply, run.failure)),
  })
  return send(reply, frames)
}

/** Sends the events of the Agent Communication Protocol. A failure of the stream itself is one of them. */
export function sendAcpEvents(reply: FastifyReply, events: AsyncIterator<AcpEvent, void>): FastifyReply {
  const toFrame = (event: AcpEvent) => frame(JSON.stringify(event))
  const failed = (error: unknown) => toFrame({ type: 'error', error: toAcpForm(problemOf(reply, error)) })
  return send(reply, new Frames(reply, { events, toFrame, failed }))
}

function send(reply: FastifyReply, frames: AsyncIterable<string>): FastifyReply {
  return reply
    .headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    .send(Readable.from(frames, { objectMode: false, highWaterMark: 16 * 1024 }))
}

interface FrameSource<Item> {
  events: AsyncIterator<Item, void>
  toFrame(item: Item): string
  /** What is to be said when the events have ended. */
  lastFrame?(): string | undefined
  /** What is to be said when they break off, where that is not the way of the ADK. */
  failed?(error: unknown): string
}

const END: IteratorResult<string, void> = { done: true, value: undefined }

/** Written out, because a generator would cost every event some more turns of the event loop. */
class Frames<Item> implements AsyncIterableIterator<string, void> {
  #silence: NodeJS.Timeout | undefined
  #isOver = false

  constructor(
    private readonly reply: FastifyReply,
    private readonly source: FrameSource<Item>,
  ) {}

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<string, void>> {
    if (this.#isOver) return END
    if (!this.#silence) this.#begin()
    try {
      const next = await this.source.events.next()
      if (!next.done) {
        this.#silence?.refresh()
        return { done: false, value: this.source.toFrame(next.value) }
      }
      return this.#finish(this.source.lastFrame?.())
    } catch (error) {
      return this.#finish(this.source.failed?.(error) ?? errorFrame(this.reply, error))
    }
  }

  async return(): Promise<IteratorResult<string, void>> {
    this.#finish(undefined)
    await this.source.events.return?.()
    return END
  }

  #begin(): void {
    // Without this the headers would wait for the first event, and with them the client.
    this.reply.raw.flushHeaders()
    this.#silence = pingInSilence(this.reply)
  }

  #finish(value: string | undefined): IteratorResult<string, void> {
    this.#isOver = true
    clearTimeout(this.#silence)
    return value === undefined ? END : { done: false, value }
  }
}

/** A failure after the first byte: the last frame says what happened. */
function errorFrame(reply: FastifyReply, error: unknown): string {
  const { error: text } = problemOf(reply, error).body
  const error_type: ProblemCode = error instanceof AdkError ? error.code : 'internal'
  return frame(
    JSON.stringify({
      error: text,
      error_details: { error_type, error_message: text, timestamp: clock.now() },
    }),
  )
}

function problemOf(reply: FastifyReply, error: unknown): ProblemReply {
  const known = toProblem(error)
  if (!known) reply.log.error({ reqId: reply.request.id, err: error }, 'stream.failed')
  return known ?? internalProblem(reply.request.id)
}

/** A timer that is refreshed by every frame. A client that has not read for a minute is let go. */
function pingInSilence(reply: FastifyReply): NodeJS.Timeout {
  let unread = 0
  const timer = setTimeout(() => {
    unread = reply.raw.writableNeedDrain ? unread + 1 : 0
    if (unread > MAX_UNREAD_PINGS) {
      reply.log.warn({ reqId: reply.request.id }, 'client.stalled')
      reply.raw.destroy()
      return
    }
    if (unread === 0) reply.raw.write(': ping\n\n')
    timer.refresh()
  }, PING_AFTER_MS)
  return timer.unref()
}
