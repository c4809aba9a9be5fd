import { afterEach, expect, it } from 'vitest'
import { BaseLlm, type LlmResponse } from '../../src/core/model.js'
import { Gemini } from '../../src/models/gemini/gemini.js'
import { LLMRegistry } from '../../src/models/registry.js'

class Parrot extends BaseLlm {
  static override readonly supportedModels: (string | RegExp)[] = ['parrot-.*', /PET-\d+/gi]

  override async *generateContentAsync(): AsyncGenerator<LlmResponse, void> {
    yield {}
  }
}

class LateParrot extends Parrot {
  static override readonly supportedModels: (string | RegExp)[] = ['.*-late']
}

afterEach(() => LLMRegistry.register(Gemini))

it('knows the names of Gemini models', () => {
  for (const name of [
    'gemini-2.5-flash',
    'projects/p/locations/l/endpoints/7',
    'projects/p/locations/l/publishers/google/models/gemini-2.5-pro',
  ]) {
    expect(LLMRegistry.newLlm(name)).toBeInstanceOf(Gemini)
    expect(LLMRegistry.newLlm(name).model).toBe(name)
  }
})

it('matches whole names, in order of registration', () => {
  LLMRegistry.register(Parrot)
  LLMRegistry.register(LateParrot)
  expect(LLMRegistry.resolve('parrot-late')).toBe(Parrot)
  expect(LLMRegistry.resolve('dodo-late')).toBe(LateParrot)
  for (const name of ['pet-1', 'PET-2', 'pet-3']) expect(LLMRegistry.resolve(name)).toBe(Parrot)
  for (const name of ['a parrot-1', 'pet-1x', 'my-gemini-2.5-flash']) {
    expect(() => LLMRegistry.resolve(name)).toThrow(`"${name}"`)
  }
})

it('says what is registered, and how to register more', () => {
  expect(() => LLMRegistry.newLlm('gpt-5')).toThrow(/"gpt-5".*gemini-\.\*.*LLMRegistry\.register/)
})

it('makes one model per name, until a class takes the place of another', () => {
  const first = LLMRegistry.newLlm('gemini-2.5-flash')
  expect(LLMRegistry.newLlm('gemini-2.5-flash')).toBe(first)
  expect(LLMRegistry.newLlm('gemini-2.5-pro')).not.toBe(first)
  class OwnGemini extends Gemini {}
  LLMRegistry.register(OwnGemini)
  expect(LLMRegistry.newLlm('gemini-2.5-flash')).toBeInstanceOf(OwnGemini)
})
