import { BaseLlm, type LlmRequest, type LlmResponse } from '../../core/model.js'
import { StreamedAnswer } from '../streamed-answer.js'
import { callModel, retryPolicy, TIMEOUTS, type RetryPolicy, type Timeouts } from '../call.js'
import { RetryBudget } from '../retry-budget.js'
import { toGeminiRequest } from './request.js'
import {
  geminiSettings,
  isComplete,
  requireCredentials,
  type GeminiCredentials,
  type GeminiSettings,
} from './settings.js'
import { openSdkTransport, type GeminiTransport } from './transport.js'
import { refuseSilence, toLlmResponse } from '../response.js'

export interface GeminiParams extends GeminiCredentials {
  /** Default `gemini-2.5-flash`. */
  model?: string
  /** Wins over `ADK_MODEL_RETRIES`, which wins over {@link RETRY_POLICY}. */
  retry?: Partial<RetryPolicy>
  timeouts?: Partial<Timeouts>
}

/**
 * Google's Gemini models, through the Gemini API or Vertex AI. Credentials may be given; the environment supplies the
 * rest. It is read at each call, so that a server can start without a key and a key can arrive later.
 */
export class Gemini extends BaseLlm {
  static override readonly supportedModels: (string | RegExp)[] = [
    'gemini-.*',
    // tuned models, and the long names of Gemini models, on Vertex AI
    'projects/.+/locations/.+/endpoints/.+',
    'projects/.+/locations/.+/publishers/google/models/gemini.+',
  ]
  readonly #credentials: GeminiCredentials
  readonly #retry: Partial<RetryPolicy> | undefined
  readonly #timeouts: Timeouts
  readonly #budget = new RetryBudget()
  #providerName: string | undefined
  #open: { settings: string; transport: Promise<GeminiTransport> } | undefined

  constructor({ model = 'gemini-2.5-flash', retry, timeouts, ...credentials }: GeminiParams = {}) {
    super({ model })
    this.#credentials = credentials
    this.#retry = retry
    this.#timeouts = { ...TIMEOUTS, ...timeouts }
  }

  /** Of the last call, since the settings may change. */
  override get providerName(): string | undefined {
    return this.#providerName
  }

  /** Whether a call can be made, as far as settings and environment tell; nothing is sent. */
  hasCredentials(): boolean {
    return isComplete(geminiSettings(this.#credentials, this.model))
  }

  /** A call that the model could not write down properly is asked for once more. */
  override async *generateContentAsync(
    llmRequest: LlmRequest,
    stream = false,
    abortSignal?: AbortSignal,
  ): AsyncGenerator<LlmResponse, void> {
    let again = retryPolicy(this.#retry).retries > 0
    for await (const response of this.#ask(llmRequest, stream, abortSignal)) {
      again &&= isMalformed(response)
      if (again) break
      yield response
    }
    if (again) yield* this.#ask(llmRequest, stream, abortSignal)
  }

  async *#ask(
    llmRequest: LlmRequest,
    stream: boolean,
    abortSignal: AbortSignal | undefined,
  ): AsyncGenerator<LlmResponse, void> {
    const model = llmRequest.model ?? this.model
    const settings = geminiSettings(this.#credentials, model)
    this.#providerName = settings.vertexai ? 'gcp.vertex_ai' : 'gcp.gemini'
    requireCredentials(settings, model)
    const transport = await this.#transport(settings)
    const request = toGeminiRequest(llmRequest, { model, vertexai: settings.vertexai })
    const responses = callModel((signal) => transport(request, { stream, signal }), {
      abortSignal,
      retry: retryPolicy(this.#retry),
      timeouts: this.#timeouts,
      budget: this.#budget,
    })
    if (!stream) {
      for await (const response of responses) yield refuseSilence(toLlmResponse(response))
      return
    }
    const answer = new StreamedAnswer()
    for await (const chunk of responses) yield answer.add(toLlmResponse(chunk))
    yield answer.complete()
  }

  /** Clients keep connections and tokens, so one is kept as long as it fits the settings, unless it could not be opened. */
  async #transport(settings: GeminiSettings): Promise<GeminiTransport> {
    const key = JSON.stringify(settings)
    if (this.#open?.settings !== key) this.#open = { settings: key, transport: openSdkTransport(settings) }
    const open = this.#open
    try {
      return await open.transport
    } catch (error) {
      if (this.#open === open) this.#open = undefined
      throw error
    }
  }
}

/** Whether this says nothing but that a function call went wrong. */
const isMalformed = ({ content, finishReason }: LlmResponse): boolean =>
  !content && finishReason === 'MALFORMED_FUNCTION_CALL'
