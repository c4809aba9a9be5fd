// What we use of the language model specification of the AI SDK, in versions 2 to 4. Written down here, so that nobody
// needs its packages to use ours; a test holds it against the original.
import type { JsonObject } from '../../schema/json.js'

/**
 * A language model of the AI SDK: what `openai('gpt-5')`, `anthropic('claude-…')` and their like return. Kinds of content
 * are many and grow, so only their tags are required; {@link ContentPart} and {@link StreamPart} are those we know.
 */
export interface AiSdkModel {
  /** `v2`, `v3` or `v4`. */
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
  /** Both take {@link CallOptions}. */
  doGenerate(options: object): PromiseLike<GenerateResult>
  doStream(options: object): PromiseLike<{ stream: PartStream }>
}

interface Tagged {
  type: string
}

export interface GenerateResult {
  content: readonly Tagged[]
  finishReason?: FinishReason
  usage?: Usage
  response?: ResponseMetadata | undefined
}

/** The part of a web stream that reading takes. */
export interface PartStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Tagged | undefined }>
    cancel(reason?: unknown): Promise<void>
  }
}

export type JsonValue = null | string | number | boolean | JsonValue[] | { [key: string]: JsonValue }

/** What a provider wants to see again, by the name of the provider: what it gave as metadata, it takes as options. */
export type ProviderData = Record<string, Record<string, JsonValue>>

interface WithMetadata {
  providerMetadata?: ProviderData
}

interface WithOptions {
  providerOptions?: ProviderData
}

// What goes in. `Data` is how the version writes the data of a file.

export interface CallOptions<Data> {
  prompt: Message<Data>[]
  abortSignal?: AbortSignal
  headers?: Record<string, string>
  providerOptions?: ProviderData
  tools?: FunctionToolSpec[]
  toolChoice?: ToolChoice
  responseFormat?: { type: 'json'; schema?: JsonObject }
  temperature?: number
  topP?: number
  topK?: number
  maxOutputTokens?: number
  stopSequences?: string[]
  seed?: number
  presencePenalty?: number
  frequencyPenalty?: number
}

export interface FunctionToolSpec {
  type: 'function'
  name: string
  description?: string
  inputSchema: JsonObject
}

export type ToolChoice = { type: 'auto' | 'none' | 'required' } | { type: 'tool'; toolName: string }

export type Message<Data> =
  | { role: 'system'; content: string }
  | { role: 'user'; content: UserPart<Data>[] }
  | { role: 'assistant'; content: AssistantPart<Data>[] }
  | { role: 'tool'; content: ToolResultPart[] }

export type UserPart<Data> = TextPart | FilePart<Data>
export type AssistantPart<Data> = TextPart | ReasoningPart | FilePart<Data> | ToolCallPart

interface TextPart extends WithOptions {
  type: 'text'
  text: string
}

interface ReasoningPart extends WithOptions {
  type: 'reasoning'
  text: string
}

export interface FilePart<Data> extends WithOptions {
  type: 'file'
  data: Data
  mediaType: string
  filename?: string
}

interface ToolCallPart extends WithOptions {
  type: 'tool-call'
  toolCallId: string
  toolName: string
  input: unknown
}

export interface ToolResultPart {
  type: 'tool-result'
  toolCallId: string
  toolName: string
  output: { type: 'json' | 'error-json'; value: JsonValue }
}

/** Versions 2 and 3: base64, or where the file is. */
export type PlainData = string | URL
/** Version 4: the same with a tag. */
export type TaggedData = { type: 'data'; data: string } | { type: 'url'; url: URL }

// What comes out.

interface ResponseMetadata {
  modelId?: string | undefined
}

/** Version 2: the word alone. */
export type FinishReason = string | { unified: string; raw?: string | undefined }

interface FlatUsage {
  inputTokens?: number | undefined
  outputTokens?: number | undefined
  totalTokens?: number | undefined
  reasoningTokens?: number | undefined
  cachedInputTokens?: number | undefined
}

export interface NestedUsage {
  inputTokens: { total?: number | undefined; cacheRead?: number | undefined }
  outputTokens: { total?: number | undefined; reasoning?: number | undefined }
}

/** Version 2: flat. */
export type Usage = FlatUsage | NestedUsage

interface File extends WithMetadata {
  type: 'file' | 'reasoning-file'
  mediaType: string
  data: string | Uint8Array | { type: 'data'; data: string | Uint8Array } | { type: 'url'; url: URL }
}

export interface ToolCall extends WithMetadata {
  type: 'tool-call'
  toolCallId: string
  toolName: string
  /** JSON. */
  input: string
  /** Ours to execute unless set. */
  providerExecuted?: boolean
}

interface Text extends WithMetadata {
  type: 'text' | 'reasoning'
  text: string
}

export type ContentPart = Text | File | ToolCall

/** Texts come in blocks with an id: a start, pieces, an end. Any of them may bring the metadata of the block. */
export interface BlockPart extends WithMetadata {
  type: `${'text' | 'reasoning'}-${'start' | 'end'}`
  id: string
}

export interface DeltaPart extends WithMetadata {
  type: 'text-delta' | 'reasoning-delta'
  id: string
  delta: string
}

export type StreamPart =
  | BlockPart
  | DeltaPart
  | File
  | ToolCall
  | ({ type: 'response-metadata' } & ResponseMetadata)
  | { type: 'finish'; finishReason?: FinishReason; usage?: Usage }
  | { type: 'error'; error: unknown }
