import type { Event } from '../core/event.js'
import { Late } from '../core/late.js'
import {
  BaseSessionService,
  type AppendEventRequest,
  type CreateSessionRequest,
  type ExpiredSessionsRequest,
  type GetSessionRequest,
  type ListSessionsRequest,
  type Session,
  type SessionKey,
} from '../core/session.js'
import { openDatabase } from '../database/database.js'
import { parseStoreUri } from '../database/uri.js'
import { InMemorySessionService } from './memory.js'

/** Sessions in the database of a URI, such as `sqlite:///sessions.db`. It is opened when it is first needed. */
export class DatabaseSessionService extends BaseSessionService {
  readonly #store: Late<BaseSessionService>

  constructor(uri: string) {
    super()
    const parsed = parseStoreUri(uri, 'session service')
    this.#store = new Late(async () => {
      if (parsed.kind === 'memory') return new InMemorySessionService()
      const { openSqlSessions } = await import('./sql.js')
      return openSqlSessions(await openDatabase(parsed))
    })
  }

  override async createSession(request: CreateSessionRequest): Promise<Session> {
    return (await this.#store.get()).createSession(request)
  }

  override async getSession(request: GetSessionRequest): Promise<Session | undefined> {
    return (await this.#store.get()).getSession(request)
  }

  override async listSessions(request: ListSessionsRequest): Promise<{ sessions: Session[] }> {
    return (await this.#store.get()).listSessions(request)
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    return (await this.#store.get()).deleteSession(key)
  }

  override async appendEvent(request: AppendEventRequest): Promise<Event> {
    return (await this.#store.get()).appendEvent(request)
  }

  override async listExpiredSessions(request: ExpiredSessionsRequest): Promise<SessionKey[]> {
    return (await this.#store.get()).listExpiredSessions(request)
  }

  override async expireSession(key: SessionKey, before: number): Promise<boolean> {
    return (await this.#store.get()).expireSession(key, before)
  }

  override async close(): Promise<void> {
    await this.#store.close()
  }
}
