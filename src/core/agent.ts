import { askCallbacks, CallbackError, nameType, type Maybe } from './callback.js'
import type { Content } from './content.js'
import { Context } from './context.js'
import { envelope } from './envelope.js'
import { createEvent, createEventActions, hasActions, type Event } from './event.js'
import type { InvocationContext } from './invocation-context.js'
import { ATTRIBUTE, OPERATION, type Span } from './trace.js'

const AGENT_BRAND = Symbol.for('google.adk.baseAgent')

/** Runs before or after an agent. Returned content is spoken; before the agent it also takes the agent's place. */
export type SingleAgentCallback = (context: Context) => Maybe<Content>
export type BeforeAgentCallback = SingleAgentCallback | SingleAgentCallback[]
export type AfterAgentCallback = SingleAgentCallback | SingleAgentCallback[]

export interface BaseAgentConfig {
  /** Unique in its tree; letters, digits, `_` and `-`; not `user`. */
  name: string
  /** What the agent is for, read by the agents that may transfer to it. */
  description?: string
  subAgents?: BaseAgent[]
  beforeAgentCallback?: BeforeAgentCallback
  afterAgentCallback?: AfterAgentCallback
}

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}_-]*$/u

/** A part of an app that answers messages, alone or together with agents below it. */
export abstract class BaseAgent<Config extends BaseAgentConfig = BaseAgentConfig> {
  readonly [AGENT_BRAND] = true
  readonly name: string
  readonly description: string
  readonly subAgents: BaseAgent[]
  readonly beforeAgentCallback: SingleAgentCallback[]
  readonly afterAgentCallback: SingleAgentCallback[]
  parentAgent: BaseAgent | undefined
  /** What the agent was made from. */
  protected readonly config: Config

  constructor(config: Config) {
    this.config = config
    this.name = checkName(config.name)
    this.description = config.description ?? ''
    this.subAgents = [...(config.subAgents ?? [])]
    this.beforeAgentCallback = toList(config.beforeAgentCallback)
    this.afterAgentCallback = toList(config.afterAgentCallback)
    this.#adopt()
  }

  /** The work of the agent. Yield events; state changes travel in their `actions.stateDelta`. */
  protected abstract runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void>

  /** For conversations by voice and video, which only agents written for them can have. */
  protected runLiveImpl(_context: InvocationContext): AsyncGenerator<Event, void> {
    throw new Error(`Agent "${this.name}" cannot run live`)
  }

  /** Runs the agent with its callbacks. The runner stores what is yielded. */
  async *runAsync(parent: InvocationContext): AsyncGenerator<Event, void> {
    const span = this.#startSpan(parent)
    const context = parent.derive({ agent: this, span })
    let error: unknown
    try {
      const early = await this.#callback(context, 'beforeAgentCallback')
      if (early) {
        yield early
        if (early.content || early.errorCode) return
      }
      if (context.endInvocation || context.abortSignal.aborted) return
      yield* this.runAsyncImpl(context)
      if (context.endInvocation || context.abortSignal.aborted) return
      const late = await this.#callback(context, 'afterAgentCallback')
      if (late) yield late
    } catch (thrown) {
      if (!context.abortSignal.aborted) error = thrown
      throw thrown
    } finally {
      span.end({ error })
    }
  }

  get rootAgent(): BaseAgent {
    return this.parentAgent ? this.parentAgent.rootAgent : this
  }

  /** This agent or one below it. */
  findAgent(name: string): BaseAgent | undefined {
    return this.name === name ? this : this.findSubAgent(name)
  }

  findSubAgent(name: string): BaseAgent | undefined {
    for (const agent of this.subAgents) {
      const found = agent.findAgent(name)
      if (found) return found
    }
    return undefined
  }

  /** A copy without a parent, made by the agent's own class; agents below it are copied as well. */
  clone(overrides: Partial<Config> = {}): this {
    const AgentClass = this.constructor as new (config: Config) => this // of this very object
    const config = { ...this.config, ...overrides }
    const subAgents = overrides.subAgents ?? this.subAgents.map((agent) => agent.clone())
    return new AgentClass({ ...config, ...(config.subAgents && { subAgents }) })
  }

  #startSpan({ span, session, invocationId }: InvocationContext): Span {
    return span.start(`${OPERATION.agent} ${this.name}`, {
      [ATTRIBUTE.operation]: OPERATION.agent,
      [ATTRIBUTE.agentName]: this.name,
      [ATTRIBUTE.agentDescription]: this.description || undefined,
      [ATTRIBUTE.conversation]: session.id,
      [ATTRIBUTE.invocationId]: invocationId,
    })
  }

  /** The event of a callback: what it said, or the state it changed; nothing when it did neither. */
  async #callback(
    context: InvocationContext,
    hook: 'beforeAgentCallback' | 'afterAgentCallback',
  ): Promise<Event | undefined> {
    const actions = createEventActions()
    const callbackContext = new Context({ invocationContext: context, eventActions: actions })
    const from = envelope(this, context)
    try {
      const content =
        (await context.pluginManager.ask(hook, { agent: this, callbackContext })) ??
        (await askCallbacks(this[hook], callbackContext, { hook, agent: this, kind: 'content' }))
      if (!content && !hasActions(actions)) return undefined
      return createEvent({ ...from, ...(content && { content }), actions })
    } catch (error) {
      // What a callback throws is the author's own affair; a wrong answer is told in the conversation.
      if (!(error instanceof CallbackError) || error.cause !== undefined) throw error
      return createEvent({ ...from, errorCode: error.errorCode, errorMessage: error.message })
    }
  }

  #adopt(): void {
    const names = new Set<string>()
    for (const [index, agent] of this.subAgents.entries()) {
      if (!isBaseAgent(agent)) {
        throw new TypeError(
          `subAgents[${index}] of agent "${this.name}" is ${nameType(agent)}, not an agent; do two files import each other?`,
        )
      }
      if (names.has(agent.name))
        throw new Error(`Agent "${this.name}" has two sub-agents named "${agent.name}"`)
      names.add(agent.name)
      if (agent.parentAgent) {
        throw new Error(
          `Agent "${agent.name}" already belongs to "${agent.parentAgent.name}" and cannot also be a sub-agent of "${this.name}"`,
        )
      }
    }
    for (const agent of this.subAgents) agent.parentAgent = this
  }
}

export function isBaseAgent(value: unknown): value is BaseAgent {
  return typeof value === 'object' && value !== null && AGENT_BRAND in value
}

export function toList<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function checkName(name: unknown): string {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new Error(
      `Agent name ${JSON.stringify(name)} is not an identifier; use letters, digits, "_" and "-", starting with a letter`,
    )
  }
  if (name === 'user')
    throw new Error('An agent cannot be named "user": that is the author of the user\'s messages')
  return name
}
