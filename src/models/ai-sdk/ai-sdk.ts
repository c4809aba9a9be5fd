import { BaseLlm, type LlmRequest, type LlmResponse } from '../../core/model.js'
import { StreamedAnswer } from '../streamed-answer.js'
import { fromProviderError } from './error.js'
import { toCallOptions } from './options.js'
import { callIdsIn } from './prompt.js'
import { toLlmResponse } from './response.js'
import type { AiSdkModel, CallOptions, PlainData, ProviderData, TaggedData } from './spec.js'
import { joinMetadata, readChunks, saysSomething } from './stream.js'
import { callModel, retryPolicy, TIMEOUTS, type RetryPolicy, type Timeouts } from '../call.js'
import { refuseSilence } from '../response.js'
import { RetryBudget } from '../retry-budget.js'

export type { AiSdkModel } from './spec.js'

export interface AiSdkOptions {
  /** Settings that only this provider knows, by its name: `{ openai: { reasoningEffort: 'low' } }`. */
  providerOptions?: ProviderData
  /** How often, and how patiently, a failed call is repeated. */
  retry?: Partial<RetryPolicy>
  timeouts?: Partial<Timeouts>
}

/**
 * Lets an agent use a model of any provider that the AI SDK knows:
 *
 * ```ts
 * import { openai } from '@ai-sdk/openai'
 * const agent = new LlmAgent({ name: 'helper', model: aiSdk(openai('gpt-5')) })
 * ```
 */
export const aiSdk = (model: AiSdkModel, options?: AiSdkOptions): AiSdkLlm => new AiSdkLlm(model, options)

const VERSIONS = ['v2', 'v3', 'v4']

/** A language model of the AI SDK, as a model of agents. */
export class AiSdkLlm extends BaseLlm {
  readonly #model: AiSdkModel
  readonly #providerOptions: ProviderData | undefined
  readonly #retry: Partial<RetryPolicy> | undefined
  readonly #timeouts: Timeouts
  readonly #budget = new RetryBudget()

  constructor(model: AiSdkModel, { providerOptions, retry, timeouts }: AiSdkOptions = {}) {
    checkModel(model)
    super({ model: model.modelId })
    this.#model = model
    this.#providerOptions = providerOptions
    this.#retry = retry
    this.#timeouts = { ...TIMEOUTS, ...timeouts }
  }

  override get providerName(): string | undefined {
    const name: unknown = this.#model.provider // such as `openai.responses`
    return typeof name === 'string' ? name.split('.', 1)[0] : undefined
  }

  override async *generateContentAsync(
    llmRequest: LlmRequest,
    stream = false,
    abortSignal?: AbortSignal,
  ): AsyncGenerator<LlmResponse, void> {
    const options = this.#optionsOf(llmRequest)
    const send = async (signal: AbortSignal): Promise<AsyncIterable<LlmResponse>> => {
      const knownIds = callIdsIn(llmRequest.contents)
      const parameters = { ...options, abortSignal: signal }
      try {
        if (!stream) return only(toLlmResponse(await this.#model.doGenerate(parameters), knownIds))
        const answer = await this.#model.doStream(parameters)
        return readChunks(answer.stream, { signal, knownIds })
      } catch (error) {
        throw fromProviderError(error)
      }
    }
    const [timeouts, budget] = [this.#timeouts, this.#budget]
    const call = { abortSignal, retry: retryPolicy(this.#retry), timeouts, budget }
    const responses = callModel(send, call)
    if (!stream) {
      for await (const response of responses) yield refuseSilence(response)
      return
    }
    const answer = new StreamedAnswer()
    for await (const chunk of responses) {
      const shown = answer.add(chunk)
      if (saysSomething(shown)) yield shown
    }
    yield joinMetadata(answer.complete())
  }

  #optionsOf(request: LlmRequest): CallOptions<PlainData> | CallOptions<TaggedData> {
    const options =
      this.#model.specificationVersion === 'v4'
        ? toCallOptions<TaggedData>(request, this.model, withTag)
        : toCallOptions<PlainData>(request, this.model, (data) => data)
    return this.#providerOptions ? { ...options, providerOptions: this.#providerOptions } : options
  }
}

const withTag = (data: string | URL): TaggedData =>
  data instanceof URL ? { type: 'url', url: data } : { type: 'data', data }

async function* only<T>(item: T): AsyncGenerator<T, void> {
  yield item
}

/** Says in time what would otherwise be a riddle in the middle of a run. */
function checkModel(model: unknown): void {
  const given: Partial<Record<keyof AiSdkModel, unknown>> =
    typeof model === 'object' && model !== null ? model : {}
  if (typeof given.doGenerate !== 'function' || typeof given.doStream !== 'function') {
    const what = typeof model === 'object' ? 'something else' : `a ${typeof model}`
    throw new TypeError(`aiSdk() takes a language model, such as openai('gpt-5'); it was given ${what}`)
  }
  if (VERSIONS.includes(String(given.specificationVersion))) return
  throw new TypeError(
    `aiSdk() takes language models of the specifications ${VERSIONS.join(', ')}; "${String(given.modelId)}" has ` +
      `${String(given.specificationVersion)}. Use another version of the provider's package`,
  )
}
