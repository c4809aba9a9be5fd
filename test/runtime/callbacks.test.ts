import {
  FunctionTool,
  LlmAgent,
  LoopAgent,
  SequentialAgent,
  type Context,
  type LlmAgentConfig,
  type LlmResponse,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import {
  ask,
  expectUsable,
  lastOf,
  lastRequest,
  open,
  outline,
  responsesOf,
  toContent,
} from './conversation.js'

const AFTER = 'still here'

function build(config: Partial<LlmAgentConfig>, turns: Turn[] = [{ call: 'work', args: { n: 1 } }]) {
  const model = scriptedModel(turns, AFTER)
  const ran: unknown[] = []
  const work = new FunctionTool({
    name: 'work',
    description: '',
    execute: (args) => {
      ran.push({ ...args })
      return { done: true }
    },
  })
  return { model, ran, agent: new LlmAgent({ name: 'root', model, tools: [work], ...config }) }
}

const words = (text: string): LlmResponse => ({ content: { role: 'model', parts: [{ text }] } })

describe('a list of callbacks', () => {
  it('is asked in order until one answers, asynchronous ones as well', async () => {
    const asked: string[] = []
    const hear = (name: string, answer?: LlmResponse) => async () => {
      await Promise.resolve()
      asked.push(name)
      return answer
    }
    const { agent, model } = build({
      beforeModelCallback: [hear('first'), hear('second', words('instead')), hear('third', words('never'))],
    })
    expect(outline(await ask(agent))).toEqual(['root: instead'])
    expect(asked).toEqual(['first', 'second'])
    expect(model.calls).toEqual([])
  })

  it('works for every kind', async () => {
    const seen: string[] = []
    const note = (name: string) => [() => void seen.push(`${name} 1`), () => void seen.push(`${name} 2`)]
    const { agent } = build({
      beforeAgentCallback: note('beforeAgent'),
      afterAgentCallback: note('afterAgent'),
      beforeModelCallback: note('beforeModel'),
      afterModelCallback: note('afterModel'),
      beforeToolCallback: note('beforeTool'),
      afterToolCallback: note('afterTool'),
    })
    await ask(agent)
    const step = ['beforeModel 1', 'beforeModel 2', 'afterModel 1', 'afterModel 2']
    expect(seen).toEqual(
      [
        ['beforeAgent 1', 'beforeAgent 2'],
        step,
        ['beforeTool 1', 'beforeTool 2', 'afterTool 1', 'afterTool 2'],
        step,
        ['afterAgent 1', 'afterAgent 2'],
      ].flat(),
    )
  })
})

describe('beforeAgentCallback', () => {
  it('takes the place of the agent and of afterAgentCallback, not of its neighbours', async () => {
    const skipped = new LlmAgent({
      name: 'skipped',
      model: scriptedModel(),
      beforeAgentCallback: () => ({ role: 'model', parts: [{ text: 'skipped' }] }),
      afterAgentCallback: () => ({ role: 'model', parts: [{ text: 'never' }] }),
    })
    const next = new LlmAgent({ name: 'next', model: scriptedModel(['next']) })
    const root = new SequentialAgent({ name: 'root', subAgents: [skipped, next] })
    expect(outline(await ask(root))).toEqual(['skipped: skipped', 'next: next'])
  })

  it('may change state and end a loop without a word', async () => {
    let rounds = 0
    const child = new LlmAgent({
      name: 'child',
      model: scriptedModel([], 'round'),
      beforeAgentCallback: (context) => {
        context.state.set('rounds', ++rounds)
        if (rounds === 2) context.actions.escalate = true
      },
    })
    const conversation = await open(new LoopAgent({ name: 'root', subAgents: [child] }))
    await conversation.say('go')
    expect(await conversation.state()).toEqual({ rounds: 2 })
  })

  it('that ends the invocation keeps the agent from running', async () => {
    const { agent, model } = build({
      beforeAgentCallback: (context) => {
        context.invocationContext.endInvocation = true
      },
    })
    expect(await ask(agent)).toEqual([])
    expect(model.calls).toEqual([])
  })

  it('that throws ends the run, by name', async () => {
    const { agent, model } = build({
      beforeAgentCallback: (context) => {
        if (context.userContent?.parts?.[0]?.text === 'go') throw new Error('no')
      },
    })
    const conversation = await open(agent)
    await expect(conversation.say('go')).rejects.toThrow('beforeAgentCallback of agent "root" failed: no')
    await expectUsable(conversation, model)
  })
})

describe('model callbacks', () => {
  it('may edit what is sent, without touching what is stored', async () => {
    const { agent, model } = build(
      {
        beforeModelCallback: ({ request }) => {
          Object.assign(request.contents[0]?.parts?.[0] ?? {}, { text: 'edited' })
          request.contents.push(toContent('and more'))
          request.model = 'another'
        },
        tools: [],
      },
      [],
    )
    const conversation = await open(agent)
    await conversation.say('go')
    expect(lastRequest(model)).toEqual(['user: edited', 'user: and more'])
    expect(model.last.request.model).toBe('another')
    expect(outline((await conversation.stored()).events)[0]).toBe('user: go')
  })

  it('see the model that will be asked, and a context with the state', async () => {
    const seen: unknown[] = []
    const { agent } = build(
      {
        beforeModelCallback: ({ context, request }) =>
          void seen.push(context.agentName, context.state.get('a'), request.model),
      },
      [],
    )
    await ask(agent, 'go', { state: { a: 1 } })
    expect(seen).toEqual(['root', 1, 'scripted'])
  })

  it('replace chunks by chunks: a chunk is never stored', async () => {
    const { agent } = build(
      {
        afterModelCallback: ({ response }) => words(String(response.content?.parts?.[0]?.text).toUpperCase()),
      },
      [{ say: ['good ', 'day'] }],
    )
    const conversation = await open(agent)
    const events = await conversation.say('go', { runConfig: { streamingMode: 'sse' } })
    expect(outline(events)).toEqual(['root: GOOD  …', 'root: DAY …', 'root: GOOD DAY'])
    expect(outline((await conversation.stored()).events)).toEqual(['user: go', 'root: GOOD DAY'])
  })

  it('may answer with a call, which is executed', async () => {
    let answered = false
    const { agent, ran } = build(
      {
        beforeModelCallback: () => {
          if (answered) return undefined
          answered = true
          return { content: { role: 'model', parts: [{ functionCall: { name: 'work', args: { n: 2 } } }] } }
        },
      },
      [],
    )
    expect(outline(await ask(agent))).toEqual(['root: call work', 'root: answer work', `root: ${AFTER}`])
    expect(ran).toEqual([{ n: 2 }])
  })

  it('announce the state they change on the next complete event, once', async () => {
    const { agent } = build(
      {
        beforeModelCallback: ({ context }) => context.state.set('before', 1),
        afterModelCallback: ({ context }) => context.state.set('after', 2),
      },
      [{ say: ['a', 'b'] }],
    )
    const events = await (await open(agent)).say('go', { runConfig: { streamingMode: 'sse' } })
    expect(events.map(({ actions }) => actions.stateDelta)).toEqual([{}, {}, { before: 1, after: 2 }])
  })
})

describe('tool callbacks', () => {
  it('may change the arguments, answer for the tool, and change its answer', async () => {
    const { agent, ran } = build(
      {
        beforeToolCallback: ({ args }) => {
          if (args.n === 2) return { instead: true }
          args.n = Number(args.n) + 10
          return undefined
        },
        afterToolCallback: ({ response, tool }) => ({ ...response, after: tool.name }),
      },
      [
        [
          { call: 'work', args: { n: 1 } },
          { call: 'work', args: { n: 2 } },
        ],
      ],
    )
    expect(responsesOf(await ask(agent))).toEqual([
      { done: true, after: 'work' },
      { instead: true, after: 'work' },
    ])
    expect(ran).toEqual([{ n: 11 }])
  })

  it('see the same context as the tool', async () => {
    const ids: unknown[] = []
    const note = ({ context }: { context: Context }) => void ids.push(context.functionCallId)
    const { agent } = build({ beforeToolCallback: note, afterToolCallback: note })
    const [call] = await ask(agent)
    expect(ids).toEqual([
      call?.content?.parts?.[0]?.functionCall?.id,
      call?.content?.parts?.[0]?.functionCall?.id,
    ])
  })
})

describe('a callback that returns something else', () => {
  const junk: [keyof LlmAgentConfig, unknown, string][] = [
    ['beforeAgentCallback', 'skip', 'returned a string; it should return a Content such as'],
    [
      'beforeAgentCallback',
      { text: 'skip' },
      'returned an object with text; it should return a Content such as',
    ],
    [
      'beforeAgentCallback',
      { role: 'model', parts: ['skip'] },
      'returned an object with role, parts; it should',
    ],
    ['afterAgentCallback', [1], 'returned an array; it should return a Content such as'],
    ['beforeModelCallback', 'no', 'returned a string; it should return an LlmResponse such as'],
    [
      'beforeModelCallback',
      { role: 'model', parts: [{ text: 'no' }] },
      'returned an object with role, parts; it should',
    ],
    [
      'beforeModelCallback',
      { content: 'no' },
      'returned an object with content; it should return an LlmResponse',
    ],
    ['beforeModelCallback', {}, 'returned an object with nothing in it; it should return an LlmResponse'],
    ['afterModelCallback', true, 'returned a boolean; it should return an LlmResponse'],
    ['afterModelCallback', { content: { parts: 'no' } }, 'returned an object with content; it should'],
    [
      'beforeToolCallback',
      'no',
      "returned a string; it should return an object such as { status: 'success' }",
    ],
    ['afterToolCallback', ['no'], 'returned an array; it should return an object such as'],
  ]

  it.each(junk)(
    '%s: %j is an error event that names it; the session can be used',
    async (hook, answer, message) => {
      let done = false
      const callback = () => {
        if (done) return undefined
        done = true
        return answer
      }
      const { agent, model } = build({ [hook]: callback as never })
      const conversation = await open(agent)
      const error = lastOf(await conversation.say('go'))
      expect(error).toMatchObject({ author: 'root', errorCode: 'CALLBACK_FAILED' })
      expect(error.errorMessage).toContain(`${hook} of agent "root" ${message}`)
      await expectUsable(conversation, model)
    },
  )

  it('is told even when other tools were called with it; their answers are kept', async () => {
    const { agent, model } = build(
      { beforeToolCallback: ({ args }) => (args.n === 1 ? ('no' as never) : undefined) },
      [
        [
          { call: 'work', args: { n: 1 } },
          { call: 'work', args: { n: 2 } },
        ],
      ],
    )
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual([
      'root: call work + call work',
      'root: answer work + answer work',
      'root: error CALLBACK_FAILED',
    ])
    expect(responsesOf(events)).toEqual([
      { error: expect.stringContaining('beforeToolCallback') },
      { done: true },
    ])
    await expectUsable(conversation, model)
  })
})

it.each(['beforeModelCallback', 'afterModelCallback', 'beforeToolCallback', 'afterToolCallback'])(
  '%s that throws is an error event that names it; the session can be used',
  async (hook) => {
    let done = false
    const { agent, model } = build({
      [hook]: () => {
        if (done) return
        done = true
        throw new Error('tripped')
      },
    })
    const conversation = await open(agent)
    expect(lastOf(await conversation.say('go'))).toMatchObject({
      errorCode: 'CALLBACK_FAILED',
      errorMessage: `${hook} of agent "root" failed: tripped`,
    })
    expect(conversation.kinds()).toContain('callback.failed')
    await expectUsable(conversation, model)
  },
)
