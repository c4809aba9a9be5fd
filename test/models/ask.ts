import { textContent, type Part } from '../../src/core/content.js'
import type { BaseLlm, LlmRequest, LlmResponse } from '../../src/core/model.js'
import { collect } from '../../src/testing.js'

export const userRequest = (request: Partial<LlmRequest> = {}): LlmRequest => ({
  contents: [textContent('user', 'Hi')],
  toolsDict: {},
  ...request,
})

export interface Question {
  stream?: boolean
  signal?: AbortSignal
  request?: LlmRequest
}

/** Everything a model answers. */
export function ask(
  model: BaseLlm,
  { stream, signal, request = userRequest() }: Question = {},
): Promise<LlmResponse[]> {
  return collect(model.generateContentAsync(request, stream, signal))
}

/** A response of the Gemini API, or a chunk of one. */
export function says(said: string | Part[], candidate: object = {}, response: object = {}): object {
  const parts = typeof said === 'string' ? [{ text: said }] : said
  return { candidates: [{ content: { role: 'model', parts }, index: 0, ...candidate }], ...response }
}

export const STOP = { finishReason: 'STOP' }
export const USAGE = { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 } }
