import { BuiltInCodeExecutor, FunctionTool, LlmAgent, SequentialAgent, type LlmAgentConfig } from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import {
  ask,
  checkRequests,
  expectUsable,
  lastOf,
  lastRequest,
  open,
  outline,
  responsesOf,
} from './conversation.js'

const AFTER = 'still here'

/** The state that an agent leaves behind. */
async function stateAfter(turns: Turn[], config: Partial<LlmAgentConfig>, streaming = false) {
  const agent = new LlmAgent({ name: 'root', model: scriptedModel(turns), outputKey: 'out', ...config })
  const conversation = await open(agent)
  const events = await conversation.say('go', streaming ? { runConfig: { streamingMode: 'sse' } } : {})
  return { events, out: (await conversation.state()).out }
}

const look = new FunctionTool({ name: 'look', description: '', execute: () => 'seen' })

describe('outputKey', () => {
  it('holds what was said in the end, without thoughts', async () => {
    const turns: Turn[] = [
      [{ say: 'Let me look.' }, { call: 'look' }],
      [{ think: 'hm' }, { say: 'A door.' }],
    ]
    const { events, out } = await stateAfter(turns, { tools: [look] })
    expect(out).toBe('A door.')
    expect(events.map(({ actions }) => actions.stateDelta)).toEqual([{}, {}, { out: 'A door.' }])
  })

  it('may be named like what every object has', async () => {
    const { events } = await stateAfter(['A door.'], { outputKey: '__proto__' })
    expect(Object.entries(events[0]?.actions.stateDelta ?? {})).toEqual([['__proto__', 'A door.']])
  })

  it('holds the whole of a streamed answer', async () => {
    const { events, out } = await stateAfter([{ say: ['A ', 'door.'] }], {}, true)
    expect(out).toBe('A door.')
    expect(events.slice(0, 2).map(({ actions }) => actions.stateDelta)).toEqual([{}, {}])
  })

  it.each<[string, Turn]>([
    ['an error', { fail: new Error('no') }],
    [
      'half an answer',
      { response: { content: { role: 'model', parts: [{ text: 'half' }] }, errorCode: 'MAX_TOKENS' } },
    ],
    ['thoughts alone', { think: 'hm' }],
  ])('holds nothing after %s', async (_, turn) => {
    expect((await stateAfter([turn], {})).out).toBeUndefined()
  })
})

describe('outputSchema', () => {
  const outputSchema = z.object({ city: z.string(), days: z.coerce.number().default(3) })

  it('asks the model for JSON and keeps the parsed value', async () => {
    const model = scriptedModel(['{"city": "Bonn", "days": "2"}'])
    const conversation = await open(new LlmAgent({ name: 'root', model, outputSchema, outputKey: 'out' }))
    expect(outline(await conversation.say('go'))).toEqual(['root: {"city": "Bonn", "days": "2"}'])
    expect(model.last.request.config).toMatchObject({
      responseMimeType: 'application/json',
      responseSchema: { type: 'OBJECT', properties: { city: { type: 'STRING' } } },
    })
    expect(await conversation.state()).toEqual({ out: { city: 'Bonn', days: 2 } })
  })

  it.each(['Bonn', '{"town": "Bonn"}', ''])('keeps %j, which does not fit, as it is', async (text) => {
    const { out } = await stateAfter([{ say: text || ' ' }], { outputSchema })
    expect(out).toBe(text || ' ')
  })

  it('of the Gemini API is not checked', async () => {
    const { out } = await stateAfter(['{"town": 1}'], { outputSchema: { type: 'OBJECT' } as never })
    expect(out).toEqual({ town: 1 })
  })

  describe('beside tools', () => {
    const answer = (args: object): Turn => ({
      call: 'set_model_response',
      args: args as Record<string, unknown>,
    })

    it('is one more tool, whose call is the answer', async () => {
      const turns: Turn[] = [{ call: 'look' }, answer({ city: 'Bonn' })]
      const { events, out } = await stateAfter(turns, { outputSchema, tools: [look] })
      expect(outline(events)).toEqual(['root: call look', 'root: answer look', 'root: {"city":"Bonn"}'])
      expect(lastOf(events).actions).toMatchObject({ skipSummarization: true, stateDelta: { out } })
      expect(lastOf(events).longRunningToolIds).toBeUndefined()
      expect(out).toEqual({ city: 'Bonn', days: 3 })
    })

    it('tells the model what is wrong with its answer, and lets it try again', async () => {
      const model = scriptedModel([answer({ town: 'Bonn' }), answer({ city: 'Bonn' })], AFTER)
      const agent = new LlmAgent({ name: 'root', model, outputSchema, outputKey: 'out', tools: [look] })
      const conversation = await open(agent)
      const events = await conversation.say('go')
      expect(responsesOf(events)).toEqual([{ error: expect.stringMatching(/^city: /) }])
      expect(await conversation.state()).toEqual({ out: { city: 'Bonn', days: 3 } })
      await expectUsable(conversation, model)
    })

    it('does not take an answer that cannot be read for an empty one', async () => {
      const functionCall = { name: 'set_model_response', args: '{"city":"Bonn"}' as never }
      const unreadable: Turn = { response: { content: { role: 'model', parts: [{ functionCall }] } } }
      const optional = z.object({ city: z.string().optional() })
      const turns = [unreadable, answer({ city: 'Bonn' })]
      const { events, out } = await stateAfter(turns, { outputSchema: optional, tools: [look] })
      expect(responsesOf(events)).toEqual([{ error: expect.stringMatching(/^Invalid arguments: /) }])
      expect(out).toEqual({ city: 'Bonn' })
    })

    it('keeps a plain answer as it is', async () => {
      expect((await stateAfter(['Bonn'], { outputSchema, tools: [look] })).out).toBe('Bonn')
    })
  })
})

describe('includeContents none', () => {
  it('shows the model the current turn only', async () => {
    const model = scriptedModel(['one', { call: 'look' }, 'two'])
    const conversation = await open(
      new LlmAgent({ name: 'root', model, includeContents: 'none', tools: [look] }),
    )
    await conversation.say('first')
    await conversation.say('second')
    expect(lastRequest(model)).toEqual(['user: second', 'model: call look', 'user: answer {"result":"seen"}'])
    checkRequests(model)
  })

  it('shows it what the agent before it said', async () => {
    const first = new LlmAgent({ name: 'first', model: scriptedModel(['a draft']) })
    const model = scriptedModel(['better'])
    const second = new LlmAgent({ name: 'second', model, includeContents: 'none' })
    await ask(new SequentialAgent({ name: 'root', subAgents: [first, second] }))
    expect(lastRequest(model)).toEqual(['user: For context: + [first] said: a draft'])
  })
})

describe('code that the model runs', () => {
  const code = { executableCode: { code: '1+1', language: 'PYTHON' as never } }
  const result = { codeExecutionResult: { outcome: 'OUTCOME_OK' as never, output: '2' } }
  const said = (...parts: object[]): Turn => ({
    response: { content: { role: 'model', parts } },
  })

  it('is asked for, and passes through; a result at the end is not the last word', async () => {
    const model = scriptedModel([said(code, result), said(code, result, { text: 'It is 2.' })])
    const agent = new LlmAgent({ name: 'root', model, codeExecutor: new BuiltInCodeExecutor() })
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual([
      'root: executableCode + codeExecutionResult',
      'root: executableCode + codeExecutionResult + It is 2.',
    ])
    expect(model.last.request.config?.tools).toEqual([{ codeExecution: {} }])
    expect(lastRequest(model)).toEqual(['user: go', 'model: executableCode + codeExecutionResult'])
  })
})

it('signatures of thoughts survive being stored and sent again', async () => {
  const parts = [
    { text: 'hm', thought: true, thoughtSignature: 'c2ln' },
    { functionCall: { name: 'look', args: {} }, thoughtSignature: 'c2lnMg==' },
  ]
  const model = scriptedModel([{ response: { content: { role: 'model', parts } } }], AFTER)
  await ask(new LlmAgent({ name: 'root', model, tools: [look] }))
  expect(model.last.request.contents[1]?.parts).toEqual(parts)
})

it('signatures of one agent are not sent as something that another one hears', async () => {
  const inlineData = { mimeType: 'image/png', data: 'AAAA' }
  const parts = [
    { text: 'A door.', thoughtSignature: 'c2ln' },
    { inlineData, thoughtSignature: 'c2ln' },
    { text: '', thoughtSignature: 'c2ln' },
  ]
  const first = scriptedModel([{ response: { content: { role: 'model', parts } } }])
  const model = scriptedModel([], AFTER)
  const subAgents = [new LlmAgent({ name: 'first', model: first }), new LlmAgent({ name: 'second', model })]
  await ask(new SequentialAgent({ name: 'root', subAgents }))
  expect(model.last.request.contents.at(-1)?.parts).toEqual([
    { text: 'For context:' },
    { text: '[first] said: A door.' },
    { inlineData },
  ])
})
