// The one file that knows the packages of OpenTelemetry. They are optional and loaded when traces go somewhere.
import type { Context, Span as OtelSpan, Tracer as OtelTracer } from '@opentelemetry/api'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'
import { messageOf } from '../core/errors.js'
import type { Log } from '../core/log.js'
import { ATTRIBUTE, NO_TRACER, OPERATION, type TraceOrigin, type Tracer } from '../core/trace.js'
import { VERSION } from '../core/version.js'
import { briefJson } from './brief-json.js'
import { capturesContents } from './settings.js'
import { parseTraceparent, SpanTracer, type RecordedSpan, type SpanReader } from './tracer.js'

type Api = typeof import('@opentelemetry/api')

/** Where every copy of `@opentelemetry/api` looks for what the program has registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

/** Longest content that is exported, in characters of JSON. */
const MAX_CONTENT = 32 * 1024
/** How long the last spans may take to arrive when the server stops, in milliseconds. */
const FLUSH_MS = 2000

const INSTALL =
  'npm install @opentelemetry/api@1.9 @opentelemetry/sdk-trace-base@2 @opentelemetry/resources@2 @opentelemetry/exporter-trace-otlp-http@0.223'

/** Hands spans over to OpenTelemetry. */
export interface TraceExport extends SpanReader {
  /** Sends what is left, if that does not take too long. */
  close(): Promise<void>
}

/** Whether the program has set up OpenTelemetry by itself, as with `node --import`. */
export function isOpenTelemetryRegistered(): boolean {
  const registry: unknown = Reflect.get(globalThis, REGISTRY)
  return typeof registry === 'object' && registry !== null && 'trace' in registry
}

/** To wherever the program has told OpenTelemetry to send traces. It also sees to their end. */
export async function exportToProgram(exportContents: boolean): Promise<TraceExport> {
  const api = await import('@opentelemetry/api')
  // Looked up each time: programs may set it up anew, as tests do.
  const tracer: Pick<OtelTracer, 'startSpan'> = {
    startSpan: (...span) => api.trace.getTracer('adk-ts', VERSION).startSpan(...span),
  }
  const spans = new OpenTelemetrySpans(api, tracer, exportContents)
  return Object.assign(spans, { close: async () => {} })
}

let program: Promise<Tracer> | undefined

/** For runners that were given no tracer: spans go to wherever the program sends its own, or nowhere. */
export async function programTracer(): Promise<Tracer> {
  if (!isOpenTelemetryRegistered()) return NO_TRACER
  program ??= exportToProgram(capturesContents()).then(
    (reader) => new SpanTracer([reader]),
    () => NO_TRACER,
  )
  return program
}

/** To the collector that the standard variables name. Throws one sentence when the packages are missing. */
export async function exportToCollector(exportContents: boolean, log: Log): Promise<TraceExport> {
  const { api, sdk, resources, otlp } = await loadPackages()
  const resource = resources
    .defaultResource()
    .merge(resources.resourceFromAttributes({ 'service.name': 'adk-ts', 'service.version': VERSION }))
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
  const exporter = outspoken(new otlp.OTLPTraceExporter(), log)
  const provider = new sdk.BasicTracerProvider({
    resource,
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  })
  const spans = new OpenTelemetrySpans(api, provider.getTracer('adk-ts', VERSION), exportContents)
  return Object.assign(spans, {
    close: async () => {
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, FLUSH_MS).unref())
      await Promise.race([provider.shutdown().catch(() => {}), timeout])
    },
  })
}

async function loadPackages() {
  try {
    return {
      api: await import('@opentelemetry/api'),
      sdk: await import('@opentelemetry/sdk-trace-base'),
      resources: await import('@opentelemetry/resources'),
      otlp: await import('@opentelemetry/exporter-trace-otlp-http'),
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    throw new Error(
      `The environment asks for traces to be exported, which needs packages that are not installed; add them next to adk-ts: ${INSTALL}`,
      { cause: error },
    )
  }
}

/** The exporter by itself fails in silence. One line tells when it begins to, and one when it is over. */
function outspoken(exporter: SpanExporter, log: Log): SpanExporter {
  let isFailing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const hasFailed = result.error !== undefined
        if (hasFailed && !isFailing) {
          log.warn({ text: messageOf(result.error), spans: spans.length }, 'traces.export_failed')
        } else if (isFailing && !hasFailed) log.info({}, 'traces.export_resumed')
        isFailing = hasFailed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}

/** For every span of ours one of OpenTelemetry, which also gives it its ids. */
class OpenTelemetrySpans implements SpanReader {
  readonly #spans = new WeakMap<RecordedSpan, OtelSpan>()

  constructor(
    private readonly api: Api,
    private readonly tracer: Pick<OtelTracer, 'startSpan'>,
    private readonly exportContents: boolean,
  ) {}

  onStart(span: RecordedSpan, origin: TraceOrigin | undefined): void {
    const { SpanKind } = this.api
    const isCall = span.attributes[ATTRIBUTE.operation] === OPERATION.model
    const options = {
      kind: isCall ? SpanKind.CLIENT : SpanKind.INTERNAL,
      startTime: toEpoch(span.startTime),
      attributes: span.attributes as Record<string, string>, // lists are never changed, which the types cannot say
    }
    const own = this.tracer.startSpan(span.name, options, this.#contextAround(span, origin))
    this.#spans.set(span, own)
    const ids = own.spanContext()
    if (this.api.isSpanContextValid(ids)) span.identify(ids)
  }

  onEnd(span: RecordedSpan): void {
    const own = this.#spans.get(span)
    if (!own?.isRecording()) return
    own.setAttributes(span.attributes as Record<string, string>)
    if (this.exportContents) {
      for (const [name, content] of Object.entries(span.contents)) {
        own.setAttribute(name, briefJson(content(), MAX_CONTENT))
      }
    }
    if (span.attributes[ATTRIBUTE.errorType] !== undefined) {
      const message = span.attributes[ATTRIBUTE.errorMessage]
      own.setStatus({
        code: this.api.SpanStatusCode.ERROR,
        ...(typeof message === 'string' && { message }),
      })
    }
    own.end(toEpoch(span.endTime ?? performance.now()))
  }

  run<T>(span: RecordedSpan, work: () => T): T {
    return this.api.context.with(this.#contextOf(span), work)
  }

  #contextAround({ parent }: RecordedSpan, origin: TraceOrigin | undefined): Context {
    const { context, trace, TraceFlags, createTraceState } = this.api
    if (parent) return this.#contextOf(parent)
    const active = context.active()
    const remote = parseTraceparent(origin?.traceparent)
    // Where the program follows requests itself, it has read the headers already.
    if (trace.getSpan(active) || !remote) return active
    return trace.setSpanContext(active, {
      traceId: remote.traceId,
      spanId: remote.spanId,
      traceFlags: remote.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
      ...(origin?.tracestate !== undefined && { traceState: createTraceState(origin.tracestate) }),
    })
  }

  #contextOf(span: RecordedSpan): Context {
    const { context, trace } = this.api
    const own = this.#spans.get(span)
    return own ? trace.setSpan(context.active(), own) : context.active()
  }
}

/** Milliseconds since 1970. */
const toEpoch = (time: number): number => performance.timeOrigin + time
