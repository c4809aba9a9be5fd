import { BaseAgent, toList, type BaseAgentConfig } from '../core/agent.js'
import { nameType, type Maybe } from '../core/callback.js'
import type { GenerateContentConfig } from '../core/content.js'
import type { Context, ReadonlyContext } from '../core/context.js'
import type { Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { isBaseLlm, type BaseLlm, type LlmRequest, type LlmResponse } from '../core/model.js'
import { isBaseTool, isBaseToolset, type BaseTool, type BaseToolset } from '../core/tool.js'
import { isLlmAgent, LLM_AGENT_BRAND } from './is-llm-agent.js'
import type { BaseCodeExecutor } from '../tools/code-execution.js'
import type { SchemaLike } from '../tools/declaration.js'
import type { BaseContextCompactor } from './compaction.js'
import { runSteps } from './flow.js'

type ToolArgs = Record<string, unknown>

export type InstructionProvider = (context: ReadonlyContext) => string | Promise<string>
export type ToolUnion = BaseTool | BaseToolset

export type SingleBeforeModelCallback = (params: {
  context: Context
  request: LlmRequest
}) => Maybe<LlmResponse>
export type SingleAfterModelCallback = (params: {
  context: Context
  response: LlmResponse
}) => Maybe<LlmResponse>
export type SingleBeforeToolCallback = (params: {
  tool: BaseTool
  args: ToolArgs
  context: Context
}) => Maybe<ToolArgs>
export type SingleAfterToolCallback = (params: {
  tool: BaseTool
  args: ToolArgs
  context: Context
  response: ToolArgs
}) => Maybe<ToolArgs>
export type BeforeModelCallback = SingleBeforeModelCallback | SingleBeforeModelCallback[]
export type AfterModelCallback = SingleAfterModelCallback | SingleAfterModelCallback[]
export type BeforeToolCallback = SingleBeforeToolCallback | SingleBeforeToolCallback[]
export type AfterToolCallback = SingleAfterToolCallback | SingleAfterToolCallback[]

export interface LlmAgentConfig extends BaseAgentConfig {
  /** A model name, such as `gemini-2.5-flash`, or a model object. Defaults to the model of the agent above. */
  model?: string | BaseLlm
  /** What the model should do. `{key}` is replaced by state, unless it is a function. */
  instruction?: string | InstructionProvider
  tools?: ToolUnion[]
  /** Settings of the model call. `tools`, `systemInstruction` and `responseSchema` have options of their own. */
  generateContentConfig?: GenerateContentConfig
  /** For all agents of the tree; read from the root agent only. */
  globalInstruction?: string | InstructionProvider
  /** Keep the model from handing over to the agent above, or to those beside it. Both are implied by `outputSchema`. */
  disallowTransferToParent?: boolean
  disallowTransferToPeers?: boolean
  /** What the agent takes when it is used as a tool. */
  inputSchema?: SchemaLike
  /** What the final answer must look like, as JSON. */
  outputSchema?: SchemaLike
  /** Asked before every request whether to shorten what the model is sent. */
  contextCompactors?: BaseContextCompactor[]
  /** Lets the model run code. */
  codeExecutor?: BaseCodeExecutor
  /** State key that receives the text of the final answer, or its parsed value if there is an `outputSchema`. */
  outputKey?: string
  /** `none`: the model sees the current turn only. Default `default`. */
  includeContents?: 'default' | 'none'
  /** May return a response in place of the model's, or change the request. */
  beforeModelCallback?: BeforeModelCallback
  /** May return a response in place of the one received; with streaming it sees every chunk. */
  afterModelCallback?: AfterModelCallback
  /** May return a result in place of running the tool. */
  beforeToolCallback?: BeforeToolCallback
  /** May return a result in place of the tool's. */
  afterToolCallback?: AfterToolCallback
}

const RESERVED_CONFIG = ['tools', 'systemInstruction', 'responseSchema'] as const

/** An agent that lets a language model decide: it answers, or calls tools until it can. */
export class LlmAgent extends BaseAgent<LlmAgentConfig> {
  readonly [LLM_AGENT_BRAND] = true
  readonly model: string | BaseLlm | undefined
  readonly instruction: string | InstructionProvider
  readonly tools: ToolUnion[]
  readonly generateContentConfig: GenerateContentConfig | undefined
  readonly globalInstruction: string | InstructionProvider
  readonly disallowTransferToParent: boolean
  readonly disallowTransferToPeers: boolean
  readonly inputSchema: SchemaLike | undefined
  readonly outputSchema: SchemaLike | undefined
  readonly contextCompactors: BaseContextCompactor[]
  readonly codeExecutor: BaseCodeExecutor | undefined
  readonly outputKey: string | undefined
  readonly includeContents: 'default' | 'none'
  readonly beforeModelCallback: SingleBeforeModelCallback[]
  readonly afterModelCallback: SingleAfterModelCallback[]
  readonly beforeToolCallback: SingleBeforeToolCallback[]
  readonly afterToolCallback: SingleAfterToolCallback[]

  constructor(config: LlmAgentConfig) {
    super(config)
    this.model = config.model
    this.instruction = config.instruction ?? ''
    this.tools = checkTools(config)
    this.generateContentConfig = checkGenerateContentConfig(config)
    this.globalInstruction = config.globalInstruction ?? ''
    this.outputSchema = config.outputSchema
    this.inputSchema = config.inputSchema
    this.disallowTransferToParent =
      config.disallowTransferToParent === true || this.outputSchema !== undefined
    this.disallowTransferToPeers = config.disallowTransferToPeers === true || this.outputSchema !== undefined
    this.contextCompactors = config.contextCompactors ?? []
    this.codeExecutor = config.codeExecutor
    this.outputKey = config.outputKey
    this.includeContents = config.includeContents ?? 'default'
    this.beforeModelCallback = toList(config.beforeModelCallback)
    this.afterModelCallback = toList(config.afterModelCallback)
    this.beforeToolCallback = toList(config.beforeToolCallback)
    this.afterToolCallback = toList(config.afterToolCallback)
  }

  /** It answers by itself: nothing to hand over to, and nobody to hand back to. */
  get isIsolated(): boolean {
    return this.disallowTransferToParent && this.disallowTransferToPeers && this.subAgents.length === 0
  }

  /** The agent's model, or that of the nearest agent above it that has one. */
  get inheritedModel(): string | BaseLlm {
    const model = this.#findModel()
    if (model !== undefined) return model
    throw new Error(`No model found for agent "${this.name}"; set its \`model\`, such as "gemini-2.5-flash"`)
  }

  /** What the model is called; `undefined` when there is none. */
  get modelName(): string | undefined {
    const model = this.#findModel()
    return isBaseLlm(model) ? model.model : model
  }

  #findModel(): string | BaseLlm | undefined {
    if (this.model !== undefined) return this.model
    for (let agent = this.parentAgent; agent; agent = agent.parentAgent) {
      if (isLlmAgent(agent) && agent.model !== undefined) return agent.model
    }
    return undefined
  }

  protected override runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void> {
    return runSteps(this, context)
  }
}

function checkGenerateContentConfig({
  name,
  generateContentConfig,
}: LlmAgentConfig): GenerateContentConfig | undefined {
  for (const option of RESERVED_CONFIG) {
    if (generateContentConfig?.[option] !== undefined) {
      throw new Error(
        `Agent "${name}" sets generateContentConfig.${option}; use the agent's own \`tools\`, \`instruction\` or \`outputSchema\``,
      )
    }
  }
  return generateContentConfig
}

function checkTools({ name, tools = [] }: LlmAgentConfig): ToolUnion[] {
  for (const [index, tool] of tools.entries()) {
    if (isBaseTool(tool) || isBaseToolset(tool)) continue
    const advice =
      typeof tool === 'function'
        ? 'wrap it: new FunctionTool({ name, description, parameters, execute })'
        : 'do two files import each other?'
    throw new TypeError(`tools[${index}] of agent "${name}" is ${nameType(tool)}, not a tool; ${advice}`)
  }
  return tools
}
