import type { FunctionDeclaration } from '../core/content.js'
import type { Context } from '../core/context.js'
import { messageOf } from '../core/errors.js'
import { BaseTool, type RunAsyncToolRequest } from '../core/tool.js'
import { isZod, objectSchema, parseWith, type SchemaLike } from './declaration.js'

const FUNCTION_TOOL_BRAND = Symbol.for('google.adk.functionTool')

/**
 * What `execute` receives: the parsed value of a zod schema (3 or 4), else the arguments as the model sent them, whose
 * type the author may name.
 */
export type ToolInput<Parameters> = Parameters extends { _zod: { output: infer Output } }
  ? Output
  : Parameters extends { _output: infer Output }
    ? Output
    : // eslint-disable-next-line typescript/no-explicit-any -- interfaces fit it, as they do not fit `unknown` values
      Record<string, any>

export type ToolInputParameters = SchemaLike | undefined
export type ToolExecuteFunction<Parameters extends ToolInputParameters> = (
  input: ToolInput<Parameters>,
  toolContext: Context,
) => unknown

/** Options of a {@link FunctionTool}. */
export interface ToolOptions<Parameters extends ToolInputParameters = undefined> {
  /** Defaults to the name of the `execute` function. */
  name?: string
  /** Tells the model when to call the tool, and what comes back. */
  description: string
  /** A zod object (checked before every call), or a schema of the Gemini API (not checked). */
  parameters?: Parameters
  // A method, so that authors may name a narrower argument type than the schema gives.
  /** Does the work. What it returns is read by the model; an error it throws is, too. */
  execute(input: ToolInput<Parameters>, context: Context): unknown
  isLongRunning?: boolean
  /** Ask a person first: always, or when the predicate says so. */
  requireConfirmation?:
    boolean | { (input: ToolInput<Parameters>, context: Context): boolean | Promise<boolean> }
  /** Longest time one call may take, in milliseconds. */
  timeoutMs?: number
}

const LONG_RUNNING_NOTE =
  'NOTE: This is a long-running operation. Do not call this tool again while an earlier call of it is still pending.'

/** A tool made of a function. */
export class FunctionTool<Parameters extends ToolInputParameters = undefined> extends BaseTool {
  readonly [FUNCTION_TOOL_BRAND] = true
  readonly #options: ToolOptions<Parameters>
  #declaration: FunctionDeclaration | undefined

  constructor(options: ToolOptions<Parameters>) {
    const name = options.name ?? options.execute.name
    if (!name || name === 'execute') {
      throw new Error('A FunctionTool needs a name: pass `name`, or give `execute` a named function')
    }
    const { description, isLongRunning, timeoutMs } = options
    super({ name, description, isLongRunning, timeoutMs })
    this.#options = options
  }

  override _getDeclaration(): FunctionDeclaration {
    this.#declaration ??= {
      name: this.name,
      description: this.isLongRunning
        ? `${this.description}\n\n${LONG_RUNNING_NOTE}`.trimStart()
        : this.description,
      parameters: objectSchema(this.#options.parameters),
    }
    return this.#declaration
  }

  override async runAsync({ args, toolContext }: RunAsyncToolRequest): Promise<unknown> {
    return this.#named(async () => this.#options.execute(await this.#parse(args), toolContext))
  }

  override async checkRequireConfirmation(
    args: Record<string, unknown>,
    toolContext: Context,
  ): Promise<boolean> {
    const { requireConfirmation } = this.#options
    if (typeof requireConfirmation !== 'function') return requireConfirmation ?? false
    return this.#named(async () => requireConfirmation(await this.#parse(args), toolContext))
  }

  async #named<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw new Error(`Error in tool '${this.name}': ${messageOf(error)}`, { cause: error })
    }
  }

  /** Not asynchronous unless the schema is: tools that are called together begin in the order of their calls. */
  #parse(args: Record<string, unknown>): ToolInput<Parameters> | Promise<ToolInput<Parameters>> {
    const { parameters } = this.#options
    // The conditional type follows the schema that the value was parsed with, which the compiler cannot see.
    if (!isZod(parameters)) return args as ToolInput<Parameters>
    return parseWith(parameters, args) as ToolInput<Parameters>
  }
}

/** A tool whose answer may come later: the client sends it as a function response with the id of the call. */
export class LongRunningFunctionTool<
  Parameters extends ToolInputParameters = undefined,
> extends FunctionTool<Parameters> {
  constructor(options: ToolOptions<Parameters>) {
    super({ ...options, isLongRunning: true })
  }
}

export function isFunctionTool(value: unknown): value is FunctionTool {
  return typeof value === 'object' && value !== null && FUNCTION_TOOL_BRAND in value
}
