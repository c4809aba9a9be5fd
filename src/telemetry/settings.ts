// What the standard variables of OpenTelemetry and those of the ADK say. The packages of OpenTelemetry read the others:
// headers, timeouts, batches, sampling, limits, resource.
type Environment = Readonly<Record<string, string | undefined>>

/** What is noted about runs, and who gets to see it. */
export interface TelemetrySettings {
  /** Whether the traces under /debug/trace hold what was said. */
  readonly keepContents: boolean
  /** Whether traces go to a collector. */
  readonly exportTraces: boolean
  /** Whether what was said goes there as well. */
  readonly exportContents: boolean
}

/** Throws, in words for whoever starts the program, when traces cannot be exported as the variables ask. */
export function telemetrySettings(environment: Environment = process.env): TelemetrySettings {
  const read = (name: string) => environment[name]?.trim() || undefined
  return {
    keepContents: !/^(?:0|false|no|off)$/i.test(read('ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS') ?? ''),
    exportTraces: isExporting(read),
    exportContents: capturesContents(environment),
  }
}

type Read = (name: string) => string | undefined

function isExporting(read: Read): boolean {
  if (/^true$/i.test(read('OTEL_SDK_DISABLED') ?? '')) return false
  const exporter = read('OTEL_TRACES_EXPORTER')
  const endpoint = endpointOf(read)
  if (exporter === 'none' || (exporter === undefined && endpoint === undefined)) return false
  if (exporter !== undefined && exporter !== 'otlp') {
    throw new Error(`OTEL_TRACES_EXPORTER is "${exporter}"; it should be otlp or none`)
  }
  if (endpoint) checkEndpoint(endpoint.name, endpoint.url)
  checkProtocol(read)
  return true
}

function endpointOf(read: Read): { name: string; url: string } | undefined {
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const url = read(name)
    if (url !== undefined) return { name, url }
  }
  return undefined
}

/** The exporter would silently take its own default instead. The value is not repeated: it may hold a password. */
function checkEndpoint(name: string, url: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return
  throw new Error(`${name} should be the URL of a collector, such as http://localhost:4318`)
}

/** JSON is sent, which collectors take wherever they take protobuf over HTTP. */
function checkProtocol(read: Read): void {
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    if (read(name) !== 'grpc') continue
    throw new Error(
      `${name} is grpc, and traces are exported over HTTP; set http/json and the collector's HTTP endpoint, usually port 4318`,
    )
  }
}

/** Older conventions say true, newer ones where to. Anything else keeps them here. */
export const capturesContents = (environment: Environment = process.env): boolean =>
  /^(?:1|true|span_only|span_and_event)$/i.test(
    environment['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT']?.trim() ?? '',
  )
