import { z } from 'zod'
import { Id } from './session.js'

export const UpdateMemoryRequest = z
  .object({ sessionId: Id.describe('The session to remember.') })
  .meta({ id: 'UpdateMemoryRequest', example: { sessionId: 's_123' } })
