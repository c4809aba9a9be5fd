import type { GenerateContentResponse } from '@google/genai'
import { isEmptyText, type Content } from '../core/content.js'
import type { LlmResponse } from '../core/model.js'

/**
 * A response of the Gemini API, or a chunk of one. Only the first candidate is read; agents never ask for more. Without
 * content, the reason why the model or the prompt was stopped is an error.
 */
export function toLlmResponse(response: GenerateContentResponse): LlmResponse {
  const candidate = response.candidates?.[0]
  const content = contentOf(candidate?.content)
  return present({
    content,
    finishReason: candidate?.finishReason,
    ...(!content && stopOf(response)),
    usageMetadata: response.usageMetadata,
    modelVersion: response.modelVersion,
    avgLogprobs: candidate?.avgLogprobs,
    logprobsResult: candidate?.logprobsResult,
    groundingMetadata: candidate?.groundingMetadata,
    citationMetadata: candidate?.citationMetadata,
  })
}

/** A complete answer that says nothing would end a run in silence: it becomes an error. */
export function refuseSilence(response: LlmResponse): LlmResponse {
  if (response.content || response.errorCode) return response
  if (response.finishReason) return { ...response, errorCode: response.finishReason }
  return { ...response, errorCode: 'UNKNOWN_ERROR', errorMessage: 'The model returned an empty answer' }
}

/** The fields that have a value; the others are left out. */
export function present<T extends object>(fields: T): T {
  const result: Partial<T> = {}
  for (const key of Object.keys(fields) as (keyof T)[]) {
    if (fields[key] !== undefined && fields[key] !== null) result[key] = fields[key]
  }
  return result as T // only optional fields can have been left out
}

/** Empty texts are left out: some models end their stream with one, and refuse to read it back. */
function contentOf(content: Content | undefined): Content | undefined {
  const parts = content?.parts?.filter((part) => !isEmptyText(part)) ?? []
  return parts.length > 0 ? { role: 'model', ...content, parts } : undefined
}

function stopOf({
  candidates,
  promptFeedback,
}: GenerateContentResponse): Pick<LlmResponse, 'errorCode' | 'errorMessage'> {
  const candidate = candidates?.[0]
  if (!candidate)
    return { errorCode: promptFeedback?.blockReason, errorMessage: promptFeedback?.blockReasonMessage }
  const finishReason: string | undefined = candidate.finishReason
  return finishReason === 'STOP' ? {} : { errorCode: finishReason, errorMessage: candidate.finishMessage }
}
