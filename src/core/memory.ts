import type { Content } from './content.js'
import type { Session, SessionKey } from './session.js'

export interface MemoryEntry {
  content: Content
  author?: string
  /** ISO 8601. */
  timestamp?: string
}

export interface SearchMemoryResponse {
  memories: MemoryEntry[]
}

export interface SearchMemoryRequest {
  appName: string
  userId: string
  query: string
}

/** What an app remembers of a user across sessions. */
export abstract class BaseMemoryService {
  /** Adds the messages of a session, replacing what was added of it before. */
  abstract addSessionToMemory(session: Session): Promise<void>
  /** The best matches first. */
  abstract searchMemory(request: SearchMemoryRequest): Promise<SearchMemoryResponse>

  /** Forgets what was added of a session; also succeeds when there is nothing. */
  async deleteSession({ appName, userId, sessionId }: SessionKey): Promise<void> {
    // What is added replaces what was there, so a session without messages leaves nothing.
    const empty: Session = { id: sessionId, appName, userId, state: {}, events: [], lastUpdateTime: 0 }
    await this.addSessionToMemory(empty)
  }

  async close(): Promise<void> {}
}
