// The public API of the package. Every name is listed: what is not here is internal.
export {
  BaseAgent,
  isBaseAgent,
  type AfterAgentCallback,
  type BaseAgentConfig,
  type BeforeAgentCallback,
  type SingleAgentCallback,
} from './core/agent.js'
export { isLlmAgent } from './agents/is-llm-agent.js'
export {
  LlmAgent,
  LlmAgent as Agent,
  type AfterModelCallback,
  type AfterToolCallback,
  type BeforeModelCallback,
  type BeforeToolCallback,
  type InstructionProvider,
  type LlmAgentConfig,
  type SingleAfterModelCallback,
  type SingleAfterToolCallback,
  type SingleBeforeModelCallback,
  type SingleBeforeToolCallback,
  type ToolUnion,
} from './agents/llm-agent.js'
export { AgentTool, isAgentTool, type AgentToolConfig } from './agents/agent-tool.js'
export {
  isLoopAgent,
  isParallelAgent,
  isSequentialAgent,
  LoopAgent,
  ParallelAgent,
  SequentialAgent,
  type LoopAgentConfig,
} from './agents/workflow.js'
export { injectSessionState } from './agents/instructions.js'
export {
  BaseTool,
  BaseToolset,
  isBaseTool,
  isBaseToolset,
  type BaseToolParams,
  type RunAsyncToolRequest,
  type ToolPredicate,
  type ToolProcessLlmRequest,
} from './core/tool.js'
export {
  FunctionTool,
  isFunctionTool,
  LongRunningFunctionTool,
  type ToolExecuteFunction,
  type ToolInput as ToolExecuteArgument,
  type ToolInputParameters,
  type ToolOptions,
} from './tools/function-tool.js'
export {
  objectSchema as zodObjectToSchema,
  type SchemaLike,
  type SchemaLike as LlmAgentSchema,
} from './tools/declaration.js'
export { MCPTool, MCPToolset } from './tools/mcp/mcp.js'
export type {
  MCPConnectionParams,
  StdioConnectionParams,
  StreamableHTTPConnectionParams,
} from './tools/mcp/params.js'
export { OpenAPIToolset, type OpenAPIToolsetOptions } from './tools/openapi/openapi.js'
export type { ApiOperation } from './tools/openapi/operations.js'
export { RestApiTool, type RestApiToolOptions } from './tools/openapi/rest-api-tool.js'
export { BaseCodeExecutor, BuiltInCodeExecutor } from './tools/code-execution.js'
export {
  EXIT_LOOP,
  ExitLoopTool,
  getUserChoiceTool,
  LOAD_ARTIFACTS,
  LOAD_MEMORY,
  LoadArtifactsTool,
  PRELOAD_MEMORY,
  PreloadMemoryTool,
  requestInputTool,
} from './tools/built-in.js'
export {
  CODE_EXECUTION,
  ENTERPRISE_WEB_SEARCH,
  EnterpriseWebSearchTool,
  GOOGLE_MAPS_GROUNDING,
  GOOGLE_MAPS_GROUNDING as GOOGLE_MAPS,
  GOOGLE_SEARCH,
  GoogleMapsGroundingTool,
  GoogleSearchTool,
  URL_CONTEXT,
  UrlContextTool,
} from './tools/provider-tools.js'
export type { AuthConfig, AuthCredential } from './core/auth.js'
export { AuthCredentialTypes } from './core/auth.js'
export {
  Context,
  Context as CallbackContext,
  Context as ToolContext,
  ReadonlyContext,
} from './core/context.js'
export { InvocationContext, requireAgent, type InvocationContextParams } from './core/invocation-context.js'
export { State } from './core/state.js'
export {
  createEvent,
  createEventActions,
  getFunctionCalls,
  getFunctionResponses,
  hasTrailingCodeExecutionResult,
  isEvent,
  isFinalResponse,
  stringifyContent,
  type Event,
  type CreateEventParams,
  type EventActions,
  type ToolConfirmation,
} from './core/event.js'
export { getLogger, LogLevel, setLogger, setLogLevel, type Logger } from './core/log.js'
export {
  BaseLlm,
  isBaseLlm,
  type BaseLlmConnection,
  type LlmRequest,
  type LlmResponse,
} from './core/model.js'
export { Gemini, type GeminiParams } from './models/gemini/gemini.js'
export { AiSdkLlm, aiSdk, type AiSdkModel, type AiSdkOptions } from './models/ai-sdk/ai-sdk.js'
export { LLMRegistry, type LlmClass as BaseLlmType } from './models/registry.js'
export { BasePlugin, ContextCompactionTrigger, PluginManager } from './core/plugin.js'
export { GlobalInstructionPlugin } from './plugins/global-instruction.js'
export { LoggingPlugin } from './plugins/logging.js'
export { ReflectAndRetryToolPlugin, type ReflectAndRetryOptions } from './plugins/reflect-and-retry.js'
export {
  getAskUserConfirmationFunctionCalls,
  InMemoryPolicyEngine,
  PolicyOutcome,
  SecurityPlugin,
  type BasePolicyEngine,
  type PolicyCheckResult,
  type ToolCallPolicyContext,
} from './plugins/security.js'
export { StreamingMode, type RunConfig } from './core/run-config.js'
export {
  App,
  createResumabilityConfig,
  isApp,
  type AppConfig,
  type AppConfig as AppOptions,
  type EventsCompactionConfig,
  type ResumabilityConfig,
} from './runner/app.js'
export type { ConfigFile as ServerConfig } from './config-file.js'
export type { ToolAccess } from './schema/tool-access.js'
export { InMemoryRunner } from './runner/in-memory-runner.js'
export {
  isRoutedAgent,
  RoutedAgent,
  type AgentRouter,
  type RoutedAgentConfig,
} from './agents/routed-agent.js'
export {
  TokenBasedContextCompactor,
  TruncatingContextCompactor,
  type BaseContextCompactor,
  type TokenBasedContextCompactorOptions,
  type TruncatingContextCompactorOptions,
} from './agents/compaction.js'
export { LlmSummarizer, type BaseSummarizer, type LlmSummarizerOptions } from './agents/summarizer.js'
export {
  isReservedCall,
  REQUEST_CONFIRMATION_FUNCTION_CALL_NAME,
  REQUEST_CREDENTIAL_FUNCTION_CALL_NAME,
  REQUEST_INPUT_FUNCTION_CALL_NAME,
} from './core/framework-calls.js'
export type { Attributes, Span, SpanEnding, TraceOrigin, Tracer } from './core/trace.js'
export { isRunner, Runner, type RunnerConfig, type RunRequest } from './runner/runner.js'
export {
  BaseSessionService,
  type AppendEventRequest,
  type CreateSessionRequest,
  type GetSessionConfig,
  type GetSessionRequest,
  type ListSessionsRequest,
  type Session,
  type SessionKey,
  type SessionKey as CompositeSessionKey,
  type SessionKey as DeleteSessionRequest,
  type SessionKey as ListArtifactKeysRequest,
} from './core/session.js'
export { InMemorySessionService } from './sessions/memory.js'
export { DatabaseSessionService } from './sessions/database.js'
export {
  BaseArtifactService,
  type ArtifactKey as DeleteArtifactRequest,
  type ArtifactKey as ListVersionsRequest,
  type ArtifactVersion,
  type LoadArtifactRequest,
  type SaveArtifactRequest,
} from './core/artifact.js'
export { InMemoryArtifactService } from './artifacts/memory.js'
export { FileArtifactService, GcsArtifactService } from './artifacts/durable.js'
export type { GcsOptions as GcsArtifactOptions } from './artifacts/gcs.js'
export {
  BaseMemoryService,
  type MemoryEntry,
  type SearchMemoryRequest,
  type SearchMemoryResponse,
} from './core/memory.js'
export { InMemoryMemoryService } from './memory/memory.js'
export { DatabaseMemoryService } from './memory/database.js'
export { VERSION as version } from './core/version.js'
