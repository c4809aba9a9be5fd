// The Agent Communication Protocol 0.2.0, in its own spelling: keys in snake_case, and `null` for what is not there.
// What a client leaves out it may also send as `null`.
import { z } from 'zod'
import { isBase64 } from './base64.js'
import { JsonObject } from './json.js'

/** Most parts of one message, and most messages of one request. */
const MAX_ITEMS = 1000

const Timestamp = z.iso.datetime({ offset: true, local: true, error: 'Input should be a date and time' })

// Any version: the protocol does not say which.
const Uuid = z
  .guid({ error: 'Input should be a valid UUID' })
  .meta({ examples: ['3c90c3cc-0d44-4b50-8888-8dd25736052a'] })

const CitationMetadata = z
  .looseObject({
    kind: z.literal('citation'),
    start_index: z.int().nullish().describe('Of the text that is cited, in characters of the message.'),
    end_index: z.int().nullish(),
    url: z.string().nullish(),
    title: z.string().nullish(),
    description: z.string().nullish(),
  })
  .meta({ id: 'AcpCitationMetadata', description: 'Where a piece of information comes from.' })

const TrajectoryMetadata = z
  .looseObject({
    kind: z.literal('trajectory'),
    message: z.string().nullish().describe('A thought.'),
    tool_name: z.string().nullish(),
    tool_input: JsonObject.nullish(),
    tool_output: JsonObject.nullish(),
  })
  .meta({
    id: 'AcpTrajectoryMetadata',
    description: 'A step on the way: a thought, or a tool that was used.',
  })

const isUrl = (text: string | null | undefined): text is string => text != null && URL.canParse(text)

/** The example of the protocol's own reference has both, the second being no URL: only then it does not count. */
const hasOneContent = z.refine<AcpPart>(
  ({ content, content_url }) => content == null || !isUrl(content_url),
  { error: 'Only one of content or content_url can be provided' },
)

const hasUsableUrl = z.refine<AcpPart>(
  ({ content, content_url }) => content_url == null || content != null || isUrl(content_url),
  { path: ['content_url'], error: 'Input should be an absolute URL' },
)

const hasBase64 = z.refine<AcpPart>(
  ({ content, content_encoding }) => content == null || content_encoding !== 'base64' || isBase64(content),
  { path: ['content'], error: 'String should be base64' },
)

const Part = z.looseObject({
  name: z.string().nullish().describe('Of a named result or attachment, an artifact.'),
  content_type: z
    .string()
    .nullish()
    .describe('A media type; `text/plain` unless said otherwise.')
    .meta({ examples: ['text/plain'] }),
  content: z.string().nullish(),
  content_encoding: z.enum(['plain', 'base64']).nullish().describe('`plain` unless said otherwise.'),
  content_url: z.string().nullish().describe('Instead of `content`. Given to the model; never fetched.'),
  metadata: z.discriminatedUnion('kind', [CitationMetadata, TrajectoryMetadata]).nullish(),
})
export type AcpPart = z.infer<typeof Part>

const AcpMessagePart = Part.check(hasOneContent, hasUsableUrl, hasBase64).meta({
  id: 'AcpMessagePart',
  description: 'One piece of a message: text, data, a reference, or a step on the way.',
})

export const AcpMessage = z
  .object({
    role: z
      .string()
      .regex(/^(?:user|agent(?:\/[\w-]+)?)$/, { error: 'Role should be user, agent or agent/<name>' })
      .nullish()
      .describe('`user`, which it is unless said otherwise, or `agent/<name>`.')
      .meta({ examples: ['user'] }),
    parts: z
      .array(AcpMessagePart)
      .min(1, { error: 'Message should have at least 1 part' })
      .max(MAX_ITEMS, { error: `Message should have at most ${MAX_ITEMS} parts` }),
    created_at: Timestamp.nullish(),
    completed_at: Timestamp.nullish().describe('`null` while more parts may come.'),
  })
  .meta({ id: 'AcpMessage', description: 'What a user or an agent says.' })
export type AcpMessage = z.infer<typeof AcpMessage>

const OutputMessage = AcpMessage.extend({ role: z.string(), parts: z.array(AcpMessagePart) }).meta({
  id: 'AcpOutputMessage',
  description: 'What an agent says; still without parts when it begins.',
})
export type OutputMessage = z.infer<typeof OutputMessage>

const AcpErrorCode = z.enum(['server_error', 'invalid_input', 'not_found'])

export const AcpError = z
  .object({
    code: AcpErrorCode,
    message: z.string(),
    data: JsonObject.nullable().describe('For input that does not fit: what, where and why.'),
  })
  .meta({ id: 'AcpError', description: 'An error, in the form of the Agent Communication Protocol.' })
export type AcpError = z.infer<typeof AcpError>

const mode = z
  .enum(['sync', 'async', 'stream'])
  .describe('Answer when the run rests, at once, or with its events as they happen.')

/** What is no URL is left out when the session is stored. */
export const AcpSessionDescriptor = z
  .object({
    id: Uuid,
    history: z
      .array(z.string())
      .max(10 * MAX_ITEMS)
      .nullish()
      .describe('A URL per message, oldest first.'),
    state: z.string().nullish(),
  })
  .meta({
    id: 'AcpSessionDescriptor',
    description: 'A session as a client knows it, perhaps from another server.',
  })
export type AcpSessionDescriptor = z.infer<typeof AcpSessionDescriptor>

export const AcpSession = z
  .object({
    id: Uuid,
    history: z.array(z.url()).describe('A URL per message, oldest first.'),
    state: z.url().nullable().describe('Where the state of the session can be read.'),
  })
  .meta({ id: 'AcpSession', description: 'A conversation, with any number of agents.' })
export type AcpSession = z.infer<typeof AcpSession>

export const RunCreateRequest = z
  .object({
    agent_name: z.string().min(1).describe('As in the list of agents, or the name of the agent folder.'),
    input: z
      .array(AcpMessage)
      .min(1, { error: 'Input should have at least 1 message' })
      .max(MAX_ITEMS, { error: `Input should have at most ${MAX_ITEMS} messages` })
      .describe('The last messages of the user are answered; what is before them is told as history.'),
    session_id: Uuid.nullish().describe('To go on with a session, or to begin one; made when absent.'),
    session: AcpSessionDescriptor.nullish().describe('Replaces what the server knows of the session.'),
    mode: mode.nullish(),
  })
  .meta({
    id: 'RunCreateRequest',
    example: {
      agent_name: 'weather-time-agent',
      input: [{ role: 'user', parts: [{ content: 'What is the weather in New York?' }] }],
      mode: 'sync',
    },
  })
export type RunCreateRequest = z.infer<typeof RunCreateRequest>

const AwaitResume = z
  .object({ type: z.literal('message'), message: AcpMessage })
  .meta({ id: 'AcpAwaitResume', description: 'The answer.' })

export const RunResumeRequest = z
  .object({
    await_resume: AwaitResume,
    mode,
    run_id: Uuid.nullish().describe('The path says it already.'),
  })
  .meta({
    id: 'RunResumeRequest',
    example: {
      await_resume: { type: 'message', message: { role: 'user', parts: [{ content: 'yes' }] } },
      mode: 'sync',
    },
  })

export const AcpRunStatus = z.enum([
  'created',
  'in-progress',
  'awaiting',
  'cancelling',
  'cancelled',
  'completed',
  'failed',
])
export type AcpRunStatus = z.infer<typeof AcpRunStatus>

export const AcpRun = z
  .object({
    run_id: Uuid,
    agent_name: z.string(),
    session_id: Uuid,
    status: AcpRunStatus,
    await_request: z
      .object({ type: z.literal('message'), message: OutputMessage })
      .nullable()
      .meta({ id: 'AcpAwaitRequest', description: 'What the run waits for, in words and as JSON.' }),
    output: z.array(OutputMessage),
    error: AcpError.nullable(),
    created_at: Timestamp,
    finished_at: Timestamp.nullable(),
  })
  .meta({ id: 'AcpRun', description: 'One request to an agent, and what came of it.' })
export type AcpRun = z.infer<typeof AcpRun>

const RUN_EVENTS = [
  'run.created',
  'run.in-progress',
  'run.awaiting',
  'run.completed',
  'run.failed',
  'run.cancelled',
] as const

export const AcpEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.enum(RUN_EVENTS), run: AcpRun }),
    z.object({ type: z.enum(['message.created', 'message.completed']), message: OutputMessage }),
    z.object({ type: z.literal('message.part'), part: AcpMessagePart }),
    z.object({ type: z.literal('generic'), generic: JsonObject }),
    z.object({ type: z.literal('error'), error: AcpError }),
  ])
  .meta({ id: 'AcpEvent', description: 'One step of a run.' })
export type AcpEvent = z.infer<typeof AcpEvent>
export type RunEventType = (typeof RUN_EVENTS)[number]

export const AcpEventList = z.object({ events: z.array(AcpEvent) }).meta({ id: 'AcpEventList' })

export const AcpRunPath = z.object({ run_id: Uuid })
export const AcpSessionPath = z.object({ session_id: Uuid })
export const AcpResourcePath = z.object({ resource_id: Uuid })
