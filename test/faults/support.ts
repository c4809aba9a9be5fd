// Servers on a durable store, as an operator runs them, and clients that remember what they were shown.
import { expect, vi } from 'vitest'
import type { Event } from '../../src/core/event.js'
import { folder, messageTo, post, serve, sessionPath, type Cli, type StartOptions } from '../cli/support.js'
import { freshPostgres, freshSqlite } from '../support/database.js'

/** `npm run test:faults` takes its time; `npm test` takes a sample. */
export const AT_LENGTH = process.env.MODE === 'faults'

/** Longest duration of a test that is repeated often, in milliseconds. */
export const PATIENCE_MS = AT_LENGTH ? 600_000 : 60_000

/** The stores that outlive a process, each new and empty. */
export const STORES: [name: string, uri: () => Promise<string>][] = [
  ['SQLite', async () => (await freshSqlite()).uri],
  ['PostgreSQL', freshPostgres],
]

/** Chance that can be repeated: a test that fails prints the seed, which FAULTS_SEED sets. */
export function chance(): (below: number) => number {
  let state = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31)
  console.log(`To repeat: FAULTS_SEED=${state}`)
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return (((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * below
  }
}

/**
 * An agent that counts as far as it is told to, one call of a tool at a time: `count to 5` are 5 calls, 5 responses and
 * an answer. Every response sets state of all scopes in one event.
 */
const COUNTER = `
  import { BaseLlm, FunctionTool, LlmAgent } from 'adk-ts'
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const say = (text: string, partial?: boolean) => ({ content: { role: 'model', parts: [{ text }] }, partial })
  class Counting extends BaseLlm {
    async *generateContentAsync({ contents }: any, stream?: boolean) {
      const asked = contents.findLastIndex((content: any) => content.parts[0]?.text?.startsWith('count to'))
      const [, goal, gap] = /count to (\\d+)(?: every (\\d+) ms)?/.exec(contents[asked]?.parts[0].text ?? '') ?? []
      const done = contents.slice(asked).flatMap(({ parts }: any) => parts).filter((part: any) => part.functionResponse)
      await pause(Number(gap ?? 1))
      if (stream) yield say('Let me', true)
      if (done.length >= Number(goal ?? 0)) yield say('Counted to ' + done.length)
      else yield { content: { role: 'model', parts: [{ functionCall: { name: 'count', args: {} } }] } }
    }
  }
  const count = new FunctionTool({
    name: 'count',
    description: 'Counts on.',
    execute: async (_: unknown, context: any) => {
      const next = context.state.get('count', 0) + 1
      // Shared state is under the name of the session, so that it says which of its events came last.
      for (const key of ['count', 'user:' + context.sessionId, 'app:' + context.sessionId]) context.state.set(key, next)
      await pause(1)
      return { count: next }
    },
  })
  export const rootAgent = new LlmAgent({ name: 'counter', model: new Counting({ model: 'counting' }), tools: [count] })
`

export const APP = 'counter'

export const countTo = (goal: number, session = 's1', every = 1) =>
  messageTo(APP, `count to ${goal} every ${every} ms`, session)

/** Starts a server on a store, which may have others. */
export async function start(uri: string, options: StartOptions = {}): Promise<{ cli: Cli; url: string }> {
  const dir = await folder({ [`${APP}/agent.ts`]: COUNTER })
  return serve([dir, '--session_service_uri', uri, '--log_level', 'warn'], options)
}

export async function kill({ cli }: { cli: Cli }): Promise<void> {
  cli.signal('SIGKILL')
  expect(await cli.ended()).toBe('SIGKILL')
}

export async function create(url: string, session = 's1', state: object = {}): Promise<void> {
  const response = await post(`${url}${sessionPath(APP, session)}`, state)
  expect({ status: response.status, text: await response.text() }).toMatchObject({ status: 200 })
}

export interface StoredSession {
  events: Event[]
  state: Record<string, unknown>
  lastUpdateTime: number
}

export async function read(url: string, session = 's1'): Promise<StoredSession> {
  const response = await fetch(`${url}${sessionPath(APP, session)}`)
  expect(response.status).toBe(200)
  return (await response.json()) as StoredSession
}

export const patch = (url: string, stateDelta: object, session = 's1'): Promise<Response> =>
  fetch(`${url}${sessionPath(APP, session)}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ stateDelta }),
  })

export const remove = (url: string, session = 's1'): Promise<Response> =>
  fetch(`${url}${sessionPath(APP, session)}`, { method: 'DELETE' })

/** Runs to the end, which has to be a good one. */
export async function runWell(url: string, body: object): Promise<Event[]> {
  const response = await post(`${url}/run`, body)
  const events = (await response.json()) as Event[]
  expect({ status: response.status, events }).toMatchObject({ status: 200 })
  expect(textOf(events.at(-1))).toMatch(/^Counted to/)
  return events
}

/** Waits until so many complete events of a run have arrived. */
export const arrived = (run: Shown, count: number): Promise<void> =>
  vi.waitFor(() => expect(run.events.length).toBeGreaterThanOrEqual(count), 15_000)

export const textOf = (event: Event | undefined): string => event?.content?.parts?.[0]?.text ?? ''

export interface Shown {
  /** The complete events that have arrived so far. */
  events: Event[]
  /** What the stream said before it ended, if it told of an error. */
  error?: { error: string; error_details?: { error_type?: string } }
  /** Resolves when the stream has ended, whatever the reason. */
  ended: Promise<void>
}

/** Streams a run, and keeps what arrives until the stream ends or breaks. */
export function watch(url: string, body: object): Shown {
  const shown: Shown = { events: [], ended: Promise.resolve() }
  const follow = async () => {
    const response = await post(`${url}/run_sse`, { ...body, streaming: true })
    if (response.status !== 200) shown.error = (await response.json()) as Shown['error']
    let rest = ''
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const frames = (rest + text).split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames.filter((each) => each.startsWith('data: '))) {
        const value = JSON.parse(frame.slice('data: '.length)) as Event | NonNullable<Shown['error']>
        if ('error' in value) shown.error = value
        else if (!value.partial) shown.events.push(value)
      }
    }
  }
  shown.ended = follow().catch(() => {})
  return shown
}

/**
 * Nothing is torn: each event is there once, in order, and the state is what the events have made of it. Other
 * sessions may have added to what is shared.
 */
export function expectWhole({ events, state }: StoredSession, created: object = {}): void {
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  const times = events.map(({ timestamp }) => timestamp)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  const made = Object.assign({}, created, ...events.map(({ actions }) => actions.stateDelta)) as object
  const isShared = (key: string) => /^(?:user|app):/.test(key)
  const own = Object.entries(state).filter(([key]) => key in made || !isShared(key))
  expect(Object.fromEntries(own)).toEqual(made)
}

/** What a client was shown is there, in the order in which it was shown. */
export function expectKept({ events }: StoredSession, shown: readonly Event[]): void {
  const ids = new Set(shown.map(({ id }) => id))
  expect(events.filter(({ id }) => ids.has(id))).toEqual(shown)
}

/** Each call has one response, after it. */
export function expectAnswered({ events }: StoredSession): void {
  const open = new Set<string>()
  for (const { functionCall, functionResponse } of events.flatMap(({ content }) => content?.parts ?? [])) {
    if (functionCall?.id) open.add(functionCall.id)
    if (functionResponse?.id) expect(open.delete(functionResponse.id)).toBe(true)
  }
  expect([...open]).toEqual([])
}

/** Runs follow one another: no event of one lies between those of another. */
export function expectApart({ events }: StoredSession, runs: number): void {
  const invocations = events.map(({ invocationId }) => invocationId)
  expect(invocations.filter((id, index) => id !== invocations[index - 1])).toHaveLength(runs)
}
