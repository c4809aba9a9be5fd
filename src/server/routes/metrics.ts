import { z } from 'zod'
import type { Metrics } from '../../telemetry/metrics.js'
import type { ZodServer } from '../schemas.js'

/** The text format, in words that Prometheus knows it by. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function metricsRoutes(app: ZodServer, metrics: Metrics): void {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['Utility'],
        operationId: 'getMetrics',
        summary: 'What the server has done so far, for Prometheus',
        description:
          'Requests by route, runs by app, tokens and times of models and tools, the event loop and the process. There only ' +
          'where the server was started with `--metrics`.',
        response: {
          200: {
            description: 'The text format of Prometheus.',
            content: { 'text/plain': { schema: z.string() } },
          },
        },
      },
    },
    async (_request, reply) =>
      reply
        .type(CONTENT_TYPE)
        .header('cache-control', 'no-store')
        .serializer((text: string) => text)
        .send(metrics.toText()),
  )
}
