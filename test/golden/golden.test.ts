import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compare } from './harness/compare.mjs'
import { MockGemini } from './harness/mock-gemini.mjs'
import { runCase } from './harness/run-case.mjs'

// Each scenario was recorded from the ADK and says what a runner must do: events, stored session, tool calls, and the
// requests that reach the model. A `desired` block corrects what should not be imitated.
const folder = new URL('./events/', import.meta.url)
const scenarios = readdirSync(folder).filter((name) => name.endsWith('.json'))

describe('golden scenarios', () => {
  const mock = new MockGemini()
  const before = { ...process.env }

  beforeAll(async () => {
    process.env.GOOGLE_GEMINI_BASE_URL = `http://127.0.0.1:${await mock.listen()}`
    process.env.GOOGLE_API_KEY = 'test-key'
    process.env.ADK_MODEL_RETRIES = '0'
    process.env.ADK_MODULE = fileURLToPath(new URL('./adk-module.ts', import.meta.url))
  })

  afterAll(async () => {
    process.env = before
    await mock.close()
  })

  it('are all there', () => {
    expect(scenarios).toHaveLength(71)
  })

  it.each(scenarios)('%s', async (name) => {
    const scenario = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
    const { makeRunner } = await import('./harness/adapter-adk.mjs')
    const observed = await runCase(scenario, { mock, makeRunner })
    expect(compare(scenario.desired ?? scenario.expect, observed)).toEqual([])
  })
})
