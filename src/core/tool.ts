import type { Context, ReadonlyContext } from './context.js'
import type { FunctionDeclaration } from './content.js'
import type { LlmRequest } from './model.js'

const TOOL_BRAND = Symbol.for('google.adk.baseTool')
const TOOLSET_BRAND = Symbol.for('google.adk.baseToolset')

export interface RunAsyncToolRequest {
  /** As the model sent them; they belong to the tool and may be changed. */
  args: Record<string, unknown>
  toolContext: Context
}

export interface ToolProcessLlmRequest {
  toolContext: Context
  llmRequest: LlmRequest
}

export interface BaseToolParams {
  name: string
  description: string
  isLongRunning?: boolean
  timeoutMs?: number
}

/** Something a model can call. */
export abstract class BaseTool {
  readonly [TOOL_BRAND] = true
  readonly name: string
  readonly description: string
  /** The answer may come later, in a message of the client. */
  readonly isLongRunning: boolean
  /** Longest time one call may take, in milliseconds; the runner's default applies when unset. */
  readonly timeoutMs?: number

  constructor(params: BaseToolParams) {
    this.name = params.name
    this.description = params.description
    this.isLongRunning = params.isLongRunning ?? false
    if (params.timeoutMs !== undefined) this.timeoutMs = params.timeoutMs
  }

  /** How the model is told about the tool; `undefined` when it works on the request only. */
  _getDeclaration(): FunctionDeclaration | undefined {
    return undefined
  }

  /** Runs one call. A thrown error becomes the answer that the model reads. */
  abstract runAsync(request: RunAsyncToolRequest): Promise<unknown>

  /** Adds the tool to a request; most tools only declare themselves. */
  async processLlmRequest({ llmRequest }: ToolProcessLlmRequest): Promise<void> {
    declareTool(llmRequest, this)
  }

  /** Whether a person has to agree to this call before it runs. */
  async checkRequireConfirmation(_args: Record<string, unknown>, _context?: Context): Promise<boolean> {
    return false
  }
}

/** Makes a tool callable in a request: one `tools` entry holds all function declarations. */
export function declareTool(request: LlmRequest, tool: BaseTool): void {
  const own = tool._getDeclaration()
  if (!own) return
  const declaration = { ...own } // callbacks may edit requests
  if (Object.hasOwn(request.toolsDict, tool.name)) {
    throw new Error(`Two tools are named "${tool.name}"; a model can only call tools with different names`)
  }
  request.toolsDict[tool.name] = tool
  const config = (request.config ??= {})
  const tools = (config.tools ??= [])
  const existing = tools.find((entry) => 'functionDeclarations' in entry)
  if (existing && 'functionDeclarations' in existing) (existing.functionDeclarations ??= []).push(declaration)
  else tools.unshift({ functionDeclarations: [declaration] })
}

export type ToolPredicate = (tool: BaseTool, context: ReadonlyContext) => boolean

/** A group of tools that are found when they are needed, such as those of an MCP server. */
export abstract class BaseToolset {
  readonly [TOOLSET_BRAND] = true

  constructor(
    readonly toolFilter: string[] | ToolPredicate = [],
    readonly prefix?: string,
  ) {}

  abstract getTools(context?: ReadonlyContext): Promise<BaseTool[]>

  /** Lets go of connections; called at shutdown, not after every run. */
  async close(): Promise<void> {}

  protected isToolSelected(tool: BaseTool, context: ReadonlyContext): boolean {
    if (typeof this.toolFilter === 'function') return this.toolFilter(tool, context)
    return this.toolFilter.length === 0 || this.toolFilter.includes(tool.name)
  }

  /** Adds to a request what belongs to the group as a whole; its tools add themselves. */
  async processLlmRequest(_toolContext: Context, _llmRequest: LlmRequest): Promise<void> {}
}

export function isBaseTool(value: unknown): value is BaseTool {
  return typeof value === 'object' && value !== null && TOOL_BRAND in value
}

export function isBaseToolset(value: unknown): value is BaseToolset {
  return typeof value === 'object' && value !== null && TOOLSET_BRAND in value
}
