// Errors as the Agent Communication Protocol wants them.
import { acpError } from '../acp/errors.js'
import type { AcpError } from '../schema/acp.js'
import type { ProblemReply } from './problem.js'

/** The same status and sentence; for input that does not fit, `data` has the list of what is wrong. */
export function toAcpForm({ status, body: { detail, error } }: ProblemReply): AcpError {
  return acpError(status, error, typeof detail === 'string' ? null : { detail })
}
