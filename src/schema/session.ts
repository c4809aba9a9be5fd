import { z } from 'zod'
import { Event, EventActions } from './event.js'
import { acceptBothSpellings, isJsonObject, JsonObject } from './json.js'

/** Longest id that is accepted, in characters. */
export const MAX_ID_LENGTH = 512

/** Control characters, and halves of characters, which no URL and no database can carry. */
const UNFIT = /[\u0000-\u001f\u007f]|\p{Surrogate}/u

/** A name chosen by a client, which means nothing to the server: it is a key, never a path. */
export const opaqueName = (text: z.ZodString) =>
  opaqueText(text.min(1, { error: 'String should have at least 1 character' }))

/** The same, which may be empty. */
export const opaqueText = (text: z.ZodString) =>
  text
    .max(MAX_ID_LENGTH, { error: `String should have at most ${MAX_ID_LENGTH} characters` })
    .refine((name) => !UNFIT.test(name), {
      error: 'String should not contain control characters or lone surrogates',
    })

/** Blanks around an id are not part of it. */
export const Id = opaqueName(z.string().trim())

export const Session = z
  .object({
    id: z.string(),
    appName: z.string(),
    userId: z.string(),
    state: JsonObject.describe('Merged view: session keys, `user:` keys and `app:` keys.'),
    events: z.array(Event),
    lastUpdateTime: z.number().describe('Seconds since the epoch, with fractions.'),
  })
  .meta({ id: 'Session', description: 'A conversation: its state and its events.' })

export const UserPath = z.object({
  app_name: Id.describe('Name of the agent folder.').meta({ examples: ['weather_time_agent'] }),
  user_id: Id.meta({ examples: ['u_123'] }),
})

export const SessionPath = UserPath.extend({ session_id: Id.meta({ examples: ['s_123'] }) })

const NO_TIME = { error: 'Input should be a time before the year 2242: seconds since the epoch' }

/** Milliseconds are accepted, too. From 2 ** 33 seconds on, a number cannot tell one microsecond from the next. */
const Time = z
  .number()
  .min(0, NO_TIME)
  .lt(2 ** 33 * 1000, NO_TIME)
  .describe('Seconds since the epoch, with fractions.')

/** An event sent by a client to start a session with; the server fills in what is missing. */
export const InitialEvent = Event.extend({ timestamp: Time, actions: EventActions.partial() })
  .partial()
  .meta({ id: 'InitialEvent', description: 'An event to import: content and author are enough.' })

export const CreateSessionRequest = z
  .object({
    state: JsonObject.optional(),
    sessionId: z
      .preprocess((id) => (typeof id === 'string' && id.trim() === '' ? undefined : id), Id.optional())
      .describe('Own id; generated when absent or blank.'),
    events: z
      .array(InitialEvent)
      .optional()
      .describe(
        'History to start with, oldest first, such as that of an exported session. What would act is left out.',
      ),
  })
  .meta({ id: 'CreateSessionRequest', example: { state: { key1: 'value1' } } })

/** The keys that a wrapper may have. Any other key means that the whole body is the state. */
const WRAPPER_KEYS = new Set(['state', 'sessionId', 'session_id', 'events', 'options'])

function isWrapper(body: JsonObject): boolean {
  const { state } = body
  return (isJsonObject(state) || state === null) && Object.keys(body).every((key) => WRAPPER_KEYS.has(key))
}

/** Official servers disagree on this body, and clients on what they send: the state itself, or `{state, events}`. */
export const CreateNamedSessionRequest = z.preprocess(
  (body) => (isJsonObject(body) && !isWrapper(body) ? { state: body } : (body ?? {})),
  acceptBothSpellings(
    CreateSessionRequest.loose().meta({
      id: 'CreateNamedSessionRequest',
      description: 'The initial state as it is, or wrapped as `{"state": {…}}`.',
      example: { key1: 'value1', key2: 42 },
    }),
  ),
)

export const UpdateSessionRequest = z
  .object({ stateDelta: JsonObject })
  .meta({ id: 'UpdateSessionRequest', example: { stateDelta: { visit_count: 5 } } })
