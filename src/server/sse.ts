// Server-sent events, as ADK clients read them: `data: {json}` and an empty line, nothing before and nothing else,
// but for comment frames that keep proxies awake.
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { clock } from '../core/clock.js'
import { AdkError, type ProblemCode } from '../core/errors.js'
import { encodeEvent, type Event } from '../core/event.js'
import { internalProblem, toProblem } from './problem.js'

/** Silence after which a comment is sent, in milliseconds; proxies cut connections that are idle for longer. */
const PING_AFTER_MS = 15_000
/** Pings in a row that may find the client not reading; the next one gives it up. */
const MAX_UNREAD_PINGS = 3

const frame = (json: string): string => `data: ${json}\n\n`

/** Sends each event as it happens. A reader that is slow or stops holds up its own run only, and leaving ends it. */
export function sendEvents(reply: FastifyReply, events: AsyncGenerator<Event, void>): FastifyReply {
  return reply
    .headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    .send(Readable.from(frames(reply, events), { objectMode: false, highWaterMark: 16 * 1024 }))
}

async function* frames(
  reply: FastifyReply,
  events: AsyncGenerator<Event, void>,
): AsyncGenerator<string, void> {
  // Without this the headers would wait for the first event, and with them the client.
  reply.raw.flushHeaders()
  const silence = pingInSilence(reply)
  try {
    for await (const event of events) {
      yield frame(encodeEvent(event))
      silence.refresh()
    }
  } catch (error) {
    yield errorFrame(reply, error)
  } finally {
    clearTimeout(silence)
  }
}

/** A failure after the first byte: the last frame says what happened. */
function errorFrame(reply: FastifyReply, error: unknown): string {
  const known = toProblem(error)
  if (!known) reply.log.error({ reqId: reply.request.id, err: error }, 'stream.failed')
  const { error: text } = (known ?? internalProblem(reply.request.id)).body
  const error_type: ProblemCode = error instanceof AdkError ? error.code : 'internal'
  return frame(
    JSON.stringify({
      error: text,
      error_details: { error_type, error_message: text, timestamp: clock.now() },
    }),
  )
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
