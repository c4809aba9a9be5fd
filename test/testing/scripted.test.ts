import { describe, expect, it } from 'vitest'
import { textContent } from '../../src/core/content.js'
import { isBaseLlm, type LlmRequest } from '../../src/core/model.js'
import { collect, scriptedModel, type Scripted } from '../../src/testing.js'

const request = (text = 'Hi'): LlmRequest => ({ contents: [textContent('user', text)], toolsDict: {} })
const answersOf = (turn: Scripted, streaming = false) =>
  collect(scriptedModel([turn]).generateContentAsync(request(), streaming))

const complete = (...parts: object[]) => ({ content: { role: 'model', parts }, finishReason: 'STOP' })
const chunk = (part: object) => ({ partial: true, content: { role: 'model', parts: [part] } })

describe('a turn', () => {
  it('is a text', async () => {
    expect(await answersOf('Hello.')).toEqual([complete({ text: 'Hello.' })])
    expect(await answersOf('Hello.', true)).toEqual([complete({ text: 'Hello.' })])
  })

  it('is one answer, whatever is said and called in it', async () => {
    expect(
      await answersOf([
        { think: 'Hm.' },
        { say: 'Let me ' },
        { say: ['look', '.'] },
        { call: 'first' },
        { call: 'second', args: { n: 2 }, id: 'x2' },
      ]),
    ).toEqual([
      complete(
        { text: 'Hm.', thought: true },
        { text: 'Let me look.' },
        { functionCall: { name: 'first', args: {} } },
        { functionCall: { name: 'second', args: { n: 2 }, id: 'x2' } },
      ),
    ])
  })

  it('is streamed piece by piece', async () => {
    expect(await answersOf([{ think: ['Hm'] }, { say: ['Hel', 'lo.'] }, { call: 'first' }], true)).toEqual([
      chunk({ text: 'Hm', thought: true }),
      chunk({ text: 'Hel' }),
      chunk({ text: 'lo.' }),
      complete(
        { text: 'Hm', thought: true },
        { text: 'Hello.' },
        { functionCall: { name: 'first', args: {} } },
      ),
    ])
  })

  it('can have responses of its own', async () => {
    const response = { errorCode: 'SAFETY' }
    expect(await answersOf([{ say: 'a' }, { response }, { say: 'b' }])).toEqual([
      complete({ text: 'a' }),
      response,
      complete({ text: 'b' }),
    ])
  })

  it('can depend on the request', async () => {
    const model = scriptedModel([], ({ contents }) => `You said ${contents[0]?.parts?.[0]?.text}.`)
    for (const text of ['one', 'two']) {
      expect(await collect(model.generateContentAsync(request(text)))).toEqual([
        complete({ text: `You said ${text}.` }),
      ])
    }
  })

  it('can wait, and fail', async () => {
    const failure = new Error('out of order')
    const model = scriptedModel([
      [{ delayMs: 1 }, { until: Promise.resolve() }, { say: ['a'] }, { fail: failure }],
    ])
    const said: unknown[] = []
    const reading = (async () => {
      for await (const response of model.generateContentAsync(request(), true)) said.push(response)
    })()
    await expect(reading).rejects.toBe(failure)
    expect(said).toEqual([chunk({ text: 'a' })])
  })

  it.each([{ hang: true } as const, { until: new Promise(() => {}) }, { delayMs: 60_000 }])(
    'that does not go on (%j) ends when the caller gives up',
    async (step) => {
      const abort = new AbortController()
      const model = scriptedModel([step])
      const reading = collect(model.generateContentAsync(request(), false, abort.signal))
      const ended = expect(reading).rejects.toThrow()
      await new Promise(setImmediate)
      expect(model.last.ended).toBe(false)
      abort.abort(new Error('enough'))
      await ended
      expect(model.last).toMatchObject({ ended: true, taken: 0 })
    },
  )
})

describe('a script', () => {
  it('is played in order, then fails', async () => {
    const model = scriptedModel(['one', 'two'])
    await collect(model.generateContentAsync(request()))
    expect(await collect(model.generateContentAsync(request()))).toEqual([complete({ text: 'two' })])
    await expect(collect(model.generateContentAsync(request()))).rejects.toThrow(
      'The script of the model has no turn 3',
    )
  })

  it('can end with a turn that is played again and again', async () => {
    const model = scriptedModel(['one'], 'more')
    for (const text of ['one', 'more', 'more'])
      expect(await collect(model.generateContentAsync(request()))).toEqual([complete({ text })])
  })
})

it('is a model that remembers what it was asked', async () => {
  const model = scriptedModel(['one', [{ say: ['a', 'b'] }]])
  expect(isBaseLlm(model)).toBe(true)
  expect(() => model.last).toThrow('was not called')
  const first = request('first')
  const { signal } = new AbortController()
  await collect(model.generateContentAsync(first, false, signal))
  for await (const _ of model.generateContentAsync(request('second'), true)) break
  expect(model.calls).toHaveLength(2)
  expect(model.calls[0]).toEqual({ request: first, streaming: false, signal, taken: 1, ended: true })
  expect(model.calls[0]?.request).toBe(first)
  expect(model.last).toMatchObject({ streaming: true, signal: undefined, taken: 0, ended: true })
})
