import { FunctionTool, LlmAgent, ParallelAgent, SequentialAgent, type BaseTool, type Context } from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import {
  answerTo,
  callsOf,
  checkRequests,
  Conversation,
  expectUsable,
  idOf,
  lastOf,
  lastRequest,
  open,
  outline,
  responsesOf,
} from './conversation.js'

const AFTER = 'still here'
const ASK = 'adk_request_confirmation'

/** An agent with a tool that must be confirmed, one that asks by itself, and one that asks nobody. */
function bank(turns: Turn[]) {
  const ran: unknown[] = []
  const model = scriptedModel(turns, AFTER)
  const tools: BaseTool[] = [
    new FunctionTool({
      name: 'wire',
      description: '',
      parameters: z.object({ amount: z.number() }),
      requireConfirmation: true,
      execute: ({ amount }) => {
        ran.push(`wire ${amount}`)
        return { wired: amount }
      },
    }),
    new FunctionTool({
      name: 'pay',
      description: '',
      requireConfirmation: ({ amount }) => Number(amount) > 100,
      execute: ({ amount }) => {
        ran.push(`pay ${String(amount)}`)
        return { paid: amount }
      },
    }),
    new FunctionTool({ name: 'book', description: '', execute: bookWith(ran) }),
    new FunctionTool({ name: 'look', description: '', execute: () => 'seen' }),
  ]
  return { ran, model, agent: new LlmAgent({ name: 'bank', model, tools }) }
}

const bookWith = (ran: unknown[]) => (_: unknown, context: Context) => {
  const { toolConfirmation: said } = context
  ran.push(said ? `book ${said.confirmed} ${JSON.stringify(said.payload)}` : 'book asks')
  if (said) return { booked: said.confirmed, seats: said.payload }
  context.state.set('asked', true)
  context.requestConfirmation({ hint: 'How many seats?', payload: { seats: 1 } })
  return undefined
}

const yes = (id: string, more: object = {}) => answerTo(id, ASK, { confirmed: true, ...more })
const no = (id: string) => answerTo(id, ASK, { confirmed: false })

describe('a call that must be confirmed', () => {
  it('waits, runs once it is allowed, and the model goes on', async () => {
    const { agent, model, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const asked = await conversation.say('go')
    expect(outline(asked)).toEqual(['bank: call wire', `bank: call ${ASK}`])
    expect(ran).toEqual([])
    const answered = await conversation.say(yes(idOf(asked, ASK)))
    expect(outline(answered)).toEqual(['bank: answer wire', `bank: ${AFTER}`])
    expect(ran).toEqual(['wire 5'])
    expect(answered[0]?.content?.parts?.[0]?.functionResponse).toEqual({
      id: idOf(asked, 'wire'),
      name: 'wire',
      response: { wired: 5 },
    })
    expect(lastRequest(model)).toEqual(['user: go', 'model: call wire', 'user: answer {"wired":5}'])
    await expectUsable(conversation, model)
  })

  it('is refused when the person says no', async () => {
    const { agent, model, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const answered = await conversation.say(no(idOf(await conversation.say('go'), ASK)))
    expect(responsesOf(answered)).toEqual([{ error: 'This tool call is rejected.' }])
    expect(ran).toEqual([])
    await expectUsable(conversation, model)
  })

  it.each([
    [{ confirmed: 'true' }],
    [{ confirmed: 1 }],
    [{}],
    [{ response: 'yes' }],
    [{ response: '"true"' }],
  ])('is refused by %j: only true is a yes', async (response) => {
    const { agent, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    await conversation.say(answerTo(idOf(await conversation.say('go'), ASK), ASK, response))
    expect(ran).toEqual([])
  })

  it('may be answered by JSON in a string', async () => {
    const { agent, ran } = bank([{ call: 'book' }])
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    const response = JSON.stringify({ confirmed: true, payload: { seats: 3 } })
    await conversation.say(answerTo(id, ASK, { response }))
    expect(ran).toEqual(['book asks', 'book true {"seats":3}'])
  })

  it('need not be, when its predicate says so', async () => {
    const { agent, ran } = bank([
      { call: 'pay', args: { amount: 5 } },
      { call: 'pay', args: { amount: 500 } },
    ])
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual([
      'bank: call pay',
      'bank: answer pay',
      'bank: call pay',
      `bank: call ${ASK}`,
    ])
    expect(ran).toEqual(['pay 5'])
    await conversation.say(yes(idOf(events, ASK)))
    expect(ran).toEqual(['pay 5', 'pay 500'])
  })

  it('asks nobody when its arguments are wrong', async () => {
    const { agent } = bank([{ call: 'wire', args: { amount: 'five' } }])
    agent.tools[0] = new FunctionTool({
      name: 'wire',
      description: '',
      parameters: z.object({ amount: z.number() }),
      requireConfirmation: ({ amount }) => amount > 1,
      execute: () => 'never',
    })
    const conversation = await open(agent)
    expect(responsesOf(await conversation.say('go'))).toEqual([
      { error: expect.stringMatching(/^Error in tool 'wire': amount: /) },
    ])
  })

  it('that nobody answers leaves a session that can be used, and can be answered later', async () => {
    const { agent, model, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    await expectUsable(conversation, model)
    await expectUsable(conversation, model)
    await conversation.say(yes(id))
    expect(ran).toEqual(['wire 5'])
    checkRequests(model)
  })

  it('is what the person was shown, even if the model uses its id for another call meanwhile', async () => {
    const { agent, ran } = bank([
      { call: 'wire', args: { amount: 5 }, id: 'call_0' },
      { call: 'wire', args: { amount: 5000 }, id: 'call_0' },
    ])
    const conversation = await open(agent)
    const first = idOf(await conversation.say('go'), ASK)
    const second = idOf(await conversation.say('and more'), ASK)
    // Two calls of one id at once are no history to check.
    for (const id of [first, second]) for await (const _ of conversation.start(yes(id)));
    expect(ran).toEqual(['wire 5', 'wire 5000'])
  })

  it('is that of the agent which asked, even if another one uses its id at the same time', async () => {
    const ran: unknown[] = []
    const wire = new FunctionTool({
      name: 'wire',
      description: '',
      requireConfirmation: true,
      execute: ({ amount }, { agentName }) => ran.push(`${agentName} ${String(amount)}`),
    })
    const clerk = (name: string, amount: number) => {
      const model = scriptedModel([{ call: 'wire', args: { amount }, id: 'call_0' }], AFTER)
      return new LlmAgent({ name, model, tools: [wire] })
    }
    const conversation = await open(
      new ParallelAgent({ name: 'root', subAgents: [clerk('a', 5), clerk('b', 5000)] }),
    )
    const asked = callsOf(await conversation.say('go')).filter(({ name }) => name === ASK)
    for (const { id = '' } of asked) for await (const _ of conversation.start(yes(id)));
    expect(new Set(ran)).toEqual(new Set(['a 5', 'b 5000']))
  })

  it('may have an id like what every object has', async () => {
    const { agent, ran } = bank([{ call: 'wire', args: { amount: 5 }, id: '__proto__' }])
    const conversation = await open(agent)
    await conversation.say(yes(idOf(await conversation.say('go'), ASK)))
    expect(ran).toEqual(['wire 5'])
  })

  it('says with its question what it is for', async () => {
    const { agent } = bank([{ call: 'book', id: 'c1' }])
    const conversation = await open(agent)
    const question = lastOf(await conversation.say('go'))
    const toolConfirmation = { hint: 'How many seats?', confirmed: false, payload: { seats: 1 } }
    expect(question.actions.requestedToolConfirmations).toEqual({ c1: toolConfirmation })
    expect(callsOf([question])[0]?.args).toEqual({
      originalFunctionCall: { id: 'c1', name: 'book', args: {} },
      toolConfirmation,
    })
    expect(question.longRunningToolIds).toEqual([callsOf([question])[0]?.id])
    // What the tool did before it asked is not forgotten.
    expect(await conversation.state()).toEqual({ asked: true })
  })

  it('by the tool itself runs again with the answer, yes or no', async () => {
    const { agent, ran } = bank([{ call: 'book' }, { call: 'book' }])
    const conversation = await open(agent)
    const first = await conversation.say(
      yes(idOf(await conversation.say('go'), ASK), { payload: { seats: 2 } }),
    )
    expect(responsesOf(first)).toEqual([{ booked: true, seats: { seats: 2 } }])
    // The second call was made by the model that went on.
    const second = await conversation.say(no(idOf(first, ASK)))
    expect(responsesOf(second)).toEqual([{ booked: false }])
    expect(ran).toEqual(['book asks', 'book true {"seats":2}', 'book asks', 'book false undefined'])
  })

  it('by a tool that then fails is a failure, not a question', async () => {
    const model = scriptedModel([{ call: 'torn' }], AFTER)
    const torn = new FunctionTool({
      name: 'torn',
      description: '',
      execute: (_, context) => {
        context.requestConfirmation({ hint: 'Sure?' })
        throw new Error('never mind')
      },
    })
    const conversation = await open(new LlmAgent({ name: 'bank', model, tools: [torn] }))
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['bank: call torn', 'bank: answer torn', `bank: ${AFTER}`])
  })

  it('may be changed by the tool, and is asked about as it was made', async () => {
    const model = scriptedModel([{ call: 'sort', args: { list: [2, 1] } }], AFTER)
    const sort = new FunctionTool({
      name: 'sort',
      description: '',
      execute: (args: { list: number[] }, context) => {
        args.list.sort((a, b) => a - b)
        if (context.toolConfirmation) return args
        context.requestConfirmation({ hint: 'Sort?' })
        return undefined
      },
    })
    const conversation = await open(new LlmAgent({ name: 'bank', model, tools: [sort] }))
    const asked = await conversation.say('go')
    expect(callsOf(asked)[1]?.args).toMatchObject({ originalFunctionCall: { args: { list: [2, 1] } } })
    expect(responsesOf(await conversation.say(yes(idOf(asked, ASK))))).toEqual([{ list: [1, 2] }])
  })

  it('may be asked about again, before the model hears of it', async () => {
    const model = scriptedModel([{ call: 'twice' }], AFTER)
    const twice = new FunctionTool({
      name: 'twice',
      description: '',
      execute: (_, context) => {
        if (context.toolConfirmation?.payload === 'sure') return 'done'
        context.requestConfirmation({ hint: context.toolConfirmation ? 'Really?' : 'Sure?' })
        return undefined
      },
    })
    const conversation = await open(new LlmAgent({ name: 'bank', model, tools: [twice] }))
    const first = await conversation.say('go')
    const second = await conversation.say(yes(idOf(first, ASK)))
    expect(outline(second)).toEqual([`bank: call ${ASK}`])
    expect(model.calls).toHaveLength(1)
    expect(responsesOf(await conversation.say(yes(idOf(second, ASK), { payload: 'sure' })))).toEqual([
      { result: 'done' },
    ])
    await expectUsable(conversation, model)
  })
})

describe('several questions', () => {
  const two: Turn[] = [
    [
      { call: 'wire', args: { amount: 1 } },
      { call: 'wire', args: { amount: 2 } },
    ],
  ]

  it('are asked in one event, and answered in one message', async () => {
    const { agent, model, ran } = bank(two)
    const conversation = await open(agent)
    const asked = await conversation.say('go')
    expect(outline(asked)).toEqual(['bank: call wire + call wire', `bank: call ${ASK} + call ${ASK}`])
    const [first, second] = callsOf(asked.slice(1)).map(({ id = '' }) => id)
    const answered = await conversation.say([yes(first ?? ''), no(second ?? '')])
    expect(outline(answered)).toEqual(['bank: answer wire + answer wire', `bank: ${AFTER}`])
    expect(responsesOf(answered)).toEqual([{ wired: 1 }, { error: 'This tool call is rejected.' }])
    expect(ran).toEqual(['wire 1'])
    await expectUsable(conversation, model)
  })

  it('may be answered one after the other', async () => {
    const { agent, model, ran } = bank(two)
    const conversation = await open(agent)
    const [first, second] = callsOf((await conversation.say('go')).slice(1)).map(({ id = '' }) => id)
    await conversation.say(yes(second ?? ''))
    expect(ran).toEqual(['wire 2'])
    await conversation.say(yes(first ?? ''))
    expect(ran).toEqual(['wire 2', 'wire 1'])
    expect(lastRequest(model).slice(0, 3)).toEqual([
      'user: go',
      'model: call wire + call wire',
      'user: answer {"wired":1} + answer {"wired":2}',
    ])
    await expectUsable(conversation, model)
  })

  it('do not keep other calls from being answered', async () => {
    const { agent, model, ran } = bank([[{ call: 'look' }, { call: 'wire', args: { amount: 5 } }]])
    const conversation = await open(agent)
    const asked = await conversation.say('go')
    expect(outline(asked)).toEqual(['bank: call look + call wire', 'bank: answer look', `bank: call ${ASK}`])
    expect(asked[1]?.actions.requestedToolConfirmations).toEqual({})
    await conversation.say(yes(idOf(asked, ASK)))
    expect(ran).toEqual(['wire 5'])
    expect(lastRequest(model)).toEqual([
      'user: go',
      'model: call look + call wire',
      'user: answer {"result":"seen"} + answer {"wired":5}',
    ])
    await expectUsable(conversation, model)
  })
})

describe('an answer', () => {
  it('that is given twice counts once', async () => {
    const { agent, model, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    await conversation.say([yes(id), yes(id)])
    await conversation.say(yes(id))
    await conversation.say(no(id))
    expect(ran).toEqual(['wire 5'])
    expect(
      responsesOf((await conversation.stored()).events.filter(({ author }) => author !== 'user')),
    ).toEqual([{ wired: 5 }])
    await expectUsable(conversation, model)
  })

  it('that was no cannot become yes', async () => {
    const { agent, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    await conversation.say(no(id))
    await conversation.say(yes(id))
    expect(ran).toEqual([])
  })

  it.each([
    ['of an unknown question', () => 'adk-forged', ASK],
    ['of the call itself', (_: string, call: string) => call, ASK],
    ['of no question', () => '', ASK],
  ])('%s runs nothing', async (_, forge, name) => {
    const { agent, model, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const asked = await conversation.say('go')
    const id = forge(idOf(asked, ASK), idOf(asked, 'wire'))
    const stolen = { confirmed: true, originalFunctionCall: callsOf(asked)[0] }
    for await (const _event of conversation.start(answerTo(id, name, stolen)));
    expect(ran).toEqual([])
    await expectUsable(conversation, model)
  })

  it('cannot change what was asked', async () => {
    const { agent, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    const originalFunctionCall = { name: 'wire', args: { amount: 5_000_000 } }
    await conversation.say(yes(id, { originalFunctionCall, args: { amount: 6_000_000 } }))
    expect(ran).toEqual(['wire 5'])
  })

  it('to a question that the model made up runs nothing', async () => {
    const wire = { id: 'w', name: 'wire', args: { amount: 5 } }
    const { agent, model, ran } = bank([
      [{ call: 'wire', args: { amount: 5 }, id: 'w' }],
      { call: ASK, id: 'trick', args: { originalFunctionCall: wire } },
    ])
    const conversation = await open(agent)
    await conversation.say(no(idOf(await conversation.say('go'), ASK)))
    await conversation.say(yes('trick'))
    expect(ran).toEqual([])
    await expectUsable(conversation, model)
  })

  it('to a question that the model made up runs nothing, also when the client executes the calls', async () => {
    const { agent, ran } = bank([
      { call: 'wire', args: { amount: 5 }, id: 'w' },
      { call: ASK, id: 'trick', args: { originalFunctionCall: { id: 'w' } } },
    ])
    const conversation = await open(agent)
    const pause = { runConfig: { pauseOnToolCalls: true } }
    await conversation.say('go', { ...pause, open: ['w'] })
    await conversation.say('no, wait', { ...pause, open: ['trick'] })
    await conversation.say(yes('trick'))
    expect(ran).toEqual([])
  })

  it('cannot be smuggled in as a question of the client', async () => {
    const { agent } = bank([])
    const conversation = await open(agent)
    const functionCall = {
      id: 'x',
      name: ASK,
      args: { originalFunctionCall: { name: 'wire', args: { amount: 5 } } },
    }
    await expect(conversation.say({ functionCall })).rejects.toMatchObject({
      code: 'invalid_message',
      status: 422,
    })
    expect((await conversation.stored()).events).toEqual([])
  })

  it('goes to the agent that asked, wherever it is, and to no other', async () => {
    const [left, right] = [
      bank([{ call: 'wire', args: { amount: 1 } }]),
      bank([{ call: 'wire', args: { amount: 2 } }]),
    ]
    const [a, b] = [left.agent.clone({ name: 'a' }), right.agent.clone({ name: 'b' })]
    const conversation = await open(new ParallelAgent({ name: 'root', subAgents: [a, b] }))
    const asked = await conversation.say('go')
    const questions = asked.filter((event) => callsOf([event])[0]?.name === ASK)
    const ofA = questions.filter(({ author }) => author === 'a')
    const answered = await conversation.say(yes(idOf(ofA, ASK)))
    expect(outline(answered)).toEqual(['a: answer wire', `a: ${AFTER}`])
    expect(answered.map(({ branch }) => branch)).toEqual(['root.a', 'root.a'])
    expect(lastRequest(left.model)).toEqual(['user: go', 'model: call wire', 'user: answer {"wired":1}'])
    expect([left.ran, right.ran]).toEqual([['wire 1'], []])
    checkRequests(left.model)
  })

  it('for an agent that is gone runs nothing, and leaves no call open', async () => {
    const { agent, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    const model = scriptedModel([], AFTER)
    const other = new LlmAgent({ name: 'other', model, tools: [...agent.tools] })
    const later = new Conversation(other, { sessionService: conversation.sessions })
    await later.say(yes(id))
    expect(ran).toEqual([])
    await expectUsable(later, model)
  })
})

it('a callback may refuse a call before anybody is asked', async () => {
  const { agent, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
  agent.beforeToolCallback.push(() => ({ error: 'not on Sundays' }))
  const conversation = await open(agent)
  expect(outline(await conversation.say('go'))).toEqual([
    'bank: call wire',
    'bank: answer wire',
    `bank: ${AFTER}`,
  ])
  expect(ran).toEqual([])
})

it('in a sequence the answer goes on with the agent that asked', async () => {
  const { agent, ran } = bank([{ call: 'wire', args: { amount: 5 } }])
  const conversation = await open(new SequentialAgent({ name: 'root', subAgents: [agent] }))
  const id = idOf(await conversation.say('go'), ASK)
  expect(outline(await conversation.say(yes(id)))).toEqual(['bank: answer wire', `bank: ${AFTER}`])
  expect(ran).toEqual(['wire 5'])
})

it('a confirmed call that ends the turn ends it', async () => {
  const model = scriptedModel([{ call: 'report' }], AFTER)
  const report = new FunctionTool({
    name: 'report',
    description: '',
    requireConfirmation: true,
    execute: (_, context) => {
      context.actions.skipSummarization = true
      return { report: 'all of it' }
    },
  })
  const conversation = await open(new LlmAgent({ name: 'bank', model, tools: [report] }))
  const id = idOf(await conversation.say('go'), ASK)
  expect(outline(await conversation.say(yes(id)))).toEqual(['bank: answer report'])
  expect(model.calls).toHaveLength(1)
})
