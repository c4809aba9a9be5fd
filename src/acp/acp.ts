// The Agent Communication Protocol in terms of the ADK: its agents, runs, sessions and messages. Agents are driven by
// runs/; routes, and what a request looks like, are the server's.
import type { Content } from '../core/content.js'
import { AdkError, publicMessage } from '../core/errors.js'
import { REQUEST_CONFIRMATION_FUNCTION_CALL_NAME as CONFIRMATION } from '../core/framework-calls.js'
import type { SessionKey } from '../core/session.js'
import type { TraceOrigin } from '../core/trace.js'
import { BoundedSet } from '../runs/bounded-set.js'
import { Turns, type Release } from '../runs/turns.js'
import type {
  AcpMessage,
  AcpRun as AcpRunWire,
  AcpSession as AcpSessionWire,
  RunCreateRequest,
} from '../schema/acp.js'
import type { JsonObject } from '../schema/json.js'
import type { Log } from '../telemetry/log.js'
import { AcpAgents } from './agents.js'
import { answersIn } from './answers.js'
import { ACP_USER, converse, type ConverseDeps } from './converse.js'
import { toInput } from './input.js'
import { roleOf } from './names.js'
import type { AcpOptions } from './options.js'
import { AcpRun } from './run.js'
import { AcpSessions, type AcpSession } from './sessions.js'

/** Most runs that work, or wait for their turn. */
const MAX_WORKING = 256
/** Most runs that are not over: those that wait for an answer, too. */
const MAX_UNFINISHED = 1000
/** Of runs that are over, and of sessions that no run uses, how many are kept, and how large all of them may be. */
const KEPT = { count: 1000, characters: 64 * 1024 * 1024 }

interface AcpDeps extends ConverseDeps {
  log: Log
}

export class Acp {
  readonly agents: AcpAgents
  readonly #runs = new Map<string, AcpRun>()
  readonly #over: BoundedSet<AcpRun>
  readonly #sessions: AcpSessions
  readonly #turns = new Turns()
  #working = 0

  constructor(
    private readonly deps: AcpDeps,
    private readonly options: AcpOptions,
  ) {
    const bounds = { ...KEPT, seconds: options.keepMs / 1000 }
    this.#over = new BoundedSet(bounds, ({ id }) => this.#runs.delete(id))
    this.#sessions = new AcpSessions(bounds)
    this.agents = new AcpAgents(deps.apps, deps.log)
    deps.runs.onSessionEnd((key) => this.#forget(key))
    void this.agents.warnOfDoubles().catch((error: unknown) => deps.log.warn({ err: error }, 'acp.names'))
  }

  /** Starts a run, which goes on whether or not anybody watches. Runs on one session have their turns in order. */
  async start(
    request: RunCreateRequest,
    client: { baseUrl: string; traceOrigin: TraceOrigin | undefined },
  ): Promise<AcpRun> {
    const { name: agentName, appName } = await this.agents.find(request.agent_name)
    const { session_id, session: given, input } = request
    if (session_id != null && given && given.id !== session_id) {
      throw new AdkError('session_mismatch', 'Session ID mismatch: session_id and session.id differ')
    }
    const { message, history } = toInput(input)
    if (this.#runs.size - this.#over.size >= MAX_UNFINISHED) throw tooManyRuns()
    this.#requireRoom()
    const session = this.#sessions.open(session_id ?? given?.id, given)
    const streaming = request.mode === 'stream'
    const run = new AcpRun({ agentName, appName, session, streaming, ...client }, input)
    try {
      void this.#work(run, this.#takeTurn(run), message, history)
    } catch (error) {
      this.#sessions.close(session)
      throw error
    }
    this.#runs.set(run.id, run)
    return run
  }

  find(id: string): AcpRun {
    this.#over.dropOldest()
    const run = this.#runs.get(id)
    if (run) return run
    throw new AdkError('run_not_found', `Run not found: ${id}`)
  }

  /** Answers what a run waits for. It goes on once everything is answered. */
  resume(run: AcpRun, message: AcpMessage): void {
    if (run.status !== 'awaiting') {
      throw new AdkError('run_not_awaiting', `The run is ${run.status}; it does not wait for an answer`)
    }
    const answers = answersIn(message, run.questions.open)
    if (!this.options.confirmations && answers.some(({ name }) => name === CONFIRMATION)) {
      throw new AdkError(
        'confirmation_not_allowed',
        'This server takes no confirmations over the Agent Communication Protocol',
      )
    }
    const isComplete = answers.length === run.questions.open.length
    if (isComplete) this.#requireRoom()
    const turn = isComplete && this.#takeTurn(run)
    run.questions.answer(answers)
    run.begin()
    if (turn) void this.#work(run, turn, run.questions.takeAnswers())
    else this.#ask(run)
  }

  /** The run as it is when it was told to stop. It is over once it has. */
  cancel(run: AcpRun): AcpRunWire {
    if (run.isOver) throw new AdkError('run_over', `The run is ${run.status} and cannot be cancelled`)
    const isIdle = run.status === 'awaiting'
    run.cancel(new AdkError('run_cancelled', 'The run was cancelled'))
    const snapshot = run.snapshot()
    if (isIdle) this.#finish(run, 'cancelled')
    return snapshot
  }

  async session(id: string, baseUrl: string): Promise<AcpSessionWire> {
    const session = this.#sessions.find(id)
    const state = await this.#stateOf(session)
    return this.#sessions.toWire(session, baseUrl, Object.keys(state).length > 0)
  }

  /** A message of a session, or the state of one. */
  async resource(id: string): Promise<AcpMessage | JsonObject> {
    const found = this.#sessions.resource(id)
    return 'stateId' in found ? this.#stateOf(found) : found
  }

  /** An ADK session is deleted, and with it what was said in it. Runs at work there end with their inner run. */
  #forget({ appName, userId, sessionId }: SessionKey): void {
    if (userId !== ACP_USER) return
    for (const run of this.#runs.values()) {
      if (run.request.session.id !== sessionId || run.request.appName !== appName) continue
      if (run.status === 'awaiting') this.cancel(run)
      if (!run.isOver) continue
      this.#over.delete(run)
      this.#runs.delete(run.id)
    }
    this.#sessions.forget(sessionId, appName)
  }

  /** Of the app that was last spoken to. */
  async #stateOf({ id: sessionId, appName }: AcpSession): Promise<JsonObject> {
    if (appName === undefined) return {}
    const key = { appName, userId: ACP_USER, sessionId }
    const session = await this.deps.sessions.getSession({ ...key, config: { numRecentEvents: 0 } })
    return session?.state ?? {}
  }

  /** Says so now: a run that has been accepted could only fail. */
  #requireRoom(): void {
    this.deps.runs.requireRoom()
    if (this.#working >= MAX_WORKING) throw tooManyRuns()
  }

  #takeTurn({ request: { session }, signal }: AcpRun): Promise<Release> {
    return this.#turns.take(session.id, {
      busy: `Session ${session.id} is busy; try again in a moment`,
      signal,
    })
  }

  async #work(run: AcpRun, turn: Promise<Release>, message: Content, history?: AcpMessage[]): Promise<void> {
    this.#working++
    let release: Release | undefined
    try {
      release = await turn
      await converse(run, message, history, this.deps)
      this.#conclude(run)
    } catch (error) {
      this.#fail(run, error)
    } finally {
      this.#working--
      release?.()
    }
  }

  #conclude(run: AcpRun): void {
    const { open } = run.questions
    if (run.output) {
      run.say(run.output.pending(open.map(({ id }) => id)))
      run.say(run.output.close())
    }
    if (open.length > 0) return this.#ask(run)
    const { session, appName } = run.request
    this.#sessions.record(session, [...run.input, ...(run.output?.messages ?? [])], appName)
    this.#finish(run, 'completed')
  }

  #ask(run: AcpRun): void {
    const { keepMs: ms } = this.options
    const onTimeout = () =>
      this.#finish(
        run,
        'failed',
        new AdkError('await_timeout', 'The run timed out: nobody gave the answer it waited for'),
      )
    run.ask(roleOf(run.request.agentName), { ms, onTimeout })
  }

  #fail(run: AcpRun, error: unknown): void {
    if (run.signal.aborted) return this.#finish(run, 'cancelled')
    if (run.status === 'created') run.begin()
    this.#finish(run, 'failed', this.#explain(run, error))
  }

  #explain({ id, request: { appName } }: AcpRun, error: unknown): AdkError {
    if (error instanceof AdkError) return error
    this.deps.log.error({ app: appName, run: id, err: error }, 'acp.failed')
    return new AdkError('internal', publicMessage(error))
  }

  #finish(run: AcpRun, status: 'completed' | 'failed' | 'cancelled', error?: AdkError): void {
    run.finish(status, error)
    this.#over.add(run, run.characters)
    this.#sessions.close(run.request.session)
  }
}

const tooManyRuns = (): AdkError =>
  new AdkError('too_many_runs', 'The server is at its limit of runs; try again in a moment')
