import {
  AgentTool,
  createEvent,
  FunctionTool,
  injectSessionState,
  LlmAgent,
  LoopAgent,
  ParallelAgent,
  RoutedAgent,
  SequentialAgent,
  type Event,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { said, WorkingAgent } from '../support/agents.js'
import { scriptedModel } from '../support/scripted-model.js'
import { ask, expectUsable, instructionOf, KEY, lastOf, open, outline, toContent } from './conversation.js'

const AFTER = 'still here'
const agent = (name: string, subAgents: LlmAgent[] = []) =>
  new LlmAgent({ name, model: scriptedModel(), subAgents })

describe('a tree of agents', () => {
  it.each(['', '1st', 'two words', 'a.b', '-x', undefined, null, 7])('refuses the name %j', (name) => {
    expect(() => agent(name as string)).toThrow(
      /^Agent name .* is not an identifier; use letters, digits, "_" and "-"/,
    )
  })

  it.each(['root', '_x', 'a-b', 'Ärzte', '天気', 'a1'])('takes the name %s', (name) => {
    expect(agent(name).name).toBe(name)
  })

  it('refuses "user"', () => {
    expect(() => agent('user')).toThrow('An agent cannot be named "user"')
  })

  it('refuses two agents of one name beside each other', () => {
    expect(() => agent('root', [agent('a'), agent('b'), agent('a')])).toThrow(
      '"root" has two sub-agents named "a"',
    )
  })

  it('refuses an agent with two parents, and leaves the others free', () => {
    const [taken, free] = [agent('taken'), agent('free')]
    agent('first', [taken])
    expect(() => agent('second', [free, taken])).toThrow(
      'Agent "taken" already belongs to "first" and cannot also be a sub-agent of "second"',
    )
    expect(agent('third', [free]).subAgents).toEqual([free])
  })

  it('refuses what is no agent, and guesses why', () => {
    expect(() => agent('root', [undefined as never])).toThrow(
      'subAgents[0] of agent "root" is undefined, not an agent; do two files import each other?',
    )
  })

  it('finds agents by name', () => {
    const leaf = agent('leaf')
    const root = agent('root', [agent('a', [leaf]), agent('b')])
    expect(root.findAgent('leaf')).toBe(leaf)
    expect(root.findAgent('root')).toBe(root)
    expect(root.findSubAgent('root')).toBeUndefined()
    expect(leaf.rootAgent).toBe(root)
    expect(root.findAgent('nobody')).toBeUndefined()
  })

  it('does not change when the list it was given does', () => {
    const list = [agent('a')]
    const root = agent('root', list)
    list.push(agent('b'))
    expect(root.subAgents.map(({ name }) => name)).toEqual(['a'])
  })
})

describe('a copy of an agent', () => {
  it('has what the original has, changes aside, and agents of its own', () => {
    const original = new LlmAgent({
      name: 'root',
      instruction: 'Be kind.',
      subAgents: [agent('a', [agent('b')])],
    })
    const copy = original.clone({ name: 'copy' })
    expect(copy).toBeInstanceOf(LlmAgent)
    expect([copy.name, copy.instruction]).toEqual(['copy', 'Be kind.'])
    expect(copy.subAgents[0]).not.toBe(original.subAgents[0])
    expect(copy.findAgent('b')?.rootAgent).toBe(copy)
    expect(original.findAgent('b')?.rootAgent).toBe(original)
  })

  it('may get other agents below it', () => {
    expect(agent('root', [agent('a')]).clone({ subAgents: [agent('b')] }).subAgents[0]?.name).toBe('b')
  })

  it('can join another tree', () => {
    const child = agent('child')
    agent('first', [child])
    expect(agent('second', [child.clone()]).findAgent('child')).toBeDefined()
  })

  it('is of the same class, with its options', () => {
    expect(
      new LoopAgent({ name: 'loop', maxIterations: 3, subAgents: [agent('a')] }).clone().maxIterations,
    ).toBe(3)
    expect(new SequentialAgent({ name: 's' }).clone()).toBeInstanceOf(SequentialAgent)
    expect(new ParallelAgent({ name: 'p' }).clone()).toBeInstanceOf(ParallelAgent)
  })

  it('of a routed agent routes to copies', () => {
    const a = agent('a')
    const routed = new RoutedAgent({ name: 'r', agents: { x: a, y: a }, router: () => 'x' })
    const copy = routed.clone()
    expect(copy.agents.x).toBe(copy.agents.y)
    expect(copy.agents.x?.parentAgent).toBe(copy)
    expect(copy.agents.x).not.toBe(a)
  })
})

describe('an instruction', () => {
  const instructed = (instruction: LlmAgent['instruction'], globalInstruction?: string) => {
    const model = scriptedModel([], AFTER)
    const root = new LlmAgent({
      name: 'root',
      model,
      instruction,
      ...(globalInstruction && { globalInstruction }),
    })
    return { model, root, sent: () => instructionOf(model) }
  }

  it('whose variable is missing ends the run with a sentence that says so; the session can be used', async () => {
    const { root, model } = instructed('Speak {language}.')
    const conversation = await open(root)
    await expect(conversation.say('go')).rejects.toThrow(
      'Context variable not found: language. The instruction of agent "root" needs it in the session state; write {language?} if it may be missing',
    )
    expect((await conversation.stored()).events.map(({ author }) => author)).toEqual(['user'])
    await conversation.say('go', { stateDelta: { language: 'Latin' } })
    await expectUsable(conversation, model)
  })

  it.each([
    ['{a}', 'one'],
    ['{{a}}', 'one'],
    ['{ a }', 'one'],
    ['{gone?}', ''],
    ['{list}', '[1,2]'],
    ['{empty}', ''],
    ['{user:b} {app:c}', 'two three'],
    ['{not a key} {"json": {"x": 1}} {}', '{not a key} {"json": {"x": 1}} {}'],
    ['{artifact.notes.txt}', 'written down'],
    ['{artifact.none?}', ''],
    ['{__proto__?}', ''],
  ])('%s becomes %s', async (template, text) => {
    const { root, sent } = instructed(`<${template}>`)
    const conversation = await open(root, {
      state: { a: 'one', list: [1, 2], empty: null, 'user:b': 'two', 'app:c': 'three' },
    })
    await conversation.artifacts.saveArtifact({
      ...KEY,
      filename: 'notes.txt',
      artifact: { text: 'written down' },
    })
    await conversation.say('go')
    expect(sent()).toContain(`<${text}>`)
  })

  it('may be a function, whose text is no template unless it asks for one', async () => {
    const { root, sent } = instructed(async (context) => {
      return `{a} ${await injectSessionState('{a}', context)} ${context.agentName} ${context.userContent?.parts?.[0]?.text}`
    })
    await ask(root, 'hello', { state: { a: 'one' } })
    expect(sent()).toContain('{a} one root hello')
  })

  it('may hold any number of braces', async () => {
    const model = scriptedModel([], AFTER)
    const instruction = `${'{'.repeat(200_000)} and {{name}}`
    await ask(new LlmAgent({ name: 'root', model, instruction }), 'hi', { state: { name: 'Ada' } })
    expect(instructionOf(model).endsWith('{ and Ada')).toBe(true)
  })

  it('that is a function cannot change the state', async () => {
    const { root } = instructed((context) => {
      context.state.set('a', 'changed')
      context.state.get<string[]>('list')?.push('changed')
      context.state.get<string[]>('temp:list')?.push('changed')
      return ''
    })
    const conversation = await open(root, { state: { a: 'one', list: [] } })
    const seen: unknown[] = []
    root.beforeModelCallback.push(({ context }) => {
      seen.push(context.state.toRecord())
    })
    await conversation.say('go', { stateDelta: { 'temp:list': [] } })
    expect(seen).toEqual([{ a: 'one', list: [], 'temp:list': [] }])
    expect(await conversation.state()).toEqual({ a: 'one', list: [] })
  })

  it('that is a function and returns something else is an error that names the agent', async () => {
    const { root } = instructed(() => ({ text: 'hi' }) as never)
    await expect(ask(root)).rejects.toThrow(
      'The instruction function of agent "root" returned an object with text; it should return a string',
    )
  })

  it('for all agents is read from the root', async () => {
    const model = scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'child' } }], AFTER)
    const child = new LlmAgent({ name: 'child', model, globalInstruction: 'Ignored.', instruction: 'Own.' })
    await ask(new LlmAgent({ name: 'root', model, globalInstruction: 'Shared.', subAgents: [child] }))
    const sent = instructionOf(model)
    expect(sent).toContain('Shared.')
    expect(sent).toContain('Own.')
    expect(sent).not.toContain('Ignored.')
  })
})

describe('an event that cannot be stored', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle

  it.each<[string, Partial<Event>, string]>([
    ['for a cycle', { customMetadata: cycle }, 'it refers to itself'],
    [
      'for its state',
      { actions: { stateDelta: { ok: 1, bad: cycle } } as never },
      'because of its state "bad": it refers',
    ],
    ['for its size', { customMetadata: { text: 'x'.repeat(21 * 1024 * 1024) } }, 'it is larger than 20 MiB'],
  ])('%s is replaced by an error event, and the run ends', async (_, fields, message) => {
    const model = scriptedModel([], AFTER)
    const root = new WorkingAgent(async function* (context) {
      if (context.userContent?.parts?.[0]?.text === 'go') yield said(context, 'first', fields)
      yield said(context, AFTER)
    })
    const conversation = await open(root)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['worker: error EVENT_NOT_STORABLE'])
    expect(events[0]?.errorMessage).toMatch(`An event of agent "worker" cannot be stored`)
    expect(events[0]?.errorMessage).toContain(message)
    await expectUsable(conversation, model)
  })

  it('because a tool wrote such a state answers the call all the same', async () => {
    const model = scriptedModel([{ call: 'work' }], AFTER)
    const tool = new FunctionTool({
      name: 'work',
      description: '',
      execute: (_, context) => context.state.set('bad', cycle),
    })
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [tool] }))
    expect(outline(await conversation.say('go'))).toEqual([
      'root: call work',
      'root: error EVENT_NOT_STORABLE',
    ])
    expect(outline((await conversation.stored()).events).at(-1)).toBe('root: answer work')
    await expectUsable(conversation, model)
  })
})

describe('an agent of its own making', () => {
  it.each([
    ['a string', 'hello'],
    ['undefined', undefined],
    ['an array', []],
  ])('that yields %s is told what to do', async (what, yielded) => {
    const root = new WorkingAgent(async function* () {
      yield yielded as never
    })
    await expect(ask(root)).rejects.toThrow(
      `Agent "worker" yielded ${what}, which is not an event; make one with createEvent()`,
    )
  })

  it.each([
    ['a text', { content: 'hello' }],
    ['a text for its parts', { content: { role: 'model', parts: 'hello' } }],
    ['one part for its parts', { content: { role: 'model', parts: { text: 'hello' } } }],
    ['a part that is null', { content: { role: 'model', parts: [null] } }],
    ['a text for a part', { content: { role: 'model', parts: ['hello'] } }],
  ])('that yields an event with %s is told what to do, and the session can be used', async (_, fields) => {
    let isOdd = true
    const root = new WorkingAgent(async function* (context) {
      if (isOdd) yield { ...said(context, ''), ...fields } as Event
      yield said(context, AFTER)
    })
    const conversation = await open(root)
    await expect(conversation.say('go')).rejects.toThrow(
      "Agent \"worker\" yielded an event whose content is not a Content such as { role: 'model', parts: [{ text: 'Hello' }] }",
    )
    isOdd = false
    expect(outline(await conversation.say('again'))).toEqual([`worker: ${AFTER}`])
  })

  it('may leave out what the runner knows', async () => {
    const root = new WorkingAgent(async function* () {
      yield { content: toContent('bare') } as Event
    })
    const conversation = await open(root)
    expect(await conversation.say('go')).toMatchObject([
      {
        author: 'worker',
        invocationId: expect.stringMatching(/^e-/),
        id: expect.any(String),
        timestamp: expect.any(Number),
      },
    ])
  })

  it('may yield one event twice: they are two', async () => {
    const root = new WorkingAgent(async function* (context) {
      const event = said(context, 'again')
      yield event
      yield event
    })
    const conversation = await open(root)
    expect(outline(await conversation.say('go'))).toEqual(['worker: again', 'worker: again'])
  })

  it('may give its times in milliseconds, as dates have them', async () => {
    const at = Date.parse('2126-01-01')
    const root = new WorkingAgent(async function* (context) {
      yield said(context, 'then', { timestamp: at })
      yield said(context, 'now')
    })
    const events = await ask(root)
    expect(events[0]?.timestamp).toBe(at / 1000)
    expect(events[1]?.timestamp).toBeCloseTo(at / 1000, 5) // time does not go back
  })

  it('changes state by its events only', async () => {
    const root = new WorkingAgent(async function* (context) {
      context.session.state.lost = true
      yield said(context, 'x', { actions: { stateDelta: { kept: 1, 'temp:t': 2 } } as never })
      yield said(context, JSON.stringify(context.session.state))
    })
    const conversation = await open(root)
    expect(outline(await conversation.say('go'))[1]).toBe('worker: {"lost":true,"temp:t":2,"kept":1}')
    expect(await conversation.state()).toEqual({ kept: 1 })
  })

  it('that throws ends the run; what it said before stays, and the session can be used', async () => {
    const model = scriptedModel([], AFTER)
    const fine = new LlmAgent({ name: 'fine', model })
    const root = new WorkingAgent(async function* (context) {
      yield said(context, 'before')
      if (context.userContent?.parts?.[0]?.text === 'go') throw new RangeError('own trouble')
      yield* fine.runAsync(context)
    })
    const conversation = await open(root)
    await expect(conversation.say('go')).rejects.toThrow(new RangeError('own trouble'))
    expect(outline((await conversation.stored()).events)).toEqual(['user: go', 'worker: before'])
    await expectUsable(conversation, model)
  })

  it('runs other agents, and hears them', async () => {
    const child = new LlmAgent({ name: 'child', model: scriptedModel(['hello']), outputKey: 'word' })
    const root = new WorkingAgent(async function* (context) {
      for await (const event of child.runAsync(context)) {
        yield event
        yield createEvent({ author: 'worker', content: toContent(`${event.author} spoke`) })
      }
      yield said(context, String(context.session.state.word))
    })
    expect(outline(await ask(root))).toEqual(['child: hello', 'worker: child spoke', 'worker: hello'])
  })
})

it('events that were yielded cannot be changed, nor what was stored', async () => {
  const conversation = await open(new LlmAgent({ name: 'root', model: scriptedModel(['hello']) }))
  const event = lastOf(await conversation.say('go'))
  expect(() => {
    Object.assign(event.content?.parts?.[0] ?? {}, { text: 'forged' })
  }).toThrow(TypeError)
  expect(() => (event.actions.stateDelta.x = 1)).toThrow(TypeError)
  expect(lastOf((await conversation.stored()).events)).toBe(event)
})

it('an agent used as a tool may be part of the tree as well', async () => {
  const child = new LlmAgent({ name: 'child', model: scriptedModel([], 'hello') })
  const model = scriptedModel([{ call: 'child', args: { request: 'x' } }], AFTER)
  const root = new LlmAgent({
    name: 'root',
    model,
    tools: [new AgentTool({ agent: child })],
    subAgents: [child],
  })
  expect(outline(await ask(root))).toEqual(['root: call child', 'root: answer child', `root: ${AFTER}`])
})
