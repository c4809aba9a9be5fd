import {
  BaseMemoryService,
  type MemoryEntry,
  type SearchMemoryRequest,
  type SearchMemoryResponse,
} from '../core/memory.js'
import { stringifyContent } from '../core/event.js'
import { keyOf, type Session, type SessionKey } from '../core/session.js'
import { rank, wordsOf } from './ranking.js'

interface Remembered {
  readonly entry: MemoryEntry
  readonly words: ReadonlySet<string>
}

/** Memory that lives as long as the process; finds messages by whole words, rare words first. */
export class InMemoryMemoryService extends BaseMemoryService {
  /** By app and user, then by session. */
  readonly #users = new Map<string, Map<string, Remembered[]>>()

  override async addSessionToMemory(session: Session): Promise<void> {
    if (session.events.length === 0) return this.deleteSession(keyOf(session))
    const key = userKey(session.appName, session.userId)
    const sessions = this.#users.get(key) ?? new Map<string, Remembered[]>()
    this.#users.set(key, sessions)
    sessions.set(
      session.id,
      session.events.flatMap((event) => {
        const words = wordsOf(stringifyContent(event))
        if (!event.content || words.size === 0) return []
        const timestamp = new Date(event.timestamp * 1000).toISOString()
        return [{ entry: { content: event.content, author: event.author, timestamp }, words }]
      }),
    )
  }

  override async deleteSession({ appName, userId, sessionId }: SessionKey): Promise<void> {
    const key = userKey(appName, userId)
    const sessions = this.#users.get(key)
    sessions?.delete(sessionId)
    if (sessions?.size === 0) this.#users.delete(key)
  }

  override async searchMemory(request: SearchMemoryRequest): Promise<SearchMemoryResponse> {
    const remembered = [...(this.#users.get(userKey(request.appName, request.userId))?.values() ?? [])].flat()
    return { memories: rank(remembered, wordsOf(request.query)).map(({ entry }) => entry) }
  }
}

const userKey = (appName: string, userId: string): string => JSON.stringify([appName, userId])
