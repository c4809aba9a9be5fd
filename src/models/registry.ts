import type { BaseLlm } from '../core/model.js'
import { Gemini } from './gemini/gemini.js'

/** A model class that the registry can make instances of. */
export interface LlmClass {
  new (params: { model: string }): BaseLlm
  readonly supportedModels: readonly (string | RegExp)[]
}

const classes = new Map<string, { pattern: RegExp; llmClass: LlmClass }>()
const instances = new Map<string, BaseLlm>()

/** Finds the class for a model's name. Names must match a pattern as a whole; the pattern registered first wins. */
// eslint-disable-next-line typescript/no-extraneous-class -- agents written for the ADK call it in this shape
export class LLMRegistry {
  /** Registers a class under its `supportedModels`. A class that was registered under the same pattern is replaced. */
  static register(llmClass: LlmClass): void {
    for (const supported of llmClass.supportedModels) {
      const pattern = anchored(supported)
      classes.set(String(pattern), { pattern, llmClass })
    }
    instances.clear()
  }

  static resolve(name: string): LlmClass {
    for (const { pattern, llmClass } of classes.values()) if (pattern.test(name)) return llmClass
    const known = [...classes.values()].map(({ llmClass, pattern }) => `${llmClass.name} (${pattern.source})`)
    throw new Error(
      `No model is registered for "${name}". Registered: ${known.join(', ')}. Give the agent a model object instead of ` +
        'a name, or register a class whose supportedModels match: LLMRegistry.register(MyModel)',
    )
  }

  /** The model of that name; the same object every time. */
  static newLlm(name: string): BaseLlm {
    const known = instances.get(name)
    if (known) return known
    const LlmClass = LLMRegistry.resolve(name)
    const model = new LlmClass({ model: name })
    instances.set(name, model)
    return model
  }
}

/** Without the flags that make `test` remember where it stopped. */
function anchored(pattern: string | RegExp): RegExp {
  const { source, flags } = typeof pattern === 'string' ? { source: pattern, flags: '' } : pattern
  return new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, ''))
}

LLMRegistry.register(Gemini)
