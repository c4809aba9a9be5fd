// Callbacks answer with values that no compiler has seen. Here they are asked, and their answers looked at: what goes
// wrong should name the callback, and not surface later as something else.
import { isJsonObject, type JsonObject } from '../schema/json.js'
import { messageOf } from './errors.js'

/** A callback of an agent that threw, or returned something that it should not. */
export class CallbackError extends Error {
  override readonly name = 'CallbackError'
  /** That of the event which tells about it. */
  readonly errorCode = 'CALLBACK_FAILED'
}

/** What a callback of a kind may return, besides nothing. */
export type AnswerKind = 'content' | 'response' | 'event' | 'result' | 'tools'

const isContent = (value: unknown): boolean =>
  isJsonObject(value) &&
  (Array.isArray(value.parts) ? value.parts.every(isJsonObject) : value.parts === undefined)

export const CONTENT_EXAMPLE = "a Content such as { role: 'model', parts: [{ text: 'Hello' }] }"

const RESPONSE_FIELDS = [
  'content',
  'errorCode',
  'errorMessage',
  'partial',
  'turnComplete',
  'interrupted',
  'finishReason',
  'usageMetadata',
  'customMetadata',
  'groundingMetadata',
  'citationMetadata',
]

const KINDS: Record<AnswerKind, { example: string; fits: (answer: JsonObject) => boolean }> = {
  content: {
    example: CONTENT_EXAMPLE,
    fits: (answer) => Array.isArray(answer.parts) && isContent(answer),
  },
  response: {
    example: "an LlmResponse such as { content: { role: 'model', parts: [{ text: 'Hello' }] } }",
    fits: (answer) => RESPONSE_FIELDS.some((field) => field in answer) && holdsContent(answer),
  },
  event: {
    example: 'an Event such as createEvent({ content })',
    fits: holdsContent,
  },
  result: { example: "an object such as { status: 'success' }", fits: () => true },
  tools: {
    example: 'an object of tools by their names',
    fits: (answer) => Object.values(answer).every(isJsonObject),
  },
}

/** Whether the `content` of a response or an event is one, if there is any. */
export function holdsContent({ content }: JsonObject): boolean {
  return content === undefined || content === null || isContent(content)
}

/** Whether a model may yield this: also a chunk that says nothing. */
export const isResponse = (value: unknown): boolean => isJsonObject(value) && holdsContent(value)

/** What is wrong with an answer; `undefined` when it fits. */
export function problemWith(answer: unknown, kind: AnswerKind): string | undefined {
  const { example, fits } = KINDS[kind]
  if (isJsonObject(answer) && fits(answer)) return undefined
  return `returned ${nameType(answer)}; it should return ${example}, or nothing`
}

/** `a string`, `an array`: what something is, for a person. */
export function nameType(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  const type = typeof value
  if (type === 'object')
    return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing in it'}`
  return `a ${type}`
}

/** What a callback answers with: nothing leaves things as they are. */
export type Maybe<T> = T | undefined | void | Promise<T | undefined | void>

type Callback<Params, Answer> = (params: Params) => Maybe<Answer>

/** Asks an agent's callbacks of one kind in order; the first that answers decides. Throws a {@link CallbackError}. */
export async function askCallbacks<Params, Answer>(
  callbacks: readonly Callback<Params, Answer>[],
  params: Params,
  { hook, agent, kind }: { hook: string; agent: { name: string }; kind: AnswerKind },
): Promise<Answer | undefined> {
  for (const callback of callbacks) {
    const answer = await call(callback, params, `${hook} of agent "${agent.name}"`)
    if (!answer) continue
    const problem = problemWith(answer, kind)
    if (problem) throw new CallbackError(`${hook} of agent "${agent.name}" ${problem}`)
    return answer
  }
  return undefined
}

async function call<Params, Answer>(
  callback: Callback<Params, Answer>,
  params: Params,
  name: string,
): Promise<Answer | undefined | void> {
  try {
    return await callback(params)
  } catch (error) {
    throw new CallbackError(`${name} failed: ${messageOf(error)}`, { cause: error })
  }
}
