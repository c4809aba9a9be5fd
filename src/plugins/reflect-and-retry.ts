import type { Context } from '../core/context.js'
import { publicMessage } from '../core/errors.js'
import { BasePlugin, type OfTool } from '../core/plugin.js'
import type { JsonObject } from '../schema/json.js'

export interface ReflectAndRetryOptions {
  name?: string
  /** How often in a row the model may try again, for each tool and run. Default 3. */
  maxRetries?: number
}

/**
 * Helps models out of failing tool calls: a tool that threw answers with what went wrong and with advice, first to try
 * again in another way, and, when that has failed too often, to stop.
 */
export class ReflectAndRetryToolPlugin extends BasePlugin {
  readonly #maxRetries: number
  /** Failures in a row by tool, for every run that is under way; all contexts of a run share its count of calls. */
  readonly #failures = new WeakMap<object, Map<string, number>>()

  constructor({ name = 'reflect_retry_tool_plugin', maxRetries = 3 }: ReflectAndRetryOptions = {}) {
    super(name)
    this.#maxRetries = maxRetries
  }

  override onToolErrorCallback({
    tool,
    toolArgs,
    toolContext,
    error,
  }: OfTool & { error: Error }): JsonObject {
    const failures = this.#failuresIn(toolContext)
    const count = (failures.get(tool.name) ?? 0) + 1
    failures.set(tool.name, count)
    const failure = { error: publicMessage(error), arguments: toolArgs }
    if (count > this.#maxRetries) return { ...failure, advice: adviceToStop(tool.name, count) }
    return { ...failure, retry: `${count} of ${this.#maxRetries}`, advice: adviceToRetry(tool.name) }
  }

  override afterToolCallback({ tool, toolContext, result }: OfTool & { result: JsonObject }): undefined {
    if (result.error === undefined) this.#failuresIn(toolContext).delete(tool.name)
  }

  #failuresIn({ invocationContext }: Context): Map<string, number> {
    const known = this.#failures.get(invocationContext.calls)
    if (known) return known
    const failures = new Map<string, number>()
    this.#failures.set(invocationContext.calls, failures)
    return failures
  }
}

const adviceToRetry = (tool: string): string =>
  `This call of ${tool} failed. Do not repeat it as it is. Look at the error and at the arguments: is a name or a format ` +
  'wrong, is something missing, does another tool have to be called first? Then try again in another way.'

const adviceToStop = (tool: string, count: number): string =>
  `${tool} has failed ${count} times in a row. Do not call it again. Reach the goal without it, or tell the user what ` +
  'went wrong and what they could do.'
