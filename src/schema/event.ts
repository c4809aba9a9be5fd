import { z } from 'zod'
import { Content } from './content.js'
import { JsonObject } from './json.js'

/** Only these four maps are always present; every other action is left out when unset. */
export const EventActions = z
  .looseObject({
    stateDelta: JsonObject.describe('State keys that this event sets.'),
    artifactDelta: z.record(z.string(), z.int()).describe('Artifact name to the version that was saved.'),
    requestedAuthConfigs: JsonObject.describe('Function call id to the credential that its tool asks for.'),
    requestedToolConfirmations: JsonObject.describe(
      'Function call id to the confirmation that its tool asks for.',
    ),
    skipSummarization: z.boolean().optional(),
    transferToAgent: z.string().optional(),
    escalate: z.boolean().optional(),
    endOfAgent: z.boolean().optional(),
    agentState: JsonObject.optional(),
    rewindBeforeInvocationId: z.string().optional(),
  })
  .meta({ id: 'EventActions', description: 'What an event does besides speaking.' })

/** One step of a conversation. Absent fields are left out, never `null`. */
export const Event = z
  .looseObject({
    id: z.string(),
    invocationId: z.string().describe('Shared by all events that one user message caused.'),
    author: z.string().describe('`user`, or the name of the agent.'),
    timestamp: z.number().describe('Seconds since the epoch, with fractions.'),
    actions: EventActions,
    content: Content.optional(),
    branch: z.string().optional().describe('Dotted path of parallel agents.'),
    partial: z.boolean().optional().describe('A chunk of a streamed answer; never stored.'),
    turnComplete: z.boolean().optional(),
    interrupted: z.boolean().optional(),
    finishReason: z.string().optional(),
    errorCode: z.string().optional().describe('Set when the model, or the framework on its behalf, failed.'),
    errorMessage: z.string().optional(),
    longRunningToolIds: z.array(z.string()).optional().describe('Only on events that carry function calls.'),
    usageMetadata: JsonObject.optional(),
    modelVersion: z.string().optional(),
    avgLogprobs: z.number().optional(),
    logprobsResult: JsonObject.optional(),
    groundingMetadata: JsonObject.optional(),
    citationMetadata: JsonObject.optional(),
    customMetadata: JsonObject.optional(),
    output: z.unknown().optional(),
    nodeInfo: JsonObject.optional(),
    inputTranscription: JsonObject.optional(),
    outputTranscription: JsonObject.optional(),
  })
  .meta({ id: 'Event', description: 'One step of a conversation.' })
export type WireEvent = z.infer<typeof Event>
