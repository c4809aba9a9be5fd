import {
  EXIT_LOOP,
  LlmAgent,
  LoopAgent,
  ParallelAgent,
  RoutedAgent,
  SequentialAgent,
  type AgentRouter,
  type BaseAgent,
  type Event,
  type InvocationContext,
} from 'adk-ts'
import { describe, expect, it, vi } from 'vitest'
import { said, WorkingAgent } from '../support/agents.js'
import { gate } from '../support/gate.js'
import { scriptedModel } from '../support/scripted-model.js'
import { ask, checkRequests, expectUsable, lastRequest, open, outline } from './conversation.js'

const AFTER = 'still here'

const speaker = (name: string, ...words: string[]): LlmAgent =>
  new LlmAgent({ name, model: scriptedModel(words.length > 0 ? words : [], name) })

const worker = (name: string, work: (context: InvocationContext) => AsyncGenerator<Event, void>): BaseAgent =>
  new WorkingAgent(work, name)

describe('a sequence', () => {
  it('runs its agents in order, and state of one is seen by the next', async () => {
    const first = new LlmAgent({ name: 'first', model: scriptedModel(['Bonn']), outputKey: 'city' })
    const model = scriptedModel(['done'])
    const second = new LlmAgent({ name: 'second', model, instruction: 'The city is {city}.' })
    expect(outline(await ask(new SequentialAgent({ name: 'root', subAgents: [first, second] })))).toEqual([
      'first: Bonn',
      'second: done',
    ])
    expect(model.last.request.config?.systemInstruction).toContain('The city is Bonn.')
  })

  it('goes on when one of them ends its own work', async () => {
    const stopping = worker('stopping', async function* (context) {
      yield said(context, 'enough')
      context.endInvocation = true
    })
    const events = await ask(new SequentialAgent({ name: 'root', subAgents: [stopping, speaker('next')] }))
    expect(outline(events)).toEqual(['stopping: enough', 'next: next'])
  })

  it('goes on after an error event', async () => {
    const failing = new LlmAgent({ name: 'failing', model: scriptedModel([{ fail: new Error('no') }]) })
    const events = await ask(new SequentialAgent({ name: 'root', subAgents: [failing, speaker('next')] }))
    expect(outline(events)).toEqual(['failing: error UNKNOWN_ERROR', 'next: next'])
  })

  it('of nothing says nothing', async () => {
    expect(await ask(new SequentialAgent({ name: 'root' }))).toEqual([])
  })
})

describe('agents in parallel', () => {
  it('work at the same time, on branches, and do not hear each other', async () => {
    const [a, b] = [gate(), gate()]
    const model = scriptedModel([], AFTER)
    const agents = [
      worker('a', async function* (context) {
        yield said(context, 'a1', { branch: context.branch ?? '' })
        a.open()
        await b.opened
        yield said(context, 'a2', { branch: context.branch ?? '' })
      }),
      worker('b', async function* (context) {
        await a.opened
        yield said(context, 'b1', { branch: context.branch ?? '' })
        b.open()
      }),
      new LlmAgent({ name: 'c', model }),
    ]
    const after = scriptedModel(['after'])
    const root = new SequentialAgent({
      name: 'root',
      subAgents: [
        new ParallelAgent({ name: 'fan', subAgents: agents }),
        new LlmAgent({ name: 'd', model: after }),
      ],
    })
    const events = await ask(root)
    expect(outline(events).filter((line) => line.startsWith('a') || line.startsWith('b'))).toEqual([
      'a: a1',
      'b: b1',
      'a: a2',
    ])
    expect(new Set(events.map(({ author, branch }) => `${author} ${branch}`))).toEqual(
      new Set(['a fan.a', 'b fan.b', 'c fan.c', 'd undefined']),
    )
    expect(lastRequest(model)).toEqual(['user: hi'])
    expect(lastRequest(after)).toHaveLength(5) // what all of them said
  })

  it('inside each other have branches of branches, and hear what was said above', async () => {
    const model = scriptedModel([], AFTER)
    const inner = new ParallelAgent({
      name: 'inner',
      subAgents: [new LlmAgent({ name: 'deep', model }), speaker('other')],
    })
    const left = new SequentialAgent({ name: 'left', subAgents: [speaker('before'), inner] })
    const events = await ask(new ParallelAgent({ name: 'outer', subAgents: [left, speaker('right')] }))
    expect(Object.fromEntries(events.map(({ author, branch }) => [author, branch]))).toEqual({
      before: 'outer.left',
      right: 'outer.right',
      deep: 'outer.left.inner.deep',
      other: 'outer.left.inner.other',
    })
    expect(lastRequest(model)).toEqual(['user: hi', 'user: For context: + [before] said: before'])
  })

  it('call tools without hearing the answers of the others', async () => {
    const models = ['a', 'b'].map((name) => ({
      name,
      model: scriptedModel([{ call: 'exit_loop', id: 'same' }], name),
    }))
    const agents = models.map(({ name, model }) => {
      return new LlmAgent({ name, model, tools: [EXIT_LOOP], afterToolCallback: () => ({ of: name }) })
    })
    const conversation = await open(new ParallelAgent({ name: 'root', subAgents: agents }))
    for await (const _ of conversation.start('go'));
    const { events } = await conversation.stored()
    expect(events.filter(({ branch }) => branch === 'root.a')).toHaveLength(2)
    for await (const _ of conversation.start('again'));
    for (const { name, model } of models) {
      expect(lastRequest(model)).toEqual([
        'user: go',
        'model: call exit_loop',
        `user: answer {"of":"${name}"}`,
        'user: again',
      ])
    }
  })

  it('wait until what they said is taken', async () => {
    const progress: string[] = []
    const counting = (name: string) =>
      worker(name, async function* (context) {
        for (const step of [1, 2, 3]) {
          progress.push(`${name}${step}`)
          yield said(context, `${name}${step}`)
        }
      })
    const conversation = await open(
      new ParallelAgent({ name: 'root', subAgents: [counting('a'), counting('b')] }),
    )
    const run = conversation.start('go')
    await run.next()
    await new Promise((resolve) => setImmediate(resolve))
    expect(progress).toEqual(['a1', 'b1'])
    await run.next()
    await new Promise((resolve) => setImmediate(resolve))
    expect(progress).toEqual(['a1', 'b1', 'a2'])
    await run.return()
    expect(progress).toEqual(['a1', 'b1', 'a2'])
  })

  it('take turns: one that always has something to say does not silence the others', async () => {
    const chatty = worker('chatty', async function* (context) {
      for (let count = 0; count < 20; count++) yield said(context, String(count))
    })
    const events = await ask(new ParallelAgent({ name: 'root', subAgents: [chatty, speaker('quiet')] }))
    expect(outline(events).indexOf('quiet: quiet')).toBeLessThan(20)
  })

  it('end when one of them throws; the others are told to stop', async () => {
    const closed: string[] = []
    const model = scriptedModel([{ hang: true }], AFTER)
    const slow = new LlmAgent({ name: 'slow', model })
    const patient = worker('patient', async function* (context) {
      try {
        yield said(context, 'waiting')
        await new Promise((resolve) => context.abortSignal.addEventListener('abort', resolve))
        yield said(context, 'too late')
      } finally {
        closed.push('patient')
      }
    })
    let failed = false
    const failing = worker('failing', async function* (context) {
      if (failed) yield said(context, 'never')
      await vi.waitFor(() => expect(model.calls).toHaveLength(1))
      throw new Error('own trouble')
    })
    const root = new RoutedAgent({
      name: 'root',
      agents: {
        fan: new ParallelAgent({ name: 'fan', subAgents: [patient, slow, failing] }),
        fine: speaker('fine', AFTER),
      },
      router: (_, __, error) => {
        failed ||= error !== undefined
        return failed ? 'fine' : 'fan'
      },
    })
    const conversation = await open(root)
    await expect(conversation.say('go')).rejects.toThrow('own trouble')
    await new Promise((resolve) => setImmediate(resolve))
    expect(closed).toEqual(['patient'])
    expect(model.last).toMatchObject({ ended: true, signal: { aborted: true } })
    failed = true
    await expectUsable(conversation, model)
  })
})

describe('a loop', () => {
  it('ends after its rounds', async () => {
    const events = await ask(
      new LoopAgent({ name: 'root', maxIterations: 2, subAgents: [speaker('a'), speaker('b')] }),
    )
    expect(outline(events)).toEqual(['a: a', 'b: b', 'a: a', 'b: b'])
  })

  it('ends when an agent escalates, before the agents after it', async () => {
    const model = scriptedModel(['once', { call: 'exit_loop' }])
    const leaving = new LlmAgent({ name: 'leaving', model, tools: [EXIT_LOOP] })
    const conversation = await open(new LoopAgent({ name: 'root', subAgents: [leaving, speaker('after')] }))
    expect(outline(await conversation.say('go'))).toEqual([
      'leaving: once',
      'after: after',
      'leaving: call exit_loop',
      'leaving: answer exit_loop',
    ])
    checkRequests(model)
  })

  it('lets the agent that escalated finish', async () => {
    const leaving = worker('leaving', async function* (context) {
      yield said(context, 'leaving', { actions: { escalate: true } as never })
      yield said(context, 'last words')
    })
    const inner = new SequentialAgent({ name: 'inner', subAgents: [leaving, speaker('after')] })
    const events = await ask(new LoopAgent({ name: 'root', subAgents: [inner, speaker('never')] }))
    expect(outline(events)).toEqual(['leaving: leaving', 'leaving: last words', 'after: after'])
  })

  it('around another loop ends with it', async () => {
    const leaving = worker('leaving', async function* (context) {
      yield said(context, 'leaving', { actions: { escalate: true } as never })
    })
    const inner = new LoopAgent({ name: 'inner', subAgents: [leaving] })
    const events = await ask(new LoopAgent({ name: 'outer', subAgents: [inner, speaker('never')] }))
    expect(outline(events)).toEqual(['leaving: leaving'])
  })

  it('of nothing ends at once', async () => {
    expect(await ask(new LoopAgent({ name: 'root' }))).toEqual([])
  })

  it('of agents that say nothing can be cancelled', async () => {
    const controller = new AbortController()
    let rounds = 0
    const silent = worker('silent', async function* (context) {
      if (++rounds === 2) setTimeout(() => controller.abort())
      if (rounds > 1e9) yield said(context, 'never')
    })
    const conversation = await open(new LoopAgent({ name: 'root', subAgents: [silent] }))
    expect(await conversation.say('go', { abortSignal: controller.signal })).toEqual([])
    expect(rounds).toBeGreaterThan(1)
  })
})

describe('a routed agent', () => {
  const failing = (name: string, afterWords = false) =>
    worker(name, async function* (context) {
      if (afterWords) yield said(context, 'well')
      throw new Error(`${name} failed`)
    })

  it('hands every message to the agent that its router names', async () => {
    const router: AgentRouter = (_, { session }) => String(session.state.who)
    const root = new RoutedAgent({ name: 'root', agents: [speaker('a'), speaker('b')], router })
    expect(outline(await ask(root, 'hi', { state: { who: 'b' } }))).toEqual(['b: b'])
  })

  it('asks again when the agent fails before it spoke', async () => {
    const asked: unknown[] = []
    const root = new RoutedAgent({
      name: 'root',
      agents: { bad: failing('bad'), worse: failing('worse'), good: speaker('good') },
      router: async (agents, _, error) => {
        asked.push(error && [[...error.failedKeys], (error.lastError as Error).message])
        return Object.keys(agents).find((key) => !error?.failedKeys.has(key))
      },
    })
    expect(outline(await ask(root))).toEqual(['good: good'])
    expect(asked).toEqual([undefined, [['bad'], 'bad failed'], [['bad', 'worse'], 'worse failed']])
  })

  it.each<[string, AgentRouter, string]>([
    ['fails after it spoke', () => 'spoke', 'spoke failed'],
    ['fails, and none is left', (_, __, error) => (error ? undefined : 'bad'), 'bad failed'],
    ['fails, and is chosen again', () => 'bad', 'bad failed'],
    ['is unknown', () => 'nobody', 'The router of agent "root" chose no agent it has: nobody'],
    [
      'is unknown to the router',
      () => undefined,
      'The router of agent "root" chose no agent it has: undefined',
    ],
    ['has a name of every object', () => 'toString', 'chose no agent it has: toString'],
  ])('throws when the chosen agent %s', async (_, router, message) => {
    const agents = { bad: failing('bad'), spoke: failing('spoke', true) }
    await expect(ask(new RoutedAgent({ name: 'root', agents, router }))).rejects.toThrow(message)
  })
})
