// How an MCP server is reached, in the words of its user. Nothing here, and no type that is exported, comes from the SDK.
import { basename } from 'node:path'
import { publicMessage } from '../../core/errors.js'

/** A server that is started as a process, and spoken to over its standard input and output. */
export interface StdioConnectionParams {
  type: 'StdioConnectionParams'
  serverParams: {
    command: string
    args?: string[]
    /** Added to a few harmless variables of our own environment, such as `PATH`; the others are kept from the server. */
    env?: Record<string, string>
    cwd?: string
    /** Where its standard error goes; by default to our own. */
    stderr?: 'inherit' | 'ignore'
  }
  /** Longest time to connect, and to list tools or resources, in milliseconds. Default 15,000. */
  timeout?: number
}

/** A server that is reached over HTTP. */
export interface StreamableHTTPConnectionParams {
  type: 'StreamableHTTPConnectionParams'
  url: string
  /** Headers of every request. Ignored when `transportOptions` have a `requestInit`, which holds headers itself. */
  header?: Record<string, unknown>
  /** Longest time to connect, and to list tools or resources, in milliseconds. Default 15,000. */
  timeout?: number
  /** Longest time to wait for the answer to a call, in milliseconds. By default the deadline of tools applies alone. */
  sseReadTimeout?: number
  /** Tell the server on closing that its session is over. Default true. */
  terminateOnClose?: boolean
  /** Passed to `StreamableHTTPClientTransport` of the MCP SDK. */
  transportOptions?: { requestInit?: RequestInit; [option: string]: unknown }
}

export type MCPConnectionParams = StdioConnectionParams | StreamableHTTPConnectionParams

export const DEFAULT_TIMEOUT_MS = 15_000

/** The headers that are sent to the server. Throws, without telling them, when they cannot be sent. */
export function headersOf({ header, transportOptions }: StreamableHTTPConnectionParams): Headers {
  try {
    if (transportOptions?.requestInit) return new Headers(transportOptions.requestInit.headers)
    return new Headers(Object.entries(header ?? {}).map(([name, value]) => [name, String(value)]))
  } catch {
    throw new Error('its headers cannot be sent; look for line breaks in their values')
  }
}

/** Names a server without anything that could be secret: arguments, paths and queries may be. */
export function nameServer(params: MCPConnectionParams): string {
  if (params.type === 'StdioConnectionParams') return `MCP server "${basename(params.serverParams.command)}"`
  return URL.canParse(params.url) ? `MCP server at ${new URL(params.url).host}` : 'MCP server'
}

/** What a server or a library says about a failure, without what we were trusted with. */
export function redact(text: string, params: MCPConnectionParams): string {
  return publicMessage(
    secretsOf(params).reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text),
  )
}

/** Shorter values are no secrets, and would take words apart. */
const MIN_SECRET = 6

function secretsOf(params: MCPConnectionParams): string[] {
  const values =
    params.type === 'StdioConnectionParams'
      ? [...Object.values(params.serverParams.env ?? {}), ...(params.serverParams.args ?? [])]
      : [...sentHeaders(params), ...partsOf(params.url)]
  return values
    .flatMap((value) => [value, ...value.split(/[\s=&?]+/)])
    .filter(({ length }) => length >= MIN_SECRET)
    .toSorted((one, other) => other.length - one.length)
}

function sentHeaders(params: StreamableHTTPConnectionParams): string[] {
  try {
    return [...headersOf(params).values()]
  } catch {
    return []
  }
}

function partsOf(url: string): string[] {
  if (!URL.canParse(url)) return [url]
  const { href, username, password, pathname, searchParams } = new URL(url)
  return [url, href, username, password, pathname, ...searchParams.values()]
}
