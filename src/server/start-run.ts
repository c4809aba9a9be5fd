// What every request for a run goes through before the run has its place in line.
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { Content, FunctionResponse } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import { getFunctionCalls, type Event } from '../core/event.js'
import type { BaseSessionService, SessionKey } from '../core/session.js'
import type { TraceOrigin } from '../core/trace.js'
import type { Once, StartRun } from '../runs/runs.js'
import type { RunHeaders, StartRunRequest } from '../schema/run.js'
import type { ServerDeps } from './deps.js'

/** Checks the app, the session and the message. The session is created where the server is set up so. */
export async function prepareRun(
  { apps, sessions, options }: ServerDeps,
  key: SessionKey,
  body: z.infer<typeof StartRunRequest>,
  traceOrigin?: TraceOrigin,
): Promise<StartRun> {
  const { runner } = await apps.load(key.appName)
  const message = body.newMessage as Content | undefined // the wire's loose form of the same shape
  const answers = message?.parts?.flatMap(({ functionResponse }) => functionResponse ?? []) ?? []
  // The run reads the session when its turn has come. Here its history matters only to what refers to it.
  const needsHistory = answers.length > 0 || body.invocationId !== undefined
  const session = await sessions.getSession({
    ...key,
    ...(!needsHistory && { config: { numRecentEvents: 0 } }),
  })
  if (!session && options.autoCreateSession) await createMissing(sessions, key)
  else if (!session) {
    const hint = 'Create it first, or start the server with --auto_create_session'
    throw new AdkError('session_not_found', `Session not found: ${key.sessionId}. ${hint}`)
  }
  const events = session?.events ?? []
  checkAnswers(answers, events)
  const isResumable =
    runner.resumabilityConfig?.isResumable === true && hasInvocation(events, body.invocationId)
  return {
    runner,
    key,
    message,
    // With a message that nothing can be continued with, a new invocation begins.
    invocationId: message && !isResumable ? undefined : body.invocationId,
    ...(body.stateDelta && { stateDelta: body.stateDelta }),
    ...(body.customMetadata && { customMetadata: body.customMetadata }),
    streaming: body.streaming,
    traceOrigin,
  }
}

/** Another run may have found the session missing at the same moment, and have been quicker. */
async function createMissing(sessions: BaseSessionService, key: SessionKey): Promise<void> {
  try {
    await sessions.createSession(key)
  } catch (error) {
    if (!(error instanceof AdkError && error.code === 'session_exists')) throw error
  }
}

/** What tells a request that is sent again; `undefined` when the client does not care. */
export function onceOf(headers: z.infer<typeof RunHeaders>, body: unknown): Once | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  return { key, fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64') }
}

const hasInvocation = (events: readonly Event[], invocationId: string | undefined): boolean =>
  events.some((event) => event.invocationId === invocationId)

/** A response to a call that was never made would stay in the history and mean nothing to any model. */
function checkAnswers(answers: readonly FunctionResponse[], events: readonly Event[]): void {
  if (answers.length === 0) return
  const made = new Set(events.flatMap((event) => getFunctionCalls(event).map(({ id }) => id)))
  const stray = answers.find(({ id }) => !made.has(id))
  if (!stray) return
  throw new AdkError(
    'invalid_message',
    `The session has no function call with the id "${stray.id ?? ''}"; a functionResponse carries the id and the name of the call that it answers`,
  )
}
