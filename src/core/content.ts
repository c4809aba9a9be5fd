// The authoring types of messages are the Gemini SDK's own, so that a value moves between an agent, this package and
// `@google/genai` without conversion. They are erased at build time; the SDK itself is loaded by models/ only.
import type { Content, Part } from '@google/genai'

export type {
  Blob,
  CitationMetadata,
  Content,
  FunctionCall,
  FunctionDeclaration,
  FunctionResponse,
  GenerateContentConfig,
  GenerateContentResponseUsageMetadata as UsageMetadata,
  GroundingMetadata,
  LiveConnectConfig,
  Part,
  Schema,
} from '@google/genai'

/** The joined text of a message, without thoughts; `''` when there is none. */
export function textOf(content: Content | undefined): string {
  let text = ''
  for (const part of content?.parts ?? []) if (part.text && !part.thought) text += part.text
  return text
}

export const textContent = (role: 'user' | 'model', text: string): Content => ({ role, parts: [{ text }] })

/** A part that carries something: an empty text by itself says nothing, and models refuse it. */
export function isEmptyText(part: Part): boolean {
  return part.text === '' && Object.keys(part).every((key) => key === 'text' || key === 'thought')
}
