import {
  App,
  FunctionTool,
  getLogger,
  InMemoryRunner,
  InMemorySessionService,
  isRunner,
  LlmAgent,
  LogLevel,
  Runner,
  setLogger,
  setLogLevel,
  type Event,
  type Logger,
} from 'adk-ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clock } from '../../src/core/clock.js'
import { weatherAgent } from '../support/agents.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import { ask, expectUsable, KEY, lastOf, lastRequest, open, outline, toContent } from './conversation.js'

const AFTER = 'still here'
const agent = (turns: Turn[] = []) => new LlmAgent({ name: 'root', model: scriptedModel(turns, AFTER) })

describe('a message', () => {
  it('without parts is refused, and not stored', async () => {
    const conversation = await open(agent())
    for (const newMessage of [{ role: 'user', parts: [] }, { role: 'user' }]) {
      await expect(conversation.say('', { newMessage })).rejects.toMatchObject({
        code: 'invalid_message',
        status: 422,
      })
    }
    expect((await conversation.stored()).events).toEqual([])
  })

  it('without a role is the user’s', async () => {
    const conversation = await open(agent())
    await conversation.say('', { newMessage: { parts: [{ text: 'hi' }] } })
    expect((await conversation.stored()).events[0]?.content?.role).toBe('user')
  })

  it('for a session that there is not is refused', async () => {
    const conversation = await open(agent())
    await expect(conversation.say('hi', { sessionId: 'none' })).rejects.toMatchObject({
      code: 'session_not_found',
      message: 'Session not found: none',
    })
  })

  it('is stored and not told; its metadata is that of all events', async () => {
    const conversation = await open(agent())
    const events = await conversation.say('hi', { customMetadata: { trace: 't1' } })
    expect(outline(events)).toEqual([`root: ${AFTER}`])
    const { events: stored } = await conversation.stored()
    expect(stored.map(({ author, customMetadata }) => [author, customMetadata])).toEqual([
      ['user', { trace: 't1' }],
      ['root', { trace: 't1' }],
    ])
  })

  it('cannot be spoken live', async () => {
    const conversation = await open(agent())
    await expect(conversation.say('hi', { runConfig: { streamingMode: 'bidi' } })).rejects.toThrow(
      'streamingMode "bidi"',
    )
  })

  it('with empty texts is not told to the model with them', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model }))
    await conversation.say([{ text: '' }, { text: 'hi' }])
    await conversation.say([{ text: '' }])
    expect(lastRequest(model)).toEqual(['user: hi', `model: ${AFTER}`])
  })
})

describe('saveInputBlobsAsArtifacts', () => {
  const blob = (displayName?: string) => ({
    inlineData: { mimeType: 'image/png', data: 'AAAA', ...(displayName && { displayName }) },
  })
  const request = { runConfig: { saveInputBlobsAsArtifacts: true } }

  it('stores data and leaves a note', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model }))
    await conversation.say([{ text: 'look' }, blob('cat.png'), blob()], request)
    const { events } = await conversation.stored()
    const unnamed = `artifact_${events[0]?.invocationId}_2`
    expect(outline(events)[0]).toBe(
      `user: look + [Uploaded Artifact: "cat.png"] + [Uploaded Artifact: "${unnamed}"]`,
    )
    expect(await conversation.artifacts.listArtifactKeys(KEY)).toEqual([unnamed, 'cat.png'].toSorted())
    expect(await conversation.artifacts.loadArtifact({ ...KEY, filename: 'cat.png' })).toEqual(
      blob('cat.png'),
    )
  })

  it('also gives a link where models can follow it', async () => {
    const conversation = await open(agent())
    const info = conversation.artifacts.getArtifactVersion.bind(conversation.artifacts)
    conversation.artifacts.getArtifactVersion = async (key) => {
      const version = await info(key)
      return version && { ...version, canonicalUri: 'gs://bucket/cat.png/0' }
    }
    await conversation.say(blob('cat.png'), request)
    expect((await conversation.stored()).events[0]?.content?.parts).toEqual([
      { text: '[Uploaded Artifact: "cat.png"]' },
      { fileData: { fileUri: 'gs://bucket/cat.png/0', mimeType: 'image/png' } },
    ])
  })

  it('that fails sends the data as it is', async () => {
    const conversation = await open(agent())
    conversation.artifacts.saveArtifact = () => Promise.reject(new Error('bucket is gone'))
    await conversation.say(blob('cat.png'), request)
    expect((await conversation.stored()).events[0]?.content?.parts).toEqual([blob('cat.png')])
    expect(conversation.kinds()).toEqual(['artifact.not_saved'])
  })
})

describe('runEphemeral', () => {
  it('answers, and leaves nothing', async () => {
    const sessionService = new InMemorySessionService()
    const runner = new Runner({ appName: 'app', agent: agent(), sessionService })
    const events: Event[] = []
    for await (const event of runner.runEphemeral({ userId: 'u', newMessage: toContent('hi') }))
      events.push(event)
    expect(outline(events)).toEqual([`root: ${AFTER}`])
    expect(await sessionService.listSessions({ appName: 'app' })).toEqual({ sessions: [] })
  })

  it('leaves nothing when it fails, or nobody listens', async () => {
    const runner = new InMemoryRunner({ agent: new LlmAgent({ name: 'root', instruction: '{gone}' }) })
    const turn = runner.runEphemeral({ userId: 'u', newMessage: toContent('hi') })
    await expect(turn.next()).rejects.toThrow('Context variable not found')
    const other = new InMemoryRunner({ agent: agent() })
    for await (const _ of other.runEphemeral({ userId: 'u', newMessage: toContent('hi') })) break
    for (const { appName, sessionService } of [runner, other]) {
      expect(await sessionService.listSessions({ appName })).toEqual({ sessions: [] })
    }
  })
})

describe('a runner', () => {
  it('needs an agent and a name', () => {
    const sessionService = new InMemorySessionService()
    expect(() => new Runner({ sessionService, agent: agent() })).toThrow(
      'A Runner needs an `app`, or an `appName`',
    )
    expect(() => new Runner({ sessionService, appName: 'x' })).toThrow('A Runner needs')
  })

  it('takes an app, or its parts', () => {
    const app = new App({ name: 'my_app', rootAgent: agent() })
    const runner = new InMemoryRunner({ app })
    expect([runner.appName, runner.agent, isRunner(runner)]).toEqual(['my_app', app.rootAgent, true])
    expect(new InMemoryRunner({ agent: agent() }).appName).toBe('InMemoryRunner')
    expect(new InMemoryRunner({ agent: agent(), appName: 'mine' }).appName).toBe('mine')
  })

  it.each(['', '1x', 'a b', 'user', 'ä'])('does not take an app named %j', (name) => {
    expect(() => new App({ name, rootAgent: agent() })).toThrow(`App name "${name}" should be`)
  })

  it('serves many sessions and users at once', async () => {
    const root = new LlmAgent({
      name: 'root',
      model: scriptedModel([], ({ contents }) => `heard ${contents.at(-1)?.parts?.[0]?.text}`),
    })
    const conversation = await open(root)
    const keys = ['a', 'b', 'c'].map((sessionId) => ({ userId: `user ${sessionId}`, sessionId }))
    for (const key of keys) await conversation.sessions.createSession({ appName: 'app', ...key })
    const all = await Promise.all(keys.map((key) => conversation.say(key.sessionId, key)))
    expect(all.map(outline)).toEqual(keys.map(({ sessionId }) => [`root: heard ${sessionId}`]))
  })

  it('makes or finds a session', async () => {
    const { sessionService } = new InMemoryRunner({ agent: agent() })
    const made = await sessionService.getOrCreateSession({ ...KEY, state: { a: 1 } })
    const found = await sessionService.getOrCreateSession({ ...KEY, state: { a: 2 } })
    expect([made.state, found.state, found.id]).toEqual([{ a: 1 }, { a: 1 }, 's'])
  })
})

describe('time', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('stands still or goes back on the clock, and goes on in a session', async () => {
    const now = vi.spyOn(clock, 'now').mockReturnValue(1000)
    const model = scriptedModel([{ call: 'get_weather' }], AFTER)
    const conversation = await open(weatherAgent(model))
    await conversation.say('go')
    now.mockReturnValue(500)
    await expectUsable(conversation, model)
    const { events, lastUpdateTime } = await conversation.stored()
    const times = events.map(({ timestamp }) => timestamp)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(times).size).toBe(6)
    expect([Math.floor(lastUpdateTime), lastUpdateTime]).toEqual([1000, times.at(-1)])
  })
})

describe('the logger of agents', () => {
  afterEach(() => {
    setLogger(null)
    setLogLevel(LogLevel.INFO)
    vi.restoreAllMocks()
  })

  it('writes to standard error, from a level on', () => {
    const write = vi.spyOn(console, 'error').mockImplementation(() => {})
    const logger = getLogger()
    logger.debug('not this')
    logger.info('this', { a: 1 })
    setLogLevel(LogLevel.ERROR)
    logger.warn('nor this')
    logger.error('but this')
    logger.log(LogLevel.ERROR, 'and this')
    expect(write.mock.calls).toEqual([
      ['INFO', 'this', { a: 1 }],
      ['ERROR', 'but this'],
      ['ERROR', 'and this'],
    ])
  })

  it('may be replaced, and hears what a runner has to say', async () => {
    const lines: unknown[] = []
    const note = (...items: unknown[]) => void lines.push(items)
    const own: Logger = { log: note, debug: note, info: note, warn: note, error: note, setLogLevel: note }
    setLogger(own)
    const broken = new FunctionTool({
      name: 'work',
      description: '',
      execute: () => {
        throw new Error('no paper, key=hunter2hunter2')
      },
    })
    const root = new LlmAgent({
      name: 'root',
      model: scriptedModel([{ call: 'work' }], AFTER),
      tools: [broken],
    })
    await ask(root, 'go', { log: undefined })
    const line = String(lines.flat()[0])
    expect(lines).toHaveLength(1)
    expect(line).toMatch(
      /^tool\.failed \{"app":"app","user":"u","session":"s",.*"agent":"root","tool":"work"\}\n/,
    )
    expect(line).toContain('Error: no paper, key=[redacted]\n    at')
    expect(line).toContain('runner.test.ts')
    expect(getLogger()).toBe(own)
  })
})

it('the last event of a plain turn is final', async () => {
  const { isFinalResponse } = await import('adk-ts')
  const events = await ask(weatherAgent(scriptedModel([{ call: 'get_weather' }], AFTER)))
  expect(events.map(isFinalResponse)).toEqual([false, false, true])
  expect(lastOf(events).actions).toEqual({
    stateDelta: {},
    artifactDelta: {},
    requestedAuthConfigs: {},
    requestedToolConfirmations: {},
  })
})
