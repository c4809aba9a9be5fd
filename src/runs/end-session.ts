import type { BaseArtifactService } from '../core/artifact.js'
import { AdkError } from '../core/errors.js'
import type { BaseMemoryService } from '../core/memory.js'
import type { BaseSessionService, SessionKey } from '../core/session.js'
import type { TraceStore } from '../telemetry/traces.js'
import type { Runs } from './runs.js'

/** Everybody who keeps something of a session. */
export interface SessionKeepers {
  runs: Runs
  sessions: BaseSessionService
  artifacts: BaseArtifactService
  memory: BaseMemoryService
  traces: Pick<TraceStore, 'forget'>
}

/** How long a cancelled run may take to let go of its session, in milliseconds. */
const LET_GO_MS = 1000

/**
 * Deletes a session and everything that belongs to it; also succeeds when there is none. What is under way on it is
 * cancelled, and what it shares with other sessions stays. Whatever fails, to delete it once more does the rest.
 */
export async function endSession(keepers: SessionKeepers, key: SessionKey): Promise<void> {
  const { runs, sessions } = keepers
  runs.cancelSession(key, new AdkError('session_deleted', `Session was deleted: ${key.sessionId}`))
  const release = await runs.reserve(key, AbortSignal.timeout(LET_GO_MS)).catch(() => () => {})
  try {
    // The session goes last: as long as something of it is left, it can be seen that it is not gone yet.
    await forget(keepers, key)
    await sessions.deleteSession(key)
    await forget(keepers, key) // what another process was still adding
  } finally {
    release()
  }
}

/** Deletes what belongs to a session, without the session itself. */
export async function forget({ artifacts, memory, traces }: SessionKeepers, key: SessionKey): Promise<void> {
  traces.forget(key)
  await Promise.all([artifacts.deleteSession(key), memory.deleteSession(key)])
}
