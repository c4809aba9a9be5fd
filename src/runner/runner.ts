import { wasFinished } from '../agents/resume.js'
import type { BaseAgent } from '../core/agent.js'
import type { BaseArtifactService } from '../core/artifact.js'
import { newInvocationId } from '../core/clock.js'
import type { Content } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import { createEvent, createEventActions, inOrder, type Event } from '../core/event.js'
import { InvocationContext, type ResolveModel, type RunChild } from '../core/invocation-context.js'
import { STANDARD_LOG, type Log } from '../core/log.js'
import type { BaseMemoryService } from '../core/memory.js'
import { isBaseLlm } from '../core/model.js'
import { PluginManager } from '../core/plugin.js'
import type { BaseSessionService, Session } from '../core/session.js'
import { isBaseToolset } from '../core/tool.js'
import { LLMRegistry } from '../models/registry.js'
import { ATTRIBUTE, type Tracer } from '../core/trace.js'
import { InMemorySessionService } from '../sessions/memory.js'
import { programTracer } from '../telemetry/open-telemetry.js'
import type { EventsCompactionConfig, ResumabilityConfig } from './app.js'
import { agentsOf, toolsOf } from './agents-of.js'
import { chooseAgent, resumedAgent } from './choose-agent.js'
import { compactEvents } from './compaction.js'
import { endOnAbort, orGiveUp } from './end-on-abort.js'
import { saveInputBlobs } from './input-blobs.js'
import { findInvocation, nothingToAnswer, notResumable } from './invocation.js'
import { checkMessage } from './message.js'
import { closeOpenCalls } from './open-calls.js'
import type { RunnerConfig, RunRequest } from './runner-config.js'
import { checkYielded, completeEvent, settleOrExplain, UNSTORABLE } from './settle.js'
import { endInvocation, leaveInvocation, startInvocation } from './trace.js'

/** How long an agent may take to notice that its run was cancelled, in milliseconds. */
const CANCEL_GRACE_MS = 1000

const INTERRUPTED = 'The tool call was interrupted before it finished.'
const CANCELLED = 'The tool call was cancelled.'

const RUNNER_BRAND = Symbol.for('google.adk.runner')

/** Runs the agents of one app on the sessions of a store. */
export class Runner {
  readonly [RUNNER_BRAND] = true
  readonly appName: string
  readonly agent: BaseAgent
  readonly sessionService: BaseSessionService
  readonly artifactService: BaseArtifactService | undefined
  readonly memoryService: BaseMemoryService | undefined
  readonly pluginManager: PluginManager
  readonly eventsCompactionConfig: EventsCompactionConfig | undefined
  readonly resumabilityConfig: ResumabilityConfig | undefined
  readonly allowedTools: ReadonlySet<string> | undefined
  readonly #resolveModel: ResolveModel
  readonly #log: Log
  readonly #tracer: Tracer | undefined

  constructor(config: RunnerConfig) {
    const agent = config.app?.rootAgent ?? config.agent
    const appName = config.appName ?? config.app?.name
    if (!agent || !appName) throw new Error('A Runner needs an `app`, or an `appName` and an `agent`')
    this.appName = appName
    this.agent = agent
    this.sessionService = config.sessionService
    this.artifactService = config.artifactService
    this.memoryService = config.memoryService
    this.pluginManager = new PluginManager(config.plugins ?? config.app?.plugins)
    this.eventsCompactionConfig = config.eventsCompactionConfig ?? config.app?.eventsCompactionConfig
    this.resumabilityConfig = config.resumabilityConfig ?? config.app?.resumabilityConfig
    this.allowedTools = config.allowedTools
    this.#log = config.log ?? STANDARD_LOG
    this.#tracer = config.tracer
    this.#resolveModel =
      config.resolveModel ?? ((model) => (isBaseLlm(model) ? model : LLMRegistry.newLlm(model)))
  }

  /**
   * Yields the events of one turn as they happen. A complete event is stored before it is yielded; the user's own
   * message is stored and not yielded. Failures of models and tools are events; what an agent's own code throws is
   * thrown. When the signal fires, the generator ends without a word.
   */
  async *runAsync(request: RunRequest): AsyncGenerator<Event, void, undefined> {
    const { userId, sessionId, runConfig } = request
    if (runConfig?.streamingMode === 'bidi') {
      throw new Error('streamingMode "bidi" is for live conversations; use "sse" or "none" with runAsync')
    }
    if (request.abortSignal?.aborted) return
    const message = request.newMessage && checkMessage(request.newMessage)
    const session = await this.sessionService.getSession({ appName: this.appName, userId, sessionId })
    if (!session) throw new AdkError('session_not_found', `Session not found: ${sessionId}`)
    await this.#heal(session, message)
    const span = startInvocation(this.#tracer ?? (await programTracer()), session, request)
    try {
      const context = await this.#begin(session, message, { ...request, span })
      try {
        yield* this.#drive(context, request)
      } finally {
        await this.#closeCalls(context)
      }
      await this.#hear(context, this.pluginManager.ask('afterRunCallback', { invocationContext: context }))
      await this.#compact(context)
      endInvocation(span, request)
    } catch (error) {
      endInvocation(span, request, error)
      if (request.abortSignal?.aborted && error === request.abortSignal.reason) return
      throw error
    } finally {
      leaveInvocation(span)
    }
  }

  /** Answers the calls that an earlier run left open, except those that this message answers. */
  async #heal(session: Session, message: Content | undefined): Promise<void> {
    const answered = message?.parts?.flatMap(({ functionResponse }) => functionResponse?.id ?? []) ?? []
    const calls = await closeOpenCalls(this.sessionService, session, { reason: INTERRUPTED, answered })
    if (calls === 0) return
    const { appName: app, userId: user, id } = session
    this.#log.info({ app, user, session: id, calls }, 'session.healed')
  }

  /** Leaves no call open, whatever ended the run. A run that pauses leaves them to the client. */
  async #closeCalls(context: InvocationContext): Promise<void> {
    if (context.runConfig.pauseOnToolCalls) return
    try {
      await closeOpenCalls(this.sessionService, context.session, { reason: CANCELLED })
    } catch (error) {
      // It must not take the place of the error that ended the run; the next run tries again.
      this.#log.warn({ ...context.where, err: error }, 'session.not_healed')
    }
  }

  /** The turn itself is over and went well: what goes wrong here is for the log. */
  async #compact(context: InvocationContext): Promise<void> {
    const { abortSignal } = context
    if (!this.eventsCompactionConfig || abortSignal.aborted) return
    try {
      await orGiveUp(compactEvents(context, this.eventsCompactionConfig), abortSignal, CANCEL_GRACE_MS)
    } catch (error) {
      if (abortSignal.aborted) return
      this.#log.warn({ ...context.where, err: error }, 'compaction.failed')
    }
  }

  /** Lets go of what the tools of all agents hold, such as connections. */
  async close(): Promise<void> {
    const toolsets = toolsOf(agentsOf(this.agent)).filter(isBaseToolset)
    await Promise.allSettled(toolsets.map(async (toolset) => toolset.close()))
  }

  /** One turn in a session that is made for it and deleted afterwards. */
  async *runEphemeral(request: Omit<RunRequest, 'sessionId'>): AsyncGenerator<Event, void, undefined> {
    const { appName, sessionService } = this
    const { userId } = request
    const { id: sessionId } = await sessionService.createSession({ appName, userId })
    try {
      yield* this.runAsync({ ...request, sessionId })
    } finally {
      await sessionService.deleteSession({ appName, userId, sessionId })
    }
  }

  /** Stores the user's message, as the plugins left it. */
  async #begin(
    session: Session,
    given: Content | undefined,
    request: RunRequest,
  ): Promise<InvocationContext> {
    const resumed = findInvocation(session.events, request.invocationId)
    if (resumed && !this.resumabilityConfig?.isResumable) throw notResumable(this.appName)
    const message = given ?? resumed?.message
    if (!message) throw nothingToAnswer(request.invocationId)
    const context = this.#newContext(session, message, request)
    if (!given) return this.#resume(context, resumed?.events)
    const params = { invocationContext: context, userMessage: message }
    const replaced = await this.#hear(context, this.pluginManager.ask('onUserMessageCallback', params))
    const content = await saveInputBlobs(context, replaced ? checkMessage(replaced) : message)
    const event = createEvent({
      invocationId: context.invocationId,
      author: 'user',
      content,
      actions: createEventActions({ stateDelta: { ...request.stateDelta } }),
      ...(request.customMetadata && { customMetadata: request.customMetadata }),
    })
    await this.sessionService.appendEvent({ session, event: inOrder(session, event) })
    const userContent = replaced ?? message
    if (resumed) return this.#resume(context.derive({ userContent }), resumed.events)
    return context.derive({ ...chooseAgent(this.agent, session.events), userContent })
  }

  #resume(context: InvocationContext, earlierEvents: readonly Event[] = []): InvocationContext {
    return context.derive({ agent: resumedAgent(this.agent, context.session.events), earlierEvents })
  }

  async *#drive(context: InvocationContext, request: RunRequest): AsyncGenerator<Event, void> {
    const ids = new Set<string>()
    const asked = this.pluginManager.ask('beforeRunCallback', { invocationContext: context })
    const early = await this.#hear(context, asked)
    if (early) {
      const event = createEvent({ invocationId: context.invocationId, author: 'model', content: early })
      yield await this.#accept(context, event, request, ids)
      return
    }
    if (!request.newMessage && wasFinished(context.agent, context)) return
    const events = context.agent.runAsync(context)
    for await (const event of endOnAbort(events, context.abortSignal, CANCEL_GRACE_MS)) {
      const accepted = await this.#accept(context, event, request, ids)
      yield accepted
      // Agents that run others again and again would never stop of themselves.
      if (accepted.errorCode && (accepted.errorCode === UNSTORABLE || context.isPastLimit)) return
    }
  }

  /** What plugins answer. Those that do not notice that the run is cancelled are left to themselves. */
  #hear<T>({ abortSignal }: InvocationContext, answer: Promise<T>): Promise<T> {
    if (this.pluginManager.plugins.length === 0) return answer
    return orGiveUp(answer, abortSignal, CANCEL_GRACE_MS)
  }

  /** The event as it was stored, if it is complete. */
  async #accept(
    context: InvocationContext,
    event: Event,
    { customMetadata }: RunRequest,
    ids: Set<string>,
  ): Promise<Event> {
    checkYielded(event, context)
    const asked = this.pluginManager.ask('onEventCallback', { invocationContext: context, event })
    const replaced = await this.#hear(context, asked)
    const { session } = context
    const settled = settleOrExplain(session, completeEvent(event, { context, replaced, customMetadata, ids }))
    return settled.partial ? settled : this.sessionService.appendEvent({ session, event: settled })
  }

  /** An agent that is used as a tool gets sessions of its own, and everything else as it is. */
  async *#runChild({
    parent,
    agent,
    message,
    state,
    abortSignal,
    span,
  }: Parameters<RunChild>[0]): AsyncGenerator<Event, void> {
    const { appName, userId, session } = parent
    const runner = new Runner({
      appName,
      agent,
      sessionService: new InMemorySessionService(),
      ...(this.artifactService && { artifactService: this.artifactService }),
      ...(this.memoryService && { memoryService: this.memoryService }),
      plugins: [...this.pluginManager.plugins],
      ...(this.allowedTools && { allowedTools: this.allowedTools }),
      resolveModel: this.#resolveModel,
      log: this.#log,
    })
    // The same ids, so that artifacts saved inside are those of the session outside.
    await runner.sessionService.createSession({ appName, userId, sessionId: session.id, state })
    const { maxLlmCalls } = parent.runConfig
    yield* runner.runAsync({
      userId,
      sessionId: session.id,
      newMessage: message,
      abortSignal,
      runConfig: { ...(maxLlmCalls !== undefined && { maxLlmCalls }) },
      calls: parent.calls,
      span,
    })
  }

  #newContext(session: Session, userContent: Content, request: RunRequest): InvocationContext {
    const invocationId = request.invocationId ?? newInvocationId()
    request.span?.set({ [ATTRIBUTE.invocationId]: invocationId })
    return new InvocationContext({
      invocationId,
      agent: this.agent,
      session,
      sessionService: this.sessionService,
      ...(this.artifactService && { artifactService: this.artifactService }),
      ...(this.memoryService && { memoryService: this.memoryService }),
      pluginManager: this.pluginManager,
      resolveModel: this.#resolveModel,
      runChild: (child) => this.#runChild(child),
      ...(this.allowedTools && { allowedTools: this.allowedTools }),
      userContent,
      ...(request.runConfig && { runConfig: request.runConfig }),
      ...(request.abortSignal && { abortSignal: request.abortSignal }),
      ...(request.calls && { calls: request.calls }),
      ...(request.span && { span: request.span }),
      log: this.#log,
    })
  }
}

export function isRunner(value: unknown): value is Runner {
  return typeof value === 'object' && value !== null && RUNNER_BRAND in value
}

export type { RunnerConfig, RunRequest } from './runner-config.js'
