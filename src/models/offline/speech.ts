import type { FunctionResponse } from '../../core/content.js'
import { isJsonObject, type JsonObject } from '../../schema/json.js'

/** What the responses of functions come to, in words. */
export function tellResponses(responses: readonly FunctionResponse[]): string {
  const told = responses.map(({ name = 'function', response = {} }) =>
    asSentence(tellResponse(name, response)),
  )
  if (responses.every(({ response = {} }) => errorIn(response) !== undefined)) return told.join(' ')
  // Gemini ends such an answer with a line break, and so does the walk-through of the ADK documentation.
  return `OK. ${told.join(' ')}\n`
}

/** Most fields that are listed of a response. */
const MAX_FIELDS = 10

function tellResponse(name: string, response: JsonObject): string {
  const error = errorIn(response)
  if (error !== undefined) return `That did not work: ${error}`
  const { report, result, message, output } = response
  const said = [report, result, message, output, mcpText(response)].find(isTelling)
  if (said !== undefined && !isJsonObject(said)) return inWords(said)
  const { status, ...rest } = said ?? response
  const fields = Object.entries(status === 'success' || status === 'ok' ? rest : { status, ...rest })
  const told = fields
    .filter(([, value]) => isTelling(value))
    .map(([key, value]) => `${key}: ${short(inWords(value))}`)
  return told.slice(0, MAX_FIELDS).join(', ') || `${name} is done`
}

/** Why a function failed; `undefined` when it did not. */
export function errorIn(response: JsonObject): string | undefined {
  const { error, error_message, errorMessage, message, status, isError } = response
  const reasons = [error, error_message, errorMessage]
  if (status === 'error' || isError === true) reasons.push(message, mcpText(response), 'no reason was given')
  const reason = reasons.find((value) => isTelling(value) && value !== false)
  if (isJsonObject(reason) && typeof reason.message === 'string') return reason.message
  return reason === undefined ? undefined : inWords(reason)
}

/** The text of a tool that answers as MCP servers do. */
function mcpText({ content }: JsonObject): string | undefined {
  if (!Array.isArray(content)) return undefined
  const texts = content.map((item) => (isJsonObject(item) && typeof item.text === 'string' ? item.text : ''))
  return texts.filter(Boolean).join(' ')
}

const isTelling = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(inWords).join(', ') || 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function asSentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?…]["')\]]?$/.test(trimmed) ? trimmed : `${trimmed}.`
}

/** Asks for what a function cannot be called without. */
export function askFor({ name, missing }: { name: string; missing: readonly string[] }): string {
  const parameters = missing.map((parameter) => `"${parameter}"`)
  return `I could call ${name}, but first I need to know the ${join(parameters, 'and')}.`
}

interface Named {
  name: string
}

/** Without anything better to say: what was heard, and what could be asked instead. */
export function introduce(
  { text, files }: { text: string; files: readonly string[] },
  { functions, agents }: { functions: readonly Named[]; agents: readonly Named[] },
): string {
  const heard = [
    ...(text.trim() ? [`"${short(text)}"`] : []),
    ...files.map((type) => `a file of type ${type}`),
  ]
  const able = [oneOf('call', functions), oneOf('hand over to', agents)].filter(Boolean)
  const ability = able.length > 0 ? `I can ${join(able, 'and')}` : 'I have no functions that I could call'
  return `I am the offline model: I heard ${join(heard, 'and') || 'nothing'}, and ${ability}.`
}

function oneOf(verb: string, options: readonly Named[]): string {
  const names = options.map(({ name }) => name)
  return names.length > 0 ? `${verb} ${join(names, 'or')}` : ''
}

function join(items: readonly string[], word: 'and' | 'or'): string {
  if (items.length < 2) return items[0] ?? ''
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}

/** Longest quotation, in characters. */
const MAX_SHORT = 200

/** One line, not too long. */
function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= MAX_SHORT) return line
  const cut = line.slice(0, MAX_SHORT - 1).replace(/[\ud800-\udbff]$/, '') // not through the middle of a character
  return `${cut}…`
}
