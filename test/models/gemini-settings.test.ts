import { describe, expect, it, vi } from 'vitest'
import { Gemini } from '../../src/models/gemini/gemini.js'
import { geminiSettings, isComplete } from '../../src/models/gemini/settings.js'
import { type GeminiStandIn, standInForEach, setEnvironment } from '../support/gemini-stand-in.js'
import { ask, says, STOP, userRequest } from './ask.js'

let standIn: GeminiStandIn

standInForEach((started) => {
  standIn = started
  standIn.responder = () => ({ response: says('ok', STOP) })
})

/** Calls with these variables set, and returns the key that the API saw. */
async function keySeen(gemini: Gemini, variables: Record<string, string | undefined> = {}) {
  const undo = setEnvironment(variables)
  await ask(gemini).finally(undo)
  return standIn.requests.at(-1)?.headers['x-goog-api-key']
}

describe('the key', () => {
  it('is that of the options, else the first variable that is set', async () => {
    vi.spyOn(console, 'warn').mockReturnValue() // the SDK notes that there are two keys
    const given = new Gemini({ apiKey: 'from-options' })
    const gemini = new Gemini()
    const all = { GOOGLE_GENAI_API_KEY: 'first', GOOGLE_API_KEY: 'second', GEMINI_API_KEY: 'third' }
    expect(await keySeen(given, all)).toBe('from-options')
    expect(await keySeen(gemini, all)).toBe('first')
    expect(await keySeen(gemini, { ...all, GOOGLE_GENAI_API_KEY: ' ' })).toBe('second')
    expect(await keySeen(gemini, { GEMINI_API_KEY: ' third ' })).toBe('third')
  })

  it('may arrive after the model was made; until then the error says what to set', async () => {
    const gemini = new Gemini({ model: 'gemini-test' })
    const error: unknown = await keySeen(gemini, { GEMINI_API_KEY: undefined }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ name: 'ModelError', errorCode: 'UNAUTHENTICATED' })
    const words = ['"gemini-test"', 'GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_CLOUD_PROJECT', '--offline']
    for (const word of words) expect(String(error)).toContain(word)
    expect(standIn.requests).toEqual([])
    expect(await keySeen(gemini)).toBe('stand-in-key')
  })
})

describe('Vertex AI', () => {
  it('is asked at its own address, and told all it knows', async () => {
    const undo = setEnvironment({
      GOOGLE_GENAI_USE_VERTEXAI: 'TRUE',
      GOOGLE_VERTEX_BASE_URL: standIn.url,
      GOOGLE_GEMINI_BASE_URL: undefined,
    })
    const inlineData = { mimeType: 'image/png', data: 'AAAA', displayName: 'a.png' }
    const contents = [{ role: 'user', parts: [{ inlineData }] }]
    await ask(new Gemini(), {
      request: userRequest({ contents, config: { labels: { team: 'a' } } }),
    }).finally(undo)
    expect(standIn.requests).toMatchObject([
      {
        url: '/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent',
        body: { contents, labels: { team: 'a' } },
      },
    ])
  })

  it('is chosen by the options, the name of the model, or a variable, in this order', () => {
    const project = { GOOGLE_CLOUD_PROJECT: 'env-p', GOOGLE_CLOUD_LOCATION: 'env-l' }
    const vertex = { GOOGLE_GENAI_USE_VERTEXAI: '1', ...project }
    const key = { GEMINI_API_KEY: 'k' }
    const name = 'projects/p/locations/l/endpoints/7'
    expect(geminiSettings({}, 'gemini-x', { ...vertex, ...key })).toMatchObject({
      vertexai: true,
      project: 'env-p',
      location: 'env-l',
    })
    expect(geminiSettings({ project: 'own-p' }, 'gemini-x', vertex)).toMatchObject({
      project: 'own-p',
      location: 'env-l',
    })
    expect(geminiSettings({}, name, { ...vertex, ...key })).toMatchObject({
      vertexai: true,
      project: 'p',
      location: 'l',
    })
    expect(geminiSettings({ vertexai: false }, 'gemini-x', { ...vertex, ...key })).toMatchObject({
      vertexai: false,
      apiKey: 'k',
    })
    expect(
      geminiSettings({}, 'gemini-x', { ...vertex, GOOGLE_GENAI_USE_ENTERPRISE: 'false', ...key }).vertexai,
    ).toBe(false)
    expect(geminiSettings({}, 'gemini-x', { GOOGLE_GENAI_USE_ENTERPRISE: 'true', ...project }).vertexai).toBe(
      true,
    )
    expect(geminiSettings({}, 'gemini-x', { ...project, ...key })).toMatchObject({
      vertexai: false,
      apiKey: 'k',
    })
  })
})

it.each([
  [{ GEMINI_API_KEY: 'k' }, true],
  [{ GOOGLE_API_KEY: 'k' }, true],
  [{ GOOGLE_GENAI_API_KEY: 'k' }, true],
  [{ GEMINI_API_KEY: '' }, false],
  [{}, false],
  [{ GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_CLOUD_LOCATION: 'l' }, false],
  [{ GOOGLE_GENAI_USE_VERTEXAI: 'true', GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_CLOUD_LOCATION: 'l' }, true],
  [{ GOOGLE_GENAI_USE_VERTEXAI: 'true' }, false],
])('%o is enough: %s', (environment, enough) => {
  expect(isComplete(geminiSettings({}, '', environment))).toBe(enough)
})
