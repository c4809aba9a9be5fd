// What Google's dev UI asks for when it opens, where this server has nothing to offer: empty answers instead of errors.
// Nothing here writes anything.
import { z } from 'zod'
import { AdkError } from '../../core/errors.js'
import { AppPath } from '../../schema/app.js'
import {
  EvalSetIds,
  MetricsInfo,
  Telemetry,
  TelemetryChoice,
  TelemetryHeaders,
  UiConfig,
} from '../../schema/dev.js'
import { Problem } from '../../schema/problem.js'
import { described, errors, type ZodServer } from '../schemas.js'

const tags = ['Developer']
const DEV = '/dev/apps/:app_name'

export function devRoutes(app: ZodServer): void {
  configRoutes(app)

  app.get(
    `${DEV}/builder`,
    {
      schema: {
        tags,
        operationId: 'getBuilderFile',
        summary: 'Get the YAML of an app, which is always empty',
        description: 'Apps are written in code here; the visual builder stays off.',
        params: AppPath,
        response: {
          200: { description: 'Empty.', content: { 'application/x-yaml': { schema: z.string() } } },
          ...errors.invalid,
        },
      },
    },
    async (_request, reply) => reply.type('application/x-yaml').header('cache-control', 'no-store').send(''),
  )

  emptyList('tests', 'listAgentTests', 'List the recorded tests of an app: none')
  emptyList('eval_sets', 'listEvalSetNames', 'List the evaluation sets of an app: none yet')
  emptyList('eval_results', 'listEvalResultNames', 'List the evaluation results of an app: none yet')
  empty('eval-sets', 'listEvalSets', 'List the evaluation sets of an app: none yet', EvalSetIds, {
    evalSetIds: [],
  })
  empty('metrics-info', 'listMetrics', 'List the metrics of evaluations: none yet', MetricsInfo, {
    metricsInfo: [],
  })

  function emptyList(path: string, operationId: string, summary: string): void {
    empty(path, operationId, summary, z.array(z.string()), [])
  }

  function empty(path: string, operationId: string, summary: string, schema: z.ZodType, answer: unknown) {
    app.get(
      `${DEV}/${path}`,
      {
        schema: {
          tags,
          operationId,
          summary,
          params: AppPath,
          response: { 200: described(schema, 'Nothing.'), ...errors.invalid },
        },
      },
      async () => answer,
    )
  }
}

function configRoutes(app: ZodServer): void {
  app.get(
    '/config/telemetry',
    {
      schema: {
        tags,
        operationId: 'getTelemetry',
        summary: 'Does the dev UI report its use?',
        response: { 200: described(Telemetry, 'It does not.') },
      },
    },
    async () => ({ telemetry: false }) as const,
  )

  app.post(
    '/config/telemetry',
    {
      schema: {
        tags,
        operationId: 'setTelemetry',
        summary: 'Say whether the dev UI may report its use',
        description: 'Accepted, and kept nowhere: it does not report.',
        headers: TelemetryHeaders,
        body: TelemetryChoice,
        response: {
          200: described(Telemetry, 'It does not.'),
          400: described(Problem, 'The header is missing.'),
          ...errors.invalid,
        },
      },
    },
    async ({ headers }) => {
      if (headers['x-adk-telemetry-request'] !== 'true') {
        throw new AdkError(
          'header_missing',
          'The request should have the header X-ADK-Telemetry-Request: true',
        )
      }
      return { telemetry: false } as const
    },
  )

  app.get(
    '/dev-ui/config',
    {
      schema: {
        tags,
        operationId: 'getUiConfig',
        summary: 'What the dev UI shows as its logo',
        response: { 200: described(UiConfig, 'Its own.') },
      },
    },
    async () => ({ logo_text: null, logo_image_url: null }),
  )
}
