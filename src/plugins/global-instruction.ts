import { injectSessionState } from '../agents/instructions.js'
import type { InstructionProvider } from '../agents/llm-agent.js'
import { ReadonlyContext } from '../core/context.js'
import type { LlmRequest } from '../core/model.js'
import { BasePlugin, type OfRequest } from '../core/plugin.js'

/** Tells every agent of an app the same, before its own instruction: who they are together, how they speak. */
export class GlobalInstructionPlugin extends BasePlugin {
  readonly #instruction: string | InstructionProvider

  /** `{key}` is replaced by state, unless the instruction is a function. */
  constructor(instruction: string | InstructionProvider = '', name = 'global_instruction') {
    super(name)
    this.#instruction = instruction
  }

  override async beforeModelCallback({ callbackContext, llmRequest }: OfRequest): Promise<undefined> {
    const instruction = this.#instruction
    const context = new ReadonlyContext(callbackContext.invocationContext)
    const text =
      typeof instruction === 'function'
        ? await instruction(context)
        : await injectSessionState(instruction, context)
    if (text) prependInstruction(llmRequest, text)
  }
}

function prependInstruction(request: LlmRequest, text: string): void {
  const config = (request.config ??= {})
  const { systemInstruction: own } = config
  if (own !== undefined && typeof own !== 'string') {
    throw new TypeError('the systemInstruction of the request should be a string; a callback replaced it')
  }
  config.systemInstruction = own ? `${text}\n\n${own}` : text
}
