import { newFunctionCallId } from '../core/clock.js'
import { isEmptyText, type FunctionCall, type Part } from '../core/content.js'
import type { LlmResponse } from '../core/model.js'
import { present, refuseSilence } from './response.js'
import { isStreamed, StreamedCall } from './streamed-call.js'

/**
 * The answer of a streaming model, for agents: every chunk as a partial response that holds only what is new, and at
 * the end everything as one complete response. Parts stay in order of arrival, texts of one kind are joined, calls get
 * their id on the chunk that brings them; of everything else the last seen counts.
 */
export class StreamedAnswer {
  readonly #parts: Part[] = []
  readonly #metadata: LlmResponse = {}
  readonly #callIds = new Set<string>()
  #openCall: StreamedCall | undefined

  /** Takes in a chunk. Returns it as it is shown. */
  add(chunk: LlmResponse): LlmResponse {
    const { content, partial: _, ...metadata } = chunk
    Object.assign(this.#metadata, present(metadata))
    const parts = content?.parts?.flatMap((part) => this.#addPart(part) ?? []) ?? []
    return { ...metadata, ...(parts.length > 0 && { content: { role: 'model', parts } }), partial: true }
  }

  complete(): LlmResponse {
    const { finishReason } = this.#metadata
    // A call that was cut off must not run with half of its arguments.
    const parts = this.#parts.filter((part) => finishReason === 'STOP' || part !== this.#openCall?.part)
    return refuseSilence({
      ...(finishReason && finishReason !== 'STOP' && { errorCode: finishReason }),
      ...this.#metadata,
      ...(parts.length > 0 && { content: { role: 'model', parts } }),
      partial: false,
    })
  }

  /** Returns the part as the chunk shows it; nothing when it says nothing. */
  #addPart(part: Part): Part | undefined {
    if (part.functionCall) return this.#addCall(part, part.functionCall)
    if (isEmptyText(part)) return undefined
    const last = this.#parts.at(-1)
    if (last && canJoin(last, part)) append(last, part)
    else this.#parts.push({ ...part }) // ours, to grow
    return part
  }

  #addCall(part: Part, call: FunctionCall): Part | undefined {
    if (this.#openCall?.isContinuedBy(call)) return this.#continueCall(this.#openCall, part, call)
    this.#openCall = undefined
    if (!call.name) return undefined
    const named = call.id ? call : { ...call, id: newFunctionCallId() }
    if (isStreamed(call)) return this.#openStreamedCall(part, named)
    const { partialArgs: _, willContinue: __, ...complete } = named
    const shown = { ...part, functionCall: complete }
    this.#pushCall(shown, complete)
    return shown
  }

  #openStreamedCall(part: Part, call: FunctionCall): Part {
    const streamed = new StreamedCall(part, call)
    this.#pushCall(streamed.part, call)
    return this.#continueCall(streamed, part, call)
  }

  #continueCall(streamed: StreamedCall, part: Part, call: FunctionCall): Part {
    this.#openCall = call.willContinue ? streamed : undefined
    return streamed.add(part, call)
  }

  /** Some models repeat a call in a later chunk; it is still one call. */
  #pushCall(part: Part, { id = '' }: FunctionCall): void {
    if (this.#callIds.has(id)) return
    this.#callIds.add(id)
    this.#parts.push(part)
  }
}

const TEXT_KEYS = new Set(['text', 'thought', 'thoughtSignature'])

const isPlainText = (part: Part): boolean =>
  part.text !== undefined && Object.keys(part).every((key) => TEXT_KEYS.has(key))

/** A signature vouches for one text: two of them cannot be joined. */
function canJoin(first: Part, second: Part): boolean {
  if (!isPlainText(first) || !isPlainText(second)) return false
  const sameKind = Boolean(first.thought) === Boolean(second.thought)
  return sameKind && !(first.thoughtSignature && second.thoughtSignature)
}

function append(part: Part, { text = '', thoughtSignature }: Part): void {
  part.text = `${part.text ?? ''}${text}`
  if (thoughtSignature) part.thoughtSignature = thoughtSignature
}
