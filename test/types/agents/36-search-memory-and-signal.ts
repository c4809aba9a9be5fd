import { FunctionTool, LlmAgent, type CallbackContext, type ToolContext } from 'adk-ts'
import { z } from 'zod'

const lookUp = new FunctionTool({
  name: 'look_up',
  description: 'Looks in memory.',
  parameters: z.object({ query: z.string() }),
  execute: async ({ query }, toolContext: ToolContext) => {
    toolContext.abortSignal.throwIfAborted()
    const { memories } = await toolContext.searchMemory(query)
    const asked = toolContext.userContent?.parts?.map((part) => part.text).join(' ')
    return { asked, found: memories.map(({ content, timestamp }) => ({ content, timestamp })) }
  },
})

export const rootAgent = new LlmAgent({
  name: 'searcher',
  model: 'gemini-2.5-flash',
  tools: [lookUp],
  afterAgentCallback: async (context: CallbackContext) => {
    if (context.actions.stateDelta['stop']) context.invocationContext.endInvocation = true
  },
})
