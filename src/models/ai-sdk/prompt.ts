import type { Content, FunctionCall, FunctionResponse, Part } from '../../core/content.js'
import type { LlmRequest } from '../../core/model.js'
import { isJsonObject, type JsonObject } from '../../schema/json.js'
import type {
  AssistantPart,
  FilePart,
  JsonValue,
  Message,
  ProviderData,
  ToolResultPart,
  UserPart,
} from './spec.js'
import { endWithUser } from '../end-with-user.js'
import { ModelError } from '../model-error.js'

/** Where a part keeps what its provider wants to see again. */
const METADATA_KEY = 'aiSdk'

export const keepMetadata = (data: ProviderData | undefined): Pick<Part, 'partMetadata'> =>
  data ? { partMetadata: { [METADATA_KEY]: data } } : {}

function keptMetadata({ partMetadata }: Part): { providerOptions?: ProviderData } {
  const data = partMetadata?.[METADATA_KEY]
  return isJsonObject(data) ? { providerOptions: data as ProviderData } : {} // as keepMetadata left it
}

/** How a version of the specification writes the data of a file: base64, or where the file is. */
export type WriteData<Data> = (data: string | URL) => Data

/** The instruction and the conversation as messages. Neighbours of one role become one message. */
export function toPrompt<Data>(
  { contents, config }: Pick<LlmRequest, 'contents' | 'config'>,
  writeData: WriteData<Data>,
): Message<Data>[] {
  const prompt = new Prompt(writeData, new CallIds(contents))
  prompt.addInstruction(textsIn(config?.systemInstruction).join('\n\n'))
  for (const content of endWithUser(contents)) prompt.add(content)
  return prompt.messages
}

/** A callback may have put anything there that the SDK takes: a text, parts, or a message. */
function textsIn(instruction: unknown): string[] {
  if (typeof instruction === 'string') return [instruction]
  if (Array.isArray(instruction)) return instruction.flatMap(textsIn)
  if (!isJsonObject(instruction)) return []
  return instruction.parts ? textsIn(instruction.parts) : textsIn(instruction.text)
}

class Prompt<Data> {
  readonly messages: Message<Data>[] = []

  constructor(
    private readonly writeData: WriteData<Data>,
    private readonly callIds: CallIds,
  ) {}

  addInstruction(content: string): void {
    if (content) this.messages.push({ role: 'system', content })
  }

  add({ role, parts = [] }: Content): void {
    if (role === 'model') {
      for (const part of parts) this.#push(() => this.#assistant(), this.#assistantPart(part))
      return
    }
    // Results go first: nothing may stand between a call and its result.
    for (const { functionResponse } of parts) {
      if (functionResponse) this.#push(() => this.#tool(), this.#result(functionResponse))
    }
    for (const part of parts) this.#push(() => this.#user(), this.#userPart(part))
  }

  /** A message begins with its first part. */
  #push<Kind>(message: () => Kind[], part: Kind | undefined): void {
    if (part) message().push(part)
  }

  #user(): UserPart<Data>[] {
    const last = this.messages.at(-1)
    if (last?.role === 'user') return last.content
    const content: UserPart<Data>[] = []
    this.messages.push({ role: 'user', content })
    return content
  }

  #assistant(): AssistantPart<Data>[] {
    const last = this.messages.at(-1)
    if (last?.role === 'assistant') return last.content
    const content: AssistantPart<Data>[] = []
    this.messages.push({ role: 'assistant', content })
    return content
  }

  #tool(): ToolResultPart[] {
    const last = this.messages.at(-1)
    if (last?.role === 'tool') return last.content
    const content: ToolResultPart[] = []
    this.messages.push({ role: 'tool', content })
    return content
  }

  #userPart(part: Part): UserPart<Data> | undefined {
    if (part.text) return { type: 'text', text: part.text }
    return this.#file(part)
  }

  /** What only Gemini makes, such as code that it ran, is left out. */
  #assistantPart(part: Part): AssistantPart<Data> | undefined {
    const options = keptMetadata(part)
    if (part.thought) {
      const { text = '' } = part
      return text || options.providerOptions ? { type: 'reasoning', text, ...options } : undefined
    }
    if (part.text) return { type: 'text', text: part.text, ...options }
    if (!part.functionCall) return this.#file(part)
    const { name = '', args = {} } = part.functionCall
    const toolCallId = this.callIds.open(part.functionCall)
    return { type: 'tool-call', toolCallId, toolName: name, input: args, ...options }
  }

  #file(part: Part): FilePart<Data> | undefined {
    const { inlineData, fileData } = part
    const file = inlineData ?? fileData
    if (!file) return undefined
    return {
      type: 'file',
      data: this.writeData(inlineData ? standardBase64(inlineData.data ?? '') : urlOf(fileData?.fileUri)),
      mediaType: file.mimeType ?? 'application/octet-stream',
      ...(file.displayName && { filename: file.displayName }),
      ...keptMetadata(part),
    }
  }

  #result(response: FunctionResponse): ToolResultPart | undefined {
    const toolCallId = this.callIds.answer(response)
    if (toolCallId === undefined) return undefined
    return {
      type: 'tool-result',
      toolCallId,
      toolName: response.name ?? '',
      output: outputOf(response.response ?? {}),
    }
  }
}

function outputOf(response: JsonObject): ToolResultPart['output'] {
  const isError = response.error !== undefined && response.error !== null && response.error !== false
  return { type: isError ? 'error-json' : 'json', value: response as JsonValue } // JSON, as it is stored
}

const standardBase64 = (data: string): string =>
  /[-_]/.test(data) ? Buffer.from(data, 'base64url').toString('base64') : data

function urlOf(uri = ''): URL {
  if (URL.canParse(uri)) return new URL(uri)
  throw new ModelError('INVALID_ARGUMENT', `"${uri}" is not the URL of a file that a model could fetch`)
}

/**
 * The ids by which results name their calls. Those that the model gave are kept; the others are counted, so that the
 * same history always has the same ids, in a form that every provider accepts.
 */
class CallIds {
  readonly #taken: Set<string | undefined>
  readonly #open: { id: string; name: string | undefined; isOurs: boolean }[] = []
  #count = 0

  constructor(contents: readonly Content[]) {
    this.#taken = callIdsIn(contents)
  }

  open({ id, name }: FunctionCall): string {
    const known = id || this.#next()
    this.#open.push({ id: known, name, isOurs: !id })
    return known
  }

  /** The call that a result belongs to: the one it names, else the oldest of that name; `undefined` without any. */
  answer({ id, name }: FunctionResponse): string | undefined {
    const index = this.#open.findIndex((call) => (id ? call.id === id : call.isOurs && call.name === name))
    return index === -1 ? undefined : this.#open.splice(index, 1)[0]?.id
  }

  #next(): string {
    for (;;) {
      this.#count += 1
      const id = `call${String(this.#count).padStart(5, '0')}`
      if (!this.#taken.has(id)) return id
    }
  }
}

/** The ids that calls in a conversation already have. */
export const callIdsIn = (contents: readonly Content[]): Set<string | undefined> =>
  new Set(contents.flatMap(({ parts = [] }) => parts.map(({ functionCall }) => functionCall?.id)))
