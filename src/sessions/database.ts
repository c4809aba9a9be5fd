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
import type { Event } from '../core/event.js'
import { openDatabase } from '../database/database.js'
import { parseStoreUri } from '../database/uri.js'
import { InMemorySessionService } from './memory.js'

/** Sessions in the database of a URI, such as `sqlite:///sessions.db`. It is opened when it is first needed. */
export class DatabaseSessionService extends BaseSessionService {
  readonly #uri: ReturnType<typeof parseStoreUri>
  #opening: Promise<BaseSessionService> | undefined

  constructor(uri: string) {
    super()
    this.#uri = parseStoreUri(uri, 'session service')
  }

  override async createSession(request: CreateSessionRequest): Promise<Session> {
    return (await this.#open()).createSession(request)
  }

  override async getSession(request: GetSessionRequest): Promise<Session | undefined> {
    return (await this.#open()).getSession(request)
  }

  override async listSessions(request: ListSessionsRequest): Promise<{ sessions: Session[] }> {
    return (await this.#open()).listSessions(request)
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    return (await this.#open()).deleteSession(key)
  }

  override async appendEvent(request: AppendEventRequest): Promise<Event> {
    return (await this.#open()).appendEvent(request)
  }

  override async listExpiredSessions(request: ExpiredSessionsRequest): Promise<SessionKey[]> {
    return (await this.#open()).listExpiredSessions(request)
  }

  override async expireSession(key: SessionKey, before: number): Promise<boolean> {
    return (await this.#open()).expireSession(key, before)
  }

  override async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined)
    await opened?.close()
  }

  /** A failure is for whoever asked; the next one tries again. */
  async #open(): Promise<BaseSessionService> {
    this.#opening ??= this.#connect()
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  async #connect(): Promise<BaseSessionService> {
    if (this.#uri.kind === 'memory') return new InMemorySessionService()
    const { openSqlSessions } = await import('./sql.js')
    return openSqlSessions(await openDatabase(this.#uri))
  }
}
