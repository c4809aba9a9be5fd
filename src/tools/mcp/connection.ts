import { linkAbort, unlessAborted, type LinkedAbort } from '../../core/abort.js'
import type { JsonObject } from '../../schema/json.js'
import { explain, lossIn, McpError } from './errors.js'
import { DEFAULT_TIMEOUT_MS, nameServer, type MCPConnectionParams } from './params.js'
import {
  createSession,
  type McpRequestOptions,
  type McpResource,
  type McpResourceContents,
  type McpSession,
  type McpToolInfo,
} from './sdk.js'

/** A session, from the attempt to open it until it is closed. */
interface SharedSession {
  /** What has to be closed in the end, also when connecting fails. */
  created: Promise<McpSession>
  connected: Promise<McpSession>
  /** Requests under way, which keep it open when it is no longer used for new ones. */
  users: number
  isRetired: boolean
  end?: Promise<void>
}

type Work<T> = (session: McpSession, options: McpRequestOptions) => Promise<T>

/**
 * The connection to one MCP server. Its session is opened when it is first needed, shared by all who ask, kept open, and
 * followed by another one after it died.
 */
export class McpConnection {
  #current: SharedSession | undefined
  #tools: Promise<McpToolInfo[]> | undefined
  /** Those that are not closed yet. */
  readonly #sessions = new Set<SharedSession>()
  /** Fires when all that is under way should end. */
  #closing = new AbortController()

  constructor(private readonly params: MCPConnectionParams) {}

  /** Asked for once, and again after the server said that its tools changed. */
  listTools(signal: AbortSignal): Promise<McpToolInfo[]> {
    this.#tools ??= this.#listTools()
    return unlessAborted(this.#tools, signal)
  }

  listResources(): Promise<McpResource[]> {
    return this.#read('could not list its resources', (session, options) => session.listResources(options))
  }

  readResource(uri: string): Promise<McpResourceContents[]> {
    return this.#read('could not read a resource', (session, options) => session.readResource(uri, options))
  }

  /** The result as the server sent it. A call is never made twice: who knows how far it came the first time? */
  callTool(name: string, args: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const work: Work<JsonObject> = (session, options) => session.callTool(name, args, options)
    return this.#request(work, {
      doing: `could not finish the call of "${name}"`,
      signal,
      isRepeatable: false,
    })
  }

  /** Resolves when server processes are gone and sessions over. A later request connects anew. */
  async close(): Promise<void> {
    this.#closing.abort(new McpError(`The connection to ${nameServer(this.params)} was closed`))
    this.#closing = new AbortController()
    const ends = [...this.#sessions].map((shared) => {
      this.#retire(shared)
      return this.#end(shared)
    })
    await Promise.all(ends)
  }

  #listTools(): Promise<McpToolInfo[]> {
    const tools = this.#read('could not list its tools', (session, options) => session.listTools(options))
    tools.catch(() => {
      if (this.#tools === tools) this.#tools = undefined
    })
    return tools
  }

  /** For requests that change nothing: they have a deadline, and may be repeated. */
  async #read<T>(doing: string, work: Work<T>): Promise<T> {
    const deadline = this.#deadline()
    const { signal } = deadline
    try {
      return await this.#request(work, { doing, signal, isRepeatable: true })
    } finally {
      deadline.release()
    }
  }

  /** Connecting and asking together take no longer than the server is given. */
  #deadline(): LinkedAbort {
    const { timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = this.params
    const reason = () =>
      new McpError(
        `${nameServer(this.params)} did not answer within ${timeoutMs / 1000} s; check that it is running, or set a longer \`timeout\``,
      )
    return linkAbort(this.#closing.signal, { timeoutMs, reason })
  }

  async #request<T>(
    work: Work<T>,
    { doing, signal, isRepeatable }: { doing: string; signal: AbortSignal; isRepeatable: boolean },
  ): Promise<T> {
    const closing = this.#closing.signal
    for (let isFirst = true; ; isFirst = false) {
      const shared = this.#share()
      shared.users++
      try {
        return await work(await unlessAborted(shared.connected, signal), { signal })
      } catch (error) {
        const loss = lossIn(error)
        // A server that does not even say what it has in time is given up, too.
        if (loss || (isRepeatable && signal.aborted)) this.#retire(shared)
        signal.throwIfAborted()
        closing.throwIfAborted()
        const again = loss === 'refused' || (loss === 'unknown' && isRepeatable)
        if (!isFirst || !again) throw explain(error, this.params, doing)
      } finally {
        shared.users--
        this.#endUnused(shared)
      }
    }
  }

  #share(): SharedSession {
    if (this.#current) return this.#current
    const created = createSession(this.params, {
      onClosed: () => this.#retire(shared),
      onToolsChanged: () => (this.#tools = undefined),
    })
    const shared: SharedSession = { created, connected: this.#connect(created), users: 0, isRetired: false }
    shared.connected.catch(() => this.#retire(shared))
    this.#sessions.add(shared)
    this.#current = shared
    return shared
  }

  async #connect(created: Promise<McpSession>): Promise<McpSession> {
    const deadline = this.#deadline()
    const { signal } = deadline
    try {
      const session = await created
      await session.connect({ signal })
      return session
    } catch (error) {
      signal.throwIfAborted()
      throw explain(error, this.params, 'cannot be reached')
    } finally {
      deadline.release()
    }
  }

  /** No new request uses it, and what it told is forgotten. */
  #retire(shared: SharedSession): void {
    shared.isRetired = true
    if (this.#current === shared) {
      this.#current = undefined
      this.#tools = undefined
    }
    this.#endUnused(shared)
  }

  #endUnused(shared: SharedSession): void {
    if (shared.isRetired && shared.users === 0) void this.#end(shared)
  }

  #end(shared: SharedSession): Promise<void> {
    shared.end ??= this.#closeSession(shared).finally(() => this.#sessions.delete(shared))
    return shared.end
  }

  async #closeSession({ created, connected }: SharedSession): Promise<void> {
    await connected.catch(() => undefined)
    const session = await created.catch(() => undefined)
    await session?.close()
  }
}
