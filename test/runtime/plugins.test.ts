import {
  AgentTool,
  App,
  BasePlugin,
  createEvent,
  FunctionTool,
  LlmAgent,
  TruncatingContextCompactor,
  type BaseTool,
  type Event,
  type LlmResponse,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import { ask, expectUsable, lastOf, open, outline, responsesOf, toContent } from './conversation.js'

const AFTER = 'still here'

/** A plugin of the hooks that a test needs. */
function plugin(hooks: Partial<BasePlugin>, name = 'probe'): BasePlugin {
  class Probe extends BasePlugin {}
  return Object.assign(new Probe(name), hooks)
}

function build(turns: Turn[] = [{ call: 'work' }], execute: () => unknown = () => ({ done: true })) {
  const model = scriptedModel(turns, AFTER)
  const tool = new FunctionTool({ name: 'work', description: '', execute })
  return { model, tool, agent: new LlmAgent({ name: 'root', model, tools: [tool] }) }
}

const words = (text: string): LlmResponse => ({ content: { role: 'model', parts: [{ text }] } })

/** Notes every hook and callback of two plugins and an agent. */
function recorder() {
  const order: string[] = []
  const note = (name: string) => () => void order.push(name)
  const told = (event: Event) => outline([event])[0]?.replace('root: ', '')
  const recording = (name: string) =>
    plugin(
      {
        onUserMessageCallback: note(`${name}.onUserMessage`),
        beforeRunCallback: note(`${name}.beforeRun`),
        onEventCallback: ({ event }) => void order.push(`${name}.onEvent ${told(event)}`),
        afterRunCallback: note(`${name}.afterRun`),
        beforeAgentCallback: note(`${name}.beforeAgent`),
        afterAgentCallback: note(`${name}.afterAgent`),
        beforeToolSelection: note(`${name}.beforeToolSelection`),
        beforeModelCallback: note(`${name}.beforeModel`),
        afterModelCallback: note(`${name}.afterModel`),
        onModelErrorCallback: note(`${name}.onModelError`),
        beforeToolCallback: note(`${name}.beforeTool`),
        afterToolCallback: note(`${name}.afterTool`),
        onToolErrorCallback: note(`${name}.onToolError`),
        beforeContextCompaction: note(`${name}.beforeCompaction`),
        afterContextCompaction: note(`${name}.afterCompaction`),
      },
      name,
    )
  const callbacks = {
    beforeAgentCallback: note('agent.beforeAgent'),
    afterAgentCallback: note('agent.afterAgent'),
    beforeModelCallback: note('agent.beforeModel'),
    afterModelCallback: note('agent.afterModel'),
    beforeToolCallback: note('agent.beforeTool'),
    afterToolCallback: note('agent.afterTool'),
  }
  return { order, note, recording, callbacks }
}

it('hooks and callbacks are called in this order', async () => {
  const { order, note, recording, callbacks } = recorder()
  const model = scriptedModel([[{ say: 'Let me see.' }, { call: 'work' }]], AFTER)
  const tool = new FunctionTool({ name: 'work', description: '', execute: note('TOOL') })
  const agent = new LlmAgent({ name: 'root', model, tools: [tool], ...callbacks })
  await ask(agent, 'go', { plugins: [recording('p'), recording('q')] })
  expect(order).toEqual(
    [
      ['p.onUserMessage', 'q.onUserMessage', 'p.beforeRun', 'q.beforeRun'],
      ['p.beforeAgent', 'q.beforeAgent', 'agent.beforeAgent'],
      // the first step
      [
        'p.beforeToolSelection',
        'q.beforeToolSelection',
        'p.beforeModel',
        'q.beforeModel',
        'agent.beforeModel',
      ],
      ['p.afterModel', 'q.afterModel', 'agent.afterModel'],
      ['p.onEvent Let me see. + call work', 'q.onEvent Let me see. + call work'],
      [
        'p.beforeTool',
        'q.beforeTool',
        'agent.beforeTool',
        'TOOL',
        'p.afterTool',
        'q.afterTool',
        'agent.afterTool',
      ],
      ['p.onEvent answer work', 'q.onEvent answer work'],
      // the second
      [
        'p.beforeToolSelection',
        'q.beforeToolSelection',
        'p.beforeModel',
        'q.beforeModel',
        'agent.beforeModel',
      ],
      ['p.afterModel', 'q.afterModel', 'agent.afterModel'],
      [`p.onEvent ${AFTER}`, `q.onEvent ${AFTER}`],
      ['p.afterAgent', 'q.afterAgent', 'agent.afterAgent', 'p.afterRun', 'q.afterRun'],
    ].flat(),
  )
})

it('hooks of failures and of compaction are called where these happen', async () => {
  const { order, recording } = recorder()
  const model = scriptedModel(['one', { call: 'work' }, { fail: new Error('no line') }])
  const tool = new FunctionTool({
    name: 'work',
    description: '',
    execute: () => {
      throw new Error('no paper')
    },
  })
  const contextCompactors = [new TruncatingContextCompactor({ threshold: 2 })]
  const agent = new LlmAgent({ name: 'root', model, tools: [tool], contextCompactors })
  const conversation = await open(agent, { plugins: [recording('p')] })
  await conversation.say('first')
  expect(order).not.toContain('p.beforeCompaction')
  order.length = 0
  await conversation.say('second')
  expect(order.filter((hook) => !hook.includes('Tool') || hook.includes('Error'))).toEqual(
    [
      ['p.onUserMessage', 'p.beforeRun', 'p.beforeAgent', 'p.beforeCompaction', 'p.afterCompaction'],
      ['p.beforeModel', 'p.afterModel', 'p.onEvent call work', 'p.onToolError', 'p.onEvent answer work'],
      [
        'p.beforeCompaction',
        'p.afterCompaction',
        'p.beforeModel',
        'p.onModelError',
        'p.onEvent error UNKNOWN_ERROR',
        'p.afterAgent',
        'p.afterRun',
      ],
    ].flat(),
  )
})

describe('the first plugin that answers decides', () => {
  it('over those after it, and over the callbacks of the agent', async () => {
    const asked: string[] = []
    const agent = new LlmAgent({
      name: 'root',
      model: scriptedModel(),
      beforeModelCallback: () => void asked.push('agent'),
    })
    const hear = (name: string, text?: string) =>
      plugin(
        {
          beforeModelCallback: () => {
            asked.push(name)
            return text === undefined ? undefined : words(text)
          },
        },
        name,
      )
    const plugins = [hear('a'), hear('b', 'from b'), hear('c', 'from c')]
    expect(outline(await ask(agent, 'go', { plugins }))).toEqual(['root: from b'])
    expect(asked).toEqual(['a', 'b'])
  })

  it.each<[string, Partial<BasePlugin>, string[]]>([
    ['beforeAgent', { beforeAgentCallback: () => toContent('closed') }, ['root: closed']],
    [
      'afterAgent',
      { afterAgentCallback: () => toContent('bye') },
      ['root: call work', 'root: answer work', `root: ${AFTER}`, 'root: bye'],
    ],
    ['beforeRun', { beforeRunCallback: () => toContent('closed') }, ['model: closed']],
    ['afterModel', { afterModelCallback: () => words('other') }, ['root: other']],
  ])('in %s', async (_, hooks, events) => {
    expect(outline(await ask(build().agent, 'go', { plugins: [plugin(hooks)] }))).toEqual(events)
  })

  it.each<[string, Partial<BasePlugin>, (() => unknown) | undefined, object]>([
    ['beforeTool', { beforeToolCallback: () => ({ instead: 1 }) }, undefined, { instead: 1 }],
    [
      'afterTool',
      { afterToolCallback: ({ result }) => ({ ...result, after: 1 }) },
      undefined,
      { done: true, after: 1 },
    ],
    [
      'onToolError',
      { onToolErrorCallback: ({ error }) => ({ saved: error.message }) },
      () => {
        throw new Error('no')
      },
      { saved: "Error in tool 'work': no" },
    ],
  ])('in %s', async (_, hooks, execute, response) => {
    const { agent } = build([{ call: 'work' }], execute)
    expect(responsesOf(await ask(agent, 'go', { plugins: [plugin(hooks)] }))).toEqual([response])
  })
})

it('onUserMessage changes what is stored and what agents see', async () => {
  const seen: unknown[] = []
  const { agent, model } = build([])
  agent.beforeModelCallback.push(({ context }) => void seen.push(context.userContent))
  const conversation = await open(agent, {
    plugins: [plugin({ onUserMessageCallback: () => toContent('translated') })],
  })
  await conversation.say('original')
  expect(outline((await conversation.stored()).events)[0]).toBe('user: translated')
  expect(model.last.request.contents).toEqual([toContent('translated')])
  expect(seen).toEqual([toContent('translated')])
})

it('onEvent changes what is said, not what it is', async () => {
  const { agent } = build([{ say: ['a', 'b'] }])
  const shout = plugin({
    onEventCallback: ({ event }) =>
      createEvent({ ...event, id: 'forged', timestamp: 1, invocationId: 'x', content: toContent('loud') }),
  })
  const conversation = await open(agent, { plugins: [shout] })
  const events = await conversation.say('go', { runConfig: { streamingMode: 'sse' } })
  expect(outline(events)).toEqual(['root: loud …', 'root: loud …', 'root: loud'])
  for (const event of events) {
    expect(event.id).not.toBe('forged')
    expect(event.timestamp).toBeGreaterThan(1)
    expect(event.invocationId).toMatch(/^e-/)
  }
  expect(lastOf((await conversation.stored()).events)).toBe(lastOf(events))
})

it('beforeToolSelection withholds tools from the model', async () => {
  const { agent, model } = build([{ call: 'work' }])
  agent.tools.push(new FunctionTool({ name: 'rest', description: '', execute: () => 1 }))
  const select = plugin({
    beforeToolSelection: ({ tools }): Record<string, BaseTool> => ({ rest: tools.rest as BaseTool }),
  })
  const events = await ask(agent, 'go', { plugins: [select] })
  expect(model.last.request.config?.tools).toMatchObject([{ functionDeclarations: [{ name: 'rest' }] }])
  expect(responsesOf(events)).toEqual([{ error: "Tool 'work' not found. Available tools: rest." }])
})

it('beforeToolSelection may withhold all of them', async () => {
  const { agent, model } = build([])
  await ask(agent, 'go', { plugins: [plugin({ beforeToolSelection: () => ({}) })] })
  expect(model.last.request.config?.tools).toEqual([])
})

it('onModelError answers in place of the model, and the run goes on', async () => {
  const { agent } = build([{ fail: new Error('no line') }])
  agent.tools.length = 0
  const rescue = plugin({ onModelErrorCallback: ({ error }) => words(`sorry: ${error.message}`) })
  const conversation = await open(agent, { plugins: [rescue] })
  expect(outline(await conversation.say('go'))).toEqual(['root: sorry: no line'])
})

describe('a plugin that fails', () => {
  const HOOKS: (keyof BasePlugin)[] = [
    'onUserMessageCallback',
    'beforeRunCallback',
    'onEventCallback',
    'beforeAgentCallback',
    'afterAgentCallback',
    'beforeToolSelection',
    'beforeModelCallback',
    'afterModelCallback',
    'beforeToolCallback',
    'afterToolCallback',
  ]

  it.each([...HOOKS, 'afterRunCallback'])(
    'in %s ends the run, by name; the session can be used',
    async (hook) => {
      const { agent, model } = build()
      let done = false
      const failing = () => {
        if (done) return
        done = true
        throw new Error('tripped')
      }
      const conversation = await open(agent, { plugins: [plugin({ [hook]: failing }, 'guard')] })
      await expect(conversation.say('go')).rejects.toThrow(`Plugin "guard" failed in ${hook}: tripped`)
      await expectUsable(conversation, model)
    },
  )

  it.each(HOOKS)('to return what %s should ends the run, by name', async (hook) => {
    const { agent, model } = build()
    let done = false
    const failing = () => {
      if (done) return undefined
      done = true
      return 'a word'
    }
    const conversation = await open(agent, { plugins: [plugin({ [hook]: failing as never }, 'guard')] })
    await expect(conversation.say('go')).rejects.toThrow(
      `Plugin "guard": ${hook} returned a string; it should return`,
    )
    await expectUsable(conversation, model)
  })

  it('in beforeTool does not let the tool run, nor the model try another one', async () => {
    const ran: string[] = []
    const { agent, model } = build([{ call: 'work' }, { call: 'work' }], () => void ran.push('work'))
    const guard = plugin({
      beforeToolCallback: () => {
        throw new Error('policy server is down')
      },
    })
    const conversation = await open(agent, { plugins: [guard] })
    await expect(conversation.say('go')).rejects.toThrow('policy server is down')
    expect(ran).toEqual([])
    expect(model.calls).toHaveLength(1)
    expect(responsesOf((await conversation.stored()).events)).toEqual([
      { error: 'Plugin "probe" failed in beforeToolCallback: policy server is down' },
    ])
  })

  it('inside an agent that is used as a tool ends the run as well', async () => {
    const inner = new LlmAgent({ name: 'inner', model: scriptedModel([], 'hello') })
    const model = scriptedModel([{ call: 'inner', args: { request: 'x' } }], AFTER)
    const root = new LlmAgent({ name: 'root', model, tools: [new AgentTool({ agent: inner })] })
    const failing = plugin({
      beforeAgentCallback: ({ agent }) => {
        if (agent.name === 'inner') throw new Error('not you')
      },
    })
    await expect(ask(root, 'go', { plugins: [failing] })).rejects.toThrow(
      'Plugin "probe" failed in beforeAgentCallback',
    )
  })
})

it('plugins of an app are those of its runs, and work inside agents used as tools', async () => {
  const asked: string[] = []
  const inner = new LlmAgent({ name: 'inner', model: scriptedModel(['hello']) })
  const model = scriptedModel([{ call: 'inner', args: { request: 'x' } }], AFTER)
  const rootAgent = new LlmAgent({ name: 'root', model, tools: [new AgentTool({ agent: inner })] })
  const note = plugin({
    beforeModelCallback: ({ callbackContext }) => void asked.push(callbackContext.agentName),
  })
  await ask(new App({ name: 'app', rootAgent, plugins: [note] }))
  expect(asked).toEqual(['root', 'inner', 'root'])
})

it('two plugins of one name are refused', async () => {
  const plugins = [plugin({}, 'twin'), plugin({}, 'twin')]
  await expect(open(build().agent, { plugins })).rejects.toThrow('Two plugins are named "twin"')
})
