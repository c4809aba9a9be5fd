import {
  BaseLlm,
  LlmAgent,
  LLMRegistry,
  type BaseLlmConnection,
  type LlmRequest,
  type LlmResponse,
} from 'adk-ts'

export class EchoLlm extends BaseLlm {
  static override readonly supportedModels: Array<string | RegExp> = [/echo-.*/]

  constructor({ model }: { model: string }) {
    super({ model })
  }

  async *generateContentAsync(
    llmRequest: LlmRequest,
    stream?: boolean,
    abortSignal?: AbortSignal,
  ): AsyncGenerator<LlmResponse, void> {
    abortSignal?.throwIfAborted()
    const text = llmRequest.contents.at(-1)?.parts?.[0]?.text ?? ''
    if (stream) {
      for (const word of text.split(' ')) {
        yield { content: { role: 'model', parts: [{ text: word }] }, partial: true }
      }
    }
    yield { content: { role: 'model', parts: [{ text: `${this.model}: ${text}` }] }, turnComplete: true }
  }

  override async connect(_llmRequest: LlmRequest): Promise<BaseLlmConnection> {
    throw new Error('Live connections are not supported.')
  }
}

LLMRegistry.register(EchoLlm)

export const rootAgent = new LlmAgent({ name: 'echo_agent', model: 'echo-1' })
export const otherAgent = new LlmAgent({ name: 'other_agent', model: new EchoLlm({ model: 'echo-2' }) })
