// Spans that are kept for a while, so that a developer can see what happened. The oldest go first.
import { ATTRIBUTE } from '../core/trace.js'
import { briefJson } from './brief-json.js'
import type { PlainAttributes, RecordedSpan, SpanReader } from './tracer.js'

/** A span in the form of the official servers: times in nanoseconds since 1970, ids in hexadecimal digits. */
export interface SpanRecord {
  name: string
  trace_id: string
  span_id: string
  parent_span_id: string | null
  start_time: number
  end_time: number
  attributes: PlainAttributes
}

export interface TraceLimits {
  spans: number
  /** Of all spans together, roughly. */
  bytes: number
  /** Of one content, such as the request to a model, in characters. */
  content: number
}

const LIMITS: TraceLimits = { spans: 2000, bytes: 32 * 1024 * 1024, content: 32 * 1024 }

/** What a span takes besides its contents, in bytes. */
const SPAN_BYTES = 1024

interface TracedSession {
  readonly appName: string
  readonly userId: string
  readonly sessionId: string
}

/** What is kept of one run. */
interface TracedRun extends TracedSession {
  /** In order of their end. */
  readonly spans: KeptSpan[]
}

interface KeptSpan {
  readonly span: RecordedSpan
  readonly contents: Record<string, string>
  readonly bytes: number
}

/** There are so few of them that nothing needs an index, which would cost every run and serve hardly anybody. */
export class TraceStore implements SpanReader {
  readonly #limits: TraceLimits
  readonly #capture: boolean
  /** Oldest first. */
  readonly #runs = new Set<TracedRun>()
  readonly #underWay = new Map<RecordedSpan, TracedRun>()
  #spans = 0
  #bytes = 0

  constructor({ capture = true, limits = {} }: { capture?: boolean; limits?: Partial<TraceLimits> } = {}) {
    this.#capture = capture
    this.#limits = { ...LIMITS, ...limits }
  }

  onStart(span: RecordedSpan): void {
    if (!span.parent) this.#underWay.set(span, { ...sessionOf(span), spans: [] })
  }

  onEnd(span: RecordedSpan): void {
    const run = this.#underWay.get(span.root)
    if (!run) return // its session was deleted meanwhile
    this.#keep(span, run)
    if (span.root === span) this.#underWay.delete(span)
  }

  /** The spans of all sessions of this id, or those of one app, in order of their beginning. */
  ofSession(sessionId: string, appName?: string): SpanRecord[] {
    return [...this.#runs]
      .filter((run) => run.sessionId === sessionId && isOf(run, appName))
      .flatMap(({ spans }) => spans)
      .sort((a, b) => a.span.startTime - b.span.startTime)
      .map(toRecord)
  }

  /** The span that an event tells about. */
  ofEvent(id: string, appName?: string): SpanRecord | undefined {
    for (const run of this.#runs) {
      const kept = run.spans.find(({ span }) => span.attributes[ATTRIBUTE.eventId] === id)
      if (kept && isOf(run, appName)) return toRecord(kept)
    }
    return undefined
  }

  /** Lets go of a session that was deleted, and hears nothing more of its runs. */
  forget(key: TracedSession): void {
    for (const [root, run] of this.#underWay) if (isSame(run, key)) this.#underWay.delete(root)
    for (const run of this.#runs) if (isSame(run, key)) this.#drop(run, run.spans.length)
  }

  #keep(span: RecordedSpan, run: TracedRun): void {
    const kept = this.#render(span)
    run.spans.push(kept)
    this.#spans++
    this.#bytes += kept.bytes
    this.#runs.add(run)
    for (const oldest of this.#runs) {
      if (this.#isWithinLimits()) return
      this.#drop(oldest, oldest === run ? 1 : oldest.spans.length)
    }
  }

  #render(span: RecordedSpan): KeptSpan {
    let bytes = SPAN_BYTES
    const contents: Record<string, string> = {}
    for (const name of Object.keys(span.contents)) {
      const text = this.#capture ? briefJson(span.contents[name]?.(), this.#limits.content) : '{}'
      contents[name] = text
      bytes += Buffer.byteLength(text)
    }
    return { span, contents, bytes }
  }

  #isWithinLimits(): boolean {
    return this.#spans <= this.#limits.spans && this.#bytes <= this.#limits.bytes
  }

  /** The first spans of a run, which goes with the last of them. */
  #drop(run: TracedRun, count: number): void {
    for (const { bytes } of run.spans.splice(0, count)) {
      this.#spans--
      this.#bytes -= bytes
    }
    if (run.spans.length === 0) this.#runs.delete(run)
  }
}

function sessionOf({ attributes }: RecordedSpan): TracedSession {
  const text = (name: string) => String(attributes[name] ?? '')
  return {
    appName: text(ATTRIBUTE.appName),
    userId: text(ATTRIBUTE.userId),
    sessionId: text(ATTRIBUTE.sessionId),
  }
}

const isOf = (run: TracedSession, appName: string | undefined): boolean =>
  appName === undefined || run.appName === appName

const isSame = (run: TracedSession, { appName, userId, sessionId }: TracedSession): boolean =>
  run.sessionId === sessionId && run.appName === appName && run.userId === userId

function toRecord({ span, contents }: KeptSpan): SpanRecord {
  const { name, traceId, spanId, parent, startTime, endTime = startTime, attributes } = span
  return {
    name,
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: parent?.spanId ?? null,
    start_time: nanoseconds(startTime),
    end_time: nanoseconds(endTime),
    attributes: { ...attributes, ...contents },
  }
}

/** Whole microseconds: a double holds no more of the time since 1970. */
const nanoseconds = (time: number): number => Math.round((performance.timeOrigin + time) * 1000) * 1000
