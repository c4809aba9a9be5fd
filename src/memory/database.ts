import { Late } from '../core/late.js'
import { BaseMemoryService, type SearchMemoryRequest, type SearchMemoryResponse } from '../core/memory.js'
import type { Session, SessionKey } from '../core/session.js'
import { openDatabase } from '../database/database.js'
import { parseStoreUri } from '../database/uri.js'
import { InMemoryMemoryService } from './memory.js'

/** Memory in the database of a URI, such as `sqlite:///memory.db`. It is opened when it is first needed. */
export class DatabaseMemoryService extends BaseMemoryService {
  readonly #store: Late<BaseMemoryService>

  constructor(uri: string) {
    super()
    const parsed = parseStoreUri(uri, 'memory service')
    this.#store = new Late(async () => {
      if (parsed.kind === 'memory') return new InMemoryMemoryService()
      const { SqlMemoryService } = await import('./sql.js')
      const database = await openDatabase(parsed)
      try {
        return await SqlMemoryService.open(database)
      } catch (error) {
        await database.close()
        throw error
      }
    })
  }

  override async addSessionToMemory(session: Session): Promise<void> {
    return (await this.#store.get()).addSessionToMemory(session)
  }

  override async searchMemory(request: SearchMemoryRequest): Promise<SearchMemoryResponse> {
    return (await this.#store.get()).searchMemory(request)
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    return (await this.#store.get()).deleteSession(key)
  }

  override async close(): Promise<void> {
    await this.#store.close()
  }
}
