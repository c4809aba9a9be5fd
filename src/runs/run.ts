import type { Content } from '../core/content.js'
import type { AdkError } from '../core/errors.js'
import type { Event } from '../core/event.js'
import type { SessionKey } from '../core/session.js'
import type { TraceOrigin } from '../core/trace.js'
import type { Runner } from '../runner/runner.js'
import type { JsonObject } from '../schema/json.js'
import type { RunStatus } from '../schema/run.js'
import type { LoggedEvent, ReadLog } from './event-log.js'

export interface StartRun {
  runner: Runner
  key: SessionKey
  /** May be left out when an invocation is continued. */
  message?: Content | undefined
  /** The invocation to continue; without it a new one begins. */
  invocationId?: string | undefined
  stateDelta?: JsonObject
  customMetadata?: JsonObject
  /** Also yield the chunks of the model, as partial events. */
  streaming: boolean
  /** Cancels the run, whether it waits for its turn or is under way. */
  signal?: AbortSignal
  /** Makes the same request, given again, lead to the same run. */
  once?: Once | undefined
  /** The trace of the client that the run is a part of. */
  traceOrigin?: TraceOrigin | undefined
}

export interface Once {
  /** Chosen by the client; one session knows it for as long as the run is kept. */
  key: string
  /** Tells a request that is repeated from another one that uses the same key. */
  fingerprint: string
}

/** One run. Anyone may read it, as often as they like; what they do has no influence on it. */
export interface Run {
  /** Unique on its session. That of the invocation, with a number when an earlier run of the invocation is still kept. */
  readonly id: string
  /** The invocation that all its events carry. */
  readonly invocationId: string
  readonly key: SessionKey
  readonly status: RunStatus
  /** Whether it ends when the client leaves that started it. */
  readonly isAttached: boolean
  /** Times are seconds since the epoch. */
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  /** Why it failed or was cancelled, fit for a client. */
  readonly failure: AdkError | undefined
  /** Events so far. */
  readonly size: number
  /** Resolves when the run had its turn, or has ended without. */
  readonly started: Promise<void>
  /** Resolves when the run has ended, however that came. */
  readonly done: Promise<void>
  /**
   * The events as they come, until the run has ended, be it by a failure. A slow reader holds up nobody; one that is too
   * slow, or comes too late for what it asks, gets `run_events_gone`. An attached run has only complete events here.
   */
  events(options?: ReadLog): AsyncGenerator<LoggedEvent, void>
  /** Stops the model call and the tools. Stored events stay. Does nothing once the run has ended. */
  cancel(reason: AdkError): void
}

/** A run that its one reader drives: nothing happens faster than it reads, and leaving cancels it. */
export interface AttachedRun extends Run {
  /** Can be read once. Ends with the last event. Throws when the agent's own code failed, or with the reason of a cancellation. */
  readonly reading: AsyncIterableIterator<Event, void>
}
