import {
  FunctionTool,
  LlmAgent,
  type AfterToolCallback,
  type BaseTool,
  type BeforeToolCallback,
  type Context,
} from 'adk-ts'
import { z } from 'zod'

const getCapital = new FunctionTool({
  name: 'get_capital_city',
  description: 'Returns the capital of a country.',
  parameters: z.object({ country: z.string() }),
  execute: ({ country }) => ({ result: country === 'france' ? 'Paris' : 'unknown' }),
})

const before: BeforeToolCallback = ({
  tool,
  args,
  context,
}: {
  tool: BaseTool
  args: Record<string, unknown>
  context: Context
}) => {
  if (tool.name === 'get_capital_city' && args.country === 'Merica') args.country = 'United States'
  if (args.country === 'BLOCK') return { result: `Blocked by ${context.agentName}.` }
  return undefined
}

const after: AfterToolCallback = async ({ response, tool }) =>
  response.result === 'unknown' ? { ...response, note: `${tool.name} does not know.` } : undefined

export const rootAgent = new LlmAgent({
  name: 'capital_agent',
  model: 'gemini-2.5-flash',
  tools: [getCapital],
  beforeToolCallback: before,
  afterToolCallback: after,
})
