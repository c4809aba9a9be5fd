import { clock } from '../core/clock.js'
import { AdkError } from '../core/errors.js'
import { encodeEvent, settleEvent, type Event } from '../core/event.js'
import { frozenJsonObject } from '../core/json.js'
import {
  BaseSessionService,
  keyOf,
  sessionName,
  type AppendEventRequest,
  type CreateSessionRequest,
  type ExpiredSessionsRequest,
  type GetSessionRequest,
  type ListSessionsRequest,
  type Session,
  type SessionKey,
} from '../core/session.js'
import type { Database } from '../database/database.js'
import { Queues } from '../database/queue.js'
import { EventCache } from './event-cache.js'
import { fitEvent, fitForJsonb } from './jsonb.js'
import { appendTo, TICK, type Appended, type Origin } from './sql-append.js'
import { roundTime } from './sql-events.js'
import { readSession, type EventReader } from './sql-read.js'
import { prepareSchema, type SessionSchema } from './sql-schema.js'
import { mergeState, parseState, splitState, writeSharedState } from './sql-state.js'
import { START, statementsFor, type Statements } from './sql-statements.js'
import type { StoredTime } from './sql-times.js'
import { joinEvents } from './unseen.js'

/** Longest id, in characters: that of the columns that the ADKs make. */
const MAX_KEY_LENGTH = 191
/** Neither of the databases can carry these in a text. */
const UNFIT = /\0|\p{Surrogate}/u
/** What the events of hot sessions may take, in bytes. */
const CACHE_BYTES = 64 * 1024 * 1024

/** Sessions in a SQL database with the schema of the ADK. Several processes may share one. */
class SqlSessionService extends BaseSessionService {
  readonly #sql: Statements
  readonly #reader: EventReader
  readonly #cache = new EventCache(CACHE_BYTES)
  readonly #origins = new WeakMap<Session, Origin>()
  /** Appends to one session wait for each other here, not in the database. */
  readonly #appends = new Queues()
  #lastCreated = 0

  constructor(private readonly schema: SessionSchema) {
    super()
    this.#sql = statementsFor(schema.database.make, schema.times)
    this.#reader = { connection: schema.database, sql: this.#sql, cache: this.#cache }
  }

  override async createSession(request: CreateSessionRequest): Promise<Session> {
    const { appName, userId } = request
    const key = { appName, userId, sessionId: request.sessionId?.trim() || clock.uuid() }
    checkKey(key)
    const { times, newTime, database } = this.schema
    const given = frozenJsonObject(request.state ?? {})
    const delta = splitState(database.make === 'postgres' ? fitForJsonb(given) : given)
    const time = times.encode(this.#newTime(), newTime)
    const sql = this.#sql
    const state = await database.transaction(async (connection) => {
      // The session first, as appends do: whoever waits for it must not hold what is shared.
      const row = [appName, userId, key.sessionId, JSON.stringify(delta.session), time, time]
      if ((await connection.run(sql.addSession, row)) === 0) {
        throw new AdkError('session_exists', `Session already exists: ${key.sessionId}`)
      }
      await connection.run(sql.addAppState, [appName, time])
      await connection.run(sql.addUserState, [appName, userId, time])
      await writeSharedState({ connection, sql, key, time }, delta)
      const [app] = await connection.all(sql.appState, [appName])
      const [user] = await connection.all(sql.userState, [appName, userId])
      return mergeState({
        app: parseState(app?.state),
        user: parseState(user?.state),
        session: delta.session,
      })
    })
    return this.#snapshot(key, { state, events: [], created: time, updated: time, last: START })
  }

  override async getSession({ config = {}, ...key }: GetSessionRequest): Promise<Session | undefined> {
    if (!areStorable(Object.values(key))) return undefined
    const found = await readSession(this.#reader, key, config)
    return found && this.#snapshot(key, found)
  }

  override async listSessions({ appName, userId }: ListSessionsRequest): Promise<{ sessions: Session[] }> {
    if (!areStorable([appName, userId ?? ''])) return { sessions: [] }
    const { database, times } = this.schema
    const [app] = await database.all(this.#sql.appState, [appName])
    const [users, rows] =
      userId === undefined
        ? [
            await database.all(this.#sql.statesOfUsers, [appName]),
            await database.all(this.#sql.listOfApp, [appName]),
          ]
        : [
            await database.all(this.#sql.userState, [appName, userId]),
            await database.all(this.#sql.listOfUser, [appName, userId]),
          ]
    const appState = parseState(app?.state)
    const userStates = new Map(users.map((row) => [row.userId, parseState(row.state)]))
    const sessions = rows.map((row): Session => {
      const scoped = { app: appState, user: userStates.get(row.userId) ?? {}, session: parseState(row.state) }
      return {
        id: String(row.id),
        appName,
        userId: String(row.userId),
        state: mergeState(scoped),
        events: [],
        lastUpdateTime: times.decode(row.updated as StoredTime), // as the statement selects it
      }
    })
    return { sessions }
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    await this.#delete(key, this.#sql.deleteSession)
  }

  override async listExpiredSessions({ before, limit }: ExpiredSessionsRequest): Promise<SessionKey[]> {
    const rows = await this.schema.database.all(this.#sql.expired, [before, limit])
    return rows.map(({ appName, userId, id }) => ({
      appName: String(appName),
      userId: String(userId),
      sessionId: String(id),
    }))
  }

  override expireSession(key: SessionKey, before: number): Promise<boolean> {
    return this.#delete(key, this.#sql.expireSession, before)
  }

  /** Resolves to whether there was such a session. */
  async #delete(key: SessionKey, statement: string, ...condition: number[]): Promise<boolean> {
    if (!areStorable(Object.values(key))) return false
    const row = [key.appName, key.userId, key.sessionId]
    const isDeleted = await this.schema.database.transaction(async (connection) => {
      // The session first, because its row is the lock that appends wait for.
      if ((await connection.run(statement, [...row, ...condition])) === 0) return false
      await connection.run(this.#sql.deleteEvents, row)
      return true
    })
    if (isDeleted) this.#cache.delete(sessionName(key))
    return isDeleted
  }

  override async appendEvent({ session, event }: AppendEventRequest): Promise<Event> {
    const settled = settleEvent(session, event)
    if (settled.partial) return settled
    const key = keyOf(session)
    // What is stored is what is acknowledged, so it is made fit before it is anything else.
    const fitting = this.schema.database.make === 'postgres' ? fitEvent(settled) : settled
    return this.#appends.run(sessionName(key), async () => {
      const appended = await this.schema.database.transaction((connection) =>
        appendTo(
          { connection, schema: this.schema, sql: this.#sql },
          session,
          fitting,
          this.#origins.get(session),
        ),
      )
      this.#remember(key, appended)
      this.#origins.set(session, appended.origin)
      joinEvents(session, [...appended.unseen, appended.event])
      session.lastUpdateTime = this.schema.times.decode(appended.origin.updated)
      return appended.event
    })
  }

  override async close(): Promise<void> {
    await this.schema.database.close()
  }

  /** Keeps cached events up to date, if they were so before. */
  #remember(key: SessionKey, { event, before, origin }: Appended): void {
    const cached = this.#cache.get(sessionName(key))
    if (cached?.created !== origin.created || cached.updated !== before) return
    cached.events.push(event)
    cached.size += encodeEvent(event).length
    cached.updated = origin.updated
    cached.last = origin.last
    this.#cache.set(sessionName(key), cached)
  }

  #snapshot(key: SessionKey, found: Origin & Pick<Session, 'state' | 'events'>): Session {
    const { state, events, created, updated, last } = found
    const session: Session = {
      id: key.sessionId,
      appName: key.appName,
      userId: key.userId,
      state,
      events,
      lastUpdateTime: this.schema.times.decode(updated),
    }
    this.#origins.set(session, { created, updated, last })
    return session
  }

  /** Never the same twice, so that a session can be told from another one that had its id before. */
  #newTime(): number {
    const now = clock.now() + (performance.now() % 1) / 1000
    this.#lastCreated = roundTime(Math.max(now, this.#lastCreated + TICK))
    return this.#lastCreated
  }
}

/** Whether anything of these names can be in a database: other names are asked for in vain, or found as different ones. */
const areStorable = (names: readonly string[]): boolean =>
  names.every((name) => name.length <= MAX_KEY_LENGTH && !UNFIT.test(name))

function checkKey(key: SessionKey): void {
  if (areStorable(Object.values(key))) return
  throw new AdkError(
    'name_not_storable',
    `appName, userId and sessionId should have at most ${MAX_KEY_LENGTH} characters each, and none that a database cannot carry`,
  )
}

/** Sessions in a database, whose tables are made where they are missing. One that cannot be used is closed again. */
export async function openSqlSessions(database: Database): Promise<SqlSessionService> {
  try {
    return new SqlSessionService(await prepareSchema(database))
  } catch (error) {
    await database.close()
    // What fails while a server runs names no place; here somebody has to know which database it is.
    if (!(error instanceof AdkError)) throw error
    throw new Error(`${error.message} (${database.shown})`, { cause: error })
  }
}
