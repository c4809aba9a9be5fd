import { z } from 'zod'
import { Flag, JsonObject } from './json.js'
import { Id, SessionPath } from './session.js'

const dotSrc = z
  .string()
  .describe('Graphviz DOT. The names of its nodes are those of agents and tools.')
  .meta({ examples: ['digraph "weather_time_agent" { … }'] })

/** Under both names, because clients read either. */
export const Graph = z
  .object({ dotSrc, dot_src: dotSrc })
  .partial()
  .meta({ id: 'Graph', description: 'A drawing; empty when there is nothing to draw.' })

export const EventPath = SessionPath.extend({
  event_id: Id.meta({ examples: ['0f8fad5b-d9cb-469f-a165-70867728950e'] }),
})

const dark = Flag.optional().describe('Colours for a dark background.')

export const GraphQuery = z.object({ dark_mode: dark })
export const GraphImageQuery = GraphQuery.extend({
  node: z.string().optional().describe('Names of agents below the root, joined by slashes.'),
})

const TreeTool = z.object({ name: z.string(), type: z.enum(['tool', 'toolset', 'agent']) })

const AgentTree = z
  .object({
    name: z.string(),
    type: z.enum(['agent', 'sequential', 'parallel', 'loop', 'custom']),
    description: z.string(),
    model: z.string().optional(),
    tools: z.array(TreeTool),
    // Itself, once more; spelled out it would be a reference that no generator of clients likes.
    sub_agents: z.array(JsonObject).describe('The agents below it, each of the same shape.'),
  })
  .meta({ id: 'AgentTree' })
export type AgentTree = z.infer<typeof AgentTree>

export const BuildGraph = z
  .object({
    name: z.string(),
    root_agent: AgentTree,
    readme: z.string().nullable().describe("The text of the app's README.md."),
  })
  .meta({ id: 'BuildGraph', description: 'What an app is made of. Keys are in snake_case.' })

export const GraphImages = z
  .looseObject({ '': z.object({ dotSrc }), dotSrc })
  .meta({ id: 'GraphImages', description: 'Drawings by path of names; that of the app is under "".' })
