import { z } from 'zod'
import { Flag } from './json.js'

export const Telemetry = z
  .object({ telemetry: z.literal(false).describe('This server never reports to anybody.') })
  .meta({ id: 'Telemetry' })

/** Without an id: as the header that has to go with it, the body is the dev UI's own affair. */
export const TelemetryChoice = z.looseObject({ telemetry: Flag.optional() })

export const TelemetryHeaders = z.looseObject({
  'x-adk-telemetry-request': z.string().optional().describe('`true`; a page from elsewhere cannot send it.'),
})

export const UiConfig = z
  .object({ logo_text: z.string().nullable(), logo_image_url: z.string().nullable() })
  .meta({ id: 'UiConfig' })

export const EvalSetIds = z.object({ evalSetIds: z.array(z.string()) }).meta({ id: 'EvalSetIds' })
export const MetricsInfo = z.object({ metricsInfo: z.array(z.unknown()) }).meta({ id: 'MetricsInfo' })
