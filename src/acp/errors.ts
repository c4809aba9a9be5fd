import type { AdkError } from '../core/errors.js'
import type { AcpError } from '../schema/acp.js'
import type { JsonObject } from '../schema/json.js'

/** The protocol knows three codes; the status tells which one it is. */
export function acpError(status: number, message: string, data: JsonObject | null = null): AcpError {
  const code = status === 404 ? 'not_found' : status < 500 ? 'invalid_input' : 'server_error'
  return { code, message, data }
}

/** Of a run that failed: what is not the fault of the client's input is the server's. */
export const toAcpError = ({ code, message }: AdkError): AcpError =>
  acpError(code === 'invalid_message' ? 422 : 500, message)
