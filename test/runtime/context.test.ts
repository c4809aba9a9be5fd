import {
  FunctionTool,
  LlmAgent,
  LOAD_ARTIFACTS,
  LOAD_MEMORY,
  PRELOAD_MEMORY,
  ReadonlyContext,
  State,
  type BaseTool,
  type Context,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { scriptedModel } from '../support/scripted-model.js'
import { ask, KEY, lastOf, lastRequest, open, responsesOf, toContent } from './conversation.js'

const AFTER = 'still here'

/** An agent whose model calls `work`, which does what a test needs. */
function worker(work: (context: Context) => unknown, tools: BaseTool[] = []) {
  const model = scriptedModel([{ call: 'work' }], AFTER)
  const tool = new FunctionTool({ name: 'work', description: '', execute: (_, context) => work(context) })
  return { model, agent: new LlmAgent({ name: 'root', model, tools: [tool, ...tools] }) }
}

describe('state', () => {
  it('of a session, a user and an app is stored in its place; temporary state is not', async () => {
    const seen: unknown[] = []
    const { agent } = worker(({ state }) => {
      for (const prefix of ['', 'user:', 'app:', 'temp:']) state.set(`${prefix}key`, prefix || 'session')
    })
    agent.beforeModelCallback.push(({ context }) => void seen.push(context.state.get('temp:key')))
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(events[1]?.actions.stateDelta).toEqual({ key: 'session', 'user:key': 'user:', 'app:key': 'app:' })
    expect(seen).toEqual([undefined, 'temp:'])
    const stateOf = async (userId: string, sessionId: string, appName = 'app') => {
      await conversation.sessions.createSession({ appName, userId, sessionId })
      return (await conversation.sessions.getSession({ appName, userId, sessionId }))?.state
    }
    expect(await conversation.state()).toEqual({ key: 'session', 'user:key': 'user:', 'app:key': 'app:' })
    expect(await stateOf('u', 'other')).toEqual({ 'user:key': 'user:', 'app:key': 'app:' })
    expect(await stateOf('another', 's')).toEqual({ 'app:key': 'app:' })
    expect(await stateOf('u', 's', 'another')).toEqual({})
  })

  it('that was stored can be read, changed and set again', async () => {
    const { agent } = worker(({ state }) => {
      const list = state.get<{ deep: string[] }[]>('list', [])
      list[0]?.deep.push('new')
      state.set('list', list)
    })
    const stored = [{ deep: ['old'] }]
    const conversation = await open(agent, { state: { list: stored } })
    await conversation.say('go')
    expect(await conversation.state()).toEqual({ list: [{ deep: ['old', 'new'] }] })
    expect(stored).toEqual([{ deep: ['old'] }])
  })

  it('that was set in the same step can be changed further', async () => {
    const { agent } = worker(({ state }) => {
      state.set('list', ['a'])
      state.get<string[]>('list')?.push('b')
    })
    const conversation = await open(agent)
    await conversation.say('go')
    expect(await conversation.state()).toEqual({ list: ['a', 'b'] })
  })

  it('is seen at once by whatever comes next in the run', async () => {
    const seen: unknown[] = []
    const { agent } = worker(({ state }) => state.set('key', 1))
    agent.afterToolCallback.push(({ context }) => void seen.push(context.state.get('key')))
    agent.beforeModelCallback.push(({ context }) => void seen.push(context.state.get('key')))
    agent.afterAgentCallback.push((context) => void seen.push(context.state.get('key')))
    await ask(agent)
    expect(seen).toEqual([undefined, 1, 1, 1])
  })

  it('may be null, which is a value', async () => {
    const { agent } = worker(({ state }) => {
      state.set('key', null)
      return { has: state.has('key'), get: state.get('key', 'default') }
    })
    const conversation = await open(agent)
    expect(responsesOf(await conversation.say('go'))).toEqual([{ has: true, get: null }])
    expect(await conversation.state()).toEqual({ key: null })
  })

  it('named like what every object has is state like any other', async () => {
    const { agent } = worker(({ state }) => {
      const before = ['__proto__', 'constructor'].map((key) => [state.has(key), state.get(key)])
      state.set('__proto__', { polluted: true })
      return { before }
    })
    const conversation = await open(agent)
    const [response] = responsesOf(await conversation.say('go'))
    expect(response).toEqual({
      before: [
        [false, null],
        [false, null],
      ],
    })
    expect(Object.hasOwn(await conversation.state(), '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('of a message is set with it', async () => {
    const { agent } = worker(({ state }) => state.toRecord())
    const conversation = await open(agent, { state: { a: 1 } })
    const events = await conversation.say('go', { stateDelta: { b: 2, 'temp:c': 3 } })
    expect(responsesOf(events)).toEqual([{ a: 1, b: 2, 'temp:c': 3 }])
    expect(await conversation.state()).toEqual({ a: 1, b: 2 })
  })
})

describe('a context', () => {
  it('knows where it is', async () => {
    const { agent } = worker((context) => ({
      agentName: context.agentName,
      userId: context.userId,
      sessionId: context.sessionId,
      callId: context.functionCallId,
      said: context.userContent?.parts?.[0]?.text,
      same:
        context.invocationId === context.invocationContext.invocationId &&
        context.actions === context.eventActions,
      events: context.session.events.length,
      limit: context.invocationContext.appName,
    }))
    const events = await ask(agent, 'hello')
    expect(responsesOf(events)).toEqual([
      {
        agentName: 'root',
        userId: 'u',
        sessionId: 's',
        callId: events[0]?.content?.parts?.[0]?.functionCall?.id,
        said: 'hello',
        same: true,
        events: 2,
        limit: 'app',
      },
    ])
  })

  it('that is read-only cannot change anything', async () => {
    const { agent } = worker((context) => {
      context.state.set('temp:list', [1])
      const view = new ReadonlyContext(context.invocationContext)
      view.state.set('key', 'changed')
      view.state.update({ key: 'changed' })
      view.state.get<number[]>('temp:list')?.push(2)
      return { key: context.state.get('key'), list: context.state.get('temp:list') }
    })
    const conversation = await open(agent, { state: { key: 'x' } })
    expect(responsesOf(await conversation.say('go'))).toEqual([{ key: 'x', list: [1] }])
    expect(await conversation.state()).toEqual({ key: 'x' })
  })
})

describe('State by itself', () => {
  it('writes to the value and to the delta', () => {
    const [value, delta] = [{ a: 1 } as Record<string, unknown>, {} as Record<string, unknown>]
    const state = new State(value, delta)
    expect(state.hasDelta()).toBe(false)
    state.set('b', 2)
    state.update({ c: 3 })
    expect([value, delta]).toEqual([
      { a: 1, b: 2, c: 3 },
      { b: 2, c: 3 },
    ])
    expect([state.hasDelta(), state.has('c'), state.get('d', 4), state.toRecord()]).toEqual([
      true,
      true,
      4,
      value,
    ])
    expect([State.APP_PREFIX, State.USER_PREFIX, State.TEMP_PREFIX]).toEqual(['app:', 'user:', 'temp:'])
  })
})

describe('artifacts', () => {
  it('are saved, listed and loaded, by version and for the user', async () => {
    const { agent } = worker(async (context) => ({
      versions: [
        await context.saveArtifact('a.txt', { text: 'one' }),
        await context.saveArtifact('a.txt', { text: 'two' }),
        await context.saveArtifact('user:b.txt', { text: 'mine' }),
      ],
      names: await context.listArtifacts(),
      latest: await context.loadArtifact('a.txt'),
      first: await context.loadArtifact('a.txt', 0),
      none: (await context.loadArtifact('none')) ?? 'none',
    }))
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(responsesOf(events)).toEqual([
      {
        versions: [0, 1, 0],
        names: ['a.txt', 'user:b.txt'],
        latest: { text: 'two' },
        first: { text: 'one' },
        none: 'none',
      },
    ])
    expect(events[1]?.actions.artifactDelta).toEqual({ 'a.txt': 1, 'user:b.txt': 0 })
    const other = { ...KEY, sessionId: 'other' }
    expect(await conversation.artifacts.listArtifactKeys(other)).toEqual(['user:b.txt'])
  })

  it('named like what every object has are announced like any other', async () => {
    const { agent } = worker((context) => context.saveArtifact('__proto__', { text: 'one' }))
    const events = await (await open(agent)).say('go')
    expect(Object.entries(events[1]?.actions.artifactDelta ?? {})).toEqual([['__proto__', 0]])
  })

  it('that were loaded may be changed, and stay as they were', async () => {
    const { agent } = worker(async (context) => {
      await context.saveArtifact('a.png', { inlineData: { mimeType: 'image/png', data: 'AAAA' } })
      const part = await context.loadArtifact('a.png')
      if (part?.inlineData) part.inlineData.mimeType = 'image/jpeg'
      return { part, again: await context.loadArtifact('a.png') }
    })
    expect(responsesOf(await ask(agent))).toEqual([
      {
        part: { inlineData: { mimeType: 'image/jpeg', data: 'AAAA' } },
        again: { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
      },
    ])
  })

  it('need a service', async () => {
    const { agent } = worker((context) => context.saveArtifact('a.txt', { text: 'x' }))
    const events = await ask(agent, 'go', { artifactService: undefined })
    expect(responsesOf(events)).toEqual([
      { error: expect.stringContaining('No artifact service is configured') },
    ])
  })

  it('are shown to the model when it asks, in the next request only', async () => {
    const model = scriptedModel(
      [{ call: 'load_artifacts', args: { artifact_names: ['a.txt', 'none'] } }],
      AFTER,
    )
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [LOAD_ARTIFACTS] }))
    await conversation.say('go')
    expect(JSON.stringify(model.last.request.config?.systemInstruction)).not.toContain('artifacts:')
    await conversation.artifacts.saveArtifact({ ...KEY, filename: 'a.txt', artifact: { text: 'written' } })
    const again = scriptedModel(
      [{ call: 'load_artifacts', args: { artifact_names: ['a.txt', 'none'] } }],
      AFTER,
    )
    Object.assign(conversation.runner.agent, { model: again })
    await conversation.say('again')
    expect(JSON.stringify(again.last.request.config?.systemInstruction)).toContain('a.txt')
    expect(lastRequest(again).at(-1)).toBe('user: Artifact a.txt is: + written')
    await conversation.say('and now?')
    expect(lastRequest(again).join()).not.toContain('Artifact a.txt is:')
  })
})

describe('memory', () => {
  async function remember(conversation: Awaited<ReturnType<typeof open>>, ...texts: string[]) {
    for (const [index, text] of texts.entries()) {
      const key = { ...KEY, sessionId: `old ${index}` }
      const session = await conversation.sessions.createSession(key)
      const { createEvent } = await import('adk-ts')
      const event = createEvent({
        author: 'user',
        invocationId: 'e',
        timestamp: 86_400,
        content: toContent(text),
      })
      await conversation.sessions.appendEvent({ session, event })
      await conversation.memory.addSessionToMemory(session)
    }
  }
  const texts = (memories: { content: { parts?: { text?: string }[] } }[]) =>
    memories.map(({ content }) => content.parts?.[0]?.text)

  it('is searched by words; rare ones weigh more', async () => {
    const conversation = await open(new LlmAgent({ name: 'root', model: scriptedModel() }))
    await remember(
      conversation,
      'the cat likes milk',
      'the dog likes bones',
      'the parrot likes Überraschungen',
      'nothing here',
    )
    const search = async (query: string) =>
      texts((await conversation.memory.searchMemory({ appName: 'app', userId: 'u', query })).memories)
    expect(await search('Which bones does the dog like?')).toEqual([
      'the dog likes bones',
      'the cat likes milk',
      'the parrot likes Überraschungen',
    ])
    expect(await search('überraschungen!')).toEqual(['the parrot likes Überraschungen'])
    expect(await search('cats')).toEqual([])
    expect(await search('')).toEqual([])
  })

  it('is that of the user in the app', async () => {
    const conversation = await open(new LlmAgent({ name: 'root', model: scriptedModel() }))
    await remember(conversation, 'a secret')
    for (const key of [
      { appName: 'app', userId: 'v' },
      { appName: 'b', userId: 'u' },
    ]) {
      expect(await conversation.memory.searchMemory({ ...key, query: 'secret' })).toEqual({ memories: [] })
    }
  })

  it('holds a session once', async () => {
    const conversation = await open(new LlmAgent({ name: 'root', model: scriptedModel([], 'fine') }))
    await conversation.say('a secret')
    for (const _ of [1, 2]) await conversation.memory.addSessionToMemory(await conversation.stored())
    const { memories } = await conversation.memory.searchMemory({ ...KEY, query: 'secret fine' })
    expect(texts(memories)).toEqual(['a secret', 'fine'])
  })

  it('is looked up by the model', async () => {
    const model = scriptedModel([{ call: 'load_memory', args: { query: 'dog' } }], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [LOAD_MEMORY] }))
    await remember(conversation, 'the dog is called Rex')
    const [response] = responsesOf(await conversation.say('go'))
    expect(response).toEqual({
      memories: [
        {
          author: 'user',
          timestamp: '1970-01-02T00:00:00.000Z',
          content: toContent('the dog is called Rex'),
        },
      ],
    })
  })

  it('is told before every request by what the user says', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [PRELOAD_MEMORY] }))
    await remember(conversation, 'the dog is called Rex', 'the cat is called Tom')
    await conversation.say('What is my dog called?')
    const instruction = JSON.stringify(model.last.request.config?.systemInstruction)
    expect(instruction.indexOf('user: the dog is called Rex')).toBeGreaterThan(-1)
    expect(instruction.indexOf('Tom')).toBeGreaterThan(instruction.indexOf('Rex'))
    await conversation.say('Good morning')
    expect(JSON.stringify(model.last.request.config?.systemInstruction)).not.toContain('Rex')
    expect(model.last.request.toolsDict).toEqual({})
  })

  it('needs a service', async () => {
    const { agent } = worker((context) => context.searchMemory('x'), [PRELOAD_MEMORY])
    const events = await ask(agent, 'go', { memoryService: undefined })
    expect(responsesOf(events)).toEqual([
      { error: expect.stringContaining('No memory service is configured') },
    ])
    expect(lastOf(events).errorCode).toBeUndefined()
  })
})
