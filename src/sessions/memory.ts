import { clock } from '../core/clock.js'
import { AdkError } from '../core/errors.js'
import { settleEvent, type Event } from '../core/event.js'
import { assignOwn, frozenJsonObject, setOwn } from '../core/json.js'
import {
  BaseSessionService,
  keyOf,
  type AppendEventRequest,
  type CreateSessionRequest,
  type ExpiredSessionsRequest,
  type GetSessionConfig,
  type GetSessionRequest,
  type ListSessionsRequest,
  type Session,
  type SessionKey,
} from '../core/session.js'
import { scopeOf } from '../core/state.js'
import type { JsonObject } from '../schema/json.js'
import { selectEvents } from './select-events.js'
import { joinEvents, placeBehind } from './unseen.js'

interface StoredSession {
  readonly key: SessionKey
  readonly state: JsonObject
  readonly events: Event[]
  lastUpdateTime: number
  deleted: boolean
}

interface StoredUser {
  readonly state: JsonObject
  readonly sessions: Map<string, StoredSession>
}

interface StoredApp {
  readonly state: JsonObject
  readonly users: Map<string, StoredUser>
}

/** What a snapshot was read from, since an id may be deleted and used again, and how many events there were then. */
interface Origin {
  readonly stored: StoredSession
  seen: number
}

/** Sessions that live as long as the process. Reading never allocates, and a deleted session leaves nothing behind. */
export class InMemorySessionService extends BaseSessionService {
  readonly #apps = new Map<string, StoredApp>()
  readonly #origins = new WeakMap<Session, Origin>()

  override async createSession(request: CreateSessionRequest): Promise<Session> {
    const { appName, userId } = request
    const sessionId = request.sessionId?.trim() || clock.uuid()
    const state = frozenJsonObject(request.state ?? {})
    const app = entry(this.#apps, appName, () => ({ state: {}, users: new Map() }))
    const user = entry(app.users, userId, () => ({ state: {}, sessions: new Map() }))
    if (user.sessions.has(sessionId)) {
      throw new AdkError('session_exists', `Session already exists: ${sessionId}`)
    }
    const stored: StoredSession = {
      key: { appName, userId, sessionId },
      state: {},
      events: [],
      lastUpdateTime: clock.now(),
      deleted: false,
    }
    applyDelta({ app, user, stored }, state)
    user.sessions.set(sessionId, stored)
    return this.#snapshot(app, user, stored)
  }

  override async getSession(request: GetSessionRequest): Promise<Session | undefined> {
    const found = this.#find(request)
    return found && this.#snapshot(found.app, found.user, found.stored, request.config)
  }

  override async listSessions(request: ListSessionsRequest): Promise<{ sessions: Session[] }> {
    const app = this.#apps.get(request.appName)
    if (!app) return { sessions: [] }
    const sessions: Session[] = []
    for (const [userId, user] of app.users) {
      if (request.userId !== undefined && userId !== request.userId) continue
      for (const stored of user.sessions.values()) {
        sessions.push(this.#snapshot(app, user, stored, { numRecentEvents: 0 }))
      }
    }
    return { sessions }
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    const found = this.#find(key)
    if (!found) return
    const { app, user, stored } = found
    stored.deleted = true
    user.sessions.delete(key.sessionId)
    if (user.sessions.size === 0 && isEmpty(user.state)) app.users.delete(key.userId)
    if (app.users.size === 0 && isEmpty(app.state)) this.#apps.delete(key.appName)
  }

  override async listExpiredSessions({ before, limit }: ExpiredSessionsRequest): Promise<SessionKey[]> {
    const expired: StoredSession[] = []
    for (const { users } of this.#apps.values()) {
      for (const { sessions } of users.values()) {
        for (const stored of sessions.values()) if (stored.lastUpdateTime < before) expired.push(stored)
      }
    }
    const longestIdle = expired.toSorted((a, b) => a.lastUpdateTime - b.lastUpdateTime).slice(0, limit)
    return longestIdle.map(({ key }) => ({ ...key }))
  }

  override async expireSession(key: SessionKey, before: number): Promise<boolean> {
    const found = this.#find(key)
    if (!found || found.stored.lastUpdateTime >= before) return false
    await this.deleteSession(key)
    return true
  }

  override async appendEvent({ session, event }: AppendEventRequest): Promise<Event> {
    const settled = settleEvent(session, event)
    if (settled.partial) return settled
    const found = this.#find(keyOf(session))
    const origin = this.#origins.get(session)
    if (!found || (origin && found.stored !== origin.stored)) {
      throw new AdkError('session_deleted', `Session was deleted: ${session.id}`)
    }
    const { events } = found.stored
    const unseen = origin ? events.slice(origin.seen) : []
    const placed = placeBehind(session, unseen, settled)
    applyDelta(found, placed.actions.stateDelta)
    events.push(placed)
    found.stored.lastUpdateTime = Math.max(found.stored.lastUpdateTime, placed.timestamp)
    joinEvents(session, [...unseen, placed])
    session.lastUpdateTime = found.stored.lastUpdateTime
    if (origin) origin.seen = events.length
    return placed
  }

  #find({ appName, userId, sessionId }: SessionKey) {
    const app = this.#apps.get(appName)
    const user = app?.users.get(userId)
    const stored = user?.sessions.get(sessionId)
    return app && user && stored && { app, user, stored }
  }

  #snapshot(app: StoredApp, user: StoredUser, stored: StoredSession, config: GetSessionConfig = {}): Session {
    const state: JsonObject = {}
    assignOwn(state, stored.state)
    for (const [name, value] of Object.entries(user.state)) state[`user:${name}`] = value
    for (const [name, value] of Object.entries(app.state)) state[`app:${name}`] = value
    const session: Session = {
      id: stored.key.sessionId,
      appName: stored.key.appName,
      userId: stored.key.userId,
      state,
      events: selectEvents(stored.events, config),
      lastUpdateTime: stored.lastUpdateTime,
    }
    this.#origins.set(session, { stored, seen: stored.events.length })
    return session
  }
}

function applyDelta(
  { app, user, stored }: { app: StoredApp; user: StoredUser; stored: StoredSession },
  delta: JsonObject,
): void {
  for (const [key, value] of Object.entries(delta)) {
    const { scope, name } = scopeOf(key)
    if (scope === 'app') setOwn(app.state, name, value)
    else if (scope === 'user') setOwn(user.state, name, value)
    else if (scope === 'session') setOwn(stored.state, name, value)
  }
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0
