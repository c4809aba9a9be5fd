import { expect, it, vi } from 'vitest'
import { Gemini } from '../../src/models/gemini/gemini.js'
import { GeminiStandIn, pointEnvironmentAt } from '../support/gemini-stand-in.js'
import { ask, says, STOP } from './ask.js'

// Alone in its file: once loaded, the SDK stays.
const loaded = vi.hoisted(() => ({ sdk: false }))
vi.mock('@google/genai', async (importOriginal) => {
  loaded.sdk = true
  return importOriginal()
})

it('loads the SDK with the first call, not before', async () => {
  const gemini = new Gemini()
  expect(loaded.sdk).toBe(false)
  const standIn = await new GeminiStandIn().start({ [gemini.model]: [{ response: says('ok', STOP) }] })
  const restore = pointEnvironmentAt(standIn)
  try {
    await ask(gemini)
  } finally {
    restore()
    await standIn.close()
  }
  expect(loaded.sdk).toBe(true)
})
