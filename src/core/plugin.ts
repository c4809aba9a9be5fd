import type { BaseAgent } from './agent.js'
import { problemWith, type AnswerKind, type Maybe } from './callback.js'
import type { Content } from './content.js'
import type { Context } from './context.js'
import { messageOf } from './errors.js'
import type { Event } from './event.js'
import type { InvocationContext } from './invocation-context.js'
import type { LlmRequest, LlmResponse } from './model.js'
import type { BaseTool } from './tool.js'

/** What hooks are told: of a run, of an agent in it, of a request to a model, and of a tool that is called. */
export type OfRun = { invocationContext: InvocationContext }
export type OfAgent = { agent: BaseAgent; callbackContext: Context }
export type OfRequest = { callbackContext: Context; llmRequest: LlmRequest }
export type OfTool = { tool: BaseTool; toolArgs: Record<string, unknown>; toolContext: Context }
type ToolResult = Record<string, unknown>
type Tools = Readonly<Record<string, BaseTool>>

/** Why old events are replaced by a summary: because it was asked for, or because there were too many of them. */
export const ContextCompactionTrigger = {
  Manual: 'Manual',
  Auto: 'Auto',
  AgentControlled: 'AgentControlled',
} as const
export type ContextCompactionTrigger =
  (typeof ContextCompactionTrigger)[keyof typeof ContextCompactionTrigger]

type Compaction = OfRun & { trigger: ContextCompactionTrigger }

/**
 * Hooks into every run of an app. All are optional; a plugin overrides those it needs. The first plugin that returns a
 * value decides, and the agents' own callbacks of that kind are skipped.
 */
interface PluginHooks {
  /** Return a message to replace the user's. */
  onUserMessageCallback?(params: OfRun & { userMessage: Content }): Maybe<Content>
  /** Return a message to end the run with it. */
  beforeRunCallback?(params: OfRun): Maybe<Content>
  /** Return an event to replace one that is about to be stored. */
  onEventCallback?(params: OfRun & { event: Event }): Maybe<Event>
  afterRunCallback?(params: OfRun): Maybe<never>
  beforeAgentCallback?(params: OfAgent): Maybe<Content>
  afterAgentCallback?(params: OfAgent): Maybe<Content>
  /** Return the tools, by name, that the model may be told about. */
  beforeToolSelection?(params: { callbackContext: Context; tools: Tools }): Maybe<Tools>
  beforeModelCallback?(params: OfRequest): Maybe<LlmResponse>
  afterModelCallback?(params: { callbackContext: Context; llmResponse: LlmResponse }): Maybe<LlmResponse>
  onModelErrorCallback?(params: OfRequest & { error: Error }): Maybe<LlmResponse>
  beforeToolCallback?(params: OfTool): Maybe<ToolResult>
  afterToolCallback?(params: OfTool & { result: ToolResult }): Maybe<ToolResult>
  onToolErrorCallback?(params: OfTool & { error: Error }): Maybe<ToolResult>
  /** Around every summary that takes the place of old events. */
  beforeContextCompaction?(params: Compaction): Maybe<never>
  afterContextCompaction?(params: Compaction): Maybe<never>
}

/** A named set of hooks. */
// eslint-disable-next-line typescript/no-unsafe-declaration-merging -- see below
export abstract class BasePlugin {
  constructor(readonly name: string) {}
}
// Every hook is optional: the interface merges into the class so that subclasses can override what they need.
// eslint-disable-next-line typescript/no-unsafe-declaration-merging
export interface BasePlugin extends PluginHooks {}

type HookFunction<Hook extends keyof PluginHooks> = NonNullable<PluginHooks[Hook]>
type Result<Hook extends keyof PluginHooks> = Exclude<Awaited<ReturnType<HookFunction<Hook>>>, void>

/** What the hooks may return; the answers of the others are not looked at. */
const ANSWERS: Partial<Record<keyof PluginHooks, AnswerKind>> = {
  onUserMessageCallback: 'content',
  beforeRunCallback: 'content',
  onEventCallback: 'event',
  beforeAgentCallback: 'content',
  afterAgentCallback: 'content',
  beforeToolSelection: 'tools',
  beforeModelCallback: 'response',
  afterModelCallback: 'response',
  onModelErrorCallback: 'response',
  beforeToolCallback: 'result',
  afterToolCallback: 'result',
  onToolErrorCallback: 'result',
}

/** A plugin that threw, or returned something that it should not: it guards the whole app, so the run ends. */
export class PluginError extends Error {
  override readonly name = 'PluginError'
}

/** Throws when two plugins have the same name. */
export function checkPlugins(plugins: readonly BasePlugin[]): void {
  const names = new Set<string>()
  for (const { name } of plugins) {
    if (names.has(name)) throw new Error(`Two plugins are named "${name}"; give each its own name`)
    names.add(name)
  }
}

/** Asks the plugins of an app, in order of registration. */
export class PluginManager {
  constructor(readonly plugins: readonly BasePlugin[] = []) {
    checkPlugins(plugins)
  }

  /** The answer of the first plugin that has one. Throws a {@link PluginError} that names plugin and hook. */
  async ask<Hook extends keyof PluginHooks>(
    hook: Hook,
    params: Parameters<HookFunction<Hook>>[0],
  ): Promise<Result<Hook> | undefined> {
    for (const plugin of this.plugins) {
      const answer = await call(plugin, hook, params)
      const kind = ANSWERS[hook]
      if (kind === undefined || answer === undefined || answer === null) continue
      const problem = problemWith(answer, kind)
      if (problem) throw new PluginError(`Plugin "${plugin.name}": ${hook} ${problem}`)
      return answer as Result<Hook> // of the shape that was just checked
    }
    return undefined
  }
}

async function call(plugin: BasePlugin, hook: keyof PluginHooks, params: unknown): Promise<unknown> {
  const callback = plugin[hook] as ((params: unknown) => unknown) | undefined // the parameters fit the hook by type
  try {
    return await callback?.call(plugin, params)
  } catch (error) {
    throw new PluginError(`Plugin "${plugin.name}" failed in ${hook}: ${messageOf(error)}`, { cause: error })
  }
}
