import {
  InMemoryRunner,
  isApp,
  isBaseAgent,
  LogLevel,
  setLogLevel,
  stringifyContent,
  type App,
  type BaseAgent,
  type BaseLlm,
  type Event,
  type RunRequest,
} from 'adk-ts'
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { scriptedModel, type ScriptedModel, type Turn } from '../support/scripted-model.js'

// Agent files as their authors write them, with the import specifier of the ADK replaced by ours. That they compile is
// half of the test; here they are loaded and run.

interface AgentFile {
  rootAgent?: BaseAgent
  app?: App
  main?: (model: BaseLlm) => Promise<unknown>
}

const folder = new URL('./agents/', import.meta.url)
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replace(/\.ts$/, ''))

const load = (name: string): Promise<AgentFile> => import(`./agents/${name}.ts`)

/** Reach out when they run. */
const ONLINE = new Set(['19-mcp'])

beforeEach(() => {
  vi.spyOn(console, 'info').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  setLogLevel(LogLevel.INFO)
  vi.restoreAllMocks()
})

/** One turn of an agent file, every model in it played by the script. */
async function run(
  name: string,
  model: ScriptedModel,
  request: Partial<RunRequest> = {},
  state: object = {},
) {
  const { rootAgent, app } = await load(name)
  const runner = new InMemoryRunner({
    ...(app ? { app } : { agent: rootAgent }),
    resolveModel: () => model,
    appName: 'typed',
  })
  const { id: sessionId } = await runner.sessionService.createSession({
    appName: 'typed',
    userId: 'u',
    state: { ...state },
  })
  const newMessage = { role: 'user', parts: [{ text: 'hello' }] }
  const events: Event[] = []
  for await (const event of runner.runAsync({ userId: 'u', sessionId, newMessage, ...request }))
    events.push(event)
  const session = await runner.sessionService.getSession({ appName: 'typed', userId: 'u', sessionId })
  return { events, state: session?.state, responses: events.flatMap(responsesIn) }
}

const responsesIn = ({ content }: Event) =>
  content?.parts?.flatMap(({ functionResponse }) => functionResponse?.response ?? []) ?? []

it('there are enough of them', () => {
  expect(names.length).toBeGreaterThanOrEqual(35)
})

it.each(names)('%s exports an agent, an app or a script', async (name) => {
  const { rootAgent, app, main } = await load(name)
  expect(isBaseAgent(rootAgent) || isApp(app) || typeof main === 'function').toBe(true)
})

it.each(names.filter((name) => !ONLINE.has(name)))('%s runs', async (name) => {
  const { main } = await load(name)
  if (main) {
    expect(await main(scriptedModel([], 'ok'))).toBeTruthy()
    return
  }
  const { events } = await run(name, scriptedModel([], 'ok'))
  expect(events.length).toBeGreaterThan(0)
  for (const event of events) expect(event.errorCode).toBeUndefined()
})

describe('they do what they say:', () => {
  it.each<[string, Turn, object]>([
    [
      '02-weather-tool',
      { call: 'get_weather', args: { city: 'Bonn' } },
      { report: 'Sunny in BONN, 25 degrees.' },
    ],
    [
      '03-tool-with-optional-context',
      { call: 'update_preference', args: { preference: 'tea', value: 'green' }, id: 'c1' },
      { status: 'updated in call c1' },
    ],
    ['04-tools-in-other-forms', { call: 'get_time' }, { result: expect.stringMatching(/^\d{4}-/) }],
    ['04-tools-in-other-forms', { call: 'roll_die', args: { sides: 3 } }, { result: 3 }],
    [
      '04-tools-in-other-forms',
      { call: 'roll_die', args: { sides: 'x' } },
      { error: expect.stringContaining('sides') },
    ],
    [
      '05-tool-with-schema',
      { call: 'check_order', args: { orderId: ' 7 ' } },
      { orderId: '7', quantity: 1, user: 'u' },
    ],
    [
      '10-tool-callbacks',
      { call: 'get_capital_city', args: { country: 'BLOCK' } },
      { result: 'Blocked by capital_agent.' },
    ],
    [
      '10-tool-callbacks',
      { call: 'get_capital_city', args: { country: 'x' } },
      { note: 'get_capital_city does not know.' },
    ],
    ['18-agent-tool', { call: 'summary_agent', args: { request: 'long' } }, { result: 'ok' }],
    ['21-base-tool', { call: 'echo', args: { text: 'hi' } }, { text: 'hi' }],
    ['22-base-toolset', { call: 'add', args: { a: 1, b: 2 } }, { result: 3 }],
    ['28-state', { call: 'visit', args: { page: 'a' } }, { visits: 1, known: true }],
    ['31-artifacts', { call: 'make_report', args: { text: 'x' } }, { version: 0, mimeType: 'text/plain' }],
    ['35-credentials', { call: 'list_events' }, { status: 'Needs a key.' }],
    ['36-search-memory-and-signal', { call: 'look_up', args: { query: 'x' } }, { asked: 'hello', found: [] }],
  ])('%s answers %j', async (name, turn, response) => {
    const { responses } = await run(name, scriptedModel([turn], 'ok'))
    expect(responses).toEqual([expect.objectContaining(response)])
  })

  it('08-agent-callbacks counts, and closes', async () => {
    expect((await run('08-agent-callbacks', scriptedModel(['ok']))).state).toEqual({
      runs: 1,
      lastAgent: 'shop_agent',
    })
    const { events } = await run('08-agent-callbacks', scriptedModel(), {}, { closed: true })
    expect(events.map(stringifyContent)).toEqual(['Agent shop_agent is closed.'])
  })

  it('09-model-callbacks guards and replaces', async () => {
    const blocked = { newMessage: { role: 'user', parts: [{ text: 'BLOCK this' }] } }
    const { events } = await run('09-model-callbacks', scriptedModel(), blocked)
    expect(events.map(stringifyContent)).toEqual(['guarded_agent does not answer that.'])
    const model = scriptedModel(['a joke'])
    expect((await run('09-model-callbacks', model)).events.map(stringifyContent)).toEqual(['a funny story'])
    expect(model.last.request.config?.systemInstruction).toMatch(/^\[checked\] /)
  })

  it('12-sequence passes state on', async () => {
    const { events, state } = await run('12-sequence', scriptedModel(['code', 'fine']))
    expect(events.map(({ author }) => author)).toEqual(['CodeWriterAgent', 'CodeReviewerAgent'])
    expect(state).toEqual({ generated_code: 'code', review_comments: 'fine' })
  })

  it('13-parallel merges', async () => {
    const { events, state } = await run('13-parallel', scriptedModel(['a', 'b', 'both']))
    expect(events.at(-1)).toMatchObject({ author: 'merger', content: { parts: [{ text: 'both' }] } })
    expect(Object.keys(state ?? {}).toSorted()).toEqual(['energy_result', 'transport_result'])
  })

  it('15-custom-agent runs its children', async () => {
    const { events } = await run('15-custom-agent', scriptedModel(['story', 'critique', 'checked']))
    expect(events.map(({ author }) => author)).toEqual(['StoryGenerator', 'Critic', 'Checker'])
  })

  it('16-condition-checker escalates', async () => {
    const { events, state } = await run('16-condition-checker', scriptedModel([], 'working'))
    expect(events.map(({ author }) => author)).toEqual([
      'ProcessingStep',
      'Checker',
      'ProcessingStep',
      'Checker',
    ])
    expect(state).toEqual({ status: 'completed' })
  })

  it('17-routed follows the state', async () => {
    const { events } = await run('17-routed', scriptedModel(['ok']), {}, { tier: 'strong' })
    expect(events[0]?.author).toBe('strong')
  })

  it('23-own-model is found by its name, and streams', async () => {
    const { rootAgent, otherAgent } = await import('./agents/23-own-model.js')
    for (const [agent, text] of [
      [rootAgent, 'echo-1: good day'],
      [otherAgent, 'echo-2: good day'],
    ] as const) {
      const runner = new InMemoryRunner({ agent })
      const texts: string[] = []
      for await (const event of runner.runEphemeral({
        userId: 'u',
        newMessage: { role: 'user', parts: [{ text: 'good day' }] },
        runConfig: { streamingMode: 'sse' },
      })) {
        texts.push(stringifyContent(event))
      }
      expect(texts).toEqual(['good', 'day', text])
    }
  })

  it('24-plugin sees and marks events', async () => {
    const { events } = await run('24-plugin', scriptedModel(['ok']))
    expect(events[0]?.customMetadata).toEqual({ seen: true })
  })

  it('the scripts tell what happened', async () => {
    const main = async (name: string, model: ScriptedModel) => (await load(name)).main?.(model)
    expect(await main('25-runner', scriptedModel(['Hi!']))).toBe('Hi! (2 events, Bonn)')
    expect(await main('26-streaming', scriptedModel([{ say: ['one ', 'two'] }]))).toEqual(['one ', 'two'])
    const turns: Turn[] = [{ call: 'approve', args: { amount: 5 } }, 'waiting', 'paid']
    expect(await main('27-long-running-client', scriptedModel(turns))).toEqual([
      { status: 'pending' },
      'paid',
    ])
    expect(await main('30-memory', scriptedModel([], 'ok'))).toEqual(['user: My project is called Alpha.'])
  })

  it('33-instruction-provider resolves what it asks for', async () => {
    const model = scriptedModel(['ok'])
    await run('33-instruction-provider', model, {}, { topic: 'tea', 'user:name': 'Ada' })
    expect(model.last.request.config?.systemInstruction).toContain(
      'You are provided. Greet Ada. The topic is tea. Keep {braces} as they are.',
    )
  })

  it('38-guards tell agents and tools apart', async () => {
    const { describeAgent, rootAgent } = await import('./agents/38-guards.js')
    expect(describeAgent(rootAgent)).toBe('sequence; llm gemini-2.5-flash; agent; function noop')
  })
})
