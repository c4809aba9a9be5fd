import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '../core/content.js'
import { BaseLlm, type LlmRequest, type LlmResponse } from '../core/model.js'

/** One thing that happens while a model answers. */
export type ScriptedStep =
  /** Text. A list is streamed piece by piece, when the caller streams; otherwise it is one text. */
  | { say: string | string[] }
  /** The same, as thoughts. */
  | { think: string | string[] }
  /** A call of a function. Without an `id` the call gets one from the agent, as with most models. */
  | { call: string; args?: Record<string, unknown>; id?: string }
  /** A response of its own, as it is: for errors, metadata, or anything that has no step. */
  | { response: LlmResponse }
  /** Does not go on before this settles. */
  | { until: Promise<unknown> }
  | { delayMs: number }
  | { fail: Error }
  /** Never goes on; ends when the caller gives up. */
  | { hang: true }

/** What the model does in one call: a text, a step, or several steps, whose texts and calls are one answer. */
export type ScriptedTurn = string | ScriptedStep | ScriptedStep[]

/** A turn, or what finds one when the request is there. */
export type Scripted = ScriptedTurn | ((request: LlmRequest) => ScriptedTurn | Promise<ScriptedTurn>)

/** One call, as the model saw it. */
export interface RecordedCall {
  request: LlmRequest
  streaming: boolean
  signal: AbortSignal | undefined
  /** How far it came: responses that somebody took. */
  taken: number
  ended: boolean
}

/** A model that plays a script, one turn per call, and remembers what it was asked. */
export class ScriptedModel extends BaseLlm {
  /** In order. */
  readonly calls: RecordedCall[] = []
  readonly #turns: Scripted[]
  readonly #always: Scripted | undefined

  constructor(turns: Scripted[], always?: Scripted) {
    super({ model: 'scripted' })
    this.#turns = [...turns]
    this.#always = always
  }

  /** The call that was made last. Throws when there was none. */
  get last(): RecordedCall {
    const call = this.calls.at(-1)
    if (!call) throw new Error('The model was not called')
    return call
  }

  override async *generateContentAsync(
    request: LlmRequest,
    streaming = false,
    signal?: AbortSignal,
  ): AsyncGenerator<LlmResponse, void> {
    const scripted = this.#turns.shift() ?? this.#always
    const call: RecordedCall = { request, streaming, signal, taken: 0, ended: false }
    this.calls.push(call)
    if (scripted === undefined) throw new Error(`The script of the model has no turn ${this.calls.length}`)
    try {
      const turn = typeof scripted === 'function' ? await scripted(request) : scripted
      for await (const response of play(stepsOf(turn), streaming, signal)) {
        yield response
        call.taken++
      }
    } finally {
      call.ended = true
    }
  }
}

/**
 * A model for tests of agents. It plays the turns in order, one per call, then `always` again and again; without that, a
 * further call fails.
 */
export function scriptedModel(turns: Scripted[] = [], always?: Scripted): ScriptedModel {
  return new ScriptedModel(turns, always)
}

function stepsOf(turn: ScriptedTurn): ScriptedStep[] {
  if (typeof turn === 'string') return [{ say: turn }]
  return Array.isArray(turn) ? turn : [turn]
}

async function* play(
  steps: readonly ScriptedStep[],
  streaming: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<LlmResponse, void> {
  const answer = new Answer()
  for (const step of steps) {
    signal?.throwIfAborted()
    if ('response' in step) {
      yield* answer.complete()
      yield step.response
    } else if ('say' in step || 'think' in step || 'call' in step) {
      const parts = partsOf(step)
      for (const part of parts) {
        answer.add(part)
        if (streaming && isStreamed(step)) yield { partial: true, content: { role: 'model', parts: [part] } }
      }
    } else {
      await wait(step, signal)
    }
  }
  yield* answer.complete()
}

type SpokenStep = Extract<ScriptedStep, { say: unknown } | { think: unknown } | { call: unknown }>
type WaitingStep = Exclude<ScriptedStep, SpokenStep | { response: unknown }>

function partsOf(step: SpokenStep): Part[] {
  if ('say' in step) return [step.say].flat().map((text) => ({ text }))
  if ('think' in step) return [step.think].flat().map((text) => ({ text, thought: true }))
  const { call, args = {}, id } = step
  return [{ functionCall: { name: call, args, ...(id && { id }) } }]
}

const isStreamed = (step: SpokenStep): boolean =>
  ('say' in step && Array.isArray(step.say)) || ('think' in step && Array.isArray(step.think))

/** What is said and called in one turn: texts of one kind are joined. */
class Answer {
  #parts: Part[] = []

  add(part: Part): void {
    const last = this.#parts.at(-1)
    if (last?.text !== undefined && part.text !== undefined && last.thought === part.thought) {
      this.#parts[this.#parts.length - 1] = { ...part, text: last.text + part.text }
    } else {
      this.#parts.push(part)
    }
  }

  /** The answer, if there is one. What follows is another. */
  *complete(): Generator<LlmResponse, void> {
    const parts = this.#parts
    this.#parts = []
    if (parts.length > 0) yield { content: { role: 'model', parts }, finishReason: 'STOP' }
  }
}

async function wait(step: WaitingStep, signal: AbortSignal | undefined): Promise<void> {
  if ('hang' in step) await aborted(signal)
  else if ('until' in step) await Promise.race([step.until, aborted(signal)])
  else if ('delayMs' in step) await sleep(step.delayMs, undefined, { signal })
  else throw step.fail
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    // Whoever aborts gives an Error.
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
