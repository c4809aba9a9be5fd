// The one file that knows the MCP SDK. It is an optional package and loaded when the first server is needed.
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { toDelay, unlessAborted } from '../../core/abort.js'
import type { JsonObject } from '../../schema/json.js'
import { McpError } from './errors.js'
import {
  DEFAULT_TIMEOUT_MS,
  headersOf,
  type MCPConnectionParams,
  type StdioConnectionParams,
  type StreamableHTTPConnectionParams,
} from './params.js'

/** A tool as its server describes it. */
export interface McpToolInfo {
  name: string
  description?: string | undefined
  /** JSON Schema. */
  inputSchema: JsonObject
}

/** A resource as its server describes it. */
export interface McpResource {
  name: string
  uri: string
  title?: string | undefined
  description?: string | undefined
  mimeType?: string | undefined
}

/** Contents of a resource; bytes stay in base64, as the server sent them. */
export type McpResourceContents = { uri: string; mimeType?: string | undefined } & (
  { text: string } | { blob: string }
)

export interface McpRequestOptions {
  /** Aborting it tells the server that nobody waits any more. */
  signal: AbortSignal
}

/** A conversation with a server. Requests reject with what the SDK says. */
export interface McpSession {
  /** Comes first. Nothing is started before. */
  connect(options: McpRequestOptions): Promise<void>
  listTools(options: McpRequestOptions): Promise<McpToolInfo[]>
  listResources(options: McpRequestOptions): Promise<McpResource[]>
  readResource(uri: string, options: McpRequestOptions): Promise<McpResourceContents[]>
  callTool(name: string, args: JsonObject, options: McpRequestOptions): Promise<JsonObject>
  /** Resolves when it is over, also after connecting failed: then the server may still be about to end. */
  close(): Promise<void>
}

interface McpSessionEvents {
  /** Called once the connection is gone, whoever ended it. */
  onClosed(): void
  /** Called when the list of tools may be a different one. */
  onToolsChanged(): void
}

/** Loads the SDK, and prepares a session. */
export async function createSession(
  params: MCPConnectionParams,
  events: McpSessionEvents,
): Promise<McpSession> {
  const sdk = await loadSdk()
  const client = new sdk.Client({ name: 'adk-ts', version: '1.0.0' })
  const link = params.type === 'StdioConnectionParams' ? startServer(sdk, params) : reachServer(sdk, params)
  return new SdkSession(client, link, events)
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>

async function loadSdk() {
  try {
    return {
      ...(await import('@modelcontextprotocol/client')),
      ...(await import('@modelcontextprotocol/client/stdio')),
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    throw new McpError(
      'MCPToolset needs the MCP SDK, which is not installed; add it next to adk-ts: npm install @modelcontextprotocol/client',
      { cause: error },
    )
  }
}

/** Deadlines come as signals; the SDK's own of 60 s would cut long calls short. */
const FOREVER = toDelay(Infinity)

const ignore = () => {}

/** What differs between the ways to reach a server. */
interface Link {
  transport: StdioClientTransport | StreamableHTTPClientTransport
  callTimeoutMs: number
  onConnected(client: Client, events: McpSessionEvents): void
  onClosing(): Promise<void>
}

function startServer({ StdioClientTransport }: Sdk, { serverParams }: StdioConnectionParams): Link {
  const transport = new StdioClientTransport(serverParams)
  return {
    transport,
    callTimeoutMs: FOREVER,
    // A script ends when its work is done; and then the server does, whose standard input is closed.
    onConnected: () => keepAlive(transport, false),
    onClosing: async () => keepAlive(transport, true),
  }
}

/** Whether an idle server process keeps ours from ending. Requests under way have a timer, which always does. */
function keepAlive(transport: StdioClientTransport, isKept: boolean): void {
  // The SDK has no public way to it; should it hide it better some day, scripts have to close their toolsets.
  const { _process: child } = transport as unknown as { _process?: ChildProcess }
  const handles = [child, child?.stdin, child?.stdout] as ({ ref?(): void; unref?(): void } | null)[] // pipes are sockets
  for (const handle of handles) {
    if (isKept) handle?.ref?.()
    else handle?.unref?.()
  }
}

/** How long a server may take to end, or to end a session, in milliseconds. */
const PATIENCE_MS = 2000

function reachServer({ StreamableHTTPClientTransport }: Sdk, params: StreamableHTTPConnectionParams): Link {
  const { url, transportOptions, terminateOnClose = true, sseReadTimeout = FOREVER } = params
  const { timeout = DEFAULT_TIMEOUT_MS } = params
  const transport = new StreamableHTTPClientTransport(checkUrl(url), {
    ...transportOptions,
    requestInit: { ...transportOptions?.requestInit, headers: headersOf(params) },
  })
  return {
    transport,
    callTimeoutMs: toDelay(sseReadTimeout),
    onConnected: (client, events) => watchStreams(client, { ...events, timeout }),
    onClosing: async () => {
      if (!terminateOnClose) return
      await Promise.race([
        transport.terminateSession().catch(ignore),
        sleep(PATIENCE_MS, undefined, { ref: false }),
      ])
    },
  }
}

function checkUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Error('its URL is not one; give it as in https://example.com/mcp')
  }
  if (url.username || url.password) {
    throw new Error('its URL holds credentials, which cannot be sent; put them in a header')
  }
  return url
}

/**
 * The answer to a call travels on a stream, and when a server dies with its streams, nothing tells the calls. So a
 * broken stream is a reason to ask whether the server is still there.
 */
function watchStreams(client: Client, events: McpSessionEvents & { timeout: number }): void {
  let isAsking = false
  const ask = async () => {
    isAsking = true
    try {
      await client.ping({ timeout: toDelay(events.timeout) })
      events.onToolsChanged() // nobody heard whether they did
    } catch {
      await client.close().catch(ignore)
    } finally {
      isAsking = false
    }
  }
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has one handler
  client.onerror = ({ message }) => {
    if (!isAsking && message.includes('SSE stream')) void ask()
  }
}

class SdkSession implements McpSession {
  #over: Promise<void> | undefined

  constructor(
    private readonly client: Client,
    private readonly link: Link,
    private readonly events: McpSessionEvents,
  ) {}

  async connect({ signal }: McpRequestOptions): Promise<void> {
    const { client, link, events } = this
    signal.throwIfAborted()
    this.#over = new Promise((resolve) => {
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has one handler
      client.onclose = () => {
        resolve()
        events.onClosed()
      }
    })
    client.setNotificationHandler('notifications/tools/list_changed', () => events.onToolsChanged())
    await unlessAborted(client.connect(link.transport, { signal, timeout: FOREVER }), signal)
    link.onConnected(client, events)
  }

  // The SDK prints a line when it is asked for what a server does not have.
  async listTools({ signal }: McpRequestOptions): Promise<McpToolInfo[]> {
    if (!this.client.getServerCapabilities()?.tools) return []
    return (await this.client.listTools(undefined, { signal, timeout: FOREVER })).tools
  }

  async listResources({ signal }: McpRequestOptions): Promise<McpResource[]> {
    if (!this.client.getServerCapabilities()?.resources) return []
    return (await this.client.listResources(undefined, { signal, timeout: FOREVER })).resources
  }

  async readResource(uri: string, { signal }: McpRequestOptions): Promise<McpResourceContents[]> {
    return (await this.client.readResource({ uri }, { signal, timeout: FOREVER })).contents
  }

  async callTool(name: string, args: JsonObject, { signal }: McpRequestOptions): Promise<JsonObject> {
    return this.client.callTool({ name, arguments: args }, { signal, timeout: this.link.callTimeoutMs })
  }

  async close(): Promise<void> {
    await this.link.onClosing().catch(ignore)
    await this.client.close().catch(ignore)
    // A process that was killed, or is being ended by the SDK since it failed to connect, takes its time.
    await Promise.race([this.#over, sleep(2 * PATIENCE_MS, undefined, { ref: false })])
  }
}
