// The spans of model calls and tool calls. Those of agents are in core/agent.ts, those of invocations in runner/.
import type { FunctionCall } from '../core/content.js'
import type { InvocationContext } from '../core/invocation-context.js'
import type { BaseLlm, LlmRequest, LlmResponse } from '../core/model.js'
import type { BaseTool } from '../core/tool.js'
import { ATTRIBUTE, OPERATION, type Attributes, type Span } from '../core/trace.js'
import type { ModelCall } from './model-event.js'

/** The time of one model call, and what was said. Tools run while the answer is still open, and are not part of it. */
export class ModelSpan {
  readonly #span: Span
  readonly #model: BaseLlm
  #answer: LlmResponse | undefined
  #answeredAt: number | undefined
  /** Some models send it with the answer, some after it. */
  #usage: LlmResponse['usageMetadata']

  constructor(context: InvocationContext, { request, eventId }: ModelCall, model: BaseLlm) {
    this.#model = model
    this.#span = context.span.start('call_llm', {
      ...whereabouts(context, eventId),
      [ATTRIBUTE.operation]: OPERATION.model,
      [ATTRIBUTE.system]: 'gcp.vertex.agent',
      [ATTRIBUTE.requestModel]: request.model,
      [ATTRIBUTE.llmRequest]: () => describeRequest(request),
    })
  }

  receive(response: LlmResponse): void {
    if (response.usageMetadata) this.#usage = response.usageMetadata
    if (response.partial || !(response.content || response.errorCode)) return
    this.#answer = response
    this.#answeredAt = performance.now()
  }

  end(error?: unknown): void {
    const answer = this.#answer
    const usage = this.#usage
    this.#span.set({
      [ATTRIBUTE.provider]: this.#model.providerName,
      [ATTRIBUTE.responseModel]: answer?.modelVersion,
      [ATTRIBUTE.finishReasons]: toFinishReasons(answer?.finishReason),
      [ATTRIBUTE.inputTokens]: toCount(usage?.promptTokenCount),
      [ATTRIBUTE.outputTokens]: outputTokens(usage),
      [ATTRIBUTE.errorType]: answer?.errorCode,
      [ATTRIBUTE.errorMessage]: answer?.errorMessage,
      [ATTRIBUTE.llmResponse]: () => answer ?? {},
    })
    this.#span.end({ error, time: this.#answeredAt })
  }
}

export function startToolSpan(
  context: InvocationContext,
  { tool, call, eventId }: { tool: BaseTool; call: FunctionCall; eventId: string },
): Span {
  return context.span.start(`${OPERATION.tool} ${tool.name}`, {
    ...whereabouts(context, eventId),
    [ATTRIBUTE.operation]: OPERATION.tool,
    [ATTRIBUTE.toolName]: tool.name,
    [ATTRIBUTE.toolDescription]: tool.description || undefined,
    [ATTRIBUTE.toolType]: 'function',
    [ATTRIBUTE.toolCallId]: call.id,
    [ATTRIBUTE.toolArgs]: () => call.args ?? {},
    // Clients look for them on every span that belongs to an event.
    [ATTRIBUTE.llmRequest]: '{}',
    [ATTRIBUTE.llmResponse]: '{}',
  })
}

function whereabouts({ agent, session, invocationId }: InvocationContext, eventId: string): Attributes {
  return {
    [ATTRIBUTE.agentName]: agent.name,
    [ATTRIBUTE.conversation]: session.id,
    [ATTRIBUTE.sessionId]: session.id,
    [ATTRIBUTE.invocationId]: invocationId,
    [ATTRIBUTE.eventId]: eventId,
  }
}

/** What was sent; without what is about the connection, which may hold credentials. */
function describeRequest({ model, contents, config }: LlmRequest): unknown {
  const { httpOptions: _, abortSignal: __, ...settings } = config ?? {}
  return { model, config: settings, contents }
}

/** Models that people write may say anything. */
const toFinishReasons = (reason: unknown): string[] | undefined =>
  typeof reason === 'string' ? [reason.toLowerCase()] : undefined

/** Thinking counts, as it is paid for. */
function outputTokens(usage: LlmResponse['usageMetadata']): number | undefined {
  const [said, thought] = [toCount(usage?.candidatesTokenCount), toCount(usage?.thoughtsTokenCount)]
  return said === undefined && thought === undefined ? undefined : (said ?? 0) + (thought ?? 0)
}

const toCount = (count: unknown): number | undefined => (typeof count === 'number' ? count : undefined)
