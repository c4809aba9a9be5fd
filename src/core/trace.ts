/** What a span may say. `undefined` is left out. */
export type AttributeValue = string | number | boolean | readonly string[] | undefined

/** The contents of messages, which may be large and private: asked for only by those who keep them, when the span ends. */
export type Contents = () => unknown

export type Attributes = Readonly<Record<string, AttributeValue | Contents>>

export interface SpanEnding {
  /** What went wrong, if anything did. */
  error?: unknown
  /** When the work was over, if that was before now; of the clock of `performance.now()`. */
  time?: number | undefined
}

/** A piece of work with a beginning and an end. Whoever starts it ends it; what comes after the first end is ignored. */
export interface Span {
  /** Starts a piece of work within this one. */
  start(name: string, attributes?: Attributes): Span
  set(attributes: Attributes): void
  end(ending?: SpanEnding): void
  /** Calls a function in a way that lets instrumented libraries see this span as the current one. */
  run<T>(work: () => T): T
}

/** The trace of somebody else that a run is a part of: the headers `traceparent` and `tracestate`. */
export interface TraceOrigin {
  traceparent?: string | undefined
  tracestate?: string | undefined
}

/** Notes what happens in which order, and how long it takes. */
export interface Tracer {
  /** Starts a span that is in no other one of this process. */
  start(name: string, attributes?: Attributes, origin?: TraceOrigin): Span
}

export const NO_SPAN: Span = {
  start: () => NO_SPAN,
  set: () => {},
  end: () => {},
  run: (work) => work(),
}
export const NO_TRACER: Tracer = { start: () => NO_SPAN }

/** Names of attributes: those of OpenTelemetry, with its conventions for generative AI, and those that clients of the ADK read. */
export const ATTRIBUTE = {
  agentDescription: 'gen_ai.agent.description',
  agentName: 'gen_ai.agent.name',
  appName: 'adk.app.name',
  conversation: 'gen_ai.conversation.id',
  errorMessage: 'error.message',
  errorType: 'error.type',
  eventId: 'gcp.vertex.agent.event_id',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputTokens: 'gen_ai.usage.input_tokens',
  invocationId: 'gcp.vertex.agent.invocation_id',
  llmRequest: 'gcp.vertex.agent.llm_request',
  llmResponse: 'gcp.vertex.agent.llm_response',
  operation: 'gen_ai.operation.name',
  outputTokens: 'gen_ai.usage.output_tokens',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  runStatus: 'adk.run.status',
  sessionId: 'gcp.vertex.agent.session_id',
  system: 'gen_ai.system',
  toolArgs: 'gcp.vertex.agent.tool_call_args',
  toolCallId: 'gen_ai.tool.call.id',
  toolDescription: 'gen_ai.tool.description',
  toolName: 'gen_ai.tool.name',
  toolResponse: 'gcp.vertex.agent.tool_response',
  toolType: 'gen_ai.tool.type',
  userId: 'user.id',
} as const

/** What a span is about. */
export const OPERATION = {
  agent: 'invoke_agent',
  model: 'generate_content',
  tool: 'execute_tool',
} as const
