// What the Agent Communication Protocol tells of an agent before anybody talks to it.
import { z } from 'zod'
import { JsonObject } from './json.js'

const Dependency = z
  .object({ type: z.enum(['agent', 'tool', 'model']), name: z.string() })
  .meta({ id: 'AcpDependency' })

export const AgentManifest = z
  .object({
    name: z
      .string()
      .describe('To be used as `agent_name`.')
      .meta({ examples: ['weather-time-agent'] }),
    description: z.string(),
    input_content_types: z.array(z.string()).min(1),
    output_content_types: z.array(z.string()).min(1),
    metadata: z
      .object({
        annotations: JsonObject.describe('`adk` holds the name of the app and of its root agent.'),
        framework: z.string(),
        programming_language: z.string(),
        dependencies: z.array(Dependency).describe('Its tools, the agents below it, and their models.'),
        recommended_models: z.array(z.string()),
      })
      .meta({ id: 'AgentManifestMetadata' }),
  })
  .meta({ id: 'AgentManifest', description: 'What an agent is, and what it takes and gives.' })
export type AgentManifest = z.infer<typeof AgentManifest>

export const AgentList = z.object({ agents: z.array(AgentManifest) }).meta({ id: 'AgentList' })

export const AgentPath = z.object({
  name: z
    .string()
    .describe('As in the list of agents, or the name of the agent folder.')
    .meta({ examples: ['weather-time-agent'] }),
})

export const AgentListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(10),
  offset: z.coerce.number().int().min(0).default(0).describe('How many to leave out at the beginning.'),
})

export const Pong = z.object({}).meta({ id: 'Pong' })
