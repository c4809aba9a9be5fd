// What a client answers to the questions of a run, as function responses.
import type { FunctionResponse } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import {
  REQUEST_CONFIRMATION_FUNCTION_CALL_NAME as CONFIRMATION,
  REQUEST_CREDENTIAL_FUNCTION_CALL_NAME as CREDENTIAL,
  REQUEST_INPUT_FUNCTION_CALL_NAME as INPUT,
} from '../core/framework-calls.js'
import { frozenJson } from '../core/json.js'
import type { AcpMessage, AcpPart } from '../schema/acp.js'
import { isJsonObject, normalizeKeys, type JsonObject } from '../schema/json.js'
import { isJson, textOfPart, toParts } from './input.js'
import type { Question } from './questions.js'

type Value = { text: string } | { json: unknown }

/**
 * The answers in a message. JSON says which one that is, unless only one is
 * open; beside it, text is a remark. Throws `invalid_message` when an answer is none, and then none of them counts.
 */
export function answersIn(message: AcpMessage, questions: readonly Question[]): FunctionResponse[] {
  const answers = new Map<string, FunctionResponse>()
  for (const value of valuesIn(message)) {
    const question = questionFor(value, questions)
    if (answers.has(question.id)) throw invalid(`The function call "${question.id}" is answered twice`)
    const response = responseTo(question, withoutId(value))
    answers.set(question.id, { id: question.id, name: question.name, response })
  }
  return [...answers.values()]
}

const invalid = (message: string): AdkError => new AdkError('invalid_message', message)

function valuesIn(message: AcpMessage): Value[] {
  const json = message.parts.filter((part) => isJson(part) && part.content != null)
  if (json.length > 0) return json.map((part) => ({ json: parse(part) }))
  const text = toParts(message).map((part) => part.text ?? '')
  if (text.join('') === '') throw invalid('The answer says nothing; send a part with text or JSON')
  return [{ text: text.join('\n') }]
}

function parse(part: AcpPart): unknown {
  try {
    return frozenJson(JSON.parse(textOfPart(part)))
  } catch (error) {
    const text = 'A part of type application/json should hold JSON that is not nested too deeply'
    throw new AdkError('invalid_message', text, { cause: error })
  }
}

function questionFor(value: Value, questions: readonly Question[]): Question {
  const id = 'json' in value && isJsonObject(value.json) ? value.json.function_call_id : undefined
  if (id === undefined && questions.length === 1 && questions[0]) return questions[0]
  const question = questions.find((each) => each.id === id)
  if (question) return question
  const ids = questions.map((each) => `"${each.id}"`).join(', ')
  throw invalid(
    id === undefined
      ? `Several answers are awaited; say by function_call_id in a JSON part which one is meant: ${ids}`
      : `The run does not wait for the function_call_id that is answered; it waits for ${ids}`,
  )
}

function withoutId(value: Value): Value {
  if (!('json' in value) || !isJsonObject(value.json)) return value
  const { function_call_id: _, ...json } = value.json
  return { json }
}

const YES = /^\s*(?:yes|y|ok|okay|approve|approved|true)[.!]?\s*$/i

function responseTo({ name }: Question, value: Value): JsonObject {
  switch (name) {
    case CONFIRMATION:
      return 'text' in value ? { confirmed: YES.test(value.text) } : confirmation(value.json)
    case CREDENTIAL:
      return credential(value)
    case INPUT:
      return { payload: 'text' in value ? value.text : payloadOf(value.json) }
    default:
      if ('text' in value) return { result: value.text }
      return isJsonObject(value.json) ? value.json : { result: value.json }
  }
}

function confirmation(json: unknown): JsonObject {
  const { confirmed, payload }: JsonObject = isJsonObject(json) ? json : { confirmed: json }
  if (typeof confirmed !== 'boolean') throw invalid('A confirmation should say {"confirmed": true} or false')
  return { confirmed, ...(payload !== undefined && { payload }) }
}

/** The configuration that was asked about comes back with the credential in it. */
function credential(value: Value): JsonObject {
  const normal = 'json' in value ? normalizeKeys(value.json) : undefined
  const config = isJsonObject(normal) && isJsonObject(normal.authConfig) ? normal.authConfig : normal
  if (isJsonObject(config) && isJsonObject(config.exchangedAuthCredential)) return config
  throw invalid(
    'A credential should be JSON: the auth_config of the question, with an exchangedAuthCredential',
  )
}

/** `{"payload": …}` is what it holds; anything else is the answer itself. */
function payloadOf(json: unknown): unknown {
  return isJsonObject(json) && Object.keys(json).length === 1 && 'payload' in json ? json.payload : json
}
