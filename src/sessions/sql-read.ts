import { setImmediate } from 'node:timers/promises'
import type { Event } from '../core/event.js'
import { sessionName, type GetSessionConfig, type SessionKey } from '../core/session.js'
import type { Connection, Row } from '../database/database.js'
import type { JsonObject } from '../schema/json.js'
import type { CachedEvents, EventCache } from './event-cache.js'
import { selectEvents } from './select-events.js'
import { decodeEventRow } from './sql-events.js'
import { mergeState, parseState } from './sql-state.js'
import { START, type Place, type Statements } from './sql-statements.js'
import type { StoredTime } from './sql-times.js'

export interface EventReader {
  connection: Connection
  sql: Statements
  cache: EventCache
}

/** A session at one moment. */
interface FoundSession {
  state: JsonObject
  events: Event[]
  created: StoredTime
  updated: StoredTime
  /** The place of its last event, whether that is among the events here or not. */
  last: Place
}

/** Rows that are read at once; other work has its turn after so many. */
const PAGE = 500
/** Reads of a session that is deleted and made again meanwhile. */
const MAX_ATTEMPTS = 3

const toParameters = ({ appName, userId, sessionId }: SessionKey) => [appName, userId, sessionId]

/**
 * A session and its events. One row tells whether what is cached is all there is; only what is newer is loaded, up to
 * the event that was the last one at that moment, so that state and events fit each other.
 */
export async function readSession(
  reader: EventReader,
  key: SessionKey,
  config: GetSessionConfig,
): Promise<FoundSession | undefined> {
  const isPart = config.numRecentEvents !== undefined && config.afterTimestamp === undefined
  for (let attempt = 1; ; attempt++) {
    const found = await findSession(reader, key)
    if (!found) return undefined
    const cached = reader.cache.get(sessionName(key))
    if (cached && isFresh(cached, found)) return { ...found, events: selectEvents(cached.events, config) }
    if (isPart) return { ...found, events: await readNewest(reader, key, found, config) }
    const loaded = await load(reader, key, found, cached)
    if (loaded.last.position === found.last.position || attempt === MAX_ATTEMPTS) {
      const events = selectEvents(loaded.events, config)
      reader.cache.set(sessionName(key), loaded)
      return { ...found, events }
    }
  }
}

async function findSession(
  { connection, sql }: EventReader,
  key: SessionKey,
): Promise<FoundSession | undefined> {
  const [row] = await connection.all(sql.findSession, toParameters(key))
  if (!row) return undefined
  const state = mergeState({
    session: parseState(row.state),
    user: parseState(row.userState),
    app: parseState(row.appState),
  })
  return {
    state,
    events: [],
    created: row.created as StoredTime, // as the statement selects them
    updated: row.updated as StoredTime,
    last: row.last === null ? START : { position: Number(row.last), id: String(row.lastId) },
  }
}

const isFresh = (cached: CachedEvents, { created, updated, last }: FoundSession): boolean =>
  cached.created === created && cached.updated === updated && cached.last.position === last.position

async function load(
  { connection, sql }: EventReader,
  key: SessionKey,
  { created, updated, last }: FoundSession,
  cached: CachedEvents | undefined,
): Promise<CachedEvents> {
  const isBehind = cached?.created === created && cached.last.position < last.position
  const loaded: CachedEvents = isBehind
    ? { ...cached, events: [...cached.events], updated }
    : { created, updated, events: [], last: START, size: 0 }
  if (last === START) return loaded
  for (;;) {
    const rows = await eventsBetween(connection, sql, key, loaded.last, last.position)
    for (const row of rows) {
      loaded.events.push(toEvent(row))
      loaded.size += String(row.data).length
      loaded.last = { position: Number(row.position), id: String(row.id) }
    }
    if (rows.length < PAGE) return loaded
    await setImmediate()
  }
}

const eventsBetween = (
  connection: Connection,
  sql: Statements,
  key: SessionKey,
  after: Place,
  upTo: number,
) => connection.all(sql.eventsBetween, [...toParameters(key), ...sql.placeOf(after), upTo, PAGE])

/** All events after a place: those that somebody else has just appended. */
export async function readAfter(
  connection: Connection,
  sql: Statements,
  key: SessionKey,
  after: Place,
): Promise<Event[]> {
  const rows = await connection.all(sql.eventsAfter, [...toParameters(key), ...sql.placeOf(after)])
  return rows.map(toEvent)
}

async function readNewest(
  { connection, sql }: EventReader,
  key: SessionKey,
  { last }: FoundSession,
  { numRecentEvents: count = 0 }: GetSessionConfig,
): Promise<Event[]> {
  if (!(count >= 1)) return []
  const limit = Math.min(Math.trunc(count), Number.MAX_SAFE_INTEGER)
  const rows = await connection.all(sql.newestEvents, [...toParameters(key), last.position, limit])
  return rows.toReversed().map(toEvent)
}

const toEvent = ({ id, invocationId, data }: Row): Event =>
  decodeEventRow({ id: String(id), invocationId: String(invocationId), data: String(data) })
