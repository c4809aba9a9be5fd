import { z } from 'zod'
import { isBase64 } from './base64.js'
import { Content, Part } from './content.js'
import { Flag, isJsonObject, JsonObject } from './json.js'
import { Id, opaqueName, opaqueText, SessionPath } from './session.js'

/** Most parts that one message may have. */
const MAX_PARTS = 1000

const MessagePart = Part.refine((part) => Object.keys(part).length > 0, {
  error: 'Part should have a field such as text, inlineData, fileData or functionResponse',
})
  .refine((part) => part.functionCall === undefined, {
    error:
      'A message should not contain a functionCall: calls are made by the model, clients send functionResponse',
  })
  // The session would keep it, and every later turn fail at the model.
  .refine(({ inlineData }) => inlineData?.data === undefined || isBase64(inlineData.data), {
    path: ['inlineData', 'data'],
    error: 'String should be base64',
  })
  .meta({ id: 'NewMessagePart' })

const NewMessage = Content.extend({
  parts: z
    .array(MessagePart)
    .min(1, { error: 'Message should have at least 1 part' })
    .max(MAX_PARTS, { error: `Message should have at most ${MAX_PARTS} parts` }),
}).meta({ id: 'NewMessage', description: 'What the user says, or the responses to function calls.' })

const PlainMessage = z.string().transform((text) => ({ role: 'user', parts: [{ text }] }))

// Requests carry an `example`: of a schema that transforms its input, zod would leave `examples` out.
const EXAMPLE = {
  appName: 'weather_time_agent',
  userId: 'u_123',
  sessionId: 's_123',
  newMessage: { role: 'user', parts: [{ text: 'Hey whats the weather in new york today' }] },
}

const FIELDS = {
  newMessage: z
    .union([NewMessage, PlainMessage])
    .optional()
    .describe('A Content, or a plain string. May be left out when an invocation is continued.'),
  stateDelta: JsonObject.optional().describe('State to set together with the message.'),
  customMetadata: JsonObject.optional().describe('Copied to every event of the run.'),
  functionCallEventId: z.string().optional().describe('Accepted for compatibility.'),
  invocationId: opaqueText(z.string())
    .optional()
    .describe('Continue this interrupted invocation instead of beginning a new one; for resumable apps.'),
}

/** Without a message there is nothing to answer, unless an invocation is continued. */
const SOMETHING_TO_DO = {
  path: ['newMessage'],
  error: 'Field required',
  params: { type: 'missing' },
  when: ({ value }: { value: unknown }) => isJsonObject(value), // other fields may be missing as well
}
const hasSomethingToDo = (body: { newMessage?: unknown; invocationId?: unknown }): boolean =>
  body.newMessage !== undefined || body.invocationId !== undefined

export const RunRequest = z
  .object({
    appName: Id.optional().describe('Name of the agent folder. Optional when the server has a default app.'),
    userId: Id,
    sessionId: Id,
    ...FIELDS,
    streaming: Flag.default(false).describe(
      '`/run_sse` only: also send each chunk of the model as a partial event.',
    ),
  })
  .refine(hasSomethingToDo, SOMETHING_TO_DO)
  .meta({ id: 'RunAgentRequest', example: EXAMPLE })
export type RunRequest = z.infer<typeof RunRequest>

/** The same for a session that the path names. */
export const StartRunRequest = z
  .object({
    ...FIELDS,
    streaming: Flag.default(false).describe('Also keep each chunk of the model, as a partial event.'),
  })
  .refine(hasSomethingToDo, SOMETHING_TO_DO)
  .meta({ id: 'StartRunRequest', example: { newMessage: 'Hey whats the weather in new york today' } })

export const RunStatus = z.enum(['queued', 'running', 'completed', 'failed', 'cancelled'])
export type RunStatus = z.infer<typeof RunStatus>

const seconds = (text: string) => z.number().describe(`${text} Seconds since the epoch, with fractions.`)

export const Run = z
  .object({
    id: z.string().describe('Names the run in paths. That of the invocation, unless it was continued.'),
    invocationId: z.string().describe('The invocation id that its events carry.'),
    status: RunStatus.describe('`queued`: it waits for other runs on the session.'),
    background: z.boolean().describe('Whether it goes on when the client leaves that started it.'),
    eventCount: z.number().describe('Events so far.'),
    createdAt: seconds('When it was asked for.'),
    startedAt: seconds('When its turn came.').optional(),
    endedAt: seconds('When it ended.').optional(),
    errorCode: z.string().optional().describe('Why it failed or was cancelled.'),
    errorMessage: z.string().optional(),
  })
  .meta({
    id: 'Run',
    description:
      'A message being answered, or answered lately. It is `completed` once the agent is done, also when its last event ' +
      'is an error of the model.',
  })
export type Run = z.infer<typeof Run>

export const RunPath = SessionPath.extend({
  invocation_id: opaqueName(z.string()).describe('The `id` of the run.'),
})

export const RunHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .trim()
    .min(1, { error: 'Idempotency-Key should have at least 1 character' })
    .max(255, { error: 'Idempotency-Key should have at most 255 characters' })
    .optional()
    .describe(
      'A key of your own for this request. As long as its run is kept, the same request to the session with the same key gets ' +
        'the same answer instead of a second run. The run goes on when the client leaves.',
    ),
})

export const WatchHeaders = z.looseObject({
  'last-event-id': z
    .string()
    .regex(/^\d{0,15}$/, { error: 'Last-Event-ID should be the id of an event of this stream' })
    .optional()
    .describe('The `id` of the last event that was received: the stream goes on after it.'),
})
