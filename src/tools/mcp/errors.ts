// What went wrong with an MCP server: for the connection, which may try again, and in words.
import { isJsonObject } from '../../schema/json.js'
import { messageOf } from '../../core/errors.js'
import { nameServer, redact, type MCPConnectionParams } from './params.js'

/** Says in a sentence what is wrong. It does not come with the error of the SDK, which may hold URLs and bodies. */
export class McpError extends Error {
  override readonly name = 'McpError'
}

export function explain(error: unknown, params: MCPConnectionParams, doing: string): McpError {
  if (error instanceof McpError) return error
  return new McpError(`${nameServer(params)} ${doing}: ${reasonOf(error, params)}`)
}

/**
 * Whether the connection, or the session on it, is lost: `refused` requests never reached the server's tools, of the
 * others nobody knows.
 */
export function lossIn(error: unknown): 'refused' | 'unknown' | undefined {
  if (error instanceof McpError) return undefined
  const { code, status, cause } = detailsOf(error)
  if (code === 'NOT_CONNECTED' || REFUSED.has(cause)) return 'refused'
  if (status === 404 || (status === 400 && /session/i.test(messageOf(error)))) return 'refused'
  return code === 'CONNECTION_CLOSED' || cause !== undefined ? 'unknown' : undefined
}

const REFUSED = new Set<unknown>(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

function reasonOf(error: unknown, params: MCPConnectionParams): string {
  const { code, status, cause } = detailsOf(error)
  const isProcess = params.type === 'StdioConnectionParams'
  if (isProcess && code === 'ENOENT')
    return 'the command was not found; install it, or check `command` and `cwd`'
  if (isProcess && code === 'EACCES') return 'the command cannot be executed; check its permissions'
  if (isProcess && code === 'CONNECTION_CLOSED')
    return 'the process ended; run the command by itself to see what is wrong'
  if (code === 'CONNECTION_CLOSED') return 'the connection was closed; check that the server is still running'
  if (status === 401 || status === 403) return `it answered with status ${status}; check its credentials`
  if (status !== undefined) return `it answered with status ${status}; check that its URL is right`
  if (cause !== undefined) return `${cause}; check that the server is running and that its URL is right`
  return redact(
    messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error),
    params,
  )
}

/** The SDK's own code, the status of an HTTP answer, and the code of what kept a request from being answered. */
function detailsOf(error: unknown): { code?: unknown; status?: number; cause?: string } {
  if (!(error instanceof Error)) return {}
  const { code, data } = error as { code?: unknown; data?: unknown } // where they are, if at all
  const status = isJsonObject(data) && typeof data.status === 'number' ? data.status : undefined
  const reason = isJsonObject(error.cause) ? error.cause.code : undefined
  return {
    code,
    ...(status !== undefined && { status }),
    ...(typeof reason === 'string' && { cause: reason }),
  }
}
