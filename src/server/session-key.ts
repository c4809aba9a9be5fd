import type { z } from 'zod'
import { AdkError } from '../core/errors.js'
import type { BaseSessionService, GetSessionConfig, Session, SessionKey } from '../core/session.js'
import type { SessionPath } from '../schema/session.js'

export const toKey = (path: z.infer<typeof SessionPath>): SessionKey => ({
  appName: path.app_name,
  userId: path.user_id,
  sessionId: path.session_id,
})

/** The session, or the error that says there is none. */
export async function requireSession(
  sessions: BaseSessionService,
  key: SessionKey,
  config: GetSessionConfig = {},
): Promise<Session> {
  const session = await sessions.getSession({ ...key, config })
  if (!session) throw new AdkError('session_not_found', `Session not found: ${key.sessionId}`)
  return session
}
