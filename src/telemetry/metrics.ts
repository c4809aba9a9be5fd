// What is counted for Prometheus. Loaded only where somebody asked for it.
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import { ATTRIBUTE, OPERATION } from '../core/trace.js'
import { Counter, Gauge, Histogram } from './exposition.js'
import type { RecordedSpan, SpanReader } from './tracer.js'

/** Seconds. Models take their time, requests for lists do not. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const WORK_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160]

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

interface RequestObservation {
  method: string
  /** The pattern of the route; never the path, which clients make up. */
  route: string
  status: number
  seconds: number
}

/** Counts requests as the server tells of them, and runs, models and tools by their spans. */
export class Metrics implements SpanReader {
  readonly #requests = new Counter('adk_http_requests_total', 'Requests that were answered or given up.')
  readonly #requestSeconds = new Histogram(
    'adk_http_request_duration_seconds',
    'Time from the request to the end of its answer.',
    REQUEST_SECONDS,
  )
  readonly #runsStarted = new Counter('adk_runs_started_total', 'Runs that were started.')
  readonly #runsEnded = new Counter('adk_runs_ended_total', 'Runs that completed, failed or were cancelled.')
  readonly #runsInFlight = new Gauge('adk_runs_in_flight', 'Runs under way.')
  readonly #runSeconds = new Histogram('adk_run_duration_seconds', 'Time of a run.', WORK_SECONDS)
  readonly #tokens = new Counter(
    'adk_model_tokens_total',
    'Tokens that models read (input) and wrote (output).',
  )
  readonly #modelSeconds = new Histogram(
    'adk_model_call_duration_seconds',
    'Time from the request to a model to its complete answer.',
    WORK_SECONDS,
  )
  readonly #modelErrors = new Counter('adk_model_errors_total', 'Model calls that failed, by kind.')
  readonly #toolSeconds = new Histogram(
    'adk_tool_call_duration_seconds',
    'Time of a tool call.',
    WORK_SECONDS,
  )
  readonly #toolErrors = new Counter('adk_tool_errors_total', 'Tool calls that failed, by kind.')
  readonly #process = new ProcessMetrics()

  observeRequest({ method, route, status, seconds }: RequestObservation): void {
    const labels = { method: METHODS.has(method) ? method : 'other', route }
    this.#requests.add({ ...labels, status: String(status) })
    this.#requestSeconds.observe(labels, seconds)
  }

  onStart(span: RecordedSpan): void {
    if (span.parent) return
    this.#runsStarted.add({ app: textOf(span, ATTRIBUTE.appName) })
    this.#runsInFlight.add({ app: textOf(span, ATTRIBUTE.appName) }, 1)
  }

  onEnd(span: RecordedSpan): void {
    const operation = span.attributes[ATTRIBUTE.operation]
    if (!span.parent) this.#endRun(span)
    else if (operation === OPERATION.model) this.#endModelCall(span)
    else if (operation === OPERATION.tool) this.#endToolCall(span)
  }

  /** All of it, as Prometheus reads it. */
  toText(): string {
    const own = [
      this.#requests,
      this.#requestSeconds,
      this.#runsStarted,
      this.#runsEnded,
      this.#runsInFlight,
      this.#runSeconds,
      this.#tokens,
      this.#modelSeconds,
      this.#modelErrors,
      this.#toolSeconds,
      this.#toolErrors,
    ]
    return own.map((metric) => metric.toText()).join('') + this.#process.toText()
  }

  close(): void {
    this.#process.close()
  }

  #endRun(span: RecordedSpan): void {
    const app = textOf(span, ATTRIBUTE.appName)
    this.#runsInFlight.add({ app }, -1)
    this.#runsEnded.add({ app, status: textOf(span, ATTRIBUTE.runStatus) })
    this.#runSeconds.observe({ app }, secondsOf(span))
  }

  #endModelCall(span: RecordedSpan): void {
    const model = textOf(span, ATTRIBUTE.requestModel)
    this.#modelSeconds.observe({ model }, secondsOf(span))
    this.#tokens.add({ model, direction: 'input' }, numberOf(span, ATTRIBUTE.inputTokens))
    this.#tokens.add({ model, direction: 'output' }, numberOf(span, ATTRIBUTE.outputTokens))
    const error = span.attributes[ATTRIBUTE.errorType]
    if (error !== undefined) this.#modelErrors.add({ model, error: String(error) })
  }

  #endToolCall(span: RecordedSpan): void {
    const tool = textOf(span, ATTRIBUTE.toolName)
    this.#toolSeconds.observe({ tool }, secondsOf(span))
    const error = span.attributes[ATTRIBUTE.errorType]
    if (error !== undefined) this.#toolErrors.add({ tool, error: String(error) })
  }
}

/** The process itself, under the names that dashboards for Node.js know. */
class ProcessMetrics {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  constructor() {
    this.#delay.enable()
  }

  close(): void {
    this.#delay.disable()
  }

  toText(): string {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    const delay = this.#delay
    const texts = [
      counter('process_cpu_user_seconds_total', 'CPU time in user mode.', user / 1e6),
      counter('process_cpu_system_seconds_total', 'CPU time in the kernel.', system / 1e6),
      gauge(
        'process_start_time_seconds',
        'When the process began, since 1970.',
        performance.timeOrigin / 1000,
      ),
      gauge('process_resident_memory_bytes', 'Resident memory.', rss),
      gauge('nodejs_heap_size_used_bytes', 'Heap in use.', heapUsed),
      gauge('nodejs_heap_size_total_bytes', 'Heap that is reserved.', heapTotal),
      gauge('nodejs_external_memory_bytes', 'Memory outside of the heap.', external),
      gauge(
        'nodejs_eventloop_lag_mean_seconds',
        'Mean delay of the event loop since the last look.',
        lagOf(delay.mean),
      ),
      gauge('nodejs_eventloop_lag_max_seconds', 'Longest of these delays.', lagOf(delay.max)),
      ...[50, 90, 99].map((percent) =>
        gauge(
          `nodejs_eventloop_lag_p${percent}_seconds`,
          `Delay that ${percent} % of these stay below.`,
          lagOf(delay.percentile(percent)),
        ),
      ),
    ]
    delay.reset()
    return texts.join('')
  }
}

/** How often the event loop is looked at, in milliseconds. */
const RESOLUTION_MS = 20

/** Of what was measured, in nanoseconds, what is more than the time between two looks. There may be nothing yet. */
const lagOf = (nanoseconds: number): number =>
  Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000) : 0

function gauge(name: string, help: string, value: number): string {
  const metric = new Gauge(name, help)
  metric.set({}, value)
  return metric.toText()
}

function counter(name: string, help: string, value: number): string {
  const metric = new Counter(name, help)
  metric.add({}, value)
  return metric.toText()
}

const textOf = ({ attributes }: RecordedSpan, name: string): string => String(attributes[name] ?? 'unknown')

function numberOf({ attributes }: RecordedSpan, name: string): number {
  const value = attributes[name]
  return typeof value === 'number' ? value : 0
}

const secondsOf = ({ startTime, endTime = startTime }: RecordedSpan): number =>
  Math.max(0, endTime - startTime) / 1000
