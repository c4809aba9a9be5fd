import type { Content, GenerateContentConfig, Part } from '../../core/content.js'
import type { LlmRequest } from '../../core/model.js'
import { endWithUser } from '../end-with-user.js'
import type { GeminiRequest } from './transport.js'

/** The request as `@google/genai` takes it. The original stays as it is: its contents belong to stored events. */
export function toGeminiRequest(
  { contents, config = {} }: LlmRequest,
  { model, vertexai }: { model: string; vertexai: boolean },
): GeminiRequest {
  const turns = endWithUser(contents)
  if (vertexai) return { model, contents: turns.map(withoutPartMetadata), config: withoutBlanks(config) }
  // The Gemini API refuses what only Vertex AI knows.
  const { labels: _, ...known } = config
  return { model, contents: turns.map(withoutDisplayNames), config: withoutBlanks(known) }
}

/** The SDK refuses an empty instruction. */
function withoutBlanks({ systemInstruction, ...config }: GenerateContentConfig): GenerateContentConfig {
  return systemInstruction ? { ...config, systemInstruction } : config
}

function withoutDisplayNames(content: Content): Content {
  if (!content.parts?.some((part) => part.inlineData?.displayName || part.fileData?.displayName))
    return content
  return { ...content, parts: content.parts.map(withoutDisplayName) }
}

function withoutDisplayName({ inlineData, fileData, ...part }: Part): Part {
  return {
    ...part,
    ...(inlineData && { inlineData: { ...inlineData, displayName: undefined } }),
    ...(fileData && { fileData: { ...fileData, displayName: undefined } }),
  }
}

/** Vertex AI does not know it; other models leave it behind. */
function withoutPartMetadata(content: Content): Content {
  if (!content.parts?.some((part) => part.partMetadata)) return content
  return { ...content, parts: content.parts.map((part) => ({ ...part, partMetadata: undefined })) }
}
