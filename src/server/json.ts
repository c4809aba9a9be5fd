import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { encodeEvent, encodeOnce, type Event } from '../core/event.js'
import type { Session } from '../core/session.js'

const encodeEvents = (events: readonly Event[]): string => `[${events.map(encodeEvent).join(',')}]`

/** Longest text that is sent as a whole, in characters, and the length of its pieces when it is longer. */
const PIECE = 1024 * 1024

/**
 * A session in its wire form, piece by piece; the last one is returned. Its events are not encoded again. Beyond the
 * first piece their encoding is not kept, because a session of that size would be in memory twice.
 */
function* encodeSession(session: Session): Generator<string, string> {
  const { id, appName, userId, state, events, lastUpdateTime } = session
  const head = JSON.stringify({ id, appName, userId, state })
  let piece = `${head.slice(0, -1)},"events":[`
  let encode = encodeEvent
  for (const [index, event] of events.entries()) {
    piece += `${index === 0 ? '' : ','}${encode(event)}`
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
    encode = encodeOnce
  }
  return `${piece}],"lastUpdateTime":${lastUpdateTime}}`
}

/** Sends text that is JSON already. */
export function sendJson(reply: FastifyReply, json: string | Readable): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .serializer((text: string) => text)
    .send(json)
}

/** A long one is encoded as fast as its reader takes it. */
export function sendSession(reply: FastifyReply, session: Session): FastifyReply {
  const pieces = encodeSession(session)
  const first = pieces.next()
  if (first.done) return sendJson(reply, first.value)
  return sendJson(reply, Readable.from(behind(first.value, pieces), { highWaterMark: 1 }))
}

function* behind(first: string, rest: Generator<string, string>): Generator<string, void> {
  yield first
  yield yield* rest
}

/** Sessions of a list have no events, so that each is one piece. */
export const sendSessions = (reply: FastifyReply, sessions: readonly Session[]): FastifyReply =>
  sendJson(reply, `[${sessions.map((session) => encodeSession(session).next().value).join(',')}]`)
export const sendEventList = (reply: FastifyReply, events: readonly Event[]): FastifyReply =>
  sendJson(reply, encodeEvents(events))
