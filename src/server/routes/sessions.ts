import { z } from 'zod'
import { clock } from '../../core/clock.js'
import { createEvent, inOrder, type Event } from '../../core/event.js'
import type { BaseSessionService, Session, SessionKey } from '../../core/session.js'
import { endSession } from '../../runs/end-session.js'
import { acceptBothSpellings } from '../../schema/json.js'
import {
  CreateNamedSessionRequest,
  CreateSessionRequest,
  Session as SessionSchema,
  SessionPath,
  UpdateSessionRequest,
  UserPath,
} from '../../schema/session.js'
import type { ServerDeps } from '../deps.js'
import { importEvents } from '../import-events.js'
import { sendSession, sendSessions } from '../json.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { requireSession, toKey } from '../session-key.js'

const tags = ['Sessions']
const ONE = '/apps/:app_name/users/:user_id/sessions/:session_id'
const ALL = '/apps/:app_name/users/:user_id/sessions'

/** Sessions that evaluations leave behind are not part of a user's conversations. */
const EVALUATION_PREFIX = '___eval___session___'

export function sessionRoutes(app: ZodServer, deps: ServerDeps): void {
  const { sessions } = deps
  app.post(
    ONE,
    {
      schema: {
        tags,
        operationId: 'createSessionWithId',
        summary: 'Create a session with an id of your own',
        params: SessionPath,
        body: CreateNamedSessionRequest,
        response: { 200: described(SessionSchema, 'The session.'), ...errors.exists, ...errors.invalid },
      },
    },
    async ({ params, body }, reply) => {
      const session = await createSession(sessions, toKey(params), body)
      return sendSession(reply, session)
    },
  )

  app.post(
    ALL,
    {
      schema: {
        tags,
        operationId: 'createSession',
        summary: 'Create a session',
        description: 'The server chooses the id, unless the body names one. The body may be left out.',
        params: UserPath,
        body: z.preprocess((body) => body ?? {}, acceptBothSpellings(CreateSessionRequest)),
        response: { 200: described(SessionSchema, 'The session.'), ...errors.exists, ...errors.invalid },
      },
    },
    async ({ params, body }, reply) => {
      const key = {
        appName: params.app_name,
        userId: params.user_id,
        sessionId: body.sessionId ?? clock.uuid(),
      }
      return sendSession(reply, await createSession(sessions, key, body))
    },
  )

  app.get(
    ALL,
    {
      schema: {
        tags,
        operationId: 'listSessions',
        summary: 'List the sessions of a user',
        description:
          'Without their events, and without those of evaluations. Empty for an unknown app or user.',
        params: UserPath,
        response: {
          200: described(z.array(SessionSchema), 'The sessions, oldest first.'),
          ...errors.invalid,
        },
      },
    },
    async ({ params }, reply) => {
      const { sessions: found } = await sessions.listSessions({
        appName: params.app_name,
        userId: params.user_id,
      })
      return sendSessions(
        reply,
        found.filter(({ id }) => !id.startsWith(EVALUATION_PREFIX)),
      )
    },
  )

  app.get(
    ONE,
    {
      schema: {
        tags,
        operationId: 'getSession',
        summary: 'Get a session with its events',
        params: SessionPath,
        response: { 200: described(SessionSchema, 'The session.'), ...errors.notFound, ...errors.invalid },
      },
    },
    async ({ params }, reply) => sendSession(reply, await requireSession(sessions, toKey(params))),
  )

  app.patch(
    ONE,
    {
      schema: {
        tags,
        operationId: 'updateSession',
        summary: 'Change the state of a session',
        description:
          'Sets the keys of `stateDelta`, which an event of the user records. Allowed while the agent runs.',
        params: SessionPath,
        body: acceptBothSpellings(UpdateSessionRequest),
        response: { 200: described(SessionSchema, 'The session.'), ...errors.notFound, ...errors.invalid },
      },
    },
    async ({ params, body }, reply) => {
      const key = toKey(params)
      const session = await requireSession(sessions, key, { numRecentEvents: 0 })
      await sessions.appendEvent({ session, event: inOrder(session, stateEvent(body.stateDelta)) })
      return sendSession(reply, await requireSession(sessions, key))
    },
  )

  app.delete(
    ONE,
    {
      schema: {
        tags,
        operationId: 'deleteSession',
        summary: 'Delete a session with its events, artifacts, memory and traces',
        description:
          'Also succeeds when there is no such session. A run under way on it is cancelled. Artifacts that the user ' +
          'shares between sessions stay.',
        params: SessionPath,
        response: { 204: z.undefined().describe('Deleted.'), ...errors.invalid },
      },
    },
    async ({ params }, reply) => {
      await endSession(deps, toKey(params))
      return reply.code(204).send()
    },
  )
}

async function createSession(
  sessions: BaseSessionService,
  key: SessionKey,
  { state, events }: z.infer<typeof CreateSessionRequest>,
): Promise<Session> {
  const history = importEvents(events ?? [])
  const session = await sessions.createSession({ ...key, ...(state && { state }) })
  try {
    for (const event of history) await sessions.appendEvent({ session, event })
  } catch (error) {
    // Half a history would be in the way of who tries again.
    await sessions.deleteSession(key).catch(() => {})
    throw error
  }
  return session
}

/** A change of state by hand; its invocation id tells that no agent ran. */
function stateEvent(stateDelta: Event['actions']['stateDelta']): Event {
  const event = createEvent({ invocationId: `p-${clock.uuid()}`, author: 'user' })
  event.actions.stateDelta = stateDelta
  return event
}
