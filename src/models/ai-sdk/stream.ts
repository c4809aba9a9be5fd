import type { Part } from '../../core/content.js'
import type { LlmResponse } from '../../core/model.js'
import { fromProviderError } from './error.js'
import { keepMetadata } from './prompt.js'
import { toEnding, toPart, toThought, type KnownIds } from './response.js'
import type { BlockPart, DeltaPart, PartStream, ProviderData, StreamPart } from './spec.js'

/** The chunks of a streamed answer. Ends, and cancels the stream, when the signal fires or the reader leaves. */
export async function* readChunks(
  stream: PartStream,
  { signal, knownIds }: { signal: AbortSignal; knownIds: KnownIds },
): AsyncGenerator<LlmResponse, void> {
  const translator = new Translator(knownIds)
  const reader = stream.getReader()
  const cancel = () => void reader.cancel(signal.reason).catch(() => {}) // a stream that has failed says so when read
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel() // while the provider opened the stream
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || !value) break
      yield* translator.translate(value as StreamPart) // or of a kind we do not know
    }
    yield* translator.closeBlocks()
  } catch (error) {
    throw fromProviderError(error)
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

/** A text that is being streamed. */
interface Block {
  isThought: boolean
  hasText: boolean
  metadata: ProviderData | undefined
}

class Translator {
  readonly #blocks = new Map<string, Block>()
  #modelVersion: string | undefined

  constructor(private readonly knownIds: KnownIds) {}

  *translate(part: StreamPart): Generator<LlmResponse, void> {
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start':
        this.#blockOf(part)
        return
      case 'text-delta':
      case 'reasoning-delta':
        yield* this.#delta(part)
        return
      case 'text-end':
      case 'reasoning-end':
        yield* this.#close(part)
        return
      case 'file':
      case 'reasoning-file':
      case 'tool-call':
        yield* this.#chunk(toPart(part, this.knownIds))
        return
      case 'response-metadata':
        this.#modelVersion = part.modelId
        return
      case 'finish':
        yield* this.closeBlocks()
        yield this.#versioned(toEnding(part))
        return
      case 'error':
        throw fromProviderError(part.error)
      default:
        part satisfies never // of those we know
    }
  }

  /** Some providers end their stream without ending its blocks. */
  *closeBlocks(): Generator<LlmResponse, void> {
    for (const block of this.#blocks.values()) yield* this.#chunk(endingOf(block))
    this.#blocks.clear()
  }

  *#delta(part: DeltaPart): Generator<LlmResponse, void> {
    const block = this.#blockOf(part)
    if (!part.delta) return
    block.hasText = true
    yield* this.#chunk({ text: part.delta, ...(block.isThought && { thought: true }) })
  }

  *#close(part: BlockPart): Generator<LlmResponse, void> {
    const block = this.#blockOf(part)
    this.#blocks.delete(keyOf(part))
    yield* this.#chunk(endingOf(block))
  }

  #blockOf(part: BlockPart | DeltaPart): Block {
    const key = keyOf(part)
    const known = this.#blocks.get(key)
    const block: Block = known ?? {
      isThought: part.type.startsWith('reasoning'),
      hasText: false,
      metadata: undefined,
    }
    block.metadata = part.providerMetadata ?? block.metadata
    this.#blocks.set(key, block)
    return block
  }

  *#chunk(part: Part | undefined): Generator<LlmResponse, void> {
    if (part) yield this.#versioned({ content: { role: 'model', parts: [part] } })
  }

  #versioned(response: LlmResponse): LlmResponse {
    return this.#modelVersion ? { ...response, modelVersion: this.#modelVersion } : response
  }
}

/** Texts and thoughts may use the same ids. */
const keyOf = ({ type, id }: BlockPart | DeltaPart): string => `${type.startsWith('reasoning')} ${id}`

/** The metadata of a block comes behind its text, as a part of its own, until {@link joinMetadata}. */
function endingOf({ isThought, hasText, metadata }: Block): Part | undefined {
  if (!metadata) return undefined
  if (!hasText) return isThought ? toThought('', keepMetadata(metadata)) : undefined
  return { text: '', ...(isThought && { thought: true }), ...keepMetadata(metadata) }
}

const isEnding = (part: Part): boolean => part.text === '' && part.partMetadata !== undefined

/** Whether a chunk is worth showing: endings and counts are for the complete response only. */
export const saysSomething = ({ content }: LlmResponse): boolean =>
  content?.parts?.some((part) => !isEnding(part)) ?? false

/** Moves the metadata of blocks to their texts. */
export function joinMetadata(response: LlmResponse): LlmResponse {
  if (!response.content?.parts?.some(isEnding)) return response
  const parts: Part[] = []
  for (const part of response.content.parts) {
    if (!isEnding(part)) {
      parts.push(part)
      continue
    }
    const index = parts.findLastIndex((text) => isTextOf(text, part))
    if (index !== -1) parts[index] = { ...parts[index], partMetadata: part.partMetadata }
  }
  return { ...response, content: { ...response.content, parts } }
}

const isTextOf = (text: Part, ending: Part): boolean =>
  text.text !== undefined && !text.partMetadata && Boolean(text.thought) === Boolean(ending.thought)
