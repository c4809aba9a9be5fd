import type { LlmRequest } from '../core/model.js'

const CODE_EXECUTOR_BRAND = Symbol.for('google.adk.baseCodeExecutor')

/** Lets a model run code. */
export abstract class BaseCodeExecutor {
  readonly [CODE_EXECUTOR_BRAND] = true

  /** Prepares a request, so that the model knows. */
  abstract processLlmRequest(request: LlmRequest): void
}

/** The model runs the code itself, on Google's side; code and results come back as parts of its answer. */
export class BuiltInCodeExecutor extends BaseCodeExecutor {
  override processLlmRequest(request: LlmRequest): void {
    const config = (request.config ??= {})
    config.tools = [...(config.tools ?? []), { codeExecution: {} }]
  }
}
