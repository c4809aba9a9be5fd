import { textOf, type Content, type FunctionResponse } from '../../core/content.js'
import { TRANSFER } from '../../core/framework-calls.js'
import { errorIn } from './speech.js'

/** What has happened since the user last spoke. */
export interface Turn {
  text: string
  /** Types of the files that came with the text. */
  files: string[]
  /** Answers of functions, those of the last step only. */
  responses: FunctionResponse[]
  /** Agents that had this turn before: going back to one of them might never end. */
  visited: Set<string>
}

/** Most of a message that is looked at, in characters. */
const MAX_TEXT = 10_000
/** Requests tell of other agents, and of artifacts, in messages of the user, who never wrote them. */
const INSERTED = /^(?:For context|Artifact .+ is):$/s
const QUOTE = /^\[([^\]]+)\] (?:said: |called tool |tool )/

export function readTurn(contents: readonly Content[]): Turn {
  const start = contents.findLastIndex(isQuestion)
  const question = contents[start]
  const since = contents.slice(start + 1)
  return {
    text: (question ? textOf(question) : lastQuote(since)).slice(0, MAX_TEXT),
    files:
      question?.parts?.flatMap(({ inlineData, fileData }) => (inlineData ?? fileData)?.mimeType ?? []) ?? [],
    responses: responsesSince(since),
    visited: visitedSince(since),
  }
}

const responsesIn = ({ parts = [] }: Content): FunctionResponse[] =>
  parts.flatMap(({ functionResponse }) => functionResponse ?? [])

function isQuestion(content: Content): boolean {
  const [first] = content.parts ?? []
  if (!first || content.role === 'model' || responsesIn(content).length > 0) return false
  return !INSERTED.test(first.text ?? '')
}

/** What another agent said last, for an agent that is shown nothing else. */
function lastQuote(contents: readonly Content[]): string {
  const texts = contents.flatMap(({ parts = [] }) => parts.map(({ text = '' }) => text))
  return texts.findLast((text) => QUOTE.test(text))?.replace(QUOTE, '') ?? ''
}

/** A transfer that worked is not an answer. */
function responsesSince(contents: readonly Content[]): FunctionResponse[] {
  const last = contents.findLast((content) => responsesIn(content).length > 0)
  return (last ? responsesIn(last) : []).filter(
    ({ name, response = {} }) => name !== TRANSFER || errorIn(response) !== undefined,
  )
}

function visitedSince(contents: readonly Content[]): Set<string> {
  const visited = contents.flatMap(({ parts = [] }) =>
    parts.flatMap(({ text = '', functionCall: call }) => {
      if (call) return call.name === TRANSFER ? Object.values(call.args ?? {}).map(String) : []
      return QUOTE.exec(text)?.[1] ?? []
    }),
  )
  return new Set(visited)
}
