import { z } from 'zod'
import { Flag, JsonObject } from './json.js'
import { Id } from './session.js'

export const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

export const Version = z
  .object({
    version: z.string(),
    language: z.literal('typescript'),
    language_version: z.string().describe('Version of Node.js.'),
  })
  .meta({ id: 'Version' })

export const AppSummary = z
  .object({
    name: z.string(),
    rootAgentName: z.string(),
    description: z.string(),
    language: z.literal('typescript'),
    isComputerUse: z.boolean(),
  })
  .meta({ id: 'AppSummary' })

export const ListAppsQuery = z.object({
  detailed: Flag.optional().describe('Load every app and describe it; apps that fail to load are left out.'),
})

export const AppNames = z.array(z.string()).meta({ examples: [['notes_agent', 'weather_time_agent']] })
export const AppList = z.object({ apps: z.array(AppSummary) }).meta({ id: 'AppList' })

export const AppPath = z.object({
  app_name: Id.describe('Name of the agent folder.').meta({ examples: ['weather_time_agent'] }),
})

export const AgentInfo = z
  .object({
    name: z.string(),
    description: z.string(),
    instruction: z.string().describe('The text, or `<InstructionProvider: name>` for a function.'),
    tools: z.array(
      z.looseObject({ functionDeclarations: z.array(JsonObject).optional() }).meta({ id: 'Tool' }),
    ),
    sub_agents: z.array(z.string()).describe('Names. In snake_case, as the official servers have it.'),
  })
  .meta({ id: 'AgentInfo' })
export type AgentInfo = z.infer<typeof AgentInfo>

// The official enum of `language` knows `python` and `yaml` only. We tell the truth instead: a client that checks the
// value strictly has to learn about this server anyway.
export const AppInfo = AppSummary.extend({
  agents: z.record(z.string(), AgentInfo).describe('The LLM agents of the app, by name.'),
}).meta({ id: 'AppInfo', description: 'An app and its agents.' })
