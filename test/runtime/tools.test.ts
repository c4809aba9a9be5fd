import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FunctionTool, LlmAgent, LongRunningFunctionTool, type BaseTool, type Context } from 'adk-ts'
import { z } from 'zod'
import { gate } from '../support/gate.js'
import { scriptedModel } from '../support/scripted-model.js'
import {
  ask,
  callsOf,
  checkRequests,
  expectUsable,
  lastOf,
  open,
  outline,
  responsesOf,
} from './conversation.js'

const AFTER = 'still here'

/** An agent whose model calls `work` and then says that it is still here. */
function worker(execute: (args: Record<string, unknown>, context: Context) => unknown, options: object = {}) {
  const model = scriptedModel([{ call: 'work', args: { n: 1 } }], AFTER)
  const tool = new FunctionTool({ name: 'work', description: 'Works.', execute, ...options })
  return { model, agent: new LlmAgent({ name: 'root', model, tools: [tool] }) }
}

async function resultOf(execute: (args: Record<string, unknown>, context: Context) => unknown) {
  const { agent } = worker(execute)
  return responsesOf(await ask(agent))[0]
}

describe('what a tool returns', () => {
  const date = new Date('2026-01-02T03:04:05Z')

  it.each([
    ['an object', { a: 1 }, { a: 1 }],
    ['a string', 'yes', { result: 'yes' }],
    ['a number', 5, { result: 5 }],
    ['false', false, { result: false }],
    ['null', null, { result: null }],
    ['nothing', undefined, {}],
    ['an array', [1, undefined, 'x'], { results: [1, null, 'x'] }],
    ['a BigInt', 10n, { result: '10' }],
    ['NaN', Number.NaN, { result: null }],
    ['Infinity inside', { a: Infinity }, { a: null }],
    ['a date', date, { result: '2026-01-02T03:04:05.000Z' }],
    ['a date inside', { at: date }, { at: '2026-01-02T03:04:05.000Z' }],
    ['bytes', Buffer.from('abc'), { result: 'YWJj' }],
    ['a Map', new Map([['a', 1]]), { a: 1 }],
    ['a Set', new Set([1, 2]), { results: [1, 2] }],
    ['a function', () => {}, {}],
    ['an object with undefined in it', { a: undefined, b: 1 }, { b: 1 }],
    [
      'keys that look like prototypes',
      JSON.parse('{"__proto__": {"a": 1}}'),
      JSON.parse('{"__proto__": {"a": 1}}'),
    ],
  ])('%s', async (_, result, response) => {
    expect(await resultOf(() => result)).toEqual(response)
  })

  it('a cycle is an error that the model reads', async () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = { cycle }
    expect(await resultOf(() => cycle)).toEqual({
      error: expect.stringMatching(/cannot be sent as JSON: it refers to itself/),
    })
  })

  it('nested deeper than an event can hold is an error that the model reads', async () => {
    let deep: unknown = 'bottom'
    for (let level = 0; level < 68; level++) deep = { deep }
    expect(await resultOf(() => deep)).toEqual({ error: expect.stringContaining('nested deeper than') })
  })

  it('too large is an error that the model reads', async () => {
    const response = await resultOf(() => ({ text: 'x'.repeat(10 * 1024 * 1024) }))
    expect(response).toEqual({ error: expect.stringMatching(/larger than 10 MiB; save it as an artifact/) })
  })

  it('with a toJSON that throws is an error that the model reads', async () => {
    const value = {
      toJSON() {
        throw new Error('not today')
      },
    }
    expect(await resultOf(() => value)).toEqual({ error: expect.stringContaining('not today') })
  })

  it('stays as it was when the tool changes it later', async () => {
    const kept = { list: [1] }
    const { agent, model } = worker(() => kept)
    const conversation = await open(agent)
    await conversation.say('go')
    kept.list.push(2)
    await expectUsable(conversation, model)
    expect(responsesOf((await conversation.stored()).events)).toEqual([{ list: [1] }])
  })
})

describe('a tool that fails', () => {
  it.each([
    ['throws', () => Promise.reject(new Error('no paper')), 'no paper'],
    [
      'throws at once',
      () => {
        throw new Error('no ink')
      },
      'no ink',
    ],
    ['throws a string', () => Promise.reject('out of order'), 'out of order'], // eslint-disable-line typescript/prefer-promise-reject-errors
    ['throws undefined', () => Promise.reject(undefined), 'unknown error'], // eslint-disable-line typescript/prefer-promise-reject-errors
  ])('that %s is answered, and the run goes on', async (_, execute, message) => {
    const { agent, model } = worker(execute)
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['root: call work', 'root: answer work', `root: ${AFTER}`])
    expect(responsesOf(events)).toEqual([{ error: `Error in tool 'work': ${message}` }])
    await expectUsable(conversation, model)
  })

  it('is logged with its stack, and told without it', async () => {
    const { agent } = worker(() => {
      throw new Error('no paper, key=AIzaSyA0123456789abcdefghijklmnop')
    })
    const conversation = await open(agent)
    const [response] = responsesOf(await conversation.say('go'))
    expect(response).toEqual({ error: "Error in tool 'work': no paper, key=[redacted]" })
    expect(conversation.log).toEqual([
      [
        'warn',
        'tool.failed',
        expect.objectContaining({ tool: 'work', agent: 'root', err: expect.any(Error) }),
      ],
    ])
  })

  it('does not hide what the others did', async () => {
    const tools: BaseTool[] = [
      new FunctionTool({
        name: 'first',
        description: '',
        execute: (_, context) => {
          context.state.set('first', 'done')
          throw new Error('late trouble')
        },
      }),
      new FunctionTool({
        name: 'second',
        description: '',
        execute: async (_, context) => {
          context.state.set('second', 'done')
          await context.saveArtifact('a.txt', { text: 'A' })
          return 'fine'
        },
      }),
    ]
    const model = scriptedModel([[{ call: 'first' }, { call: 'second' }]], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model, tools }))
    const events = await conversation.say('go')
    expect(responsesOf(events)).toEqual([
      { error: "Error in tool 'first': late trouble" },
      { result: 'fine' },
    ])
    expect(events[1]?.actions).toMatchObject({
      stateDelta: { first: 'done', second: 'done' },
      artifactDelta: { 'a.txt': 0 },
    })
    checkRequests(model)
  })
})

describe('a tool that never returns', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it.each([
    ['of its own', { timeoutMs: 5000 }, 5000, 'timed out after 5 s'],
    ['of five minutes', {}, 300_000, 'timed out after 300 s'],
  ])('is given up after a time %s, and its signal fires', async (_, options, milliseconds, message) => {
    let signal: AbortSignal | undefined
    const started = gate()
    const { agent, model } = worker((_args, context) => {
      signal = context.abortSignal
      started.open()
      return new Promise(() => {})
    }, options)
    const conversation = await open(agent)
    const turn = conversation.say('go')
    await started.opened
    await vi.advanceTimersByTimeAsync(milliseconds - 1)
    expect(signal?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    const events = await turn
    expect(signal?.aborted).toBe(true)
    expect(responsesOf(events)).toEqual([{ error: `Tool 'work' ${message}` }])
    expect(conversation.kinds()).toEqual(['tool.timeout'])
    await expectUsable(conversation, model)
  })

  it('leaves no timer behind when it returns in time', async () => {
    const { agent } = worker(() => 'done')
    await ask(agent)
    expect(vi.getTimerCount()).toBe(0)
  })
})

it.each([Infinity, 2 ** 32])('a tool may be given all the time there is, as in %d', async (timeoutMs) => {
  const { agent } = worker(() => sleep(20, 'done'), { timeoutMs })
  expect(responsesOf(await ask(agent))).toEqual([{ result: 'done' }])
})

it('a tool that has returned may use its signal on: it does not fire by itself', async () => {
  let signal: AbortSignal | undefined
  const { agent } = worker((_, context) => {
    signal = context.abortSignal
  })
  await ask(agent)
  expect(signal?.aborted).toBe(false)
})

it('a tool that changes its arguments does not change what the model said', async () => {
  const { agent, model } = worker((args) => {
    args.n = 99
    delete args.other
    return 'ok'
  })
  const conversation = await open(agent)
  const events = await conversation.say('go')
  expect(callsOf(events)[0]?.args).toEqual({ n: 1 })
  expect(callsOf((await conversation.stored()).events)[0]?.args).toEqual({ n: 1 })
  await expectUsable(conversation, model)
})

it('arguments are checked, and what the tool sees is parsed', async () => {
  const seen: unknown[] = []
  const model = scriptedModel(
    [
      { call: 'work', args: { city: 5 } },
      { call: 'work', args: { city: 'Bonn', extra: 1 } },
    ],
    AFTER,
  )
  const tool = new FunctionTool({
    name: 'work',
    description: '',
    parameters: z.object({ city: z.string(), days: z.number().default(3) }),
    execute: (input) => void seen.push(input),
  })
  const events = await ask(new LlmAgent({ name: 'root', model, tools: [tool] }))
  expect(responsesOf(events)).toEqual([{ error: expect.stringMatching(/^Error in tool 'work': city: /) }, {}])
  expect(seen).toEqual([{ city: 'Bonn', days: 3 }])
})

it('tools that are called together work together, and are answered in order', async () => {
  const order: string[] = []
  const slow = gate()
  const tools = [
    new FunctionTool({
      name: 'slow',
      description: '',
      execute: async () => {
        order.push('slow begins')
        await slow.opened
        order.push('slow ends')
        return 'slow'
      },
    }),
    new FunctionTool({
      name: 'quick',
      description: '',
      execute: () => {
        order.push('quick')
        slow.open()
        return 'quick'
      },
    }),
  ]
  const model = scriptedModel([[{ call: 'slow' }, { call: 'quick' }]], AFTER)
  const events = await ask(new LlmAgent({ name: 'root', model, tools }))
  expect(order).toEqual(['slow begins', 'quick', 'slow ends'])
  expect(responsesOf(events)).toEqual([{ result: 'slow' }, { result: 'quick' }])
})

describe('actions of a tool', () => {
  it('endInvocation ends the run after the answer', async () => {
    const { agent, model } = worker((_, context) => {
      context.invocationContext.endInvocation = true
      return 'enough'
    })
    const conversation = await open(agent)
    expect(outline(await conversation.say('go'))).toEqual(['root: call work', 'root: answer work'])
    await expectUsable(conversation, model)
  })

  it('skipSummarization makes the answer the last word', async () => {
    const { agent, model } = worker((_, context) => {
      context.actions.skipSummarization = true
      return { report: 'all of it' }
    })
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['root: call work', 'root: answer work'])
    expect(lastOf(events).actions.skipSummarization).toBe(true)
    await expectUsable(conversation, model)
  })

  it('state of a long-running tool that returned nothing is stored', async () => {
    const model = scriptedModel([{ call: 'order' }], AFTER)
    const tool = new LongRunningFunctionTool({
      name: 'order',
      description: '',
      execute: (_, context) => context.state.set('ordered', true),
    })
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [tool] }))
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['root: call order', 'root: '])
    expect(await conversation.state()).toEqual({ ordered: true })
    await expectUsable(conversation, model)
  })
})

it.each([
  [
    'functions',
    () => [() => 'weather'],
    /tools\[0\] of agent "root" is a function, not a tool; wrap it: new FunctionTool/,
  ],
  [
    'undefined',
    () => [undefined],
    /tools\[0\] of agent "root" is undefined, not a tool; do two files import/,
  ],
])('%s among the tools are refused with a reason', (_, tools, message) => {
  expect(() => new LlmAgent({ name: 'root', tools: tools() as never })).toThrow(message)
})

it('two tools of one name are an error event that names them', async () => {
  const tool = () => new FunctionTool({ name: 'work', description: '', execute: () => 1 })
  const model = scriptedModel([], AFTER)
  const conversation = await open(new LlmAgent({ name: 'root', model, tools: [tool(), tool()] }))
  const [event] = await conversation.say('go')
  expect(event).toMatchObject({ author: 'root', errorCode: 'UNKNOWN_ERROR' })
  expect(event?.errorMessage).toContain('Two tools are named "work"')
  expect(model.calls).toEqual([])
})
