import type { BaseAgent } from './agent.js'
import type { BaseArtifactService } from './artifact.js'
import { newInvocationId } from './clock.js'
import type { Content } from './content.js'
import type { JsonObject } from '../schema/json.js'
import type { Event } from './event.js'
import { SILENT, type Log } from './log.js'
import type { BaseMemoryService } from './memory.js'
import type { BaseLlm } from './model.js'
import type { PluginManager } from './plugin.js'
import { DEFAULT_MAX_LLM_CALLS, type RunConfig } from './run-config.js'
import type { BaseSessionService, Session } from './session.js'
import { NO_SPAN, type Span } from './trace.js'

/** A conversation of its own for an agent that is used as a tool. */
export interface RunChild {
  (request: {
    parent: InvocationContext
    agent: BaseAgent
    message: Content
    /** State to begin with; `temp:` keys are left out. */
    state: JsonObject
    abortSignal: AbortSignal
    /** What the conversation is a part of. */
    span: Span
  }): AsyncGenerator<Event, void>
}

/** Turns the `model` of an agent, a name or a model object, into the model to call. */
export type ResolveModel = (model: string | BaseLlm) => BaseLlm

export interface InvocationContextParams {
  invocationId?: string
  agent: BaseAgent
  session: Session
  sessionService: BaseSessionService
  artifactService?: BaseArtifactService
  memoryService?: BaseMemoryService
  pluginManager: PluginManager
  resolveModel: ResolveModel
  runChild: RunChild
  allowedTools?: ReadonlySet<string>
  /** For an invocation that is continued: what happened in it so far. */
  earlierEvents?: readonly Event[]
  runConfig?: RunConfig
  userContent?: Content
  branch?: string
  abortSignal?: AbortSignal
  /** Counts model calls over all agents of the run. */
  calls?: { count: number }
  log?: Log
  /** What the agent's work is a part of. */
  span?: Span
}

/** Everything one agent needs while it answers one message. Agents below it get a context of their own. */
export class InvocationContext {
  readonly invocationId: string
  readonly agent: BaseAgent
  readonly session: Session
  readonly sessionService: BaseSessionService
  readonly artifactService: BaseArtifactService | undefined
  readonly memoryService: BaseMemoryService | undefined
  readonly pluginManager: PluginManager
  readonly resolveModel: ResolveModel
  readonly runChild: RunChild
  /** Names of the tools that models may call; `undefined` for all. */
  readonly allowedTools: ReadonlySet<string> | undefined
  /** What happened in this invocation before it was interrupted; empty unless it is continued. */
  readonly earlierEvents: readonly Event[]
  readonly runConfig: RunConfig
  readonly userContent: Content | undefined
  readonly branch: string | undefined
  /** Aborted when the client leaves or the server stops; every wait should heed it. */
  readonly abortSignal: AbortSignal
  /** Set it to end the agent after the current event. */
  endInvocation = false
  /** Model calls of the run so far, over all its agents. */
  readonly calls: { count: number }
  readonly log: Log
  /** The work of this agent, for traces; parts of it are spans of their own. */
  readonly span: Span

  constructor(params: InvocationContextParams) {
    this.invocationId = params.invocationId ?? newInvocationId()
    this.agent = params.agent
    this.session = params.session
    this.sessionService = params.sessionService
    this.artifactService = params.artifactService
    this.memoryService = params.memoryService
    this.pluginManager = params.pluginManager
    this.resolveModel = params.resolveModel
    this.runChild = params.runChild
    this.allowedTools = params.allowedTools
    this.earlierEvents = params.earlierEvents ?? []
    this.runConfig = params.runConfig ?? {}
    this.userContent = params.userContent
    this.branch = params.branch
    this.abortSignal = params.abortSignal ?? new AbortController().signal
    this.calls = params.calls ?? { count: 0 }
    this.log = params.log ?? SILENT
    this.span = params.span ?? NO_SPAN
  }

  get appName(): string {
    return this.session.appName
  }

  get userId(): string {
    return this.session.userId
  }

  /** The same invocation, seen by another agent or on another branch. */
  derive(
    changes: Pick<
      Partial<InvocationContextParams>,
      'agent' | 'branch' | 'userContent' | 'earlierEvents' | 'abortSignal' | 'span'
    >,
  ): InvocationContext {
    // eslint-disable-next-line typescript/no-misused-spread -- its fields are its parameters
    return new InvocationContext({ ...this, ...changes })
  }

  /** Counts one more model call. Throws once the limit of the run is exceeded. */
  incrementLlmCallCount(): void {
    this.calls.count++
    if (!this.isPastLimit) return
    throw new Error(`The run made more model calls than allowed: limit of ${this.#maxLlmCalls} exceeded`)
  }

  /** Whether an agent has asked for more model calls than the run may make. */
  get isPastLimit(): boolean {
    return this.#maxLlmCalls > 0 && this.calls.count > this.#maxLlmCalls
  }

  get #maxLlmCalls(): number {
    return this.runConfig.maxLlmCalls ?? DEFAULT_MAX_LLM_CALLS
  }

  /** For the log: whose run, and which agent, something is about. */
  get where(): Record<string, string> {
    const { appName: app, userId: user, invocationId: invocation } = this
    return { app, user, session: this.session.id, invocation, agent: this.agent.name }
  }
}

/** The agent that a context is for. */
export const requireAgent = (context: InvocationContext): BaseAgent => context.agent
