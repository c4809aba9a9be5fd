import type { Content } from './content.js'
import type { Session } from './session.js'

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
  async close(): Promise<void> {}
}
