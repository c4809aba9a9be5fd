import type { Part, UsageMetadata } from '../../core/content.js'
import type { LlmResponse } from '../../core/model.js'
import { isJsonObject, type JsonObject } from '../../schema/json.js'
import { keepMetadata } from './prompt.js'
import type { ContentPart, FinishReason, GenerateResult, NestedUsage, ToolCall, Usage } from './spec.js'
import { ModelError } from '../model-error.js'
import { present } from '../response.js'

/** The call ids of a session, old and new. */
export type KnownIds = Set<string | undefined>

export function toLlmResponse(
  { content, finishReason, usage, response }: GenerateResult,
  knownIds: KnownIds,
): LlmResponse {
  // Kinds that we do not know come to nothing.
  const parts = content.flatMap((part) => toPart(part as ContentPart, knownIds) ?? [])
  return present<LlmResponse>({
    ...(parts.length > 0 && { content: { role: 'model', parts } }),
    ...toEnding({ finishReason, usage }),
    modelVersion: response?.modelId,
  })
}

/** `undefined` for what agents have no use for, and for kinds that are newer than this. */
export function toPart(content: ContentPart, knownIds: KnownIds): Part | undefined {
  const metadata = keepMetadata(content.providerMetadata)
  switch (content.type) {
    case 'text':
      return content.text ? { text: content.text, ...metadata } : undefined
    case 'reasoning':
      return toThought(content.text, metadata)
    case 'file':
      return { ...toFile(content), ...metadata }
    case 'reasoning-file':
      return { ...toFile(content), thought: true, ...metadata }
    case 'tool-call':
      return content.providerExecuted ? undefined : { ...toFunctionCall(content, knownIds), ...metadata }
    default:
      content satisfies never // of those we know
      return undefined
  }
}

/** Without text there may still be something to show to the provider again: thoughts that it keeps to itself. */
export function toThought(text: string, metadata: Pick<Part, 'partMetadata'>): Part | undefined {
  if (text) return { text, thought: true, ...metadata }
  return metadata.partMetadata && { thought: true, ...metadata }
}

function toFile({ mediaType: mimeType, data }: Extract<ContentPart, { mediaType: string }>): Part {
  if (typeof data === 'string' || data instanceof Uint8Array) {
    return { inlineData: { mimeType, data: asBase64(data) } }
  }
  if (data.type === 'url') return { fileData: { mimeType, fileUri: data.url.href } }
  return { inlineData: { mimeType, data: asBase64(data.data) } }
}

const asBase64 = (data: string | Uint8Array): string =>
  typeof data === 'string' ? data : Buffer.from(data).toString('base64')

/**
 * Some providers count calls anew in every answer, or leave ids empty. An id that is not new is left out, and the call
 * gets one of ours.
 */
function toFunctionCall(call: ToolCall, knownIds: KnownIds): Part {
  const { toolCallId: id, toolName: name } = call
  const isNew = id !== '' && !knownIds.has(id)
  knownIds.add(id)
  return { functionCall: { ...(isNew && { id }), name, args: argumentsOf(call) } }
}

/** Longest piece of what a model wrote that is quoted in an error, in characters. */
const MAX_QUOTE = 100

/** A call that cannot be read must not run with a guess: the answer fails, as Gemini's would. */
function argumentsOf({ toolName, input }: ToolCall): JsonObject {
  if (!input.trim()) return {}
  try {
    const args: unknown = JSON.parse(input)
    if (isJsonObject(args)) return args
  } catch {
    // said below
  }
  throw new ModelError(
    'MALFORMED_FUNCTION_CALL',
    `The model called ${toolName} with arguments that are not a JSON object: ${input.slice(0, MAX_QUOTE)}`,
  )
}

/** How an answer ended, and what it cost. */
export function toEnding({
  finishReason,
  usage,
}: Pick<GenerateResult, 'finishReason' | 'usage'>): Pick<LlmResponse, 'finishReason' | 'usageMetadata'> {
  return present({ finishReason: toFinishReason(finishReason), usageMetadata: toUsageMetadata(usage) })
}

/** `other` says that the provider gave no reason, or one that its package does not know; no error follows from that. */
function toFinishReason(reason: FinishReason | undefined): string | undefined {
  switch (typeof reason === 'string' ? reason : reason?.unified) {
    case 'stop':
    case 'tool-calls':
      return 'STOP'
    case 'length':
      return 'MAX_TOKENS'
    case 'content-filter':
      return 'SAFETY'
    case 'error':
    case 'interrupted':
      return 'OTHER'
    default:
      return undefined
  }
}

function toUsageMetadata(usage: Usage = {}): UsageMetadata | undefined {
  const { prompt, output, thoughts, cached, total = sum(prompt, output) } = countsOf(usage)
  const metadata = present<UsageMetadata>({
    promptTokenCount: prompt,
    // Gemini counts answers and thoughts apart.
    candidatesTokenCount: output === undefined ? undefined : Math.max(0, output - (thoughts ?? 0)),
    thoughtsTokenCount: thoughts || undefined,
    cachedContentTokenCount: cached || undefined,
    totalTokenCount: total,
  })
  return Object.keys(metadata).length > 0 ? metadata : undefined
}

interface Counts {
  prompt: number | undefined
  output: number | undefined
  thoughts: number | undefined
  cached: number | undefined
  total?: number | undefined
}

function countsOf(usage: Usage): Counts {
  if (!isNested(usage)) {
    return {
      prompt: usage.inputTokens,
      output: usage.outputTokens,
      thoughts: usage.reasoningTokens,
      cached: usage.cachedInputTokens,
      total: usage.totalTokens,
    }
  }
  const { inputTokens: input, outputTokens: output } = usage
  return { prompt: input.total, output: output.total, thoughts: output.reasoning, cached: input.cacheRead }
}

const isNested = (usage: Usage): usage is NestedUsage => typeof usage.inputTokens === 'object'

const sum = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one + other
