import type { FunctionDeclaration } from '../../core/content.js'
import type { ReadonlyContext } from '../../core/context.js'
import { messageOf } from '../../core/errors.js'
import { BaseTool, BaseToolset, type RunAsyncToolRequest, type ToolPredicate } from '../../core/tool.js'
import type { JsonObject } from '../../schema/json.js'
import { parametersFrom } from '../json-schema.js'
import { McpConnection } from './connection.js'
import type { MCPConnectionParams } from './params.js'
import type { McpResource, McpResourceContents, McpToolInfo } from './sdk.js'
import { selectTools, toolName } from '../select-tools.js'

/** Calls a tool of an MCP server, under the name that the server knows. */
type CallTool = (name: string, args: JsonObject, signal: AbortSignal) => Promise<JsonObject>

/** A tool of an MCP server. Its result is that of the server: `content`, and `isError` when the tool failed. */
export class MCPTool extends BaseTool {
  readonly #info: McpToolInfo
  readonly #call: CallTool
  #declaration: FunctionDeclaration | undefined

  constructor(info: McpToolInfo, call: CallTool, prefix?: string) {
    super({ name: toolName(info.name, prefix), description: info.description ?? '' })
    this.#info = info
    this.#call = call
  }

  override _getDeclaration(): FunctionDeclaration {
    this.#declaration ??= {
      name: this.name,
      description: this.description,
      parameters: parametersFrom(this.#info.inputSchema),
    }
    return this.#declaration
  }

  override async runAsync({ args, toolContext }: RunAsyncToolRequest): Promise<unknown> {
    try {
      return await this.#call(this.#info.name, args, toolContext.abortSignal)
    } catch (error) {
      throw new Error(`Error in tool '${this.name}': ${messageOf(error)}`, { cause: error })
    }
  }
}

/**
 * The tools of an MCP server. It needs the package `@modelcontextprotocol/client`.
 *
 * The server is started, or connected to, when its tools are first asked for. The connection is shared by all runs and
 * kept until `close`, which the API server calls when it stops or loads the agent anew. A script may leave a server
 * process to itself, which ends with the script; a connection over HTTP keeps the script running until `close`.
 */
export class MCPToolset extends BaseToolset {
  readonly #connection: McpConnection
  #listed: { infos: McpToolInfo[]; tools: MCPTool[] } | undefined

  /** A list of names as a filter holds them as the model sees them: with the prefix. */
  constructor(
    connectionParams: MCPConnectionParams,
    toolFilter: string[] | ToolPredicate = [],
    prefix?: string,
  ) {
    super(toolFilter, prefix)
    this.#connection = new McpConnection(connectionParams)
  }

  /** Rejects with a sentence that names the server when it cannot be reached in time. */
  override async getTools(context?: ReadonlyContext): Promise<MCPTool[]> {
    const infos = await this.#connection.listTools(
      context?.invocationContext.abortSignal ?? new AbortController().signal,
    )
    if (this.#listed?.infos !== infos) this.#listed = { infos, tools: this.#wrap(infos) }
    return selectTools(this.#listed.tools, this.toolFilter, context)
  }

  /** The names of the server's resources. */
  async listResources(): Promise<string[]> {
    return (await this.#connection.listResources()).map(({ name }) => name)
  }

  async getResourceInfo(name: string): Promise<McpResource> {
    const resource = (await this.#connection.listResources()).find((candidate) => candidate.name === name)
    if (!resource) throw new Error(`The MCP server has no resource named "${name}"`)
    return resource
  }

  /** Texts, and bytes in base64. */
  async readResource(name: string): Promise<McpResourceContents[]> {
    const { uri } = await this.getResourceInfo(name)
    return this.#connection.readResource(uri)
  }

  override async close(): Promise<void> {
    await this.#connection.close()
  }

  #wrap(infos: readonly McpToolInfo[]): MCPTool[] {
    const call: CallTool = (...request) => this.#connection.callTool(...request)
    return infos.map((info) => new MCPTool(info, call, this.prefix))
  }
}
