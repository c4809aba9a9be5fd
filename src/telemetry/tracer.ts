// One instrumentation, several readers: spans are noted here once, and told to whoever keeps, exports or counts them.
import { randomBytes } from 'node:crypto'
import { publicMessage } from '../core/errors.js'
import {
  ATTRIBUTE,
  NO_SPAN,
  type Attributes,
  type AttributeValue,
  type Contents,
  type Span,
  type SpanEnding,
  type TraceOrigin,
  type Tracer,
} from '../core/trace.js'

/** Somebody to whom spans are told. */
export interface SpanReader {
  onStart?(span: RecordedSpan, origin: TraceOrigin | undefined): void
  onEnd?(span: RecordedSpan): void
  /** See {@link Span.run}. */
  run?<T>(span: RecordedSpan, work: () => T): T
}

export type PlainAttributes = Record<string, Exclude<AttributeValue, undefined>>

const NOTHING: Readonly<Record<string, Contents>> = Object.freeze({})

export class SpanTracer implements Tracer {
  constructor(private readonly readers: readonly SpanReader[]) {}

  start(name: string, attributes?: Attributes, origin?: TraceOrigin): Span {
    const span = new RecordedSpan(name, undefined, this.readers)
    const traceId = parseTraceparent(origin?.traceparent)?.traceId
    if (traceId !== undefined) span.identify({ traceId })
    if (attributes) span.set(attributes)
    tell(this.readers, (reader) => reader.onStart?.(span, origin))
    return span
  }
}

/** What is behind a reader may be somebody else's; whatever fails there, the run goes on. */
function tell(readers: readonly SpanReader[], news: (reader: SpanReader) => void): void {
  for (const reader of readers) {
    try {
      news(reader)
    } catch {
      // Less is known of the run than could be.
    }
  }
}

export class RecordedSpan implements Span {
  /** The span that began the trace; itself, where it did. */
  readonly root: RecordedSpan
  readonly attributes: PlainAttributes = {}
  /** What messages held; gone once the span has ended. */
  contents: Record<string, Contents> = {}
  /** Of the clock of `performance.now()`, in milliseconds. */
  readonly startTime = performance.now()
  endTime: number | undefined
  /** Those of the trace that have not ended; kept by the root. */
  #open: Set<RecordedSpan> | undefined
  #traceId: string | undefined
  #spanId: string | undefined

  constructor(
    readonly name: string,
    readonly parent: RecordedSpan | undefined,
    private readonly readers: readonly SpanReader[],
  ) {
    this.root = parent?.root ?? this
  }

  /** 32 hexadecimal digits. Made when it is first asked for: most spans are never looked at. */
  get traceId(): string {
    return (this.root.#traceId ??= randomBytes(16).toString('hex'))
  }

  /** 16 hexadecimal digits. */
  get spanId(): string {
    return (this.#spanId ??= randomBytes(8).toString('hex'))
  }

  /** Takes the ids that somebody else has given to the span. */
  identify({ traceId, spanId }: { traceId: string; spanId?: string }): void {
    if (this.root === this) this.#traceId = traceId
    if (spanId !== undefined) this.#spanId = spanId
  }

  start(name: string, attributes?: Attributes): Span {
    // Work that was given up goes on unheard.
    if (this.root.endTime !== undefined) return NO_SPAN
    const span = new RecordedSpan(name, this, this.readers)
    if (attributes) span.set(attributes)
    ;(this.root.#open ??= new Set()).add(span)
    tell(this.readers, (reader) => reader.onStart?.(span, undefined))
    return span
  }

  set(attributes: Attributes): void {
    if (this.endTime !== undefined) return
    for (const name of Object.keys(attributes)) {
      const value = attributes[name]
      if (typeof value === 'function') this.contents[name] = value
      else if (isAttribute(value)) this.attributes[name] = value
    }
  }

  end({ error, time }: SpanEnding = {}): void {
    if (this.endTime !== undefined) return
    if (error !== undefined) this.set(describeError(error))
    // The whole is over: nobody waits any more for what is still under way within it.
    if (this.#open) for (const span of [...this.#open].toReversed()) span.end()
    this.#open = undefined
    this.endTime = time ?? performance.now()
    this.root.#open?.delete(this)
    tell(this.readers, (reader) => reader.onEnd?.(this))
    this.contents = NOTHING
  }

  run<T>(work: () => T): T {
    const reader = this.readers.find((candidate) => candidate.run)
    return reader?.run ? reader.run(this, work) : work()
  }
}

/** Models and tools that people write may say anything, and one odd value would spoil a whole trace for its reader. */
function isAttribute(value: unknown): value is Exclude<AttributeValue, undefined> {
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string')
  return typeof value === 'string' || typeof value === 'boolean'
}

function describeError(error: unknown): Attributes {
  const code = error instanceof Error && 'errorCode' in error ? error.errorCode : undefined
  return {
    [ATTRIBUTE.errorType]: typeof code === 'string' ? code : kindOf(error),
    [ATTRIBUTE.errorMessage]: publicMessage(error),
  }
}

/** The name of the error; of its cause, where it was only put into other words. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error'
  return error.name === 'Error' && error.cause instanceof Error ? error.cause.name : error.name
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/

/** What the header `traceparent` says, if it is one of W3C Trace Context. */
export function parseTraceparent(
  text: string | undefined,
): { traceId: string; spanId: string; isSampled: boolean } | undefined {
  const [, traceId, spanId, flags = '00'] = TRACEPARENT.exec(text ?? '') ?? []
  return traceId && spanId ? { traceId, spanId, isSampled: (parseInt(flags, 16) & 1) === 1 } : undefined
}
