import { clock } from '../core/clock.js'
import type { AdkError } from '../core/errors.js'
import type { TraceOrigin } from '../core/trace.js'
import type {
  AcpError,
  AcpEvent,
  AcpMessage,
  AcpRun as AcpRunWire,
  AcpRunStatus,
  RunEventType,
} from '../schema/acp.js'
import { toAcpError } from './errors.js'
import type { Output } from './output.js'
import { awaitRequestOf, Questions } from './questions.js'
import type { AcpSession } from './sessions.js'

const TERMINAL: readonly AcpRunStatus[] = ['completed', 'failed', 'cancelled']
const RESTING: readonly AcpRunStatus[] = [...TERMINAL, 'awaiting']

interface NewRun {
  /** The public name of the agent. */
  agentName: string
  appName: string
  session: AcpSession
  /** Send the chunks of the model, too. */
  streaming: boolean
  /** Where the server can be reached, as the client sees it. */
  baseUrl: string
  /** The trace of the client that the run is a part of. */
  traceOrigin?: TraceOrigin | undefined
}

export const now = (): string => new Date().toISOString()

/**
 * One request of a client, and what came of it: a state, and the events that led there. It may take several runs of the
 * agent, when it has to wait for answers in between.
 */
export class AcpRun {
  readonly id = clock.uuid()
  readonly questions = new Questions()
  /** Made once the agent is loaded. */
  output: Output | undefined
  /** The invocation that is under way, or was last. */
  invocationId: string | undefined
  /** What the client said; let go at the end. */
  #input: readonly AcpMessage[]
  readonly #abort = new AbortController()
  readonly #createdAt = now()
  readonly #events: AcpEvent[] = []
  readonly #listeners = new Set<() => void>()
  #status: AcpRunStatus = 'created'
  #awaitRequest: AcpRunWire['await_request'] = null
  #timer: NodeJS.Timeout | undefined
  #error: AcpError | null = null
  #finishedAt: string | null = null
  #characters = 0

  constructor(
    readonly request: NewRun,
    input: readonly AcpMessage[],
  ) {
    this.#input = input
    this.#tell('run.created')
  }

  get status(): AcpRunStatus {
    return this.#status
  }

  get isOver(): boolean {
    return TERMINAL.includes(this.#status)
  }

  /** Nothing happens until somebody answers, or ever. */
  get isAtRest(): boolean {
    return RESTING.includes(this.#status)
  }

  get input(): readonly AcpMessage[] {
    return this.#input
  }

  /** Fires when the run is cancelled. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get events(): readonly AcpEvent[] {
    return this.#events
  }

  /** What it takes to keep it, roughly. */
  get characters(): number {
    return this.#characters
  }

  /** As it is now; later changes do not show. */
  snapshot(): AcpRunWire {
    return {
      run_id: this.id,
      agent_name: this.request.agentName,
      session_id: this.request.session.id,
      status: this.#status,
      await_request: this.#awaitRequest,
      output: this.output?.messages ?? [],
      error: this.#error,
      created_at: this.#createdAt,
      finished_at: this.#finishedAt,
    }
  }

  begin(): void {
    this.#stopWaiting()
    this.#enter('in-progress')
  }

  /** What the agent says, as it comes. */
  say(events: Iterable<AcpEvent>): void {
    for (const event of events) this.#emit(event)
  }

  /** Puts the open questions to the client, who has some time to answer them. */
  ask(role: string, { ms, onTimeout }: { ms: number; onTimeout: () => void }): void {
    this.#awaitRequest = awaitRequestOf(role, this.questions.open)
    this.#timer = setTimeout(onTimeout, ms).unref()
    this.#enter('awaiting')
  }

  /** Stops what is under way; the run is over once that has stopped. */
  cancel(reason: AdkError): void {
    this.#stopWaiting()
    this.#status = 'cancelling'
    this.#abort.abort(reason)
  }

  /** The last thing that happens to a run. */
  finish(status: 'completed' | 'failed' | 'cancelled', error?: AdkError): void {
    this.#stopWaiting()
    this.#input = []
    this.#error = error ? toAcpError(error) : null
    this.#finishedAt = now()
    this.#enter(status)
  }

  /** The events from an index on, until the run is at rest; all that there are, once it is. */
  async *follow(from: number, signal: AbortSignal): AsyncGenerator<AcpEvent, void> {
    for (let index = from; ; index++) {
      while (index >= this.#events.length) {
        if (this.isAtRest) return
        await this.#change(signal)
      }
      const event = this.#events[index]
      if (event) yield event
      if (event && isEnd(event)) return
    }
  }

  /** Resolves once the run is at rest. */
  async rest(signal: AbortSignal): Promise<void> {
    while (!this.isAtRest) await this.#change(signal)
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer)
    this.#awaitRequest = null
  }

  #enter(status: Exclude<AcpRunStatus, 'created' | 'cancelling'>): void {
    this.#status = status
    this.#tell(`run.${status}`)
  }

  #tell(type: RunEventType): void {
    this.#emit({ type, run: this.snapshot() })
  }

  #emit(event: AcpEvent): void {
    this.#events.push(event)
    this.#characters += event.type === 'message.part' ? JSON.stringify(event.part).length : OVERHEAD
    for (const listener of this.#listeners) listener()
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#listeners.delete(settle)
        signal.removeEventListener('abort', settle)
        if (signal.aborted)
          reject(signal.reason as Error) // whoever aborts gives an Error
        else resolve()
      }
      if (signal.aborted) return settle()
      signal.addEventListener('abort', settle, { once: true })
      this.#listeners.add(settle)
    })
  }
}

/** Of an event that is not a part, in characters: messages and snapshots refer to the parts. */
const OVERHEAD = 300

const isEnd = (event: AcpEvent): boolean =>
  'run' in event && event.type !== 'run.created' && event.type !== 'run.in-progress'
