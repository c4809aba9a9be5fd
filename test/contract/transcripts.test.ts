// Requests that were recorded against another ADK server, hostile ones included, sent to ours on a real socket.
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import type { Context } from '../../src/core/context.js'
import { isJsonObject } from '../../src/schema/json.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { throwingAgent, WEATHER_TURN, weatherAgent } from '../support/agents.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import { listen, loadFailure, makeTestServer, type Reply, type TestServer } from '../support/server.js'
import { bytesOf, exchange, open, type RawRequest } from '../support/socket.js'
import { REQUIREMENTS } from './requirements.js'
import { EXPECTED, type Expected } from './transcripts/expected.js'

interface Recorded {
  name: string
  method: string
  path: string
  headers?: Record<string, string>
  /** `<x*9>` stands for nine times `x`. */
  body?: string
  /** What the other server said to it, where ours can be held against it: the status, and JSON unless it is long. */
  answered?: { status: number; body?: object }
}

const RECORDED = JSON.parse(
  readFileSync(new URL('transcripts/recorded.json', import.meta.url), 'utf8'),
) as Recorded[]

const unfold = (text: string): string =>
  text.replace(/<([^<>])\*(\d+)>/g, (_, letter: string, times: string) => letter.repeat(Number(times)))

function requestOf({ method, path, headers = {}, body = '' }: Recorded): RawRequest {
  // Two values of one header were two headers.
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    (name === 'Content-Length' ? value.split(', ') : [value]).map((each): [string, string] => [name, each]),
  )
  return { method, path: unfold(path), headers: pairs, body: unfold(body) }
}

const saveReport = new FunctionTool({
  name: 'save_report',
  description: 'Saves a report.',
  async execute(_args: unknown, context: Context) {
    await context.saveArtifact('report.txt', { text: 'hello artifact' })
    await context.saveArtifact('user:shared.png', {
      inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' },
    })
    await context.saveArtifact('dir/sub file.txt', { text: 'slash' })
    return { saved: true }
  },
})

const explosion = { fail: new Error('model exploded') }
const ticking: Turn = [
  { response: { partial: true, content: { parts: [{ text: 'tick' }] } } },
  { hang: true },
]
const slowModel = scriptedModel([ticking, ticking, ticking], 'At last.')

const AGENTS = {
  my_sample_agent: weatherAgent(scriptedModel(Array.from({ length: 20 }, () => WEATHER_TURN).flat())),
  artifact_agent: new LlmAgent({
    name: 'artifact_agent',
    model: scriptedModel([{ call: 'save_report' }, 'Saved.']),
    tools: [saveReport],
  }),
  fails_agent: weatherAgent(
    scriptedModel([
      explosion,
      explosion,
      [{ response: { partial: true, content: { parts: [{ text: 'Su' }] } } }, explosion],
    ]),
  ),
  thrower_agent: throwingAgent(new Error('agent exploded')),
  slow_agent: weatherAgent(slowModel),
  broken_agent: loadFailure('broken_agent', 'broken_agent/agent.js: cannot find package "x"'),
  noexport_agent: loadFailure('noexport_agent', 'noexport_agent/agent.js: exports no agent'),
}

/** Sends a request and leaves once it has had its effect. */
async function sendAndLeave(port: number, request: RawRequest, hadEffect: () => void): Promise<void> {
  const socket = await open(port)
  socket.write(bytesOf(request))
  await vi.waitFor(hadEffect)
  socket.destroy()
}

function check(reply: Reply, { status, headers, body, frames, text }: Expected): void {
  expect(reply.status).toBe(status)
  expect(reply.headers).toMatchObject(headers ?? {})
  if (status >= 400 && reply.text !== '') expect(reply.body).toMatchObject({ detail: expect.anything() })
  if (body !== undefined) expect({ body: reply.body }).toMatchObject({ body })
  if (text !== undefined) expect(reply.text).toMatch(text === '' ? /^$/ : text)
  if (frames === undefined) return
  expect(reply.text).toMatch(/^(?:data: \{.*\}\n\n)*$/)
  const received = reply.text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => JSON.parse(frame.slice('data: '.length)))
  expect(received).toMatchObject(frames)
}

/** Whether a reply is what was recorded. It may say more. */
function isAsRecorded({ status, body }: Reply, recorded: NonNullable<Recorded['answered']>): boolean {
  if (status !== recorded.status) return false
  const picked = isJsonObject(body)
    ? Object.fromEntries(Object.keys(recorded.body ?? {}).map((key) => [key, body[key]]))
    : body
  return recorded.body === undefined || isDeepStrictEqual(picked, recorded.body)
}

describe('recorded exchanges', { shuffle: false }, () => {
  let server: TestServer
  let port: number
  beforeAll(async () => {
    const options = { allowOrigins: ['http://good.example'], bodyLimit: 50 * 1024 * 1024 }
    server = await makeTestServer({ ...options, apps: AGENTS })
    port = await listen(server)
  })
  afterAll(() => server.app.close())

  /** What happens around a request, where that is more than a question and its answer. */
  const around: Record<string, (request: RawRequest) => Promise<Reply | void>> = {
    '218-disconnect-run-sse-stream': (request) => leaveModelCall(request, 1),
    '219-disconnect-run-sse': (request) => leaveModelCall(request, 2),
    '220-disconnect-run': (request) => leaveModelCall(request, 3),
    '222-concurrent-same-session-result': async (request) => {
      const fields = { appName: 'slow_agent', userId: 'u_123', sessionId: 's_1', newMessage: 'hi' }
      const body = JSON.stringify(fields)
      const run = {
        method: 'POST',
        path: '/run',
        headers: [['Content-Type', 'application/json']] as [string, string][],
        body,
      }
      const replies = await Promise.all([exchange(port, run), exchange(port, run)])
      expect(replies.map(({ status }) => status)).toEqual([200, 200])
      return exchange(port, request)
    },
    '332-short-body-waits': (request) =>
      sendAndLeave(port, request, () => expect(server.app.server.listening).toBe(true)),
  }

  async function leaveModelCall(request: RawRequest, number: number): Promise<void> {
    await sendAndLeave(port, request, () => expect(slowModel.calls).toHaveLength(number))
    await vi.waitFor(() =>
      expect(slowModel.calls[number - 1]).toMatchObject({ ended: true, signal: { aborted: true } }),
    )
    await vi.waitFor(() => expect(server.runs.size).toBe(0))
  }

  for (const recorded of RECORDED) {
    const expected = EXPECTED[recorded.name]
    const sentence = expected ? REQUIREMENTS[expected.verifies].sentence : 'has no expectation'
    test(`${recorded.name}: ${sentence}`, async () => {
      if (!expected)
        throw new Error(`Write down what "${recorded.name}" should be answered in transcripts/expected.ts`)
      const request = requestOf(recorded)
      const reply = await (around[recorded.name] ?? ((plain: RawRequest) => exchange(port, plain)))(request)
      if (reply) check(reply, expected)
      else expect(expected.status).toBe(0)
      if (reply && recorded.answered) {
        expect(isAsRecorded(reply, recorded.answered)).toBe(expected.differs === undefined)
      }
      expect((await exchange(port, { method: 'GET', path: '/health' })).body).toEqual({ status: 'ok' })
    })
  }

  test('every expectation is of a recorded exchange', () => {
    const names = new Set(RECORDED.map(({ name }) => name))
    expect(Object.keys(EXPECTED).filter((name) => !names.has(name))).toEqual([])
    expect(names.size).toBe(RECORDED.length)
  })
})
