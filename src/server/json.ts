import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { encodeEvent, encodeOnce, type Event } from '../core/event.js'
import type { Session } from '../core/session.js'

const encodeEvents = (events: readonly Event[]): string => `[${events.map(encodeEvent).join(',')}]`

/** What stands before and behind the events of a session. */
function frameOf({ id, appName, userId, state, lastUpdateTime }: Session): [head: string, tail: string] {
  const head = JSON.stringify({ id, appName, userId, state })
  return [`${head.slice(0, -1)},"events":`, `,"lastUpdateTime":${lastUpdateTime}}`]
}

/** A session in its wire form; its events are not encoded again. */
function encodeSession(session: Session): string {
  const [head, tail] = frameOf(session)
  return head + encodeEvents(session.events) + tail
}

/** A session with more events is sent piece by piece: it is never there a second time, as one text. */
const MANY_EVENTS = 5000
/** Length of a piece, in characters. */
const PIECE = 64 * 1024

/** The same text as that of {@link encodeSession}. */
function* encodeInPieces(session: Session): Generator<string, void> {
  const [head, tail] = frameOf(session)
  let piece = `${head}[`
  for (const [index, event] of session.events.entries()) {
    piece += (index === 0 ? '' : ',') + encodeOnce(event)
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  yield `${piece}]${tail}`
}

/** Sends text that is JSON already. */
export function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .serializer((text: string) => text)
    .send(json)
}

export function sendSession(reply: FastifyReply, session: Session): FastifyReply {
  if (session.events.length <= MANY_EVENTS) return sendJson(reply, encodeSession(session))
  const pieces = Readable.from(encodeInPieces(session), { objectMode: false, highWaterMark: PIECE })
  return reply.type('application/json; charset=utf-8').send(pieces)
}

export const sendSessions = (reply: FastifyReply, sessions: readonly Session[]): FastifyReply =>
  sendJson(reply, `[${sessions.map(encodeSession).join(',')}]`)
export const sendEventList = (reply: FastifyReply, events: readonly Event[]): FastifyReply =>
  sendJson(reply, encodeEvents(events))
