import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { z } from 'zod'

const Value = z.looseObject({
  stringValue: z.string().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  arrayValue: z.object({ values: z.array(z.object({ stringValue: z.string() })) }).optional(),
})
const Attributes = z.array(z.object({ key: z.string(), value: Value }))
const Nanoseconds = z.string().regex(/^\d{19}$/)
const Span = z.looseObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
  attributes: Attributes,
  status: z.object({ code: z.number(), message: z.string().optional() }),
})
/** What OTLP says a request looks like, as far as it is sent. */
const ExportRequest = z.object({
  resourceSpans: z.array(
    z.looseObject({
      resource: z.looseObject({ attributes: Attributes }),
      scopeSpans: z.array(
        z.looseObject({ scope: z.looseObject({ name: z.string() }), spans: z.array(Span) }),
      ),
    }),
  ),
})

export interface ExportedSpan extends Omit<z.infer<typeof Span>, 'attributes'> {
  attributes: Record<string, unknown>
}

/** A stand-in for a collector of OpenTelemetry: takes traces as OTLP in JSON, by HTTP. */
export class Collector {
  readonly spans: ExportedSpan[] = []
  readonly headers: IncomingHttpHeaders[] = []
  readonly paths: string[] = []
  resource: Record<string, unknown> = {}
  readonly #server = createServer((request, response) => {
    this.#take(request, response).catch(() => response.destroy())
  })

  /** On a port of its own, until the test is over. */
  static async start(): Promise<Collector> {
    const collector = new Collector()
    collector.#server.listen(0, '127.0.0.1')
    await once(collector.#server, 'listening')
    onTestFinished(() => {
      collector.#server.closeAllConnections()
      collector.#server.close()
    })
    return collector
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo // a listening TCP server has one
    return `http://127.0.0.1:${port}`
  }

  named(name: string): ExportedSpan {
    const [span, ...others] = this.spans.filter((candidate) => candidate.name === name)
    if (!span || others.length > 0) throw new Error(`There should be one span "${name}"`)
    return span
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.headers['content-encoding'] === 'gzip' ? await unzip(request) : await text(request)
    this.headers.push(request.headers)
    this.paths.push(request.url ?? '')
    for (const { resource, scopeSpans } of ExportRequest.parse(JSON.parse(body)).resourceSpans) {
      this.resource = toRecord(resource.attributes)
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({ ...span, attributes: toRecord(span.attributes) })
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
}

async function unzip(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return gunzipSync(Buffer.concat(chunks)).toString()
}

const toRecord = (attributes: z.infer<typeof Attributes>): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, toPlain(value)]))

function toPlain({
  stringValue,
  intValue,
  doubleValue,
  boolValue,
  arrayValue,
}: z.infer<typeof Value>): unknown {
  if (intValue !== undefined) return Number(intValue)
  if (arrayValue) return arrayValue.values.map((item) => item.stringValue)
  return stringValue ?? doubleValue ?? boolValue
}
