import fc from 'fast-check'
import { afterEach, describe, expect, vi } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import type { Context } from '../../src/core/context.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { verifies } from '../contract/verifies.js'
import { said, throwingAgent, WEATHER_TURN, WorkingAgent } from '../support/agents.js'
import { scriptedModel } from '../support/scripted-model.js'
import { listen, message, openSession, SESSION } from '../support/server.js'
import { bytesOf, exchange, open, openStream } from '../support/socket.js'

const framesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.slice('data: '.length)))

verifies('sse.frames', async () => {
  const { send } = await openSession()
  const { text } = await send('POST', '/run_sse', message({ streaming: true }))
  expect(text).toMatch(/^(?:data: \{.*\}\n\n)+$/)
  const frames = text.split('\n\n').slice(0, -1)
  expect(frames).toHaveLength(6)
  for (const frame of frames) {
    expect(frame.split('\n')).toHaveLength(1)
    expect(frame).toBe(`data: ${JSON.stringify(JSON.parse(frame.slice(6)))}`)
  }
})

verifies('sse.frames', 'any text', async () => {
  let text = ''
  const agent = new WorkingAgent(async function* (context) {
    yield said(context, text)
  })
  const { send } = await openSession({ apps: { agent } })
  const nasty = fc.constantFrom(
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    'data: ',
    ': ping',
    '\u2028',
    '\u2029',
    '\u0000',
    '🙂',
    '\ud800',
    '"',
  )
  const texts = fc
    .array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { minLength: 1 })
    .map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(texts, async (any) => {
      text = any
      const reply = await send('POST', '/run_sse', message({ appName: 'agent' }))
      expect(reply.text.split('\n')).toHaveLength(3)
      expect(framesOf(reply.text)[0].content.parts[0].text).toBe(any)
    }),
    { numRuns: 60 },
  )
})

verifies('sse.frames', 'on the wire', async () => {
  const server = await openSession()
  const port = await listen(server)
  const headers: [string, string][] = [['Content-Type', 'application/json']]
  const reply = await exchange(port, {
    method: 'POST',
    path: '/run_sse',
    headers,
    body: JSON.stringify(message()),
  })
  expect(reply).toMatchObject({ status: 200, headers: { 'transfer-encoding': 'chunked' } })
  expect(reply.text).toMatch(/^(?:data: \{.*\}\n\n){3}$/)
})

for (const streaming of [undefined, false, true, 'false', 'true', '0', 'yes', null]) {
  verifies('sse.always', `streaming ${JSON.stringify(streaming)}`, async () => {
    const { send, model } = await openSession({ always: { say: ['Sun', 'ny.'] } })
    const reply = await send('POST', '/run_sse', message({ streaming }))
    expect(reply.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    const wanted = streaming === true || streaming === 'true' || streaming === 'yes'
    expect(model.last.streaming).toBe(wanted)
    expect(framesOf(reply.text)).toHaveLength(wanted ? 3 : 1)
  })
}

verifies('sse.headers', async () => {
  const { send } = await openSession()
  const { status, headers } = await send('POST', '/run_sse', message())
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-request-id': expect.any(String),
  })
  expect(headers).not.toHaveProperty('content-length')
})

verifies('sse.early', async () => {
  const server = await openSession({ always: { hang: true } })
  const stream = await openStream(await listen(server), message())
  expect(stream.status).toBe(200)
  expect(stream.text).toBe('')
  await vi.waitFor(() => expect(server.model.calls).toHaveLength(1))
  expect(server.model.last.taken).toBe(0)
  stream.leave()
})

verifies('sse.partial', async () => {
  const { send } = await openSession()
  const frames = framesOf((await send('POST', '/run_sse', message({ streaming: true }))).text)
  expect(frames.map(({ partial }) => partial ?? false)).toEqual([false, false, true, true, true, false])
  const chunks = frames.filter(({ partial }) => partial)
  const whole = frames.at(-1)
  expect(chunks.map(({ content }) => content.parts[0].text).join('')).toBe(whole.content.parts[0].text)
  expect(new Set(frames.map(({ id }) => id)).size).toBe(6)
  for (const { invocationId, author } of chunks) {
    expect({ invocationId, author }).toEqual({ invocationId: whole.invocationId, author: whole.author })
  }
  const { events } = (await send('GET', SESSION)).body
  expect(events.slice(1)).toEqual(frames.filter(({ partial }) => !partial))
})

verifies('sse.one-frame', async () => {
  const save = async (_args: unknown, context: Context) => {
    await context.saveArtifact('report.txt', { text: 'Sunny.' })
    return { saved: true }
  }
  const tool = new FunctionTool({ name: 'save', description: 'Saves.', execute: save })
  const model = scriptedModel([{ call: 'save' }, 'Saved.'])
  const { send } = await openSession({
    apps: { saver: new LlmAgent({ name: 'saver', model, tools: [tool] }) },
  })
  const frames = framesOf((await send('POST', '/run_sse', message({ appName: 'saver' }))).text)
  expect(frames).toHaveLength(3)
  expect(frames[1]).toMatchObject({
    actions: { artifactDelta: { 'report.txt': 0 } },
    content: { parts: [{}] },
  })
})

verifies('sse.error-frame', async () => {
  const { send } = await openSession({ apps: { thrower: throwingAgent(new RangeError('too\nfar')) } })
  const before = Date.now() / 1000
  const { status, text } = await send('POST', '/run_sse', message({ appName: 'thrower' }))
  expect(status).toBe(200)
  expect(text).toMatch(/^(?:data: \{.*\}\n\n){2}$/)
  const { error, error_details: details, ...rest } = framesOf(text)[1]
  expect(error).toBe('Agent "thrower" failed: too far')
  expect(details).toEqual({ error_type: 'agent_failed', error_message: error, timestamp: expect.any(Number) })
  expect(details.timestamp).toBeGreaterThanOrEqual(before)
  expect(rest).toEqual({})
})

describe('before the first byte', () => {
  const cases: [what: string, body: object, status: number][] = [
    ['an unknown session', message({ sessionId: 'nope' }), 404],
    ['an unknown app', message({ appName: 'nope' }), 404],
    ['an invalid body', message({ userId: 5 }), 422],
  ]
  for (const [what, body, status] of cases) {
    verifies('sse.error-before', what, async () => {
      const { send } = await openSession()
      const reply = await send('POST', '/run_sse', body)
      expect(reply).toMatchObject({ status, headers: { 'content-type': 'application/json; charset=utf-8' } })
      expect(reply.body.error).toEqual(expect.any(String))
    })
  }
})

verifies('sse.stored-first', async () => {
  const server = await openSession({ turns: [...WEATHER_TURN.slice(0, 1), { hang: true }] })
  const stream = await openStream(await listen(server), message())
  for (let count = 2; count <= 3; count++) {
    const event = await stream.next()
    expect((await server.send('GET', SESSION)).body.events[count - 1]).toEqual(event)
  }
  stream.leave()
})

describe('silence', () => {
  afterEach(() => void vi.useRealTimers())
  const stopTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

  verifies('sse.ping', async () => {
    const server = await openSession({ turns: ['First.', { hang: true }] })
    const port = await listen(server)
    stopTime()
    await openStream(port, message()).then((stream) => stream.rest())
    const { response, leave } = await openStream(port, message())
    let text = ''
    response.on('data', (chunk: string) => void (text += chunk))
    vi.advanceTimersByTime(14_999)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1)
    await vi.waitFor(() => expect(text).toBe(': ping\n\n'))
    vi.advanceTimersByTime(30_000)
    await vi.waitFor(() => expect(text).toBe(': ping\n\n: ping\n\n: ping\n\n'))
    leave()
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0))
  })

  verifies('sse.ping', 'not while events come', async () => {
    let next = (_text: string) => {}
    const agent = new WorkingAgent(async function* (context) {
      for (;;) yield said(context, await new Promise<string>((resolve) => (next = resolve)))
    })
    const server = await openSession({ apps: { agent } })
    const port = await listen(server)
    stopTime()
    const stream = await openStream(port, message({ appName: 'agent' }))
    for (const text of ['one', 'two', 'three']) {
      vi.advanceTimersByTime(10_000)
      next(text)
      expect(await stream.next()).toMatchObject({ content: { parts: [{ text }] } })
    }
    expect(stream.text).not.toContain(': ping')
    stream.leave()
  })

  verifies('sse.stalled', async () => {
    let ended = false
    const flood = new WorkingAgent(async function* (context) {
      try {
        for (;;) yield said(context, 'x'.repeat(1024 * 1024), { partial: true })
      } finally {
        ended = true
      }
    })
    const server = await openSession({ apps: { flood } })
    const port = await listen(server)
    stopTime()
    const socket = await open(port)
    socket.pause()
    const headers: [string, string][] = [['Content-Type', 'application/json']]
    const body = JSON.stringify(message({ appName: 'flood', streaming: true }))
    socket.write(bytesOf({ method: 'POST', path: '/run_sse', headers, body }))
    await vi.waitFor(() => {
      vi.advanceTimersByTime(15_000)
      expect(ended).toBe(true)
    })
    expect(server.logged.join('')).toContain('client.stalled')
    socket.destroy()
  })
})
