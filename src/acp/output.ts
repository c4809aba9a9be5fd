import type { FunctionResponse, Part } from '../core/content.js'
import { getFunctionCalls, isFinalResponse, type Event } from '../core/event.js'
import { isReservedCall, TRANSFER } from '../core/framework-calls.js'
import type { AcpEvent, AcpPart, OutputMessage } from '../schema/acp.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'
import { citationsOf, lengthOf } from './citations.js'
import { roleOf } from './names.js'

interface OpenMessage {
  author: string
  role: string
  created_at: string
  parts: AcpPart[]
  /** Characters of text so far. */
  length: number
  /** The agent has had its say: what it says next is another message. */
  isSaid: boolean
}

interface Chunks {
  text: string
  thought: string
}

/** Puts the events of a run into the messages of the protocol. One message is open at a time. */
export class Output {
  readonly #completed: OutputMessage[] = []
  readonly #calls = new Map<string, { name: string; args: JsonObject }>()
  /** What was streamed of a response that is not complete yet, by who streams it. */
  readonly #chunks = new Map<string, Chunks>()
  #code: JsonObject | undefined
  #open: OpenMessage | undefined
  #failure: string | undefined

  /** The root agent speaks under the public name of its app. */
  constructor(
    private readonly agentName: string,
    private readonly rootAgent: string,
    private readonly now: () => string,
  ) {}

  /** What the model, or the framework on its behalf, failed with. */
  get failure(): string | undefined {
    return this.#failure
  }

  get messages(): OutputMessage[] {
    return this.#open ? [...this.#completed, asMessage(this.#open, null)] : [...this.#completed]
  }

  /** What an event says, with the artifacts that it names. */
  *add(event: Event, artifacts: readonly AcpPart[] = []): Generator<AcpEvent> {
    if (event.errorCode ?? event.errorMessage) {
      if (!event.content?.parts?.length) this.#failure = event.errorMessage || event.errorCode
    }
    for (const { id = '', name = '', args = {} } of getFunctionCalls(event))
      this.#calls.set(id, { name, args })
    const parts = [...(event.partial ? this.#chunk(event) : this.#complete(event)), ...artifacts]
    yield* this.#say(event.author, parts)
    if (event.partial || this.#open?.author !== event.author) return
    yield* this.#say(event.author, this.#cited(event, this.#open.length))
    this.#open.isSaid ||= isFinalResponse(event) && getFunctionCalls(event).length === 0
  }

  /** Tells of calls whose results are still to come. */
  *pending(ids: readonly string[]): Generator<AcpEvent> {
    const parts = ids.flatMap((id) => {
      const call = this.#calls.get(id)
      return call && !isReservedCall(call) ? [toolUse(call.name, call.args, null)] : []
    })
    yield* this.#say(this.#open?.author ?? this.rootAgent, parts, { isSame: true })
  }

  /** Completes the open message. */
  *close(): Generator<AcpEvent> {
    if (!this.#open) return
    const message = asMessage(this.#open, this.now())
    this.#completed.push(message)
    this.#open = undefined
    yield { type: 'message.completed', message }
  }

  *#say(author: string, parts: readonly AcpPart[], { isSame = false } = {}): Generator<AcpEvent> {
    if (parts.length === 0) return
    if (this.#open && (this.#open.author !== author || (this.#open.isSaid && !isSame))) yield* this.close()
    if (!this.#open) {
      const role = roleOf(author === this.rootAgent ? this.agentName : author)
      this.#open = { author, role, created_at: this.now(), parts: [], length: 0, isSaid: false }
      yield { type: 'message.created', message: asMessage(this.#open, null) }
    }
    for (const part of parts) {
      this.#open.parts.push(part)
      if (part.content && part.content_type?.startsWith('text/')) this.#open.length += lengthOf(part.content)
      yield { type: 'message.part', part }
    }
  }

  /** The chunks of a response. What else is in them comes again when the response is complete. */
  #chunk(event: Event): AcpPart[] {
    const key = speakerOf(event)
    const chunks = this.#chunks.get(key) ?? { text: '', thought: '' }
    this.#chunks.set(key, chunks)
    return (event.content?.parts ?? []).flatMap(({ text, thought }) => {
      if (!text) return []
      chunks[thought ? 'thought' : 'text'] += text
      return [thought ? thinking(text) : saying(text)]
    })
  }

  #complete(event: Event): AcpPart[] {
    const streamed = this.#chunks.get(speakerOf(event))
    this.#chunks.delete(speakerOf(event))
    const parts = event.content?.parts ?? []
    const rest = streamed ? withoutStreamed(parts, streamed) : parts
    return rest.flatMap((part) => this.#toPart(part))
  }

  /** The text of the event is the end of the message so far. */
  #cited(event: Event, length: number): AcpPart[] {
    if (!event.groundingMetadata && !event.citationMetadata) return []
    const text = textIn(event)
    return citationsOf(event, text, length - lengthOf(text))
  }

  #toPart(part: Part): AcpPart[] {
    const { text, thought, inlineData, fileData, functionResponse, executableCode, codeExecutionResult } =
      part
    if (text !== undefined) return text ? [thought ? thinking(text) : saying(text)] : []
    if (functionResponse) return this.#toolResult(functionResponse)
    if (executableCode) {
      this.#code = { language: executableCode.language, code: executableCode.code }
      return []
    }
    if (codeExecutionResult) {
      const { outcome, output } = codeExecutionResult
      return [toolUse('code_execution', this.#code ?? {}, { outcome, output })]
    }
    if (inlineData?.data) {
      const { mimeType = 'application/octet-stream', data, displayName } = inlineData
      return [named(displayName, { content_type: mimeType, content: data, content_encoding: 'base64' })]
    }
    if (!fileData?.fileUri) return []
    const { fileUri, mimeType = 'application/octet-stream', displayName } = fileData
    if (!URL.canParse(fileUri)) return [named(displayName, saying(fileUri))]
    return [named(displayName, { content_type: mimeType, content_url: fileUri })]
  }

  #toolResult({ id = '', name = '', response }: FunctionResponse): AcpPart[] {
    const call = this.#calls.get(id)
    // A change of who speaks is seen by the role of the messages.
    if (isReservedCall({ name }) || name === TRANSFER) return []
    return [toolUse(name, call?.args ?? {}, isJsonObject(response) ? response : { result: response })]
  }
}

/** Agents that work in parallel stream at the same time, each in its own branch. */
const speakerOf = ({ author, branch = '' }: Event): string => JSON.stringify([author, branch])

const textIn = (event: Event): string =>
  (event.content?.parts ?? []).map(({ text, thought }) => (thought ? '' : (text ?? ''))).join('')

/**
 * A complete response repeats its chunks. If it continues them, the rest is left; if it says something else, because
 * somebody changed it, all of it.
 */
function withoutStreamed(parts: readonly Part[], streamed: Chunks): Part[] {
  const others = parts.filter(({ text }) => text === undefined)
  const rest = (['thought', 'text'] as const).flatMap((kind): Part[] => {
    const full = parts.map(({ text, thought }) =>
      (kind === 'thought') === Boolean(thought) ? (text ?? '') : '',
    )
    const text = full.join('')
    const left = text.startsWith(streamed[kind]) ? text.slice(streamed[kind].length) : text
    return left === '' ? [] : [{ text: left, thought: kind === 'thought' }]
  })
  return [...rest, ...others]
}

const saying = (text: string): AcpPart => ({
  content_type: 'text/plain',
  content: text,
  content_encoding: 'plain',
})

const thinking = (message: string): AcpPart => ({
  content_type: 'text/plain',
  metadata: { kind: 'trajectory', message },
})

const toolUse = (tool_name: string, tool_input: JsonObject, tool_output: JsonObject | null): AcpPart => ({
  content_type: 'text/plain',
  metadata: { kind: 'trajectory', tool_name, tool_input, tool_output },
})

const named = (name: string | undefined, part: AcpPart): AcpPart => (name ? { name, ...part } : part)

function asMessage({ role, parts, created_at }: OpenMessage, completed_at: string | null): OutputMessage {
  return { role, parts: [...parts], created_at, completed_at }
}
