import type { FastifyReply } from 'fastify'
import { encodeEvent, type Event } from '../core/event.js'
import type { Session } from '../core/session.js'

const encodeEvents = (events: readonly Event[]): string => `[${events.map(encodeEvent).join(',')}]`

/** A session in its wire form; its events are not encoded again. */
function encodeSession(session: Session): string {
  const { id, appName, userId, state, events, lastUpdateTime } = session
  const head = JSON.stringify({ id, appName, userId, state })
  return `${head.slice(0, -1)},"events":${encodeEvents(events)},"lastUpdateTime":${lastUpdateTime}}`
}

/** Sends text that is JSON already. */
export function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .serializer((text: string) => text)
    .send(json)
}

export const sendSession = (reply: FastifyReply, session: Session): FastifyReply =>
  sendJson(reply, encodeSession(session))
export const sendSessions = (reply: FastifyReply, sessions: readonly Session[]): FastifyReply =>
  sendJson(reply, `[${sessions.map(encodeSession).join(',')}]`)
export const sendEventList = (reply: FastifyReply, events: readonly Event[]): FastifyReply =>
  sendJson(reply, encodeEvents(events))
