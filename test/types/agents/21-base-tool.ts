import { Type, type FunctionDeclaration } from '@google/genai'
import {
  BaseTool,
  LlmAgent,
  type BaseToolParams,
  type RunAsyncToolRequest,
  type ToolProcessLlmRequest,
} from 'adk-ts'

class EchoTool extends BaseTool {
  constructor(params: Partial<BaseToolParams> = {}) {
    super({ name: 'echo', description: 'Repeats a text.', ...params })
  }

  override _getDeclaration(): FunctionDeclaration {
    return {
      name: this.name,
      description: this.description,
      parameters: { type: Type.OBJECT, properties: { text: { type: Type.STRING } }, required: ['text'] },
    }
  }

  override async runAsync({ args, toolContext }: RunAsyncToolRequest): Promise<unknown> {
    toolContext.state.set('temp:echoed', args['text'])
    return { text: args['text'] }
  }

  override async processLlmRequest(request: ToolProcessLlmRequest): Promise<void> {
    await super.processLlmRequest(request)
    request.llmRequest.config ??= {}
    request.llmRequest.contents[0]?.parts?.push({ text: 'You may use echo.' })
  }
}

export const rootAgent = new LlmAgent({
  name: 'echo_agent',
  model: 'gemini-2.5-flash',
  tools: [new EchoTool()],
})
