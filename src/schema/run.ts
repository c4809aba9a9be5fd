import { z } from 'zod'
import { Content, Part } from './content.js'
import { Flag, isJsonObject, JsonObject } from './json.js'
import { Id } from './session.js'

/** Most parts that one message may have. */
const MAX_PARTS = 1000

const MessagePart = Part.refine((part) => Object.keys(part).length > 0, {
  error: 'Part should have a field such as text, inlineData, fileData or functionResponse',
})
  .refine((part) => part.functionCall === undefined, {
    error:
      'A message should not contain a functionCall: calls are made by the model, clients send functionResponse',
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

export const RunRequest = z
  .object({
    appName: Id.optional().describe('Name of the agent folder. Optional when the server has a default app.'),
    userId: Id,
    sessionId: Id,
    newMessage: z
      .union([NewMessage, PlainMessage])
      .optional()
      .describe('A Content, or a plain string. May be left out when an invocation is continued.'),
    streaming: Flag.default(false).describe(
      '`/run_sse` only: also send each chunk of the model as a partial event.',
    ),
    stateDelta: JsonObject.optional().describe('State to set together with the message.'),
    customMetadata: JsonObject.optional().describe('Copied to every event of the run.'),
    functionCallEventId: z.string().optional().describe('Accepted for compatibility.'),
    invocationId: z
      .string()
      .optional()
      .describe('Continue this interrupted invocation instead of beginning a new one; for resumable apps.'),
  })
  .refine(({ newMessage, invocationId }) => newMessage !== undefined || invocationId !== undefined, {
    path: ['newMessage'],
    error: 'Field required',
    params: { type: 'missing' },
    when: ({ value }) => isJsonObject(value), // other fields may be missing as well
  })
  .meta({ id: 'RunAgentRequest', example: EXAMPLE })
export type RunRequest = z.infer<typeof RunRequest>
