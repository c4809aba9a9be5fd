import {
  BaseToolset,
  FunctionTool,
  LlmAgent,
  type BaseTool,
  type Context,
  type LlmRequest,
  type ReadonlyContext,
} from 'adk-ts'
import { z } from 'zod'

class MathToolset extends BaseToolset {
  private readonly add = new FunctionTool({
    name: 'add',
    description: 'Adds numbers.',
    parameters: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => a + b,
  })
  private readonly root = new FunctionTool({
    name: 'square_root',
    description: 'Takes a root.',
    parameters: z.object({ a: z.number() }),
    execute: ({ a }) => Math.sqrt(a),
  })

  constructor(prefix = 'math') {
    super([], prefix)
  }

  override async getTools(context?: ReadonlyContext): Promise<BaseTool[]> {
    const isExpert = context?.state.get<boolean>('expert', false)
    return isExpert ? [this.add, this.root] : [this.add]
  }

  override async processLlmRequest(toolContext: Context, llmRequest: LlmRequest): Promise<void> {
    toolContext.state.set('temp:tools', Object.keys(llmRequest.toolsDict))
  }

  override async close(): Promise<void> {}
}

export const rootAgent = new LlmAgent({
  name: 'math_agent',
  model: 'gemini-2.5-flash',
  tools: [new MathToolset()],
})
