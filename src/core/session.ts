import type { JsonObject } from '../schema/json.js'
import type { Event } from './event.js'

/** What names a session. Two sessions are the same only when all three are equal, byte for byte. */
export interface SessionKey {
  appName: string
  userId: string
  sessionId: string
}

/**
 * A session as it was when it was read. `state` is the merged view (`app:` and `user:` keys included) and belongs to
 * the reader, as does the list of events; the events themselves are frozen and shared.
 */
export interface Session {
  readonly id: string
  readonly appName: string
  readonly userId: string
  state: JsonObject
  events: Event[]
  /** Seconds since the epoch; never goes back. */
  lastUpdateTime: number
}

export interface CreateSessionRequest {
  appName: string
  userId: string
  /** A missing or blank id is replaced by a UUID. */
  sessionId?: string
  state?: JsonObject
}

export interface GetSessionRequest extends SessionKey {
  config?: GetSessionConfig
}

export interface ListSessionsRequest {
  appName: string
  userId?: string
}

export interface ExpiredSessionsRequest {
  /** Seconds since the epoch. */
  before: number
  limit: number
}

export interface AppendEventRequest {
  session: Session
  event: Event
}

export interface GetSessionConfig {
  /** Only the newest so many events; 0 is none. */
  numRecentEvents?: number
  /** Only events at or after this time, in seconds. */
  afterTimestamp?: number
}

/**
 * A store of sessions. The method names are those of the ADK's session services, so a service written for it fits.
 *
 * Duties of every engine: keys are compared as three separate strings; `app:` and `user:` state is shared from creation
 * on, `temp:` state is never stored; what a method has resolved is stored; events keep the order of their appends.
 */
export abstract class BaseSessionService {
  /** Rejects with `session_exists` when the id is taken. */
  abstract createSession(request: CreateSessionRequest): Promise<Session>

  /** Resolves to `undefined` for an unknown key; the caller decides whether that is an error. */
  abstract getSession(request: GetSessionRequest): Promise<Session | undefined>

  async getOrCreateSession(request: CreateSessionRequest): Promise<Session> {
    const { appName, userId } = request
    const sessionId = request.sessionId?.trim()
    if (!sessionId) return this.createSession(request)
    const known = await this.getSession({ appName, userId, sessionId })
    if (known) return known
    try {
      return await this.createSession(request)
    } catch (error) {
      // Perhaps somebody else was quicker.
      const made = await this.getSession({ appName, userId, sessionId })
      if (!made) throw error
      return made
    }
  }

  /** All sessions of a user, or of an app, without events, with merged state; oldest first. */
  abstract listSessions(request: ListSessionsRequest): Promise<{ sessions: Session[] }>

  /** Also succeeds when there is nothing to delete. */
  abstract deleteSession(request: SessionKey): Promise<void>

  /**
   * Stores a sealed event, behind all others also in time, and applies its state delta, to the store and to the session
   * object passed in, which also receives the event. The cost does not depend on the events before it. Partial events
   * are not stored.
   * Rejects with `session_deleted` when the session was deleted since it was read, even if its id was used again; and
   * with `session_conflict` when both the event and one that was stored since then have content: two runs must not mix.
   * What was stored since then otherwise, such as changes of state by hand, joins the session object, too.
   */
  abstract appendEvent(request: AppendEventRequest): Promise<Event>

  /**
   * Sessions of all apps and users that had no update since `before`, the longest idle first, at most `limit`.
   * A store that cannot look across its apps names none.
   */
  async listExpiredSessions(_request: ExpiredSessionsRequest): Promise<SessionKey[]> {
    return []
  }

  /** Deletes a session, unless it had an update at `before` or later; resolves to whether it did. */
  async expireSession(key: SessionKey, before: number): Promise<boolean> {
    const session = await this.getSession({ ...key, config: { numRecentEvents: 0 } })
    if (!session || session.lastUpdateTime >= before) return false
    await this.deleteSession(key)
    return true
  }

  /** Waits for pending writes and lets go of files and connections. */
  async close(): Promise<void> {}
}

/** One text per key, and no two keys have the same: names may hold anything, so it is the JSON of a list. */
export const sessionName = ({ appName, userId, sessionId }: SessionKey): string =>
  JSON.stringify([appName, userId, sessionId])

export const keyOf = (session: Session): SessionKey => ({
  appName: session.appName,
  userId: session.userId,
  sessionId: session.id,
})
