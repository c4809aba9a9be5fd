import {
  AgentTool,
  FunctionTool,
  LlmAgent,
  ParallelAgent,
  SequentialAgent,
  type BaseAgent,
  type Event,
  type InvocationContext,
} from 'adk-ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { said, weatherAgent, WorkingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import { expectUsable, KEY, lastOf, open, outline, responsesOf, type Conversation } from './conversation.js'

const AFTER = 'still here'

/** What a run left behind, and that the session goes on from there. */
async function expectLeft(conversation: Conversation, left: string[]) {
  expect(outline((await conversation.stored()).events)).toEqual(left)
  await conversation.check()
}

/** Starts a turn, cancels it as soon as `ready` says so, and resolves to what was told until then. */
async function cancelOnce(
  conversation: Conversation,
  ready: Promise<void>,
  controller = new AbortController(),
) {
  const turn = conversation.say('go', { abortSignal: controller.signal, runConfig: { streamingMode: 'sse' } })
  await ready
  controller.abort(new Error('the client left'))
  return turn
}

describe('a run that is cancelled', () => {
  it('before it begins does nothing', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(weatherAgent(model))
    expect(await conversation.say('go', { abortSignal: AbortSignal.abort() })).toEqual([])
    await expectLeft(conversation, [])
    await expectUsable(conversation, model)
  })

  it('before the model is asked does not ask it', async () => {
    const controller = new AbortController()
    const model = scriptedModel([], AFTER)
    const agent = weatherAgent(model)
    agent.beforeAgentCallback.push(() => controller.abort())
    const conversation = await open(agent)
    expect(await conversation.say('go', { abortSignal: controller.signal })).toEqual([])
    expect(model.calls).toEqual([])
    await expectLeft(conversation, ['user: go'])
    agent.beforeAgentCallback.length = 0
    await expectUsable(conversation, model)
  })

  it('while an instruction is made does not ask the model', async () => {
    const controller = new AbortController()
    const model = scriptedModel([], AFTER)
    const instruction = () => {
      controller.abort()
      return ''
    }
    const conversation = await open(new LlmAgent({ name: 'root', model, instruction }))
    expect(await conversation.say('go', { abortSignal: controller.signal })).toEqual([])
    expect(model.calls).toEqual([])
    await expectUsable(conversation, model)
  })

  it('while the model thinks ends silently, and so does the call', async () => {
    const asked = gate()
    const model = scriptedModel([{ hang: true }], AFTER)
    const agent = weatherAgent(model)
    agent.beforeModelCallback.push(() => void setImmediate(asked.open))
    const conversation = await open(agent)
    expect(await cancelOnce(conversation, asked.opened)).toEqual([])
    expect(model.last).toMatchObject({ ended: true, signal: { aborted: true } })
    expect(conversation.kinds()).toEqual([])
    await expectLeft(conversation, ['user: go'])
    await expectUsable(conversation, model)
  })

  it('while the model streams keeps no half answer', async () => {
    const model = scriptedModel([[{ say: ['Once ', 'upon '] }, { hang: true }]], AFTER)
    const conversation = await open(weatherAgent(model))
    const controller = new AbortController()
    const seen: Event[] = []
    const request = { abortSignal: controller.signal, runConfig: { streamingMode: 'sse' } } as const
    for await (const event of conversation.start('go', request)) {
      seen.push(event)
      if (seen.length === 2) controller.abort()
    }
    expect(outline(seen)).toEqual(['weather: Once  …', 'weather: upon  …'])
    await expectLeft(conversation, ['user: go'])
    await expectUsable(conversation, model)
  })

  it.each([
    [
      'heeds the signal',
      (signal: AbortSignal) => new Promise((_, reject) => signal.addEventListener('abort', reject)),
    ],
    ['ignores the signal', () => new Promise(() => {})],
    [
      'answers when it hears the signal',
      (signal: AbortSignal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve('late'))),
    ],
  ])('while a tool that %s works answers the call', async (_, work) => {
    const started = gate()
    let signal: AbortSignal | undefined
    const model = scriptedModel([{ call: 'get_weather' }], AFTER)
    const tool = new FunctionTool({
      name: 'get_weather',
      description: '',
      execute: (_args, context) => {
        signal = context.abortSignal
        started.open()
        return work(context.abortSignal)
      },
    })
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [tool] }))
    expect(outline(await cancelOnce(conversation, started.opened))).toEqual(['root: call get_weather'])
    expect(signal?.reason).toEqual(new Error('the client left'))
    await expectLeft(conversation, ['user: go', 'root: call get_weather', 'root: answer get_weather'])
    expect(responsesOf((await conversation.stored()).events)).toEqual([
      { error: 'The tool call was cancelled.' },
    ])
    await expectUsable(conversation, model)
  })

  it('while one of several tools works answers all calls', async () => {
    const started = gate()
    const model = scriptedModel([[{ call: 'quick' }, { call: 'slow' }]], AFTER)
    const tools = [
      new FunctionTool({ name: 'quick', description: '', execute: () => 'done' }),
      new FunctionTool({
        name: 'slow',
        description: '',
        execute: () => {
          started.open()
          return new Promise(() => {})
        },
      }),
    ]
    const conversation = await open(new LlmAgent({ name: 'root', model, tools }))
    await cancelOnce(conversation, started.opened)
    await expectLeft(conversation, [
      'user: go',
      'root: call quick + call slow',
      'root: answer quick + answer slow',
    ])
    await expectUsable(conversation, model)
  })

  it('while an agent used as a tool waits for its model ends that call, too', async () => {
    const asked = gate()
    const inner = scriptedModel([{ hang: true }])
    const helper = weatherAgent(inner)
    helper.beforeModelCallback.push(() => void setImmediate(asked.open))
    const model = scriptedModel([{ call: 'weather', args: { request: 'x' } }], AFTER)
    const conversation = await open(
      new LlmAgent({ name: 'root', model, tools: [new AgentTool({ agent: helper })] }),
    )
    expect(outline(await cancelOnce(conversation, asked.opened))).toEqual(['root: call weather'])
    expect(inner.last.signal?.aborted).toBe(true)
    await expectUsable(conversation, model)
  })

  it('while agents work in parallel ends all of them', async () => {
    const models = [scriptedModel([{ hang: true }], AFTER), scriptedModel([{ hang: true }], AFTER)]
    const asked = gate()
    const agents = models.map((model, index) => {
      const beforeModelCallback = () => void (index === 1 && setImmediate(asked.open))
      return new LlmAgent({ name: `a${index}`, model, beforeModelCallback })
    })
    const conversation = await open(new ParallelAgent({ name: 'root', subAgents: agents }))
    expect(await cancelOnce(conversation, asked.opened)).toEqual([])
    expect(models.map(({ last }) => last.ended)).toEqual([true, true])
    expect(outline(await conversation.say('again')).toSorted()).toEqual([`a0: ${AFTER}`, `a1: ${AFTER}`])
  })

  it('in a sequence does not go on to the next agent', async () => {
    const asked = gate()
    const first = scriptedModel([{ hang: true }], 'first')
    const second = scriptedModel([], 'second')
    const beforeModelCallback = () => void setImmediate(asked.open)
    const subAgents = [
      new LlmAgent({ name: 'first', model: first, beforeModelCallback }),
      new LlmAgent({ name: 'second', model: second }),
    ]
    const conversation = await open(new SequentialAgent({ name: 'root', subAgents }))
    await cancelOnce(conversation, asked.opened)
    expect(second.calls).toEqual([])
    expect(outline(await conversation.say('again'))).toEqual(['first: first', 'second: second'])
  })

  it('hears no more of an agent that throws because of it', async () => {
    const model = scriptedModel([], AFTER)
    const fine = new LlmAgent({ name: 'fine', model })
    const waiting = gate()
    const root = new WorkingAgent(async function* (context) {
      if (context.userContent?.parts?.[0]?.text !== 'go') {
        yield* fine.runAsync(context)
        return
      }
      yield said(context, 'waiting')
      await new Promise((_, reject) => {
        context.abortSignal.addEventListener('abort', () => reject(new Error('was aborted')))
        waiting.open()
      })
    })
    const conversation = await open(root)
    expect(outline(await cancelOnce(conversation, waiting.opened))).toEqual(['worker: waiting'])
    await expectUsable(conversation, model)
  })
})

describe('an agent that ignores that it was cancelled', () => {
  afterEach(() => void vi.useRealTimers())

  /** An agent that waits for something, once; then it answers by its model. */
  function stubborn(work: (context: InvocationContext) => AsyncGenerator<Event, void>) {
    const model = scriptedModel([], AFTER)
    const fine = new LlmAgent({ name: 'fine', model })
    const root = new WorkingAgent(async function* (context) {
      if (context.userContent?.parts?.[0]?.text === 'go') yield* work(context)
      else yield* fine.runAsync(context)
    })
    return { root, model }
  }

  it('is left to itself after a second; what it says later is not heard', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const [waiting, later] = [gate(), gate()]
    const { root, model } = stubborn(async function* (context) {
      yield said(context, 'working')
      waiting.open()
      await later.opened
      yield said(context, 'too late')
    })
    const conversation = await open(root)
    let over = false
    const turn = cancelOnce(conversation, waiting.opened).finally(() => (over = true))
    await vi.advanceTimersByTimeAsync(999)
    expect(over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(outline(await turn)).toEqual(['worker: working'])
    later.open()
    await expectUsable(conversation, model)
    await expectLeft(conversation, ['user: go', 'worker: working', 'user: are you there?', `fine: ${AFTER}`])
  })

  it('is not heard either when it goes on in time', async () => {
    const waiting = gate()
    const { root, model } = stubborn(async function* (context) {
      waiting.open()
      await new Promise((resolve) => context.abortSignal.addEventListener('abort', resolve))
      yield said(context, 'too late')
    })
    const conversation = await open(root)
    expect(await cancelOnce(conversation, waiting.opened)).toEqual([])
    await expectUsable(conversation, model)
  })

  it('cannot hold up the end by cleaning up for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { root, model } = stubborn(async function* (context) {
      try {
        yield said(context, 'working')
        yield said(context, 'more')
      } finally {
        await new Promise(() => {})
      }
    })
    const conversation = await open(root)
    const turn = conversation.start('go')
    await turn.next()
    const closed = turn.return()
    await vi.advanceTimersByTimeAsync(1000)
    await closed
    vi.useRealTimers()
    await expectUsable(conversation, model)
  })
})

describe('a reader that leaves', () => {
  /** Reads so many events, then leaves. */
  async function read(conversation: Conversation, count: number) {
    const seen: Event[] = []
    for await (const event of conversation.start('go', { runConfig: { streamingMode: 'sse' } })) {
      seen.push(event)
      if (seen.length === count) break
    }
    return outline(seen)
  }

  it.each<[string, number, Turn[], string[]]>([
    ['at a chunk', 1, [{ say: ['a', 'b'] }], ['user: go']],
    [
      'at a call',
      1,
      [{ call: 'get_weather' }],
      ['user: go', 'weather: call get_weather', 'weather: answer get_weather'],
    ],
    [
      'at an answer',
      2,
      [{ call: 'get_weather' }],
      ['user: go', 'weather: call get_weather', 'weather: answer get_weather'],
    ],
    ['at the end', 1, ['bye'], ['user: go', 'weather: bye']],
  ])('%s leaves a session that can be used', async (_, count, turns, left) => {
    const ran: unknown[] = []
    const model = scriptedModel(turns, AFTER)
    const conversation = await open(weatherAgent(model, (args) => void ran.push(args)))
    await read(conversation, count)
    expect(model.calls).toHaveLength(1)
    expect(ran).toHaveLength(count === 2 ? 1 : 0)
    await expectLeft(conversation, left)
    await expectUsable(conversation, model)
  })

  it('at the word of one parallel agent ends the others', async () => {
    const slow = scriptedModel([{ hang: true }], AFTER)
    const agents: BaseAgent[] = [
      new LlmAgent({ name: 'fast', model: scriptedModel([], 'fast') }),
      new LlmAgent({ name: 'slow', model: slow }),
    ]
    const conversation = await open(new ParallelAgent({ name: 'root', subAgents: agents }))
    expect(await read(conversation, 1)).toEqual(['fast: fast'])
    expect(slow.last.signal?.aborted).toBe(true)
    await expectLeft(conversation, ['user: go', 'fast: fast'])
  })

  it('leaves no timer and no listener behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const controller = new AbortController()
    const [add, remove] = [
      vi.spyOn(controller.signal, 'addEventListener'),
      vi.spyOn(controller.signal, 'removeEventListener'),
    ]
    const model = scriptedModel([{ call: 'get_weather' }], AFTER)
    const conversation = await open(weatherAgent(model))
    await conversation.say('go', { abortSignal: controller.signal })
    expect(add).toHaveBeenCalled()
    expect(remove).toHaveBeenCalledTimes(add.mock.calls.length)
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})

describe('a session that is deleted during a run', () => {
  it.each<[string, Turn[]]>([
    ['while the model answers', ['late']],
    ['while a tool works', [{ call: 'get_weather' }]],
  ])('%s ends the run with a reason, and is not made again', async (_, turns) => {
    const model = scriptedModel(turns, AFTER)
    const agent = weatherAgent(model)
    let again = false
    const remove = async () => {
      if (!again) await conversation.sessions.deleteSession(KEY)
      again = true
    }
    if (turns[0] === 'late') agent.beforeModelCallback.push(remove)
    else agent.beforeToolCallback.push(remove)
    const conversation = await open(agent)
    await expect(conversation.say('go')).rejects.toMatchObject({ code: 'session_deleted', status: 409 })
    expect(await conversation.sessions.getSession(KEY)).toBeUndefined()
    expect(conversation.kinds()).toEqual([])
  })

  it('and made again under its id stays empty', async () => {
    const model = scriptedModel([], AFTER)
    const agent = weatherAgent(model)
    let again = false
    agent.beforeModelCallback.push(async () => {
      if (again) return
      again = true
      await conversation.sessions.deleteSession(KEY)
      await conversation.sessions.createSession(KEY)
    })
    const conversation = await open(agent)
    await expect(conversation.say('go')).rejects.toMatchObject({ code: 'session_deleted' })
    await expectLeft(conversation, [])
    await expectUsable(conversation, model)
  })
})

it('a tool that fails after its run was cancelled does not end the process', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  const [started, later] = [gate(), gate()]
  const model = scriptedModel([{ call: 'get_weather' }], AFTER)
  const conversation = await open(
    weatherAgent(model, async () => {
      started.open()
      await later.opened
      throw new Error('nobody listens')
    }),
  )
  await cancelOnce(conversation, started.opened)
  later.open()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', hear)
  expect(unheard).toEqual([])
  expect(lastOf((await conversation.stored()).events).author).toBe('weather')
})
