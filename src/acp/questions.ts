// What a run waits for, asked in the words of the protocol.
import type { Content, FunctionCall, FunctionResponse } from '../core/content.js'
import { getFunctionCalls, getFunctionResponses, type Event } from '../core/event.js'
import {
  REQUEST_CONFIRMATION_FUNCTION_CALL_NAME as CONFIRMATION,
  REQUEST_CREDENTIAL_FUNCTION_CALL_NAME as CREDENTIAL,
  REQUEST_INPUT_FUNCTION_CALL_NAME as INPUT,
} from '../core/framework-calls.js'
import type { AcpPart, AcpRun } from '../schema/acp.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'

/** A call that only somebody outside can answer. */
export interface Question {
  id: string
  name: string
  args: JsonObject
}

/** The questions of a run, and the answers that have come so far. */
export class Questions {
  readonly #open = new Map<string, Question>()
  #answers: FunctionResponse[] = []

  /** A tool that takes its time may answer by itself, if only for now. */
  notice(event: Event): void {
    if (event.partial) return
    const long = new Set(event.longRunningToolIds)
    for (const { id, name = '', args = {} } of getFunctionCalls(event)) {
      if (id !== undefined && long.has(id)) this.#open.set(id, { id, name, args })
    }
    for (const { id } of getFunctionResponses(event)) this.#open.delete(id ?? '')
  }

  /** Those without an answer, oldest first. */
  get open(): readonly Question[] {
    return [...this.#open.values()]
  }

  answer(answers: readonly FunctionResponse[]): void {
    for (const { id } of answers) this.#open.delete(id ?? '')
    this.#answers.push(...answers)
  }

  /** The answers, for the agent; it gets them once. */
  takeAnswers(): Content {
    const parts = this.#answers.map((functionResponse) => ({ functionResponse }))
    this.#answers = []
    return { role: 'user', parts }
  }
}

/** All of them in one message: in words for a person, and as JSON for a program. */
export function awaitRequestOf(role: string, questions: readonly Question[]): AcpRun['await_request'] {
  const parts = questions.flatMap((question): AcpPart[] => [
    { content_type: 'text/plain', content: inWords(question), content_encoding: 'plain' },
    {
      name: question.name,
      content_type: 'application/json',
      content: JSON.stringify({ ...asJson(question), function_call_id: question.id }),
      content_encoding: 'plain',
    },
  ])
  const now = new Date().toISOString()
  return { type: 'message', message: { role, parts, created_at: now, completed_at: now } }
}

/** What the framework says where a tool gives no hint of its own; it speaks of function responses. */
const STANDARD_HINT = /^Please approve or reject the tool call /

function inWords({ name, args }: Question): string {
  switch (name) {
    case CONFIRMATION: {
      const { call, hint } = confirmationOf(args)
      const ask = `Please approve: ${inShort(call)}`
      return hint && !STANDARD_HINT.test(hint) ? `${ask}. ${hint}` : ask
    }
    case CREDENTIAL: {
      const url = signInUrl(authConfigOf(args))
      return url ? `Please sign in: ${url}` : 'Please provide the credential that is asked for'
    }
    case INPUT:
      return typeof args.message === 'string' && args.message ? args.message : 'Please answer'
    default:
      return `Please give the result of ${inShort({ name, args })}`
  }
}

function asJson({ name, args }: Question): JsonObject {
  switch (name) {
    case CONFIRMATION: {
      const { call, hint, payload } = confirmationOf(args)
      return { name: call.name, args: call.args, hint, ...(payload !== undefined && { payload }) }
    }
    case CREDENTIAL:
      return { auth_config: authConfigOf(args) }
    case INPUT:
      return args
    default:
      return { name, args }
  }
}

function confirmationOf({ originalFunctionCall, toolConfirmation }: JsonObject) {
  const { name, args }: FunctionCall = isJsonObject(originalFunctionCall) ? originalFunctionCall : {}
  const { hint, payload }: JsonObject = isJsonObject(toolConfirmation) ? toolConfirmation : {}
  return { call: { name: name ?? '', args: args ?? {} }, hint: typeof hint === 'string' ? hint : '', payload }
}

/** Without the credential of the server itself, which is of no use to who answers. */
function authConfigOf({ authConfig }: JsonObject): JsonObject {
  const { rawAuthCredential: _, ...shown }: JsonObject = isJsonObject(authConfig) ? authConfig : {}
  return shown
}

function signInUrl({ exchangedAuthCredential: credential }: JsonObject): string | undefined {
  const { oauth2 }: JsonObject = isJsonObject(credential) ? credential : {}
  const { authUri }: JsonObject = isJsonObject(oauth2) ? oauth2 : {}
  return typeof authUri === 'string' ? authUri : undefined
}

/** Longest value that is shown, in characters; the JSON has all of it. */
const MAX_VALUE = 100

/** Cut between characters, not within one. */
const shortened = (text: string): string =>
  Array.from(text.slice(0, 2 * MAX_VALUE))
    .slice(0, MAX_VALUE)
    .join('')

/** `issue_refund(order=42, amount=90)` */
function inShort({ name, args }: Pick<Question, 'name' | 'args'>): string {
  const values = Object.entries(args).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `${key}=${text.length > MAX_VALUE ? `${shortened(text)}…` : text}`
  })
  return `${name}(${values.join(', ')})`
}
