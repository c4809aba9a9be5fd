import { setImmediate } from 'node:timers/promises'
import type { Content, FunctionCall, GenerateContentConfig, Part } from '../../core/content.js'
import { SET_MODEL_RESPONSE } from '../../core/framework-calls.js'
import { assignOwn } from '../../core/json.js'
import { BaseLlm, type LlmRequest, type LlmResponse } from '../../core/model.js'
import type { JsonObject } from '../../schema/json.js'
import { choose, readAbilities } from './choice.js'
import { answerFor } from './fill.js'
import { readShape, type Shape } from './schema.js'
import { askFor, introduce, tellResponses } from './speech.js'
import { readTurn } from './turn.js'

// A model for demos, tests and CI: it compares words and copies phrases, and that is all. Without network, chance or
// memory, the same request always has the same answer. Here is what happens in a turn; turn.ts reads what was
// asked, choice.ts chooses a function, fill.ts finds its arguments, speech.ts words the answers.

/** Answers without a provider: calls the function that shares most words with the text, and tells what it returned. */
export class OfflineModel extends BaseLlm {
  constructor() {
    super({ model: 'offline' })
  }

  override get providerName(): string {
    return 'offline'
  }

  /** Chunks are words. A call is never split: it comes in the complete response only. */
  override async *generateContentAsync(
    llmRequest: LlmRequest,
    stream = false,
    abortSignal?: AbortSignal,
  ): AsyncGenerator<LlmResponse, void> {
    abortSignal?.throwIfAborted()
    const parts = respond(llmRequest)
    const modelVersion = 'offline'
    const ending = { finishReason: 'STOP', usageMetadata: usageOf(llmRequest, parts), modelVersion }
    if (stream) {
      const chunks = parts.flatMap(({ text }) => text?.match(/\S+\s*|\s+/g) ?? [])
      for (const [index, text] of chunks.entries()) {
        const rest = index === chunks.length - 1 ? ending : { modelVersion }
        yield { content: contentOf([{ text }]), partial: true, ...rest }
        await setImmediate() // lets the chunk out, and a reader who leaves be noticed
        abortSignal?.throwIfAborted()
      }
    }
    yield { content: contentOf(parts), ...(stream && { partial: false }), ...ending }
  }
}

const contentOf = (parts: Part[]): Content => ({ role: 'model', parts })

function respond({ contents, config = {} }: LlmRequest): Part[] {
  const turn = readTurn(contents)
  const abilities = readAbilities(config)
  const { responses } = turn
  // Once functions have answered they are told about, never called again: that could go on without end.
  if (responses.length > 0) {
    const text = tellResponses(responses)
    const known: JsonObject = {}
    for (const { response = {} } of responses) assignOwn(known, response)
    const isDone = responses.some(({ name }) => name === SET_MODEL_RESPONSE)
    return [inForm(config, isDone ? undefined : abilities.answer, { text, source: text.trim(), known })]
  }
  const { calls, wanted } = choose(turn, abilities)
  if (calls.length > 0) return calls.map((functionCall) => ({ functionCall }))
  const text = wanted ? askFor(wanted) : introduce(turn, abilities)
  return [inForm(config, abilities.answer, { text, source: turn.text, known: {} })]
}

interface Answer {
  text: string
  /** What the fields of a structured answer are found in. */
  source: string
  /** Values that go into fields of the same name. */
  known: JsonObject
}

/** The answer in the form that the request demands: a call of {@link SET_MODEL_RESPONSE}, JSON, or plain text. */
function inForm(
  config: GenerateContentConfig,
  called: Shape | undefined,
  { text, source, known }: Answer,
): Part {
  if (called) {
    const args = answerFor(called, source, known) as FunctionCall['args'] // parameters are an object
    return { functionCall: { name: SET_MODEL_RESPONSE, args } }
  }
  if (config.responseMimeType !== 'application/json') return { text }
  const schema = config.responseSchema ?? config.responseJsonSchema
  const value = schema ? answerFor(readShape(schema), source, known) : { answer: text.trim() }
  return { text: JSON.stringify(value) }
}

const CHARACTERS_PER_TOKEN = 4

function usageOf({ contents, config }: LlmRequest, parts: Part[]) {
  const instruction = typeof config?.systemInstruction === 'string' ? config.systemInstruction.length : 0
  const prompt = contents.reduce((sum, content) => sum + lengthOf(content.parts), instruction)
  const promptTokenCount = Math.ceil(prompt / CHARACTERS_PER_TOKEN)
  const candidatesTokenCount = Math.ceil(lengthOf(parts) / CHARACTERS_PER_TOKEN)
  return { promptTokenCount, candidatesTokenCount, totalTokenCount: promptTokenCount + candidatesTokenCount }
}

function lengthOf(parts: readonly Part[] = []): number {
  return parts.reduce((sum, { text = '', functionCall, functionResponse }) => {
    const call = functionCall ?? functionResponse
    return sum + text.length + (call ? JSON.stringify(call).length : 0)
  }, 0)
}
