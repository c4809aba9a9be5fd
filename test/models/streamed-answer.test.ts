import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/core/content.js'
import type { LlmResponse } from '../../src/core/model.js'
import { StreamedAnswer } from '../../src/models/streamed-answer.js'
import type { JsonObject } from '../../src/schema/json.js'

const withParts = (...parts: Part[]): LlmResponse => ({ content: { role: 'model', parts } })

/** Feeds chunks through the aggregator. */
function run(...chunks: LlmResponse[]): { partials: LlmResponse[]; final: LlmResponse } {
  const answer = new StreamedAnswer()
  return { partials: chunks.map((chunk) => answer.add(chunk)), final: answer.complete() }
}

const partsOf = (response: LlmResponse): Part[] => response.content?.parts ?? []
const callsOf = (responses: LlmResponse[]) =>
  responses.flatMap(partsOf).flatMap((part) => part.functionCall ?? [])
const textIn = (parts: Part[], thought: boolean): string =>
  parts.flatMap((part) => (Boolean(part.thought) === thought ? (part.text ?? '') : [])).join('')
const piece = (stringValue: string) => [{ jsonPath: '$.q', stringValue }]

const STOP: LlmResponse = { finishReason: 'STOP' }

describe('texts', () => {
  it('are partial as they come and joined at the end', () => {
    const { partials, final } = run(withParts({ text: 'Hel' }), {
      ...withParts({ text: 'lo' }),
      ...STOP,
    })
    expect(partials).toEqual([
      { partial: true, content: { role: 'model', parts: [{ text: 'Hel' }] } },
      { partial: true, content: { role: 'model', parts: [{ text: 'lo' }] }, finishReason: 'STOP' },
    ])
    expect(final).toEqual({
      partial: false,
      content: { role: 'model', parts: [{ text: 'Hello' }] },
      finishReason: 'STOP',
    })
  })

  it('are joined with texts of their own kind only, in order of arrival', () => {
    const { final } = run(
      withParts({ text: 'I should ', thought: true }, { text: 'greet.', thought: true }, { text: 'Hel' }),
      withParts({ text: 'lo' }, { text: 'Again?', thought: true }),
      STOP,
    )
    expect(partsOf(final)).toEqual([
      { text: 'I should greet.', thought: true },
      { text: 'Hello' },
      { text: 'Again?', thought: true },
    ])
  })

  it('keep the signature that arrives with any of their chunks', () => {
    const { final } = run(
      withParts({ text: 'Hel' }),
      withParts({ text: 'lo', thoughtSignature: 'c2ln' }),
      withParts({ text: '!' }),
      STOP,
    )
    expect(partsOf(final)).toEqual([{ text: 'Hello!', thoughtSignature: 'c2ln' }])
  })

  it('take over a signature that comes alone, after them', () => {
    const { final } = run(
      withParts({ text: 'Hello' }),
      withParts({ text: '', thoughtSignature: 'c2ln' }),
      STOP,
    )
    expect(partsOf(final)).toEqual([{ text: 'Hello', thoughtSignature: 'c2ln' }])
  })

  it('with a signature each stay apart', () => {
    const { final } = run(
      withParts({ text: 'a', thoughtSignature: 'QQ==' }),
      withParts({ text: 'b', thoughtSignature: 'Qg==' }),
    )
    expect(partsOf(final)).toEqual([
      { text: 'a', thoughtSignature: 'QQ==' },
      { text: 'b', thoughtSignature: 'Qg==' },
    ])
  })

  it('that are empty leave no part', () => {
    const { partials, final } = run(withParts({ text: 'Hi' }), { ...withParts({ text: '' }), ...STOP })
    expect(partials[1]).toEqual({ partial: true, finishReason: 'STOP' })
    expect(partsOf(final)).toEqual([{ text: 'Hi' }])
  })

  it('are not joined across other parts', () => {
    const image: Part = { inlineData: { mimeType: 'image/png', data: 'AAAA' } }
    const { final } = run(withParts({ text: 'a' }, image), withParts({ text: 'b' }))
    expect(partsOf(final)).toEqual([{ text: 'a' }, image, { text: 'b' }])
  })
})

describe('metadata', () => {
  it('is that which was seen last', () => {
    const { partials, final } = run(
      { ...withParts({ text: 'a' }), usageMetadata: { totalTokenCount: 1 }, modelVersion: 'm-1' },
      { ...withParts({ text: 'b' }), groundingMetadata: { webSearchQueries: ['q'] } },
      {
        ...STOP,
        usageMetadata: { totalTokenCount: 3 },
        citationMetadata: { citations: [] },
        avgLogprobs: -0.5,
      },
      { usageMetadata: undefined },
    )
    expect(partials[1]).not.toHaveProperty('usageMetadata')
    expect(final).toMatchObject({
      usageMetadata: { totalTokenCount: 3 },
      modelVersion: 'm-1',
      groundingMetadata: { webSearchQueries: ['q'] },
      citationMetadata: { citations: [] },
      avgLogprobs: -0.5,
    })
  })

  it('makes the reason of an unusual end the error code, and keeps the text', () => {
    const { partials, final } = run({
      ...withParts({ text: 'A long story' }),
      finishReason: 'MAX_TOKENS',
    })
    expect(partials[0]).not.toHaveProperty('errorCode')
    expect(final).toEqual({
      partial: false,
      content: { role: 'model', parts: [{ text: 'A long story' }] },
      finishReason: 'MAX_TOKENS',
      errorCode: 'MAX_TOKENS',
    })
  })

  it('keeps the error of a chunk and its message', () => {
    const failure = { finishReason: 'SAFETY', errorCode: 'SAFETY', errorMessage: 'Blocked by safety.' }
    const { partials, final } = run(withParts({ text: 'Well, ' }), failure)
    expect(partials[1]).toEqual({ partial: true, ...failure })
    expect(final).toEqual({
      partial: false,
      content: { role: 'model', parts: [{ text: 'Well, ' }] },
      ...failure,
    })
  })

  it('makes an answer without content an error', () => {
    expect(run(STOP).final).toEqual({ partial: false, finishReason: 'STOP', errorCode: 'STOP' })
    expect(run().final).toMatchObject({ partial: false, errorCode: 'UNKNOWN_ERROR' })
  })
})

describe('function calls', () => {
  it('without id get one on their chunk and keep it', () => {
    const { partials, final } = run(
      withParts({ text: 'Let me look.' }),
      withParts({ functionCall: { name: 'look', args: { at: 'it' } }, thoughtSignature: 'c2ln' }),
      STOP,
    )
    const [call] = partsOf(partials[1] ?? {})
    expect(call?.functionCall?.id).toMatch(/^adk-[0-9a-f-]{36}$/)
    expect(partsOf(final)).toEqual([{ text: 'Let me look.' }, call])
    expect(call?.thoughtSignature).toBe('c2ln')
  })

  it('keep the id of the model and are not changed in the chunk that was passed in', () => {
    const given = withParts(
      { functionCall: { id: 'model-7', name: 'look' } },
      { functionCall: { name: 'look' } },
    )
    const before = structuredClone(given)
    const { final } = run(given)
    expect(partsOf(final)[0]).toEqual({ functionCall: { id: 'model-7', name: 'look' } })
    expect(given).toEqual(before)
  })

  it('that repeat an id are one call; without ids they are two', () => {
    const repeated = run(
      withParts({ functionCall: { id: 'a', name: 'look', args: { n: 1 } } }),
      withParts({ functionCall: { id: 'a', name: 'look', args: { n: 1 } } }),
    )
    expect(partsOf(repeated.final)).toHaveLength(1)
    const separate = run(withParts({ functionCall: { name: 'look' } }, { functionCall: { name: 'look' } }))
    expect(new Set(partsOf(separate.final).map((part) => part.functionCall?.id)).size).toBe(2)
  })

  it('lose what only streaming knows, so that they can be sent back', () => {
    const { final } = run(
      withParts({ functionCall: { id: 'a', name: 'look', args: {}, willContinue: false } }),
    )
    expect(partsOf(final)).toEqual([{ functionCall: { id: 'a', name: 'look', args: {} } }])
  })
})

describe('streamed arguments', () => {
  it('are put together, under one id', () => {
    const { partials, final } = run(
      withParts({ functionCall: { name: 'book', args: { by: 'car' }, willContinue: true } }),
      withParts({
        functionCall: {
          partialArgs: [
            { jsonPath: '$.city', stringValue: 'New ', willContinue: true },
            { jsonPath: '$.guests', numberValue: 2 },
          ],
          willContinue: true,
        },
        thoughtSignature: 'c2ln',
      }),
      withParts({
        functionCall: {
          partialArgs: [
            { jsonPath: '$.city', stringValue: 'York' },
            { jsonPath: '$.rooms[0].beds[0]', boolValue: true },
            { jsonPath: "$.rooms[0]['on floor']", nullValue: 'NULL_VALUE' },
          ],
          willContinue: true,
        },
      }),
      withParts({ functionCall: {} }),
      withParts({ functionCall: { id: 'next', name: 'look', args: {} } }),
      STOP,
    )
    const id = partsOf(partials[0] ?? {})[0]?.functionCall?.id
    expect(id).toMatch(/^adk-/)
    for (const partial of partials.slice(1, 4)) {
      expect(partsOf(partial)[0]?.functionCall).toMatchObject({ id, name: 'book' })
    }
    const args = { by: 'car', city: 'New York', guests: 2, rooms: [{ beds: [true], 'on floor': null }] }
    expect(partsOf(final)).toEqual([
      { functionCall: { id, name: 'book', args }, thoughtSignature: 'c2ln' },
      { functionCall: { id: 'next', name: 'look', args: {} } },
    ])
  })

  it('of one call after another stay with their calls', () => {
    const { final } = run(
      withParts({ functionCall: { name: 'look', partialArgs: piece('a'), willContinue: true } }),
      withParts({ functionCall: { partialArgs: piece('b') } }),
      withParts({ functionCall: { name: 'look', partialArgs: piece('c') } }),
      STOP,
    )
    expect(partsOf(final).map((part) => part.functionCall?.args)).toEqual([{ q: 'ab' }, { q: 'c' }])
  })

  it('go to the call that began last, even when the one before it was not ended', () => {
    const { final } = run(
      withParts({ functionCall: { id: '1', name: 'look', partialArgs: piece('a'), willContinue: true } }),
      withParts({ functionCall: { id: '2', name: 'look', partialArgs: piece('b'), willContinue: true } }),
      withParts({ functionCall: { name: 'book', partialArgs: piece('c'), willContinue: true } }),
      withParts({ functionCall: { partialArgs: piece('d'), willContinue: true } }),
      withParts({ functionCall: { id: '4', name: 'end', args: {} } }),
      withParts({ functionCall: { partialArgs: piece('of nobody') } }),
      STOP,
    )
    expect(partsOf(final).map((part) => part.functionCall)).toEqual([
      { id: '1', name: 'look', args: { q: 'a' } },
      { id: '2', name: 'look', args: { q: 'b' } },
      { id: expect.stringMatching(/^adk-/), name: 'book', args: { q: 'cd' } },
      { id: '4', name: 'end', args: {} },
    ])
  })

  it('that were cut off do not make a call', () => {
    const begun = withParts({
      functionCall: {
        name: 'remove',
        partialArgs: [{ jsonPath: '$.path', stringValue: '/ho' }],
        willContinue: true,
      },
    })
    const { final } = run(withParts({ text: 'Removing.' }), begun, { finishReason: 'MAX_TOKENS' })
    expect(partsOf(final)).toEqual([{ text: 'Removing.' }])
    expect(final.errorCode).toBe('MAX_TOKENS')
  })

  it('cannot reach a prototype or build a sparse array', () => {
    const { final } = run(
      withParts({
        functionCall: {
          name: 'look',
          partialArgs: [
            { jsonPath: '$.__proto__.polluted', stringValue: 'yes' },
            { jsonPath: '$.list[4000000000]', stringValue: 'x' },
            { jsonPath: '$', stringValue: 'nowhere' },
          ],
        },
      }),
      STOP,
    )
    expect({}).not.toHaveProperty('polluted')
    expect(JSON.stringify(partsOf(final)[0]?.functionCall?.args)).toBe(
      '{"__proto__":{"polluted":"yes"},"list":["x"]}',
    )
  })
})

const textPart = fc.record({ text: fc.string(), thought: fc.boolean() })
const callPart = fc.record({ functionCall: fc.record({ name: fc.constantFrom('look', 'book') }) })
const streamOf = (part: fc.Arbitrary<Part>) => fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 12 })

describe('for all streams', () => {
  it('joined partial texts equal the final text', () => {
    fc.assert(
      fc.property(streamOf(fc.oneof(textPart, callPart)), (stream) => {
        const { partials, final } = run(...stream.map((parts) => withParts(...parts)))
        for (const thought of [true, false]) {
          const sent = textIn(stream.flat(), thought)
          expect(textIn(partials.flatMap(partsOf), thought)).toBe(sent)
          expect(textIn(partsOf(final), thought)).toBe(sent)
        }
      }),
    )
  })

  it('neighbouring texts differ in kind', () => {
    fc.assert(
      fc.property(streamOf(textPart), (stream) => {
        const { final } = run(...stream.map((parts) => withParts(...parts)))
        const kinds = partsOf(final).map((part) => Boolean(part.thought))
        expect(kinds.some((kind, index) => kind === kinds[index + 1])).toBe(false)
      }),
    )
  })

  it('calls keep their order and the ids of their chunks', () => {
    fc.assert(
      fc.property(streamOf(fc.oneof(textPart, callPart)), (stream) => {
        const { partials, final } = run(...stream.map((parts) => withParts(...parts)))
        expect(callsOf([final])).toEqual(callsOf(partials))
        expect(callsOf([final]).map(({ name }) => name)).toEqual(
          stream.flat().flatMap((part) => ('functionCall' in part ? [part.functionCall?.name] : [])),
        )
      }),
    )
  })

  const { args } = fc.letrec<{ value: unknown; args: JsonObject }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
      tie('args'),
    ),
    args: fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { minKeys: 1, maxKeys: 4 }),
  }))

  it('arguments in pieces equal the whole', () => {
    fc.assert(
      fc.property(args, (whole) => {
        const pieces = [...piecesOf(whole, '$')]
        const chunks = pieces.map((piece, index) =>
          withParts({
            functionCall: {
              ...(index === 0 && { name: 'look' }),
              partialArgs: [piece],
              willContinue: index < pieces.length - 1,
            },
          }),
        )
        const { final } = run(...chunks, STOP)
        expect(JSON.stringify(partsOf(final)[0]?.functionCall?.args)).toBe(JSON.stringify(whole))
      }),
    )
  })
})

/** Arguments as a model streams them: strings character by character, everything else at once. */
function* piecesOf(value: unknown, jsonPath: string): Generator<object> {
  if (typeof value === 'string') {
    yield { jsonPath, stringValue: '' }
    for (const stringValue of value) yield { jsonPath, stringValue, willContinue: true }
  } else if (typeof value === 'number') yield { jsonPath, numberValue: value }
  else if (typeof value === 'boolean') yield { jsonPath, boolValue: value }
  else if (value === null) yield { jsonPath, nullValue: 'NULL_VALUE' }
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* piecesOf(item, `${jsonPath}[${index}]`)
  else
    for (const [key, item] of Object.entries(value ?? {}))
      yield* piecesOf(item, `${jsonPath}['${key.replace(/['\\]/g, '\\$&')}']`)
}
