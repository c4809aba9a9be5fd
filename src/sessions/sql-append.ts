// One event more, in a transaction: the same steps whatever the length of the session.
import { newEventId } from '../core/clock.js'
import { AdkError } from '../core/errors.js'
import { sealEvent, type Event } from '../core/event.js'
import { keyOf, type Session, type SessionKey } from '../core/session.js'
import type { Connection } from '../database/database.js'
import { encodeEventRow } from './sql-events.js'
import { readAfter } from './sql-read.js'
import type { SessionSchema } from './sql-schema.js'
import { splitState, writeSessionState, writeSharedState } from './sql-state.js'
import type { Place, Statements } from './sql-statements.js'
import { MILLISECONDS, type StoredTime } from './sql-times.js'
import { placeBehind } from './unseen.js'

/** Smallest step between two times, in seconds. */
export const TICK = 1e-6

/** What a snapshot knows of the session it was read from. */
export interface Origin {
  readonly created: StoredTime
  readonly updated: StoredTime
  readonly last: Place
}

/** What an append has done. */
export interface Appended {
  event: Event
  /** What others had appended since the session was read. */
  unseen: Event[]
  /** The time of the session before this append. */
  before: StoredTime
  origin: Origin
}

interface Store {
  connection: Connection
  schema: SessionSchema
  sql: Statements
}

/** Changes nothing but the database, because it may be repeated. */
export async function appendTo(
  store: Store,
  session: Session,
  settled: Event,
  known: Origin | undefined,
): Promise<Appended> {
  const { connection, sql } = store
  const { times } = store.schema
  const key = keyOf(session)
  const row = [key.appName, key.userId, key.sessionId]
  const [found] = await connection.all(sql.lockSession, row)
  if (!found || (known && found.created !== known.created)) {
    throw new AdkError('session_deleted', `Session was deleted: ${session.id}`)
  }
  const before = found.updated as StoredTime // as the statement selects it
  const unseen = known && known.updated !== before ? await readAfter(connection, sql, key, known.last) : []
  const placed = placeBehind(session, unseen, settled)
  const time = times.encode(Math.max(placed.timestamp, times.decode(before) + TICK), before)
  const delta = splitState(placed.actions.stateDelta)
  await writeSessionState({ connection, sql, key, time }, delta)
  await writeSharedState({ connection, sql, key, time }, delta)
  const { event, last } = await addEvent(store, key, placed, time)
  await connection.run(sql.touchSession, [time, ...row])
  return { event, unseen, before, origin: { created: found.created as StoredTime, updated: time, last } }
}

/** An id that is taken is replaced: what is appended is a new event, whatever its author calls it. */
async function addEvent({ connection, schema, sql }: Store, key: SessionKey, event: Event, time: StoredTime) {
  const { appName, userId, sessionId } = key
  const unit = typeof time === 'number' && time > MILLISECONDS ? 'milliseconds' : schema.eventUnit
  for (;;) {
    const { id, invocationId } = event
    const row = [appName, userId, sessionId, id, invocationId, time, encodeEventRow(event, unit)]
    const [added] = await connection.all(sql.addEvent, row)
    if (added) return { event, last: { position: Number(added.position), id } }
    event = sealEvent({ ...event, id: newEventId() })
  }
}
