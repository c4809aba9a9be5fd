// The documented errors of routes of the Agent Communication Protocol.
import { AcpError } from '../schema/acp.js'
import { described } from './schemas.js'

export const problem = (status: number, description: string) => ({
  [status]: described(AcpError, description),
})

export const invalid = problem(422, 'The request does not fit its schema, or says nothing.')
