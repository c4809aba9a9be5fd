import { FunctionTool, LlmAgent, State, type Context } from 'adk-ts'
import { z } from 'zod'

const visit = new FunctionTool({
  name: 'visit',
  description: 'Counts visits.',
  parameters: z.object({ page: z.string() }),
  execute: ({ page }, toolContext: Context) => {
    const { state } = toolContext
    const visits = state.get<number>(`${State.USER_PREFIX}visits`, 0) ?? 0
    state.set(`${State.USER_PREFIX}visits`, visits + 1)
    state.set(`${State.APP_PREFIX}last_page`, page)
    state.update({
      [`${State.TEMP_PREFIX}page`]: page,
      pages: [...(state.get<string[]>('pages') ?? []), page],
    })
    return { visits: visits + 1, known: state.has('pages'), all: Object.keys(state.toRecord()) }
  },
})

export const rootAgent = new LlmAgent({ name: 'visitor', model: 'gemini-2.5-flash', tools: [visit] })
