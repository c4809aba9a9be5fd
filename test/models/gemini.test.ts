import { getEventListeners } from 'node:events'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { LlmRequest } from '../../src/core/model.js'
import { Gemini } from '../../src/models/gemini/gemini.js'
import { collect } from '../../src/testing.js'
import { failure, type GeminiStandIn, standInForEach, type ModelTurn } from '../support/gemini-stand-in.js'
import { ask, says, STOP, USAGE, userRequest } from './ask.js'

// Behaviour as a caller sees it, through the real SDK, against a scripted server.

let standIn: GeminiStandIn

standInForEach((started) => {
  standIn = started
})

const NAME = 'gemini-test'
const gemini = new Gemini({ model: NAME, retry: { minDelayMs: 0, maxDelayMs: 0 } })
const script = (...turns: ModelTurn[]) => standIn.load({ [NAME]: turns })

/** The body that the API receives. */
async function bodyFor(request: LlmRequest) {
  script({ response: says('ok', STOP) })
  await ask(gemini, { request })
  return standIn.requests[0]?.body
}

describe('a whole answer', () => {
  it('carries the content and everything that is known about it', async () => {
    const known = { avgLogprobs: -0.25, logprobsResult: { topCandidates: [] } }
    const sources = [{ uri: 'https://example.test/a', startIndex: 0, endIndex: 4 }]
    script({
      response: says(
        'Hello there.',
        {
          ...STOP,
          ...known,
          groundingMetadata: { webSearchQueries: ['q'] },
          citationMetadata: { citationSources: sources },
        },
        { ...USAGE, modelVersion: 'gemini-test-001' },
      ),
    })
    expect(await ask(gemini)).toEqual([
      {
        content: { role: 'model', parts: [{ text: 'Hello there.' }] },
        ...STOP,
        ...USAGE,
        ...known,
        modelVersion: 'gemini-test-001',
        groundingMetadata: { webSearchQueries: ['q'] },
        citationMetadata: { citations: sources },
      },
    ])
    expect(standIn.requests).toMatchObject([{ model: NAME, method: 'generateContent' }])
  })

  it('is of the model even when it does not say so', async () => {
    script({ response: { candidates: [{ content: { parts: [{ text: 'Hi' }] } }] } })
    expect(await ask(gemini)).toEqual([{ content: { role: 'model', parts: [{ text: 'Hi' }] } }])
  })

  it('that was cut at the token limit is still an answer', async () => {
    script({ response: says('cut off', { finishReason: 'MAX_TOKENS' }) })
    const [response] = await ask(gemini)
    expect(response).toMatchObject({ finishReason: 'MAX_TOKENS', content: { parts: [{ text: 'cut off' }] } })
    expect(response).not.toHaveProperty('errorCode')
  })

  it.each([
    ['no parts', says([], STOP, USAGE), { errorCode: 'STOP', ...STOP, ...USAGE }],
    ['an empty text', says('', STOP), { errorCode: 'STOP', ...STOP }],
    [
      'no content',
      { candidates: [{ finishReason: 'SAFETY' }] },
      { errorCode: 'SAFETY', finishReason: 'SAFETY' },
    ],
    [
      'a blocked prompt',
      {
        promptFeedback: { blockReason: 'PROHIBITED_CONTENT', blockReasonMessage: 'The prompt was blocked.' },
        ...USAGE,
      },
      { errorCode: 'PROHIBITED_CONTENT', errorMessage: 'The prompt was blocked.', ...USAGE },
    ],
    [
      'nothing at all',
      {},
      { errorCode: 'UNKNOWN_ERROR', errorMessage: 'The model returned an empty answer' },
    ],
  ])('with %s is an error', async (_, response, expected) => {
    script({ response })
    expect(await ask(gemini)).toEqual([expected])
  })
})

describe('a stream', () => {
  it('comes in chunks and is complete at the end', async () => {
    script({ chunks: [says('Hel'), says('lo', STOP, { ...USAGE, modelVersion: 'gemini-test-001' })] })
    const end = { ...STOP, ...USAGE, modelVersion: 'gemini-test-001' }
    expect(await ask(gemini, { stream: true })).toEqual([
      { partial: true, content: { role: 'model', parts: [{ text: 'Hel' }] } },
      { partial: true, content: { role: 'model', parts: [{ text: 'lo' }] }, ...end },
      { partial: false, content: { role: 'model', parts: [{ text: 'Hello' }] }, ...end },
    ])
    expect(standIn.requests).toMatchObject([{ method: 'streamGenerateContent' }])
  })

  it('of thoughts, text and a call is one message', async () => {
    const call = { functionCall: { name: 'look', args: { at: 'it' } }, thoughtSignature: 'c2ln' }
    script({ chunks: [says([{ text: 'Hm.', thought: true }]), says('Let me look.'), says([call], STOP)] })
    const responses = await ask(gemini, { stream: true })
    const { id } = responses[2]?.content?.parts?.[0]?.functionCall ?? {}
    expect(id).toMatch(/^adk-/)
    expect(responses[3]?.content?.parts).toEqual([
      { text: 'Hm.', thought: true },
      { text: 'Let me look.' },
      { functionCall: { name: 'look', args: { at: 'it' }, id }, thoughtSignature: 'c2ln' },
    ])
  })

  it('that ends with a chunk without content is no error', async () => {
    script({ chunks: [says('Hello'), { candidates: [STOP], ...USAGE }] })
    const responses = await ask(gemini, { stream: true })
    expect(responses).toHaveLength(3)
    expect(responses.filter((response) => 'errorCode' in response)).toEqual([])
  })

  it('that was stopped for safety keeps its text and says so', async () => {
    script({ chunks: [says('Well, '), { candidates: [{ finishReason: 'SAFETY' }] }] })
    const stopped = { finishReason: 'SAFETY', errorCode: 'SAFETY' }
    const [, chunk, final] = await ask(gemini, { stream: true })
    expect(chunk).toEqual({ partial: true, ...stopped })
    expect(final).toEqual({
      partial: false,
      content: { role: 'model', parts: [{ text: 'Well, ' }] },
      ...stopped,
    })
  })

  it('of a blocked prompt, or of nothing, ends with an error', async () => {
    script(
      { chunks: [{ promptFeedback: { blockReason: 'OTHER', blockReasonMessage: 'No.' } }] },
      { chunks: [] },
    )
    expect((await ask(gemini, { stream: true })).at(-1)).toEqual({
      partial: false,
      errorCode: 'OTHER',
      errorMessage: 'No.',
    })
    expect(await ask(gemini, { stream: true })).toMatchObject([
      { partial: false, errorCode: 'UNKNOWN_ERROR' },
    ])
  })
})

describe('the request', () => {
  it('carries contents, instruction, tools and settings', async () => {
    const tools = [{ functionDeclarations: [{ name: 'look', description: 'Looks.' }] }]
    const body = await bodyFor(
      userRequest({
        config: { systemInstruction: 'You are root.', tools, temperature: 0.5, abortSignal: undefined },
      }),
    )
    expect(body).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      systemInstruction: { role: 'user', parts: [{ text: 'You are root.' }] },
      tools,
      generationConfig: { temperature: 0.5 },
    })
  })

  it('has no instruction when it is empty', async () => {
    expect(await bodyFor(userRequest({ config: { systemInstruction: '' } }))).not.toHaveProperty(
      'systemInstruction',
    )
  })

  it('ends with the user, who asks to go on when there is nothing else to say', async () => {
    const answered = [
      { role: 'user', parts: [{ text: 'go' }] },
      { role: 'model', parts: [{ text: 'v1' }] },
    ]
    const body = await bodyFor(userRequest({ contents: answered }))
    expect(body?.contents).toEqual([
      ...answered,
      { role: 'user', parts: [{ text: expect.stringMatching(/continue/i) }] },
    ])
    expect(answered).toHaveLength(2)
    expect((await bodyFor(userRequest({ contents: [] })))?.contents).toEqual([
      { role: 'user', parts: [{ text: expect.any(String) }] },
    ])
  })

  it('leaves out what the Gemini API does not know, and does not touch what it was made from', async () => {
    const inlineData = Object.freeze({ mimeType: 'image/png', data: 'AAAA', displayName: 'a.png' })
    const fileData = Object.freeze({ fileUri: 'https://example.test/f', displayName: 'f' })
    const part = Object.freeze({ inlineData, thoughtSignature: 'c2ln' })
    const contents = [{ role: 'user', parts: [part, Object.freeze({ fileData })] }]
    const body = await bodyFor(userRequest({ contents, config: Object.freeze({ labels: { team: 'a' } }) }))
    expect(body).toEqual({
      contents: [
        {
          role: 'user',
          parts: [
            { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: 'c2ln' },
            { fileData: { fileUri: 'https://example.test/f' } },
          ],
        },
      ],
      generationConfig: {},
    })
    expect(contents[0]?.parts[0]).toBe(part)
  })

  it('is for the model that the caller names, and says who sends it', async () => {
    standIn.load({ 'gemini-other': [{ response: says('ok', STOP) }] })
    await ask(new Gemini({ headers: { 'x-team': 'a' } }), { request: userRequest({ model: 'gemini-other' }) })
    expect(standIn.requests[0]?.headers).toMatchObject({
      'user-agent': expect.stringMatching(/^adk-ts\/\d+\.\d+\.\d+ /),
      'x-team': 'a',
    })
  })
})

describe('when the caller stops', () => {
  const reason = new Error('the client left')

  it('before the call, nothing is sent', async () => {
    await expect(ask(gemini, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(standIn.requests).toEqual([])
  })

  it.each([true, false])('before the answer begins, the request ends (stream: %s)', async (stream) => {
    script({ hang: true })
    const controller = new AbortController()
    const answer = ask(gemini, { stream, signal: controller.signal })
    const request = await standIn.received(1)
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
    expect(await request.outcome).toBe('aborted')
  })

  it('in the middle of a stream, the request ends', async () => {
    script({ chunks: [says('Hel'), { __hang: true }] })
    const controller = new AbortController()
    const answer = gemini.generateContentAsync(userRequest(), true, controller.signal)
    expect(await answer.next()).toMatchObject({ value: { partial: true } })
    const next = answer.next()
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
    expect(await standIn.requests[0]?.outcome).toBe('aborted')
  })

  it('between two chunks, the request ends', async () => {
    script({ chunks: [says('Hel'), { __hang: true }] })
    const controller = new AbortController()
    const answer = gemini.generateContentAsync(userRequest(), true, controller.signal)
    await answer.next()
    controller.abort(reason)
    await expect(answer.next()).rejects.toBe(reason)
    expect(await standIn.requests[0]?.outcome).toBe('aborted')
  })

  it('in the pause before a repetition, there is none', async () => {
    const headers = { 'retry-after': '29' }
    script(
      { httpError: { status: 429, body: failure(429, 'Busy.'), headers } },
      { response: says('ok', STOP) },
    )
    const controller = new AbortController()
    const answer = ask(gemini, { signal: controller.signal })
    const request = await standIn.received(1)
    await request.outcome
    await sleep(50) // by now the pause has begun
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
    expect(standIn.requests).toHaveLength(1)
  })

  it('by leaving the loop, the request ends', async () => {
    script({ chunks: [says('Hel'), { __hang: true }] })
    for await (const response of gemini.generateContentAsync(userRequest(), true)) {
      expect(response.partial).toBe(true)
      break
    }
    expect(await standIn.requests[0]?.outcome).toBe('aborted')
  })
})

it('leaves nothing behind on the signal of a run', async () => {
  script({ httpError: { status: 503, body: failure(503, 'Overloaded.') } })
  standIn.responder = ({ method }) => ({ response: says(method, STOP) })
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  const { signal } = new AbortController()
  for (let call = 0; call < 30; call++) await ask(gemini, { signal, stream: call % 2 === 0 })
  await turn()
  process.off('warning', note)
  expect(standIn.requests).toHaveLength(31)
  expect(warnings).toEqual([])
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

it('does not count the time that the reader takes', async () => {
  script({ chunks: [says('a'), says('b'), says('c', STOP)] })
  const patient = new Gemini({ model: NAME, timeouts: { idleMs: 300 } })
  const slowly = async function* () {
    for await (const response of patient.generateContentAsync(userRequest(), true)) {
      await sleep(400)
      yield response
    }
  }
  expect((await collect(slowly())).at(-1)?.content?.parts).toEqual([{ text: 'abc' }])
})
