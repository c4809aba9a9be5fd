import { z } from 'zod'
import type { Content, FunctionResponse } from '../../core/content.js'
import { AdkError } from '../../core/errors.js'
import { getFunctionCalls, type Event } from '../../core/event.js'
import type { Run } from '../../runs/runs.js'
import { Event as EventSchema } from '../../schema/event.js'
import { acceptBothSpellings } from '../../schema/json.js'
import { RunRequest } from '../../schema/run.js'
import type { ServerDeps } from '../deps.js'
import { disconnectSignal } from '../disconnect.js'
import { sendEventList } from '../json.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { sendEvents } from '../sse.js'

const tags = ['Run']

const Body = acceptBothSpellings(RunRequest)

export function runRoutes(app: ZodServer, deps: ServerDeps): void {
  app.post(
    '/run',
    {
      schema: {
        tags,
        operationId: 'runAgent',
        summary: 'Send a message and get all events of the answer',
        description:
          'Answers when the agent is done. A failure of the model or of a tool is an event with `errorCode`.',
        body: Body,
        response: {
          200: described(z.array(EventSchema), 'The events, in order.'),
          ...errors.run,
          ...errors.notFound,
          ...errors.invalid,
        },
      },
    },
    async ({ body }, reply) => {
      const run = await startRun(deps, body, { streaming: false, signal: disconnectSignal(reply) })
      reply.request.invocationId = run.id
      return sendEventList(reply, await collect(run))
    },
  )

  app.post(
    '/run_sse',
    {
      schema: {
        tags,
        operationId: 'runAgentSse',
        summary: 'Send a message and get the events of the answer as they happen',
        description:
          'Server-sent events: each is `data:` followed by one event as JSON. With `streaming` the chunks of the model come ' +
          'too, as events with `partial: true`. A failure after the first event is one last `{"error": …}`. ' +
          'Disconnecting cancels the run.',
        body: Body,
        response: {
          200: { description: 'The events.', content: { 'text/event-stream': { schema: EventSchema } } },
          ...errors.run,
          ...errors.notFound,
          ...errors.invalid,
        },
      },
    },
    async ({ body }, reply) => {
      const run = await startRun(deps, body, { streaming: body.streaming, signal: disconnectSignal(reply) })
      reply.request.invocationId = run.id
      return sendEvents(reply, run.events)
    },
  )
}

async function startRun(
  { apps, sessions, runs, options }: ServerDeps,
  body: z.infer<typeof RunRequest>,
  { streaming, signal }: { streaming: boolean; signal: AbortSignal },
): Promise<Run> {
  const appName = body.appName ?? options.defaultApp
  if (appName === undefined) {
    throw new AdkError('app_name_missing', 'appName is required when ADK_DEFAULT_APP_NAME is not set')
  }
  const { runner } = await apps.load(appName)
  const key = { appName, userId: body.userId, sessionId: body.sessionId }
  const message = body.newMessage as Content | undefined // the wire's loose form of the same shape
  const answers = message?.parts?.flatMap(({ functionResponse }) => functionResponse ?? []) ?? []
  // The run reads the session when its turn has come. Here its history matters only to what refers to it.
  const needsHistory = answers.length > 0 || body.invocationId !== undefined
  const session = await sessions.getSession({
    ...key,
    ...(!needsHistory && { config: { numRecentEvents: 0 } }),
  })
  if (!session && options.autoCreateSession) await sessions.createSession(key)
  else if (!session) {
    const hint = 'Create it first, or start the server with --auto_create_session'
    throw new AdkError('session_not_found', `Session not found: ${key.sessionId}. ${hint}`)
  }
  const events = session?.events ?? []
  checkAnswers(answers, events)
  const isResumable =
    runner.resumabilityConfig?.isResumable === true && hasInvocation(events, body.invocationId)
  return runs.start({
    runner,
    key,
    message,
    // With a message that nothing can be continued with, a new invocation begins.
    invocationId: message && !isResumable ? undefined : body.invocationId,
    ...(body.stateDelta && { stateDelta: body.stateDelta }),
    ...(body.customMetadata && { customMetadata: body.customMetadata }),
    streaming,
    signal,
  })
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

async function collect({ events }: Run): Promise<Event[]> {
  const collected: Event[] = []
  for await (const event of events) collected.push(event)
  return collected
}
