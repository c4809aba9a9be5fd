import {
  BaseLlm,
  BaseToolset,
  FunctionTool,
  LlmAgent,
  LLMRegistry,
  LoopAgent,
  AgentTool,
  type LlmResponse,
} from 'adk-ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { weatherAgent, WorkingAgent } from '../support/agents.js'
import { GeminiStandIn, pointEnvironmentAt } from '../support/gemini-stand-in.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import {
  ask,
  callsOf,
  checkRequests,
  expectUsable,
  lastOf,
  lastRequest,
  open,
  outline,
  responsesOf,
  toContent,
} from './conversation.js'

const AFTER = 'still here'

describe('a model that calls', () => {
  it('a tool that there is not is told which there are', async () => {
    const model = scriptedModel([{ call: 'get_wether' }], AFTER)
    const conversation = await open(weatherAgent(model))
    expect(responsesOf(await conversation.say('go'))).toEqual([
      { error: "Tool 'get_wether' not found. Available tools: get_weather." },
    ])
    await expectUsable(conversation, model)
  })

  it.each(['constructor', '__proto__', 'toString'])('a tool named %s finds none', async (name) => {
    const model = scriptedModel([{ call: name }], AFTER)
    const agent = new LlmAgent({ name: 'root', model })
    expect(responsesOf(await ask(agent))).toEqual([
      { error: `Tool '${name}' not found. There are no tools.` },
    ])
  })

  it('a tool named like what every object has finds none where a callback has replaced them', async () => {
    const model = scriptedModel([{ call: 'constructor' }], AFTER)
    const agent = new LlmAgent({
      name: 'root',
      model,
      beforeModelCallback: ({ request }) => void (request.toolsDict = { ...request.toolsDict }),
    })
    expect(responsesOf(await ask(agent))).toEqual([
      { error: "Tool 'constructor' not found. There are no tools." },
    ])
  })

  it('nothing by name is answered, and the call is not sent back to it', async () => {
    const model = scriptedModel(
      [{ response: { content: { role: 'model', parts: [{ functionCall: {} }] } } }],
      AFTER,
    )
    const conversation = await open(weatherAgent(model))
    await conversation.say('go')
    await expectUsable(conversation, model)
  })

  it.each<[string, unknown, object]>([
    ['an array', ['Bonn'], { error: 'Invalid arguments: expected an object, received an array' }],
    ['a string', '{"city":"Bonn"}', { error: 'Invalid arguments: expected an object, received a string' }],
    ['a number', 7, { error: 'Invalid arguments: expected an object, received a number' }],
    ['null', null, { result: 'none' }],
    ['nothing', undefined, { result: 'none' }],
  ])('with %s for arguments gets an answer, and the event has an object', async (_, args, response) => {
    const call = { functionCall: { name: 'get_weather', args } }
    const model = scriptedModel(
      [{ response: { content: { role: 'model', parts: [call] } } as LlmResponse }],
      AFTER,
    )
    const conversation = await open(weatherAgent(model, ({ city = 'none' }) => city))
    const events = await conversation.say('go')
    expect(responsesOf(events)).toEqual([response])
    expect(callsOf(events)[0]?.args ?? {}).toEqual({})
    await expectUsable(conversation, model)
  })

  it('twice under one id gets two answers', async () => {
    const call = (city: string) => ({ functionCall: { id: 'x', name: 'get_weather', args: { city } } })
    const model = scriptedModel(
      [{ response: { content: { role: 'model', parts: [call('A'), call('B')] } } }],
      AFTER,
    )
    const conversation = await open(weatherAgent(model, ({ city }) => city))
    const events = await conversation.say('go')
    expect(responsesOf(events)).toEqual([{ result: 'A' }, { result: 'B' }])
    expect(new Set(callsOf(events).map(({ id }) => id)).size).toBe(2)
    await expectUsable(conversation, model)
  })

  it.each([7, true, {}])('under an id that is no text, such as %j, gets one of ours', async (id) => {
    const call = { functionCall: { id, name: 'get_weather', args: { city: 'A' } } }
    const model = scriptedModel(
      [{ response: { content: { role: 'model', parts: [call] } } as unknown as LlmResponse }],
      AFTER,
    )
    const conversation = await open(weatherAgent(model, ({ city }) => city))
    const events = await conversation.say('go')
    expect(outline(events).at(-1)).toBe(`weather: ${AFTER}`)
    expect(callsOf(events)[0]?.id).toMatch(/^adk-/)
    await expectUsable(conversation, model)
  })

  it('in a content without a role reads the answer', async () => {
    const parts = [{ functionCall: { name: 'get_weather', args: {} } }]
    const model = scriptedModel([{ response: { content: { parts } } }], AFTER)
    const conversation = await open(weatherAgent(model, () => 'mild'))
    await conversation.say('go')
    expect(lastRequest(model)).toEqual([
      'user: go',
      'model: call get_weather',
      'user: answer {"result":"mild"}',
    ])
    await expectUsable(conversation, model)
  })

  it('under the same id in every step reads the right answers', async () => {
    const turn = (city: string): Turn => ({ call: 'get_weather', args: { city }, id: 'call_0' })
    const model = scriptedModel([turn('A'), turn('B')], AFTER)
    const conversation = await open(weatherAgent(model, ({ city }) => city))
    const events: unknown[] = []
    for await (const event of conversation.start('go')) events.push(event)
    expect(lastRequest(model)).toEqual([
      'user: go',
      'model: call get_weather',
      'user: answer {"result":"A"}',
      'model: call get_weather',
      'user: answer {"result":"B"}',
    ])
  })

  it('while it talks is heard, and both stay together', async () => {
    const parts = [{ text: 'Let me look.' }, { functionCall: { name: 'get_weather', args: {} } }]
    const model = scriptedModel([{ response: { content: { role: 'model', parts } } }], AFTER)
    const conversation = await open(weatherAgent(model))
    expect(outline(await conversation.say('go'))[0]).toBe('weather: Let me look. + call get_weather')
    await expectUsable(conversation, model)
  })
})

describe('a model that calls for ever', () => {
  const limited = { runConfig: { maxLlmCalls: 5 } }
  const LIMIT = { errorCode: 'UNKNOWN_ERROR', errorMessage: expect.stringContaining('limit of 5 exceeded') }

  it('is stopped', async () => {
    const model = scriptedModel([], { call: 'get_weather' })
    const conversation = await open(weatherAgent(model))
    const events = await conversation.say('go', limited)
    expect(lastOf(events)).toMatchObject(LIMIT)
    expect(model.calls).toHaveLength(5)
    expect(conversation.kinds()).toEqual(['model.limit'])
  })

  it('is stopped after 500 calls where nothing else was said', async () => {
    const model = scriptedModel([], { call: 'get_weather' })
    const events = await ask(weatherAgent(model))
    expect(lastOf(events).errorMessage).toContain('limit of 500 exceeded')
    expect(model.calls).toHaveLength(500)
  })

  it('is counted over the agents of a loop, which ends', async () => {
    const model = scriptedModel([], 'again')
    const subAgents = ['first', 'second'].map((name) => new LlmAgent({ name, model }))
    const loop = new LoopAgent({ name: 'loop', subAgents })
    const events = await (await open(loop)).say('go', limited)
    expect(model.calls).toHaveLength(5)
    expect(events).toHaveLength(6)
    expect(lastOf(events)).toMatchObject({ author: 'second', ...LIMIT })
  })

  it('ends a loop also where it cannot even be asked', async () => {
    const model = scriptedModel()
    const tools = [1, 2].map(() => new FunctionTool({ name: 'same', description: '', execute: () => 'x' }))
    const loop = new LoopAgent({ name: 'loop', subAgents: [new LlmAgent({ name: 'broken', model, tools })] })
    const events = []
    for await (const event of (await open(loop)).start('go', limited)) if (events.push(event) > 10) break
    expect(outline(events)).toEqual(Array(6).fill('broken: error UNKNOWN_ERROR'))
    expect(model.calls).toEqual([])
  })

  it('is counted in an agent that is used as a tool', async () => {
    const inner = scriptedModel([], { call: 'get_weather' })
    const outer = scriptedModel([{ call: 'weather' }], AFTER)
    const agent = new LlmAgent({
      name: 'root',
      model: outer,
      tools: [new AgentTool({ agent: weatherAgent(inner) })],
    })
    const events = await (await open(agent)).say('go', limited)
    expect(inner.calls).toHaveLength(4)
    expect(responsesOf(events)).toEqual([{ error: expect.stringContaining('limit of 5 exceeded') }])
    expect(lastOf(events)).toMatchObject({ author: 'root', ...LIMIT })
  })

  it('ends an agent of its own making, which would go on', async () => {
    const model = scriptedModel([], 'again')
    const child = new LlmAgent({ name: 'child', model })
    const root = new WorkingAgent(async function* (context) {
      for (;;) yield* child.runAsync(context)
    }, 'root')
    const events = await (await open(root)).say('go', limited)
    expect(events).toHaveLength(6)
    expect(lastOf(events)).toMatchObject({ author: 'child', ...LIMIT })
  })

  it('is not stopped when there is no limit', async () => {
    const model = scriptedModel(
      Array.from({ length: 501 }, (): Turn => ({ call: 'get_weather' })),
      AFTER,
    )
    const events = await (await open(weatherAgent(model))).say('go', { runConfig: { maxLlmCalls: 0 } })
    expect(lastOf(events)).toMatchObject({ content: { parts: [{ text: AFTER }] } })
  })
})

describe('a model that says nothing', () => {
  it.each<[string, Turn]>([
    ['at all', []],
    ['in an empty response', { response: {} }],
    ['in a content without parts', { response: { content: { role: 'model', parts: [] } } }],
    ['but why it stopped', { response: { finishReason: 'STOP' } }],
  ])('%s is an error event, not silence', async (_, turn) => {
    const model = scriptedModel([turn], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model }))
    expect(lastOf(await conversation.say('go'))).toMatchObject({
      author: 'root',
      errorCode: 'EMPTY_RESPONSE',
      errorMessage: 'The model "scripted" returned no answer',
    })
    await expectUsable(conversation, model)
  })

  it('after its first chunks is an error event; the chunks are not an answer', async () => {
    const chunk = { response: { partial: true, content: { role: 'model', parts: [{ text: 'Once upon' }] } } }
    const model = scriptedModel([chunk], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model }))
    const events = await conversation.say('go', { runConfig: { streamingMode: 'sse' } })
    expect(outline(events)).toEqual(['root: Once upon …', 'root: error INCOMPLETE_RESPONSE'])
    await expectUsable(conversation, model)
  })

  it.each([['a string'], [null], [['x']]])(
    'but %j, which is no response, is an error event',
    async (response) => {
      const model = scriptedModel([{ response } as never], AFTER)
      const event = lastOf(await ask(new LlmAgent({ name: 'root', model })))
      expect(event.errorMessage).toMatch(/^The model "scripted" yielded .*, which is not an LlmResponse$/)
    },
  )

  it('more after its answer, such as metadata, does not end a turn that has called tools', async () => {
    const metadata = { response: { usageMetadata: { totalTokenCount: 3 } } }
    const model = scriptedModel([[{ call: 'get_weather' }, metadata]], AFTER)
    const conversation = await open(weatherAgent(model))
    expect(outline(await conversation.say('go')).at(-1)).toBe(`weather: ${AFTER}`)
  })
})

describe('a model that fails', () => {
  it('before, in the middle of, or after a call leaves a session that can be used', async () => {
    const fail = { fail: new Error('the line is dead') }
    const then = { response: { usageMetadata: {} } }
    const model = scriptedModel(
      [fail, [{ call: 'get_weather' }, then, fail], [{ say: 'half' }, then, fail]],
      AFTER,
    )
    const conversation = await open(weatherAgent(model))
    for (const words of [[], ['call get_weather', 'answer get_weather', ''], ['half', '']]) {
      expect(outline(await conversation.say('go'))).toEqual(
        [...words, 'error UNKNOWN_ERROR'].map((word) => `weather: ${word}`),
      )
    }
    await expectUsable(conversation, model)
  })

  it('tells nothing that looks like a key, a path or markup', async () => {
    const fail = new Error('<b>no</b> key=AIzaSyA0123456789abcdefghijklmnop in /home/me/agents/agent.ts')
    const event = lastOf(await ask(weatherAgent(scriptedModel([{ fail }]))))
    expect(event.errorMessage).toBe('no key=[redacted] in [path]')
  })

  it('keeps what its callbacks did', async () => {
    const agent = new LlmAgent({
      name: 'root',
      model: scriptedModel([{ fail: new Error('no') }]),
      beforeModelCallback: ({ context }) => context.state.set('asked', true),
    })
    const conversation = await open(agent)
    await conversation.say('go')
    expect(await conversation.state()).toEqual({ asked: true })
  })
})

describe('no model', () => {
  it('anywhere is an error event that says what to do', async () => {
    const event = lastOf(await ask(new LlmAgent({ name: 'root' })))
    expect(event.errorMessage).toBe(
      'No model found for agent "root"; set its `model`, such as "gemini-2.5-flash"',
    )
  })

  it('of a name that nobody knows is an error event', async () => {
    const event = lastOf(await ask(new LlmAgent({ name: 'root', model: 'no-such-model' })))
    expect(event.errorMessage).toContain('No model is registered for "no-such-model"')
  })

  it('of its own: the one of the agent above is asked', async () => {
    const model = scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'child' } }], AFTER)
    const agent = new LlmAgent({ name: 'root', model, subAgents: [new LlmAgent({ name: 'child' })] })
    expect(outline(await ask(agent)).at(-1)).toBe(`child: ${AFTER}`)
  })

  it('is needed when callbacks answer', async () => {
    const agent = new LlmAgent({
      name: 'root',
      beforeModelCallback: () => ({ content: toContent('no need') }),
    })
    expect(outline(await ask(agent))).toEqual(['root: no need'])
  })
})

it('a model may be registered under a name', async () => {
  class Parrot extends BaseLlm {
    static override readonly supportedModels = [/parrot-\d+/]
    override async *generateContentAsync({ contents, model }: { contents: object[]; model?: string }) {
      yield { content: { role: 'model', parts: [{ text: `${model} heard ${contents.length}` }] } }
    }
  }
  LLMRegistry.register(Parrot)
  expect(outline(await ask(new LlmAgent({ name: 'root', model: 'parrot-2' })))).toEqual([
    'root: parrot-2 heard 1',
  ])
})

it.each(['tools', 'systemInstruction', 'responseSchema'])('generateContentConfig may not hold %s', (key) => {
  expect(() => new LlmAgent({ name: 'root', generateContentConfig: { [key]: {} } })).toThrow(
    `Agent "root" sets generateContentConfig.${key}; use the agent's own`,
  )
})

it('callbacks that edit the settings of a request do not edit the agent', async () => {
  const model = scriptedModel([], AFTER)
  const agent = new LlmAgent({
    name: 'root',
    model,
    generateContentConfig: { stopSequences: ['a'], thinkingConfig: { thinkingBudget: 1 } },
    beforeModelCallback: ({ request }) => {
      request.config?.stopSequences?.push('b')
      Object.assign(request.config?.thinkingConfig ?? {}, { thinkingBudget: 2 })
    },
  })
  const conversation = await open(agent)
  for (const _ of [1, 2]) {
    await conversation.say('go')
    expect(model.last.request.config).toMatchObject({
      stopSequences: ['a', 'b'],
      thinkingConfig: { thinkingBudget: 2 },
    })
  }
})

describe('on the wire', () => {
  const gemini = new GeminiStandIn()
  let restore = () => {}
  beforeEach(async () => {
    await gemini.start()
    restore = pointEnvironmentAt(gemini)
    process.env.ADK_MODEL_RETRIES = '0'
  })
  afterEach(async () => {
    restore()
    delete process.env.ADK_MODEL_RETRIES
    await gemini.close()
  })

  const agent = () =>
    new LlmAgent({
      name: 'root',
      model: 'gemini-2.5-flash',
      tools: [new FunctionTool({ name: 'look', description: '', execute: () => 'seen' })],
    })
  const chunk = (parts: object[], finishReason?: string) => ({
    candidates: [{ content: { role: 'model', parts }, ...(finishReason && { finishReason }) }],
  })

  it('a stream that is cut in the middle of a call executes nothing', async () => {
    const half = {
      functionCall: {
        name: 'look',
        willContinue: true,
        partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }],
      },
    }
    gemini.load({
      'gemini-2.5-flash': [
        { chunks: [chunk([{ text: 'Let me look.' }]), chunk([half]), { __delayMs: 30 }, { __drop: true }] },
        { chunks: [chunk([{ text: 'still here' }], 'STOP')] },
      ],
    })
    const conversation = await open(agent())
    const sse = { runConfig: { streamingMode: 'sse' } } as const
    const events = await conversation.say('go', sse)
    expect(responsesOf(events)).toEqual([])
    expect(lastOf(events)).toMatchObject({ errorCode: expect.any(String), errorMessage: expect.any(String) })
    expect(outline(await conversation.say('again', sse)).at(-1)).toBe('root: still here')
    expect(gemini.requests.at(-1)?.body.contents).toEqual([
      { role: 'user', parts: [{ text: 'go' }] },
      { role: 'user', parts: [{ text: 'again' }] },
    ])
  })

  it('malformed arguments are not sent back', async () => {
    gemini.load({
      'gemini-2.5-flash': [
        { response: chunk([{ functionCall: { name: 'look', args: ['x'] } }]) },
        { response: chunk([{ text: 'still here' }], 'STOP') },
      ],
    })
    await ask(agent())
    const contents = gemini.requests[1]?.body.contents as { parts: { functionCall?: { args: unknown } }[] }[]
    expect(contents[1]?.parts[0]?.functionCall).toEqual({ name: 'look', args: {} })
  })
})

describe('toolsets', () => {
  const tool = (name: string) => new FunctionTool({ name, description: '', execute: () => name })

  it('are asked before every request, and may differ', async () => {
    class Growing extends BaseToolset {
      asked = 0
      override async getTools() {
        return Array.from({ length: ++this.asked }, (_, index) => tool(`tool_${index}`))
      }
    }
    const model = scriptedModel([{ call: 'tool_0' }], AFTER)
    const toolset = new Growing()
    await ask(new LlmAgent({ name: 'root', model, tools: [toolset] }))
    expect(model.calls.map(({ request }) => Object.keys(request.toolsDict))).toEqual([
      ['tool_0'],
      ['tool_0', 'tool_1'],
    ])
  })

  it('that cannot be reached are an error event', async () => {
    class Down extends BaseToolset {
      override getTools(): Promise<never> {
        return Promise.reject(new Error('no server at the other end'))
      }
    }
    const model = scriptedModel([], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [new Down([])] }))
    expect(lastOf(await conversation.say('go'))).toMatchObject({ errorMessage: 'no server at the other end' })
    checkRequests(model)
  })

  it('that cannot be closed do not keep the others open', async () => {
    const closed: string[] = []
    class Stuck extends BaseToolset {
      override async getTools() {
        return []
      }
      override close(): Promise<void> {
        throw new Error('stuck')
      }
    }
    class Closing extends Stuck {
      override async close() {
        closed.push('closed')
      }
    }
    const conversation = await open(new LlmAgent({ name: 'root', tools: [new Stuck(), new Closing()] }))
    await conversation.runner.close()
    expect(closed).toEqual(['closed'])
  })

  it('are closed with the runner, those of agents used as tools as well', async () => {
    const closed: string[] = []
    class Closing extends BaseToolset {
      constructor(private readonly name: string) {
        super([])
      }
      override async getTools() {
        return []
      }
      override async close() {
        closed.push(this.name)
      }
    }
    const agentWith = (name: string) => new LlmAgent({ name, tools: [new Closing(name)] })
    const root = new LlmAgent({
      name: 'root',
      tools: [new Closing('root'), new AgentTool({ agent: agentWith('helper') })],
      subAgents: [agentWith('child')],
    })
    const conversation = await open(root)
    await conversation.runner.close()
    expect(closed.toSorted()).toEqual(['child', 'helper', 'root'])
  })
})

it('zod 4 parameters are declared to the model', async () => {
  const model = scriptedModel([], AFTER)
  const tool = new FunctionTool({
    name: 'look',
    description: 'Looks.',
    parameters: z.object({ where: z.enum(['up', 'down']).describe('Where to.') }),
    execute: () => 1,
  })
  await ask(new LlmAgent({ name: 'root', model, tools: [tool] }))
  expect(model.last.request.config?.tools).toEqual([
    {
      functionDeclarations: [
        {
          name: 'look',
          description: 'Looks.',
          parameters: {
            type: 'OBJECT',
            properties: { where: { type: 'STRING', enum: ['up', 'down'], description: 'Where to.' } },
            required: ['where'],
          },
        },
      ],
    },
  ])
})
