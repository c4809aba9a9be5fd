import type { JsonObject } from '../schema/json.js'
import type { ArtifactKey } from './artifact.js'
import { credentialStateKey, type AuthConfig, type AuthCredential } from './auth.js'
import type { Content, Part } from './content.js'
import { createEventActions, type EventActions, type ToolConfirmation } from './event.js'
import type { InvocationContext } from './invocation-context.js'
import { setOwn, thaw } from './json.js'
import type { SearchMemoryResponse } from './memory.js'
import type { Session } from './session.js'
import { State } from './state.js'
import type { Span } from './trace.js'

/** What an instruction function may look at. */
export class ReadonlyContext {
  constructor(readonly invocationContext: InvocationContext) {}

  get userContent(): Content | undefined {
    return this.invocationContext.userContent
  }
  get invocationId(): string {
    return this.invocationContext.invocationId
  }
  get agentName(): string {
    return this.invocationContext.agent.name
  }
  get userId(): string {
    return this.invocationContext.userId
  }
  get sessionId(): string {
    return this.invocationContext.session.id
  }
  get session(): Session {
    return this.invocationContext.session
  }
  /** Changes made here reach nobody. */
  get state(): State {
    const { state } = this.invocationContext.session
    const copy: JsonObject = {}
    // What is stored is frozen already, and is copied when it is read.
    for (const key of Object.keys(state)) setOwn(copy, key, frozenOrCopy(state[key]))
    return new State(copy)
  }
}

const frozenOrCopy = (value: unknown): unknown => (Object.isFrozen(value) ? value : thaw(value))

interface ContextParams {
  invocationContext: InvocationContext
  /** Collects what the context's owner does; the event that follows carries it. */
  eventActions?: EventActions
  functionCallId?: string
  toolConfirmation?: ToolConfirmation
  /** Narrower than the run's own, when a single tool call has a deadline. */
  abortSignal?: AbortSignal
  /** Narrower than the agent's own, for a single tool call. */
  span?: Span
}

/** What callbacks and tools work with: state, artifacts, memory, and the actions of the event to come. */
export class Context extends ReadonlyContext {
  readonly actions: EventActions
  readonly functionCallId: string | undefined
  /** The person's decision, when this call asked for one. */
  readonly toolConfirmation: ToolConfirmation | undefined
  readonly abortSignal: AbortSignal
  /** What is going on, for traces: the tool call, or the agent's work. */
  readonly span: Span
  readonly #state: State

  constructor(params: ContextParams) {
    super(params.invocationContext)
    this.actions = params.eventActions ?? createEventActions()
    this.functionCallId = params.functionCallId
    this.toolConfirmation = params.toolConfirmation
    this.abortSignal = params.abortSignal ?? params.invocationContext.abortSignal
    this.span = params.span ?? params.invocationContext.span
    this.#state = new State(this.invocationContext.session.state, this.actions.stateDelta)
  }

  override get state(): State {
    return this.#state
  }

  get eventActions(): EventActions {
    return this.actions
  }

  /** Resolves to the new version, which the event to come announces in its `artifactDelta`. */
  async saveArtifact(filename: string, artifact: Part, customMetadata?: JsonObject): Promise<number> {
    this.abortSignal.throwIfAborted() // what a run left behind does not write to a session that may be gone
    const key = this.artifactKey(filename)
    const version = await this.artifacts.saveArtifact({ ...key, artifact, customMetadata })
    setOwn(this.actions.artifactDelta, filename, version)
    return version
  }

  /** The latest version unless one is named, as a part to keep and change; `undefined` when there is none. */
  async loadArtifact(filename: string, version?: number): Promise<Part | undefined> {
    return thaw(await this.artifacts.loadArtifact({ ...this.artifactKey(filename), version }))
  }

  async listArtifacts(): Promise<string[]> {
    const { appName, userId, sessionId } = this.artifactKey('')
    return this.artifacts.listArtifactKeys({ appName, userId, sessionId })
  }

  async searchMemory(query: string): Promise<SearchMemoryResponse> {
    const { memoryService, appName, userId } = this.invocationContext
    if (!memoryService) throw new Error('No memory service is configured; give the runner a memoryService')
    return memoryService.searchMemory({ appName, userId, query })
  }

  /** Asks a person to agree; the call runs again with `toolConfirmation` once the client has answered. */
  requestConfirmation({ hint, payload }: { hint?: string; payload?: unknown } = {}): void {
    setOwn(this.actions.requestedToolConfirmations, this.requireCallId('requestConfirmation'), {
      hint: hint ?? '',
      confirmed: false,
      ...(payload !== undefined && { payload }),
    })
  }

  /** Asks the client for a credential; the call runs again once it has been sent. */
  requestCredential(authConfig: AuthConfig): void {
    setOwn(this.actions.requestedAuthConfigs, this.requireCallId('requestCredential'), { ...authConfig })
  }

  /** The credential that the client has sent for this configuration, if any. */
  getAuthResponse({ credentialKey }: AuthConfig): AuthCredential | undefined {
    return this.state.get<AuthCredential>(credentialStateKey(credentialKey))
  }

  protected requireCallId(method: string): string {
    if (this.functionCallId) return this.functionCallId
    throw new Error(`${method} needs a function call to refer to; call it from a tool`)
  }

  private get artifacts() {
    const { artifactService } = this.invocationContext
    if (!artifactService)
      throw new Error('No artifact service is configured; give the runner an artifactService')
    return artifactService
  }

  private artifactKey(filename: string): ArtifactKey {
    const { appName, userId, session } = this.invocationContext
    return { appName, userId, sessionId: session.id, filename }
  }
}
