import { z } from 'zod'
import { AppPath } from './app.js'
import { Id } from './session.js'

const Attributes = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
  .describe('By the conventions of OpenTelemetry for generative AI; requests and responses are JSON texts.')

const traceId = z.string().describe('32 hexadecimal digits.')
const spanId = z.string().describe('16 hexadecimal digits.')

export const Span = z
  .object({
    name: z
      .string()
      .describe('`invocation`, `invoke_agent` with a name, `call_llm`, or `execute_tool` with a name.'),
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: spanId.nullable(),
    start_time: z.number().describe('Nanoseconds since the epoch.'),
    end_time: z.number().describe('Nanoseconds since the epoch.'),
    attributes: Attributes,
  })
  .meta({
    id: 'Span',
    description: 'A piece of work within a run. In snake_case, as the official servers have it.',
  })

export const EventTrace = z.looseObject({ trace_id: traceId, span_id: spanId }).meta({
  id: 'EventTrace',
  description: 'The attributes of the span that an event tells about, and its ids.',
})

export const EventTracePath = z.object({ event_id: Id })
export const AppEventTracePath = AppPath.extend(EventTracePath.shape)
export const SessionTracePath = z.object({ session_id: Id.meta({ examples: ['s_123'] }) })
export const AppSessionTracePath = AppPath.extend(SessionTracePath.shape)
