import type {
  Blob,
  CitationMetadata,
  Content,
  GenerateContentConfig,
  GroundingMetadata,
  LiveConnectConfig,
  UsageMetadata,
} from './content.js'
import type { BaseTool } from './tool.js'

/** What is sent to a model. Callbacks may change it in place before the call. */
export interface LlmRequest {
  model?: string
  contents: Content[]
  /** `systemInstruction` is kept as one string here, paragraphs separated by a blank line. */
  config?: GenerateContentConfig
  /** The tools that the model may call, by name. */
  toolsDict: Record<string, BaseTool>
  /** Settings of a live connection. */
  liveConnectConfig?: LiveConnectConfig
}

/** What comes back: a whole answer, or with streaming also its chunks (`partial`), each holding only what is new. */
export interface LlmResponse {
  content?: Content
  partial?: boolean
  turnComplete?: boolean
  interrupted?: boolean
  finishReason?: string
  errorCode?: string
  errorMessage?: string
  usageMetadata?: UsageMetadata
  modelVersion?: string
  avgLogprobs?: number
  logprobsResult?: object
  groundingMetadata?: GroundingMetadata
  citationMetadata?: CitationMetadata
  customMetadata?: Record<string, unknown>
}

/** A conversation by voice or video with a model. */
export interface BaseLlmConnection {
  sendHistory(history: Content[]): Promise<void>
  sendContent(content: Content): Promise<void>
  sendRealtime(blob: Blob): Promise<void>
  receive(): AsyncGenerator<LlmResponse, void>
  close(): Promise<void>
}

/** Brands are shared with `@google/adk`, whose checkers recognise our objects and ours theirs. */
const MODEL_BRAND = Symbol.for('google.adk.baseModel')

/** A language model. Subclass it to bring your own. */
export abstract class BaseLlm {
  readonly [MODEL_BRAND] = true
  readonly model: string
  /** Names this class serves: exact, or a pattern that must match the whole name. Read by the registry. */
  static readonly supportedModels: (string | RegExp)[] = []

  constructor({ model }: { model: string }) {
    this.model = model
  }

  /** Who runs the model, for traces: a value of `gen_ai.provider.name`. */
  get providerName(): string | undefined {
    return undefined
  }

  /**
   * Yields one complete response. With `stream`, partial responses come first and the complete one last. Failures are
   * thrown. Aborting ends the request to the provider; so does leaving the loop early.
   */
  abstract generateContentAsync(
    llmRequest: LlmRequest,
    stream?: boolean,
    abortSignal?: AbortSignal,
  ): AsyncGenerator<LlmResponse, void>

  /** Opens a live connection, which only models made for it have. */
  async connect(_llmRequest: LlmRequest): Promise<BaseLlmConnection> {
    throw new Error(`The model "${this.model}" has no live connections`)
  }
}

export function isBaseLlm(value: unknown): value is BaseLlm {
  return typeof value === 'object' && value !== null && MODEL_BRAND in value
}

/** Adds a paragraph to the system instruction of a request. */
export function appendInstruction(request: LlmRequest, text: string): void {
  if (!text) return
  const config = (request.config ??= {})
  const before = config.systemInstruction
  if (before !== undefined && typeof before !== 'string') {
    throw new TypeError(
      'The systemInstruction of a request should be a string; a callback replaced it by something else',
    )
  }
  config.systemInstruction = before ? `${before}\n\n${text}` : text
}
