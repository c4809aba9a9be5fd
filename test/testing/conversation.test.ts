import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  App,
  BasePlugin,
  FunctionTool,
  getFunctionCalls,
  InMemoryRunner as PublicRunner,
  LlmAgent,
  LongRunningFunctionTool,
  stringifyContent,
  type Event,
} from '../../src/index.js'
import {
  collect,
  Conversation,
  InMemoryRunner,
  lastText,
  scriptedModel,
  startConversation,
} from '../../src/testing.js'

const weather = new FunctionTool({
  name: 'get_weather',
  description: 'Tells the weather.',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }, { state }) => {
    state.set('asked', [...state.get<string[]>('asked', []), city])
    return { report: `Sunny in ${city}.` }
  },
})
const pay = new FunctionTool({
  name: 'pay',
  description: 'Pays.',
  requireConfirmation: true,
  execute: () => ({ paid: true }),
})
const ask = new LongRunningFunctionTool({ name: 'ask', description: 'Asks.', execute: () => null })

const agent = () =>
  new LlmAgent({
    name: 'helper',
    model: 'gemini-2.5-flash',
    tools: [weather, pay, ask],
    instruction: 'Help {who?}.',
  })

const responsesIn = (events: readonly Event[]) =>
  events.flatMap(
    ({ content }) => content?.parts?.flatMap(({ functionResponse }) => functionResponse ?? []) ?? [],
  )

describe('a conversation', () => {
  it('takes the scripted model for any other, and runs calls of one turn together', async () => {
    const model = scriptedModel([
      [
        { say: 'Let me look.' },
        { call: 'get_weather', args: { city: 'Rome' } },
        { call: 'get_weather', args: { city: 'Oslo' } },
      ],
      'Sunny.',
      'Still.',
    ])
    const conversation = await startConversation(agent(), { model, state: { who: 'Ada' } })
    const events = await conversation.say('How is the weather?')
    expect(events).toHaveLength(3)
    expect(events.flatMap(getFunctionCalls)).toMatchObject([
      { args: { city: 'Rome' } },
      { args: { city: 'Oslo' } },
    ])
    expect(responsesIn(events.slice(1, 2))).toMatchObject([
      { response: { report: 'Sunny in Rome.' } },
      { response: { report: 'Sunny in Oslo.' } },
    ])
    expect(lastText(events)).toBe('Sunny.')
    expect(model.last.request.config?.systemInstruction).toContain('Help Ada.')
    expect(lastText(await conversation.say('And now?'))).toBe('Still.')
    expect(model.last.request.contents).toHaveLength(5)
    const { state, events: stored } = await conversation.session()
    expect(state).toMatchObject({ who: 'Ada', asked: ['Rome', 'Oslo'] })
    expect(stored).toHaveLength(6)
  })

  it('can be streamed', async () => {
    const model = scriptedModel([[{ say: ['Hel', 'lo.'] }]])
    const conversation = await startConversation(agent(), { model, runConfig: { streamingMode: 'sse' } })
    const events = await conversation.say('Hi')
    expect(events.map((event) => [event.partial ?? false, stringifyContent(event)])).toEqual([
      [true, 'Hel'],
      [true, 'lo.'],
      [false, 'Hello.'],
    ])
    expect(lastText(events)).toBe('Hello.')
  })

  it.each([
    [{ confirmed: true }, { paid: true }],
    [{ confirmed: false }, { error: 'This tool call is rejected.' }],
  ])('confirms with %j', async (decision, result) => {
    const conversation = await startConversation(agent(), {
      model: scriptedModel([{ call: 'pay' }, 'Done.']),
    })
    const asked = await conversation.say('Pay')
    const question = asked.flatMap(getFunctionCalls).at(-1)
    expect(question?.name).toBe('adk_request_confirmation')
    const events = await conversation.answer(question ?? {}, decision)
    expect(responsesIn(events)).toMatchObject([{ name: 'pay', response: result }])
    expect(lastText(events)).toBe('Done.')
  })

  it('answers a long-running tool', async () => {
    const model = scriptedModel([{ call: 'ask' }, 'Granted.'])
    const conversation = await startConversation(agent(), { model })
    const asked = await conversation.say('Ask')
    const [call] = asked.flatMap(getFunctionCalls)
    expect(lastText(asked)).toBe('')
    expect(lastText(await conversation.answer(call ?? {}, { granted: true }))).toBe('Granted.')
    expect(model.last.request.contents.at(-1)?.parts).toMatchObject([
      { functionResponse: { name: 'ask', response: { granted: true } } },
    ])
  })

  it('can be had with an app, and be given up', async () => {
    const begun: string[] = []
    class Watch extends BasePlugin {
      override beforeRunCallback() {
        begun.push(this.name)
        return undefined
      }
    }
    const app = new App({ name: 'helpers', rootAgent: agent(), plugins: [new Watch('watch')] })
    const conversation = await startConversation(app, { model: scriptedModel([], { hang: true }) })
    expect(conversation).toBeInstanceOf(Conversation)
    expect(conversation.runner.appName).toBe('helpers')
    const abort = new AbortController()
    const run = conversation.say('Hi', { abortSignal: abort.signal })
    abort.abort(new Error('enough'))
    expect(await run).toEqual([])
    expect(begun).toEqual(['watch'])
  })
})

it('has the runner of the package itself', async () => {
  expect(InMemoryRunner).toBe(PublicRunner)
  const runner = new InMemoryRunner({ agent: agent(), resolveModel: () => scriptedModel(['Hello.']) })
  const newMessage = { role: 'user', parts: [{ text: 'Hi' }] }
  expect(lastText(await collect(runner.runEphemeral({ userId: 'u', newMessage })))).toBe('Hello.')
})
