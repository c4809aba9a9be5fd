import { z } from 'zod'
import { acceptBothSpellings } from '../../schema/json.js'
import { UpdateMemoryRequest } from '../../schema/memory.js'
import { UserPath } from '../../schema/session.js'
import type { ServerDeps } from '../deps.js'
import { sendJson } from '../json.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { requireSession } from '../session-key.js'

export function memoryRoutes(app: ZodServer, { sessions, memory }: ServerDeps): void {
  app.patch(
    '/apps/:app_name/users/:user_id/memory',
    {
      schema: {
        tags: ['Memory'],
        operationId: 'updateMemory',
        summary: 'Remember a session',
        description:
          'Adds the messages of the session to what the app remembers of the user; what was added of it before is replaced.',
        params: UserPath,
        body: acceptBothSpellings(UpdateMemoryRequest),
        response: { 200: described(z.null(), 'Remembered.'), ...errors.notFound, ...errors.invalid },
      },
    },
    async ({ params, body: { sessionId } }, reply) => {
      const key = { appName: params.app_name, userId: params.user_id, sessionId }
      await memory.addSessionToMemory(await requireSession(sessions, key))
      await requireSession(sessions, key, { numRecentEvents: 0 }).catch(async (error: unknown) => {
        // It was deleted meanwhile: then nothing of it may stay.
        await memory.deleteSession(key)
        throw error
      })
      return sendJson(reply, 'null')
    },
  )
}
