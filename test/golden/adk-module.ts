// What the golden harness imports in place of the ADK: this package, with one difference. The scenarios were recorded
// from a server whose events do not name the version of the model; ours do, so it is taken out before comparing.
import { Gemini, LLMRegistry } from '../../src/index.js'
import type { LlmRequest, LlmResponse } from '../../src/index.js'

export * from '../../src/index.js'

class UnversionedGemini extends Gemini {
  override async *generateContentAsync(
    llmRequest: LlmRequest,
    stream?: boolean,
    abortSignal?: AbortSignal,
  ): AsyncGenerator<LlmResponse, void> {
    for await (const response of super.generateContentAsync(llmRequest, stream, abortSignal)) {
      const { modelVersion: _, ...rest } = response
      yield rest
    }
  }
}

LLMRegistry.register(UnversionedGemini)
