import { describe, expect, it } from 'vitest'
import { Gemini, type GeminiParams } from '../../src/models/gemini/gemini.js'
import { ModelError } from '../../src/models/model-error.js'
import {
  failure,
  setEnvironment,
  standInForEach,
  type GeminiStandIn,
  type ModelTurn,
} from '../support/gemini-stand-in.js'
import { ask, says, STOP, type Question } from './ask.js'

// What callers see when the API fails, and which failures they do not see because the request is sent again.

let standIn: GeminiStandIn

standInForEach((started) => {
  standIn = started
})

const NAME = 'gemini-test'
const script = (...turns: ModelTurn[]) => standIn.load({ [NAME]: turns })
const gemini = (params: GeminiParams = {}) =>
  new Gemini({ model: NAME, ...params, retry: { minDelayMs: 0, maxDelayMs: 0, ...params.retry } })

const OK: ModelTurn = { response: says('ok', STOP) }
const refusal = (status: number, headers: Record<string, string> = {}): ModelTurn => ({
  httpError: { status, body: failure(status, `Refused with ${status}.`), headers },
})

/** The error that a call ends with. */
async function failureOf(model: Gemini, question?: Question): Promise<ModelError> {
  const error: unknown = await ask(model, question).then(
    () => new Error('the call succeeded'),
    (reason: unknown) => reason,
  )
  if (error instanceof ModelError) return error
  throw error
}

describe('a failure that may pass', () => {
  it.each([408, 429, 500, 502, 503, 504])('with status %s is tried again', async (status) => {
    script(refusal(status), OK)
    expect(await ask(gemini())).toMatchObject([{ content: { parts: [{ text: 'ok' }] } }])
    expect(standIn.requests).toHaveLength(2)
  })

  it('is tried four times in all, then told', async () => {
    script(...Array.from({ length: 5 }, () => refusal(503)))
    const error = await failureOf(gemini(), { stream: true })
    expect(error).toMatchObject({ errorCode: '503', message: 'Refused with 503.' })
    expect(error.cause).toMatchObject({ name: 'ApiError', status: 503 })
    expect(standIn.requests).toHaveLength(4)
  })

  it('can be a connection that is lost before the answer begins', async () => {
    script({ drop: true }, { chunks: [{ __drop: true }] }, { chunks: [says('ok', STOP)] })
    expect((await ask(gemini(), { stream: true })).at(-1)).toMatchObject({
      content: { parts: [{ text: 'ok' }] },
    })
    expect(standIn.requests).toHaveLength(3)
  })

  it('can be the first thing in a stream', async () => {
    script({ chunks: [failure(503, 'Overloaded.')] }, { chunks: [says('ok', STOP)] })
    expect((await ask(gemini(), { stream: true })).at(-1)).toMatchObject({
      content: { parts: [{ text: 'ok' }] },
    })
  })

  it('is not tried again when repetitions are switched off, by option or by variable', async () => {
    script(refusal(429), refusal(500))
    expect(await failureOf(gemini({ retry: { retries: 0 } }))).toMatchObject({ errorCode: '429' })
    const undo = setEnvironment({ ADK_MODEL_RETRIES: '0' })
    const error = await failureOf(gemini()).finally(undo)
    expect(error).toMatchObject({ errorCode: '500', message: 'Refused with 500.' })
    expect(standIn.requests).toHaveLength(2)
  })
})

// Pauses of minutes: these tests end in time only when the API's own wish is heeded.
it('repeats few of many calls: who is overloaded is not asked even more', async () => {
  standIn.responder = () => refusal(503)
  const model = gemini()
  const errors = await Promise.all(Array.from({ length: 100 }, () => failureOf(model)))
  expect(errors.every(({ errorCode }) => errorCode === '503')).toBe(true)
  expect(standIn.requests.length).toBeGreaterThan(100)
  expect(standIn.requests.length).toBeLessThan(150)
})

describe('a function call that the model could not write down', () => {
  const MALFORMED = { candidates: [{ content: {}, finishReason: 'MALFORMED_FUNCTION_CALL', index: 0 }] }

  it.each([false, true])('is asked for once more (stream: %s)', async (stream) => {
    script({ response: MALFORMED }, OK)
    const answers = await ask(gemini(), { stream })
    expect(answers.at(-1)).toMatchObject({ content: { parts: [{ text: 'ok' }] }, finishReason: 'STOP' })
    expect(answers.some(({ errorCode }) => errorCode)).toBe(false)
  })

  it.each([false, true])('is told when that does not help (stream: %s)', async (stream) => {
    script({ response: MALFORMED }, { response: MALFORMED }, OK)
    const answers = await ask(gemini(), { stream })
    expect(answers.at(-1)).toMatchObject({ errorCode: 'MALFORMED_FUNCTION_CALL' })
    expect(standIn.requests).toHaveLength(2)
  })

  it('is told at once when something has been said before, or repetitions are switched off', async () => {
    script({ chunks: [says('Let me see. '), MALFORMED] }, { response: MALFORMED }, OK)
    const said = await ask(gemini(), { stream: true })
    expect(said.at(-1)).toMatchObject({ errorCode: 'MALFORMED_FUNCTION_CALL' })
    const told = await ask(gemini({ retry: { retries: 0 } }))
    expect(told).toMatchObject([{ errorCode: 'MALFORMED_FUNCTION_CALL' }])
    expect(standIn.requests).toHaveLength(2)
  })
})

describe('an API that says when to come back', () => {
  const slow = { minDelayMs: 300_000, maxDelayMs: 300_000, totalMs: 1_000_000 }

  it('is asked again then', async () => {
    script(
      refusal(429, { 'retry-after': '0' }),
      refusal(503, { 'retry-after': new Date(0).toUTCString() }),
      OK,
    )
    await ask(gemini({ retry: slow }))
    expect(standIn.requests).toHaveLength(3)
  })

  it('may say it in the body', async () => {
    const body = {
      error: { ...failure(429, 'Quota.').error, details: [{ '@type': 'RetryInfo', retryDelay: '0.001s' }] },
    }
    script({ httpError: { status: 429, body } }, OK)
    await ask(gemini({ retry: slow }))
    expect(standIn.requests).toHaveLength(2)
  })

  it('is not asked again when it wants too long a pause', async () => {
    script(refusal(429, { 'retry-after': '31' }), OK)
    expect(await failureOf(gemini())).toMatchObject({ errorCode: '429' })
    expect(standIn.requests).toHaveLength(1)
  })
})

describe('a failure that will not pass', () => {
  it.each([400, 401, 403, 404])('with status %s is told at once', async (status) => {
    script(refusal(status), OK)
    expect(await failureOf(gemini())).toMatchObject({
      errorCode: String(status),
      message: `Refused with ${status}.`,
    })
    expect(standIn.requests).toHaveLength(1)
  })

  it('tells no key that the API repeated', async () => {
    const key = `AIza${'x'.repeat(35)}`
    script({ httpError: { status: 401, body: failure(401, `API key ${key} is not valid.`) } })
    expect((await failureOf(gemini())).message).toBe('API key [redacted] is not valid.')
  })

  it('is told in short, without markup', async () => {
    script(
      { httpError: { status: 403, body: '<html><style>b{}</style><h1>Forbidden</h1></html>' } },
      { httpError: { status: 400, body: failure(400, 'x'.repeat(5000)) } },
      { httpError: { status: 400, body: { error: 'odd' } } },
      { httpError: { status: 400, body: [failure(400, 'in a list')] } },
    )
    const page = await failureOf(gemini())
    expect(page).toMatchObject({ errorCode: '403', message: 'The model API answered with status 403' })
    expect((await failureOf(gemini())).message).toHaveLength(500)
    expect(await failureOf(gemini())).toMatchObject({ errorCode: '400', message: 'odd' })
    expect(await failureOf(gemini())).toMatchObject({ errorCode: '400', message: 'in a list' })
  })

  it.each([true, false])('can be a page where an answer was expected (stream: %s)', async (stream) => {
    script({ httpError: { status: 200, body: '<html>Please log in</html>' } })
    const error = await failureOf(gemini(), { stream })
    expect(error.message).toBe('The answer of the model was cut off or is not valid JSON')
  })
})

describe('a stream that breaks', () => {
  it('by a lost connection is an error, and is not begun again', async () => {
    script({ chunks: [says('Hel'), { __delayMs: 10 }, { __drop: true }] }, OK)
    const error = await failureOf(gemini(), { stream: true })
    expect(error).toMatchObject({
      errorCode: 'UNAVAILABLE',
      message: expect.stringContaining('in the middle'),
    })
    expect(standIn.requests).toHaveLength(1)
  })

  it('by an error of the API is that error', async () => {
    script({ chunks: [says('Hel'), failure(503, 'Overloaded.', 'UNAVAILABLE')] }, OK)
    expect(await failureOf(gemini(), { stream: true })).toMatchObject({
      errorCode: '503',
      message: 'Overloaded.',
    })
    expect(standIn.requests).toHaveLength(1)
  })
})

describe('a model that falls silent', () => {
  it.each([true, false])('before it says anything (stream: %s)', async (stream) => {
    script({ hang: true })
    const error = await failureOf(gemini({ timeouts: { firstByteMs: 250 } }), { stream })
    expect(error).toMatchObject({
      errorCode: 'DEADLINE_EXCEEDED',
      message: 'The model sent nothing for 0.25 seconds',
    })
    expect(await standIn.requests[0]?.outcome).toBe('aborted')
    expect(standIn.requests).toHaveLength(1)
  })

  it('in the middle of its answer', async () => {
    script({ chunks: [says('Hel'), { __hang: true }] })
    const error = await failureOf(gemini({ timeouts: { idleMs: 30 } }), { stream: true })
    expect(error).toMatchObject({ errorCode: 'DEADLINE_EXCEEDED' })
    expect(await standIn.requests[0]?.outcome).toBe('aborted')
  })
})

it('tells that nobody answers at the address', async () => {
  const { url } = standIn
  await standIn.close()
  const undo = setEnvironment({ GOOGLE_GEMINI_BASE_URL: url })
  const error = await failureOf(gemini()).finally(undo)
  expect(error).toMatchObject({
    errorCode: 'UNAVAILABLE',
    message: 'The model could not be reached (ECONNREFUSED)',
  })
})
