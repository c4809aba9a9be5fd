import {
  App,
  BasePlugin,
  createEvent,
  FunctionTool,
  LlmAgent,
  LlmSummarizer,
  LongRunningFunctionTool,
  SequentialAgent,
  TokenBasedContextCompactor,
  TruncatingContextCompactor,
  type BaseSummarizer,
  type Event,
  type EventsCompactionConfig,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { gate } from '../support/gate.js'
import { scriptedModel, type ScriptedModel, type Turn } from '../support/scripted-model.js'
import {
  answerTo,
  checkRequests,
  expectUsable,
  idOf,
  KEY,
  lastRequest,
  open,
  outline,
  toContent,
  type Conversation,
} from './conversation.js'

const AFTER = 'still here'

/** A model for summaries: it counts them. */
const scribe = () => {
  let count = 0
  return scriptedModel([], () => `summary ${++count}`)
}

async function talk(conversation: Conversation, ...messages: string[]) {
  for (const message of messages) await conversation.say(message)
}

const summaries = async (conversation: Conversation) =>
  (await conversation.stored()).events.filter(({ actions }) => actions.compaction)

const look = new FunctionTool({ name: 'look', description: '', execute: () => 'seen' })
const wait = new LongRunningFunctionTool({ name: 'wait', description: '', execute: () => null })

describe('eventsCompactionConfig', () => {
  async function start(config: EventsCompactionConfig, turns: Turn[] = [], always: Turn = AFTER) {
    const model = scriptedModel(turns, always)
    const rootAgent = new LlmAgent({ name: 'root', model, tools: [look, wait] })
    const app = new App({ name: 'app', rootAgent, eventsCompactionConfig: config })
    return { model, conversation: await open(app) }
  }

  it('replaces old turns by a summary in what the model is sent, and in nothing else', async () => {
    const summarizer = new LlmSummarizer({ llm: scribe() })
    const { model, conversation } = await start({ compactionInterval: 2, summarizer })
    await talk(conversation, 'one', 'two', 'three')
    expect(lastRequest(model)).toEqual(['user: summary 1', 'user: three'])
    const [summary] = await summaries(conversation)
    expect(summary).toMatchObject({
      author: 'user',
      actions: { compaction: { compactedContent: { role: 'model', parts: [{ text: 'summary 1' }] } } },
    })
    const { events } = await conversation.stored()
    expect(outline(events.filter(({ content }) => content))).toHaveLength(6)
    expect(summary?.actions.compaction).toMatchObject({
      startTimestamp: events[0]?.timestamp,
      endTimestamp: events[3]?.timestamp,
    })
    await expectUsable(conversation, model)
  })

  it('summarizes again after as many turns, with those before that it should repeat', async () => {
    const llm = scribe()
    const summarizer = new LlmSummarizer({ llm })
    const { model, conversation } = await start({ compactionInterval: 2, overlapSize: 1, summarizer })
    await talk(conversation, 'one', 'two', 'three', 'four', 'five')
    expect(llm.calls).toHaveLength(2)
    const asked = JSON.stringify(llm.last.request.contents)
    expect(['one', 'two', 'three', 'four'].map((word) => asked.includes(`user: ${word}`))).toEqual([
      false,
      true,
      true,
      true,
    ])
    expect(lastRequest(model)).toEqual(['user: summary 1', 'user: summary 2', 'user: five'])
  })

  it('summarizes what calls and answers said', async () => {
    const llm = scribe()
    const { conversation } = await start(
      { compactionInterval: 1, summarizer: new LlmSummarizer({ llm, prompt: 'In short:' }) },
      [[{ think: 'secret' }, { call: 'look', args: { at: 'door' } }]],
    )
    await talk(conversation, 'go')
    const text = llm.last.request.contents[0]?.parts?.[0]?.text
    expect(text).toBe(
      `In short:\n\nuser: go\nroot called look({"at":"door"})\nlook returned {"result":"seen"}\nroot: ${AFTER}`,
    )
  })

  it('lets the model of the root agent write, if no one else should', async () => {
    const { model, conversation } = await start({ compactionInterval: 1 })
    await talk(conversation, 'one', 'two')
    expect(model.calls).toHaveLength(4)
    expect((await summaries(conversation)).length).toBe(2)
    expect(lastRequest(model)[0]).toContain('user: two')
  })

  it('summarizes all but the newest events once a request had many tokens', async () => {
    const usage = (promptTokenCount: number): Turn => ({
      response: { content: toContent(AFTER), usageMetadata: { promptTokenCount } },
    })
    const summarizer = new LlmSummarizer({ llm: scribe() })
    const { model, conversation } = await start({ tokenThreshold: 100, eventRetentionSize: 1, summarizer }, [
      usage(10),
      usage(200),
      usage(50),
    ])
    await talk(conversation, 'one', 'two', 'three')
    expect(await summaries(conversation)).toHaveLength(1)
    expect(lastRequest(model).at(0)).toBe('user: summary 1')
    expect(lastRequest(model).at(-1)).toBe('user: three')
  })

  it.each<[string, EventsCompactionConfig]>([
    ['turns', { compactionInterval: 1 }],
    ['tokens', { tokenThreshold: 1, eventRetentionSize: 0 }],
  ])('by %s does not lose an answer that comes later than the summary of its call', async (_, config) => {
    const summarizer = new LlmSummarizer({ llm: scribe() })
    const { model, conversation } = await start({ ...config, summarizer }, [AFTER, { call: 'wait' }])
    await talk(conversation, 'one', 'two', 'three')
    const id = idOf((await conversation.stored()).events, 'wait')
    for (const found of [41, 42]) {
      await conversation.say(answerTo(id, 'wait', { found }))
      expect(lastRequest(model).slice(-2)).toEqual(['model: call wait', `user: answer {"found":${found}}`])
    }
    await talk(conversation, 'four', 'five')
    expect(lastRequest(model)).not.toContain('model: call wait')
    checkRequests(model)
  })

  it('never parts a call from its answer', async () => {
    const summarizer = new LlmSummarizer({ llm: scribe() })
    const { model, conversation } = await start({ tokenThreshold: 1, eventRetentionSize: 4, summarizer }, [
      AFTER,
      { call: 'look' },
    ])
    await talk(conversation, 'one', 'two', 'three', 'four')
    expect(lastRequest(model)).toEqual([
      'user: summary 1', // of the first turn
      'user: summary 2', // of the second message, but not of the call that followed
      'model: call look',
      'user: answer {"result":"seen"}',
      `model: ${AFTER}`,
      'user: three',
      `model: ${AFTER}`,
      'user: four',
    ])
    checkRequests(model)
  })

  it.each<[string, BaseSummarizer]>([
    ['fails', { summarize: () => Promise.reject(new Error('no ink')) }],
    ['says nothing', new LlmSummarizer({ llm: scriptedModel([], []) })],
  ])('is only logged when the summarizer %s', async (_, summarizer) => {
    const { model, conversation } = await start({ compactionInterval: 1, summarizer })
    await talk(conversation, 'one', 'two')
    expect(conversation.kinds()).toEqual(['compaction.failed', 'compaction.failed'])
    expect(lastRequest(model)).toHaveLength(3)
    await expectUsable(conversation, model)
  })

  it('needs a summarizer where the root has no model', async () => {
    const rootAgent = new SequentialAgent({
      name: 'root',
      subAgents: [new LlmAgent({ name: 'a', model: scriptedModel([], AFTER) })],
    })
    const app = new App({ name: 'app', rootAgent, eventsCompactionConfig: { compactionInterval: 1 } })
    const conversation = await open(app)
    await talk(conversation, 'one')
    expect(conversation.log[0]?.[2].err).toMatchObject({
      message: expect.stringContaining('needs a `summarizer`'),
    })
  })

  it('does not run after a run that was cancelled', async () => {
    const llm = scribe()
    const controller = new AbortController()
    const { conversation } = await start({ compactionInterval: 1, summarizer: new LlmSummarizer({ llm }) })
    for await (const _ of conversation.start('go', { abortSignal: controller.signal })) controller.abort()
    expect(llm.calls).toEqual([])
  })
})

describe('a summary that is written when the run is cancelled', () => {
  async function cancelled(summarizer: BaseSummarizer, begun: Promise<void>) {
    const rootAgent = new LlmAgent({ name: 'root', model: scriptedModel([], AFTER) })
    const eventsCompactionConfig = { compactionInterval: 1, summarizer }
    const conversation = await open(new App({ name: 'app', rootAgent, eventsCompactionConfig }))
    const controller = new AbortController()
    const turn = conversation.say('go', { abortSignal: controller.signal })
    await begun
    controller.abort(new Error('the client left'))
    expect(outline(await turn)).toEqual([`root: ${AFTER}`])
    expect(conversation.kinds()).toEqual([])
    return conversation
  }

  it('by a model ends the call of the model', async () => {
    const begun = gate()
    const llm = scriptedModel([
      () => {
        begun.open()
        return { hang: true }
      },
    ])
    await cancelled(new LlmSummarizer({ llm }), begun.opened)
    expect(llm.last.ended).toBe(true)
  })

  it('by somebody who does not notice is left to itself, and not stored when it comes', async () => {
    const begun = gate()
    const over = gate()
    const summarizer: BaseSummarizer = {
      summarize: async ([first]) => {
        begun.open()
        await over.opened
        const compactedContent = toContent('too late')
        const { timestamp: startTimestamp = 0 } = first ?? {}
        return createEvent({
          author: 'user',
          actions: { compaction: { startTimestamp, endTimestamp: startTimestamp, compactedContent } },
        })
      },
    }
    const conversation = await cancelled(summarizer, begun.opened)
    over.open()
    await new Promise(setImmediate)
    expect(await summaries(conversation)).toEqual([])
  })
})

describe('contextCompactors', () => {
  async function withCompactor(compactor: object, turns: Turn[] = [], plugins: BasePlugin[] = []) {
    const model = scriptedModel(turns, AFTER)
    const agent = new LlmAgent({
      name: 'root',
      model,
      tools: [look],
      contextCompactors: [compactor as never],
    })
    return { model, conversation: await open(agent, { plugins }) }
  }

  const tokenBased = (llm: ScriptedModel, options: object = {}) =>
    new TokenBasedContextCompactor({
      tokenThreshold: 1,
      eventRetentionSize: 1,
      summarizer: new LlmSummarizer({ llm }),
      ...options,
    })

  it('put a summary in the place of what it covers, before the model is asked', async () => {
    const { model, conversation } = await withCompactor(tokenBased(scribe()))
    await talk(conversation, 'one', 'two')
    expect(lastRequest(model)).toEqual(['user: summary 1', 'user: two'])
    await talk(conversation, 'three')
    expect(lastRequest(model)).toEqual(['user: summary 1', 'user: summary 2', 'user: three'])
  })

  it('leave the turn that is under way alone', async () => {
    const { model, conversation } = await withCompactor(tokenBased(scribe()), [{ call: 'look' }])
    await talk(conversation, 'one')
    expect(lastRequest(model)).toEqual(['user: one', 'model: call look', 'user: answer {"result":"seen"}'])
    expect(await summaries(conversation)).toEqual([])
  })

  it('wait until there are enough tokens; four letters count as one where the model does not tell', async () => {
    const llm = scribe()
    const { conversation } = await withCompactor(tokenBased(llm, { tokenThreshold: 30 }))
    await talk(conversation, 'x'.repeat(40), 'x'.repeat(40))
    expect(llm.calls).toHaveLength(0)
    await talk(conversation, 'x'.repeat(40))
    expect(llm.calls).toHaveLength(1)
  })

  it('keep events of one moment together', async () => {
    const { model, conversation } = await withCompactor(tokenBased(scribe(), { eventRetentionSize: 3 }))
    const session = await conversation.stored()
    for (const [text, timestamp] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 3],
    ] as const) {
      const event = createEvent({
        author: 'root',
        invocationId: 'e-old',
        timestamp,
        content: { role: 'model', parts: [{ text }] },
      })
      await conversation.sessions.appendEvent({ session, event })
    }
    await conversation.say('go')
    // The newest three are kept, and `b` shares its moment with `c`: a summary that ends there would take both.
    expect(lastRequest(model)).toEqual(['user: summary 1', 'model: b', 'model: c', 'model: d', 'user: go'])
    const [summary] = await summaries(conversation)
    expect(summary?.actions.compaction).toMatchObject({ startTimestamp: 1, endTimestamp: 1 })
  })

  it('that fail are only logged', async () => {
    const { model, conversation } = await withCompactor(
      tokenBased(scriptedModel([], { fail: new Error('no ink') })),
    )
    await talk(conversation, 'one', 'two')
    expect(conversation.kinds()).toEqual(['compaction.failed'])
    expect(lastRequest(model)).toHaveLength(3)
    await expectUsable(conversation, model)
  })

  it('of a plugin that fails end the run', async () => {
    class Guard extends BasePlugin {
      override beforeContextCompaction(): never {
        throw new Error('not now')
      }
    }
    const { conversation } = await withCompactor(tokenBased(scribe()), [], [new Guard('guard')])
    await conversation.say('one')
    await expect(conversation.say('two')).rejects.toThrow(
      'Plugin "guard" failed in beforeContextCompaction: not now',
    )
  })

  it('may be of own making', async () => {
    const own = {
      shouldCompact: () => true,
      compact: ({ session }: { session: { events: Event[] } }) => void session.events.splice(0, 2),
    }
    const { model, conversation } = await withCompactor(own)
    await talk(conversation, 'one', 'two')
    expect(lastRequest(model)).toEqual(['user: two'])
    expect((await conversation.stored()).events).toHaveLength(4)
  })

  describe('that truncate', () => {
    it('leave out what is old, of this view only', async () => {
      const { model, conversation } = await withCompactor(new TruncatingContextCompactor({ threshold: 3 }))
      await talk(conversation, 'one', 'two', 'three')
      expect(lastRequest(model)).toEqual(['user: two', `model: ${AFTER}`, 'user: three'])
      expect((await conversation.stored()).events).toHaveLength(6)
    })

    it('keep what comes first, if they should', async () => {
      const compactor = new TruncatingContextCompactor({ threshold: 3, preserveLeadingEvents: 1 })
      const { model, conversation } = await withCompactor(compactor)
      await talk(conversation, 'one', 'two', 'three')
      expect(lastRequest(model)).toEqual(['user: one', `model: ${AFTER}`, 'user: three'])
    })

    it('keep the message that is being answered, and calls with their answers', async () => {
      const calls: Turn[] = [{ call: 'look' }, { call: 'look' }, { call: 'look' }]
      const { model, conversation } = await withCompactor(
        new TruncatingContextCompactor({ threshold: 2 }),
        calls,
      )
      await talk(conversation, 'one')
      expect(lastRequest(model)).toEqual(['user: one', 'model: call look', 'user: answer {"result":"seen"}'])
      checkRequests(model)
    })
  })
})

it('a summary covers all branches and agents, and later ones win', async () => {
  const model = scriptedModel([], AFTER)
  const conversation = await open(new LlmAgent({ name: 'root', model }))
  const session = await conversation.stored()
  const append = (event: Partial<Event>) =>
    conversation.sessions.appendEvent({
      session,
      event: createEvent({ invocationId: 'e-old', author: 'root', ...event }),
    })
  const summary = (startTimestamp: number, endTimestamp: number, text: string) => {
    const compaction = {
      startTimestamp,
      endTimestamp,
      compactedContent: { role: 'model', parts: [{ text }] },
    }
    return append({ author: 'user', timestamp: endTimestamp, actions: { compaction } as never })
  }
  await append({ timestamp: 1, content: toContent('first') })
  await append({ timestamp: 2, content: toContent('second'), branch: 'a.b' })
  await summary(1, 2, 'short')
  await append({ timestamp: 3, content: toContent('third') })
  await summary(1, 3, 'shorter')
  await conversation.say('go')
  expect(lastRequest(model)).toEqual(['user: shorter', 'user: go'])
  expect(KEY.sessionId).toBe(session.id)
})
