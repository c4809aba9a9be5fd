import type {
  LanguageModelV2,
  LanguageModelV2CallOptions,
  LanguageModelV3,
  LanguageModelV3CallOptions,
} from '@ai-sdk/provider'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { Content, GenerateContentConfig, Part } from '../../src/core/content.js'
import { isBaseLlm, type LlmRequest } from '../../src/core/model.js'
import { AiSdkLlm, aiSdk } from '../../src/models/ai-sdk/ai-sdk.js'
import type { AiSdkModel, CallOptions, PlainData } from '../../src/models/ai-sdk/spec.js'
import { toJsonSchema } from '../../src/models/ai-sdk/schema.js'
import { ModelError } from '../../src/models/model-error.js'
import { GOOGLE_SEARCH } from '../../src/tools/provider-tools.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { collect } from '../../src/testing.js'
import { gate } from '../support/gate.js'
import { FINISH, handMade, NO_USAGE, type Answers } from './ai-sdk-models.js'
import { ask, userRequest } from './ask.js'

// The adapter with models made by hand: what they are asked, and what becomes of their answers.

const RETRY = { minDelayMs: 0, maxDelayMs: 0 }
const user = (...parts: Part[]): Content => ({ role: 'user', parts })
const model = (...parts: Part[]): Content => ({ role: 'model', parts })

/** The options that a model is called with for a request. */
async function optionsFor(request: Partial<LlmRequest>, version: Answers['version'] = 'v3') {
  const made = handMade({ version, answer: { content: [{ type: 'text', text: 'ok' }] } as never })
  await ask(aiSdk(made), { request: userRequest(request) })
  const [options] = made.calls
  if (!options) throw new Error('the model was not called')
  return options
}

const promptFor = async (contents: Content[], version?: Answers['version']) =>
  (await optionsFor({ contents }, version)).prompt
const configured = (config: GenerateContentConfig) => optionsFor({ config })

/** The parts of a complete answer. */
async function partsOf(answers: Answers, stream = false, contents?: Content[]) {
  const responses = await ask(aiSdk(handMade(answers)), {
    stream,
    request: userRequest(contents && { contents }),
  })
  return responses.at(-1)?.content?.parts
}

async function failureOf(answers: Answers, stream = false): Promise<ModelError> {
  const error: unknown = await ask(aiSdk(handMade(answers), { retry: { retries: 0 } }), { stream }).then(
    () => new Error('the call succeeded'),
    (reason: unknown) => reason,
  )
  if (error instanceof ModelError) return error
  throw error
}

describe('the interface', () => {
  it('is what models of the AI SDK have', () => {
    expectTypeOf<LanguageModelV2>().toExtend<AiSdkModel>()
    expectTypeOf<LanguageModelV3>().toExtend<AiSdkModel>()
  })

  it('is what they take', () => {
    expectTypeOf<CallOptions<PlainData>>().toExtend<LanguageModelV2CallOptions>()
    expectTypeOf<CallOptions<PlainData>>().toExtend<LanguageModelV3CallOptions>()
  })

  it('makes a model for agents, of the same name', () => {
    const llm = aiSdk(handMade())
    expect(llm).toBeInstanceOf(AiSdkLlm)
    expect(isBaseLlm(llm)).toBe(true)
    expect(llm.model).toBe('by-hand-1')
  })

  it.each([
    [() => {}, "such as openai('gpt-5'); it was given a function"],
    ['openai/gpt-5', 'it was given a string'],
    [{ modelId: 'embeddings' }, 'it was given something else'],
    [{ ...handMade(), specificationVersion: 'v1' }, '"by-hand-1" has v1. Use another version'],
  ])('refuses %j', (given, message) => {
    expect(() => aiSdk(given as never)).toThrow(message)
  })
})

describe('the prompt', () => {
  it('has the instruction, whatever a callback made of it', async () => {
    const instructed = async (systemInstruction: GenerateContentConfig['systemInstruction']) =>
      (await configured({ systemInstruction })).prompt[0]
    expect(await instructed('Be brief.')).toEqual({ role: 'system', content: 'Be brief.' })
    expect(await instructed({ role: 'user', parts: [{ text: 'Be' }, { text: 'brief.' }] })).toEqual({
      role: 'system',
      content: 'Be\n\nbrief.',
    })
    expect(await instructed([{ text: 'Be kind.' }, 'Be brief.'])).toMatchObject({
      content: 'Be kind.\n\nBe brief.',
    })
    expect(await instructed('')).toMatchObject({ role: 'user' })
  })

  it('joins neighbours of one role', async () => {
    expect(
      await promptFor([
        user({ text: 'For context:' }, { text: '[one] said: a' }),
        user({ text: 'Hi' }),
        model({ text: 'Let me' }),
        model({ text: ' see.' }),
        user({ text: 'And?' }),
      ]),
    ).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'For context:' },
          { type: 'text', text: '[one] said: a' },
          { type: 'text', text: 'Hi' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Let me' },
          { type: 'text', text: ' see.' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'And?' }] },
    ])
  })

  it('ends with the user', async () => {
    expect((await promptFor([user({ text: 'Hi' }), model({ text: 'Hello' })])).at(-1)).toMatchObject({
      role: 'user',
      content: [{ text: expect.stringContaining('Continue') }],
    })
    expect(await promptFor([])).toMatchObject([{ role: 'user', content: [{ type: 'text' }] }])
  })

  it('has files as base64 and as URLs', async () => {
    const contents = [
      user(
        { inlineData: { mimeType: 'image/png', data: '-_8=', displayName: 'dot.png' } },
        { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.test/a.pdf' } },
        { inlineData: { data: 'AAAA' } },
      ),
    ]
    expect((await promptFor(contents))[0]?.content).toEqual([
      { type: 'file', mediaType: 'image/png', data: '+/8=', filename: 'dot.png' },
      { type: 'file', mediaType: 'application/pdf', data: new URL('https://example.test/a.pdf') },
      { type: 'file', mediaType: 'application/octet-stream', data: 'AAAA' },
    ])
    expect((await promptFor(contents, 'v4'))[0]?.content).toMatchObject([
      { data: { type: 'data', data: '+/8=' } },
      { data: { type: 'url', url: new URL('https://example.test/a.pdf') } },
      { data: { type: 'data', data: 'AAAA' } },
    ])
  })

  it('refuses a file that is nowhere', async () => {
    await expect(promptFor([user({ fileData: { fileUri: 'file-123' } })])).rejects.toThrow(
      '"file-123" is not the URL of a file',
    )
  })

  it('has what the model said, thought, drew and called', async () => {
    expect(
      await promptFor([
        user({ text: 'Hi' }),
        model(
          { text: 'Hm.', thought: true },
          { text: 'Look:' },
          { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
          { functionCall: { id: 'x1', name: 'zoom', args: { factor: 2 } } },
          { executableCode: { code: '1 + 1' } },
        ),
        user({ functionResponse: { id: 'x1', name: 'zoom', response: { done: true } } }),
      ]),
    ).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm.' },
          { type: 'text', text: 'Look:' },
          { type: 'file', mediaType: 'image/png', data: 'AAAA' },
          { type: 'tool-call', toolCallId: 'x1', toolName: 'zoom', input: { factor: 2 } },
        ],
      },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'x1',
            toolName: 'zoom',
            output: { type: 'json', value: { done: true } },
          },
        ],
      },
    ])
  })

  it('tells a result that is an error from one that is none', async () => {
    const outputFor = async (response: Record<string, unknown>) => {
      const prompt = await promptFor([
        model({ functionCall: { name: 'f' } }),
        user({ functionResponse: { name: 'f', response } }),
      ])
      return prompt[1]?.content[0].output
    }
    expect(await outputFor({ error: 'no' })).toEqual({ type: 'error-json', value: { error: 'no' } })
    for (const response of [{ error: null }, { error: false }, { result: 1 }, {}])
      expect(await outputFor(response)).toEqual({ type: 'json', value: response })
  })

  it('puts results before anything that came with them', async () => {
    const prompt = await promptFor([
      model({ functionCall: { name: 'f' } }),
      user({ text: 'By the way:' }, { functionResponse: { name: 'f', response: {} } }),
    ])
    expect(prompt.map(({ role }) => role)).toEqual(['assistant', 'tool', 'user'])
  })
})

describe('ids of calls', () => {
  const call = (name: string, id?: string): Part => ({ functionCall: { name, args: {}, ...(id && { id }) } })
  const response = (name: string, id?: string, value = ''): Part => ({
    functionResponse: { name, response: { value }, ...(id && { id }) },
  })
  /** Calls and results of a prompt, as `name=id` and `id:value`. */
  const idsIn = async (contents: Content[]) =>
    (await promptFor(contents)).flatMap(({ role, content }) =>
      role === 'user' || role === 'system'
        ? []
        : // oxlint-disable-next-line typescript/no-explicit-any -- parts of either kind
          content.map((part: any) =>
            role === 'assistant'
              ? `${part.toolName}=${part.toolCallId}`
              : `${part.toolCallId}:${part.output.value.value}`,
          ),
    )

  it('are counted where there are none, and results find theirs by name and order', async () => {
    expect(
      await idsIn([
        user({ text: 'Hi' }),
        model(call('a'), call('b'), call('a')),
        user(response('a', '', '1'), response('b', '', '2'), response('a', '', '3')),
        model(call('a')),
        user(response('a', '', '4')),
      ]),
    ).toEqual([
      'a=call00001',
      'b=call00002',
      'a=call00003',
      'call00001:1',
      'call00002:2',
      'call00003:3',
      'a=call00004',
      'call00004:4',
    ])
  })

  it('of the model are kept, and not given twice', async () => {
    expect(
      await idsIn([
        model(call('a'), call('a', 'call00001'), call('b', 'xyz')),
        user(response('b', 'xyz', '1'), response('a', 'call00001', '2'), response('a', '', '3')),
      ]),
    ).toEqual(['a=call00002', 'a=call00001', 'b=xyz', 'xyz:1', 'call00001:2', 'call00002:3'])
  })

  it('stay the same when the conversation goes on', async () => {
    const before = [user({ text: 'Hi' }), model(call('a')), user(response('a', '', '1'))]
    const ids = await idsIn(before)
    expect((await idsIn([...before, model(call('a')), user(response('a', '', '2'))])).slice(0, 2)).toEqual(
      ids,
    )
  })

  it('that nothing calls have no result', async () => {
    expect(await idsIn([model(call('a')), user(response('b', '', '1'), response('a', 'q', '2'))])).toEqual([
      'a=call00001',
    ])
  })

  it('of the model are not used when it has used them before', async () => {
    const again = { type: 'tool-call', toolCallId: 'call_0', toolName: 'f', input: '{}' }
    const contents = [model(call('f', 'call_0')), user(response('f', 'call_0'))]
    expect(await partsOf({ answer: { content: [again] } }, false, contents)).toEqual([call('f')])
    const twice = await partsOf({ answer: { content: [again, again, { ...again, toolCallId: '' }] } })
    expect(twice).toEqual([call('f', 'call_0'), call('f'), call('f')])
    expect(await partsOf({ parts: [again, again, FINISH] }, true)).toEqual([
      call('f', 'call_0'),
      call('f', expect.stringMatching(/^adk-/)),
    ])
  })
})

describe('settings', () => {
  it('are passed on under their names there', async () => {
    const options = await configured({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maxOutputTokens: 100,
      stopSequences: ['END'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      httpOptions: { headers: { 'x-team': 'a' } },
    })
    const { prompt: _, abortSignal, ...rest } = options
    expect(abortSignal).toBeInstanceOf(AbortSignal)
    expect(rest).toEqual({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maxOutputTokens: 100,
      stopSequences: ['END'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      headers: { 'x-team': 'a' },
    })
  })

  it('that only the provider knows are passed on as they are', async () => {
    const made = handMade({ answer: { content: [{ type: 'text' }] } })
    await ask(aiSdk(made, { providerOptions: { hand: { effort: 'low' } } }))
    expect(made.calls[0]?.providerOptions).toEqual({ hand: { effort: 'low' } })
  })

  it('ask for JSON', async () => {
    expect((await configured({ responseMimeType: 'application/json' })).responseFormat).toEqual({
      type: 'json',
    })
    const schema = { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] } as never
    expect((await configured({ responseSchema: schema })).responseFormat).toEqual({
      type: 'json',
      schema: {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      },
    })
    const jsonSchema = { type: 'array', items: { type: 'string' } }
    expect((await configured({ responseJsonSchema: jsonSchema })).responseFormat).toEqual({
      type: 'json',
      schema: jsonSchema,
    })
  })
})

describe('tools', () => {
  const parameters = z.object({
    name: z.string().min(1).max(20).describe('Whose.'),
    kind: z.enum(['a', 'b']).nullable(),
    count: z.int().positive().max(9).default(1),
    share: z.number().gt(0).lt(1).optional(),
    tags: z.array(z.string()).min(1).nullish(),
    either: z.union([z.string(), z.boolean()]).nullable(),
    anything: z.record(z.string(), z.unknown()),
    where: z.object({ street: z.string() }),
  })
  const toolOf = (schema?: typeof parameters) =>
    new FunctionTool({ name: 'look', description: 'Looks.', parameters: schema, execute: () => ({}) })
  const declared = (...names: string[]) => [
    { functionDeclarations: names.map((name) => ({ name, description: `Does ${name}.` })) },
  ]

  it('have their parameters in JSON Schema', async () => {
    const declaration = toolOf(parameters)._getDeclaration()
    const { tools } = await configured({ tools: [{ functionDeclarations: [declaration] }] })
    expect(tools).toEqual([
      {
        type: 'function',
        name: 'look',
        description: 'Looks.',
        inputSchema: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'kind', 'either', 'anything', 'where'],
          properties: {
            name: { type: 'string', minLength: 1, maxLength: 20, description: 'Whose.' },
            kind: { type: ['string', 'null'], enum: ['a', 'b', null] },
            count: { type: 'integer', exclusiveMinimum: 0, maximum: 9, default: 1 },
            share: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
            tags: { type: ['array', 'null'], minItems: 1, items: { type: 'string' } },
            either: { anyOf: [{ type: 'string' }, { type: 'boolean' }, { type: 'null' }] },
            anything: { type: 'object' },
            where: {
              type: 'object',
              additionalProperties: false,
              required: ['street'],
              properties: { street: { type: 'string' } },
            },
          },
        },
      },
    ])
  })

  it('need no parameters, or have them in JSON Schema already', async () => {
    const parametersJsonSchema = { type: 'object', properties: { a: { type: ['string', 'null'] } } }
    const { tools } = await configured({
      tools: [
        { functionDeclarations: [{ name: 'none' }] },
        { functionDeclarations: [{ name: 'given', parametersJsonSchema }] },
      ],
    })
    expect(tools).toEqual([
      { type: 'function', name: 'none', inputSchema: { type: 'object', properties: {} } },
      { type: 'function', name: 'given', inputSchema: parametersJsonSchema },
    ])
  })

  it.each([
    ['NONE', undefined, { type: 'none' }, ['a', 'b']],
    ['AUTO', undefined, { type: 'auto' }, ['a', 'b']],
    ['ANY', undefined, { type: 'required' }, ['a', 'b']],
    ['ANY', ['a', 'b'], { type: 'required' }, ['a', 'b']],
    ['ANY', ['b'], { type: 'tool', toolName: 'b' }, ['b']],
  ])('in the mode %s with %j', async (mode, allowedFunctionNames, toolChoice, names) => {
    const functionCallingConfig = {
      mode: mode as never,
      ...(allowedFunctionNames && { allowedFunctionNames }),
    }
    const options = await configured({ tools: declared('a', 'b'), toolConfig: { functionCallingConfig } })
    expect(options.toolChoice).toEqual(toolChoice)
    expect(options.tools?.map(({ name }) => name)).toEqual(names)
  })

  it('that are built into Gemini are refused by name', async () => {
    const request = userRequest()
    await GOOGLE_SEARCH.processLlmRequest({ toolContext: undefined as never, llmRequest: request })
    await expect(ask(aiSdk(handMade()), { request })).rejects.toMatchObject({
      errorCode: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/googleSearch is built into Gemini, and the model "by-hand-1"/),
    })
  })
})

describe('a whole answer', () => {
  const CONTENT = [
    { type: 'reasoning', text: 'Hm.', providerMetadata: { hand: { signature: 's1' } } },
    { type: 'text', text: 'Look:' },
    { type: 'source', sourceType: 'url', id: '1', url: 'https://example.test' },
    { type: 'file', mediaType: 'image/png', data: new Uint8Array([255]) },
    { type: 'tool-call', toolCallId: 'x1', toolName: 'zoom', input: '{"factor":2}' },
    { type: 'tool-call', toolCallId: 'x2', toolName: 'search', input: '{}', providerExecuted: true },
    { type: 'text', text: '' },
  ]

  it('becomes parts, with what it says about itself', async () => {
    const usage = {
      inputTokens: { total: 10, noCache: 6, cacheRead: 4 },
      outputTokens: { total: 7, text: 4, reasoning: 3 },
    }
    const response = { modelId: 'by-hand-1-0815' }
    const made = handMade({
      answer: { content: CONTENT, usage, response, finishReason: { unified: 'tool-calls' } },
    })
    expect(await ask(aiSdk(made))).toEqual([
      {
        content: {
          role: 'model',
          parts: [
            { text: 'Hm.', thought: true, partMetadata: { aiSdk: { hand: { signature: 's1' } } } },
            { text: 'Look:' },
            { inlineData: { mimeType: 'image/png', data: '/w==' } },
            { functionCall: { id: 'x1', name: 'zoom', args: { factor: 2 } } },
          ],
        },
        finishReason: 'STOP',
        usageMetadata: {
          promptTokenCount: 10,
          candidatesTokenCount: 4,
          thoughtsTokenCount: 3,
          cachedContentTokenCount: 4,
          totalTokenCount: 17,
        },
        modelVersion: 'by-hand-1-0815',
      },
    ])
  })

  it('of a model of version 2 says the same in its own way', async () => {
    const usage = {
      inputTokens: 10,
      outputTokens: 7,
      totalTokens: 18,
      reasoningTokens: 3,
      cachedInputTokens: 4,
    }
    const made = handMade({
      version: 'v2',
      answer: { content: [{ type: 'text', text: 'Hi' }] as never, usage, finishReason: 'length' },
    })
    expect(await ask(aiSdk(made))).toEqual([
      {
        content: { role: 'model', parts: [{ text: 'Hi' }] },
        finishReason: 'MAX_TOKENS',
        usageMetadata: {
          promptTokenCount: 10,
          candidatesTokenCount: 4,
          thoughtsTokenCount: 3,
          cachedContentTokenCount: 4,
          totalTokenCount: 18,
        },
      },
    ])
  })

  it('of a model of version 4 has its files in its own way', async () => {
    const content = [
      { type: 'file', mediaType: 'image/png', data: { type: 'data', data: '/w==' } },
      { type: 'file', mediaType: 'image/png', data: { type: 'url', url: new URL('https://example.test/a') } },
      { type: 'reasoning-file', mediaType: 'image/png', data: { type: 'data', data: new Uint8Array([255]) } },
      { type: 'custom', kind: 'hand.made' },
    ]
    expect(await partsOf({ version: 'v4', answer: { content } })).toEqual([
      { inlineData: { mimeType: 'image/png', data: '/w==' } },
      { fileData: { mimeType: 'image/png', fileUri: 'https://example.test/a' } },
      { inlineData: { mimeType: 'image/png', data: '/w==' }, thought: true },
    ])
  })

  it.each([
    ['stop', 'STOP'],
    ['tool-calls', 'STOP'],
    ['length', 'MAX_TOKENS'],
    ['content-filter', 'SAFETY'],
    ['error', 'OTHER'],
    ['other', undefined],
    ['unknown', undefined],
  ])('that ended with %s has the finish reason %s', async (finishReason, expected) => {
    const made = handMade({ answer: { finishReason, content: [{ type: 'text', text: 'Hi' }] as never } })
    const [response] = await ask(aiSdk(made))
    expect(response?.finishReason).toBe(expected)
    expect(response).not.toHaveProperty('errorCode')
  })

  it('that says nothing is an error', async () => {
    expect(await ask(aiSdk(handMade()))).toEqual([{ finishReason: 'STOP', errorCode: 'STOP' }])
    const unknown = handMade({ answer: { finishReason: 'unknown' } })
    expect(await ask(aiSdk(unknown))).toMatchObject([{ errorCode: 'UNKNOWN_ERROR' }])
  })

  it('may call without arguments', async () => {
    const content = [{ type: 'tool-call', toolCallId: 'x', toolName: 'f', input: '' }]
    expect(await partsOf({ answer: { content } })).toEqual([
      { functionCall: { id: 'x', name: 'f', args: {} } },
    ])
  })

  it.each(['{"a":', '[1]', '"text"', 'null'])('fails when it calls with %s', async (input) => {
    const content = [{ type: 'tool-call', toolCallId: 'x', toolName: 'f', input }]
    expect(await failureOf({ answer: { content } })).toMatchObject({
      errorCode: 'MALFORMED_FUNCTION_CALL',
      message: `The model called f with arguments that are not a JSON object: ${input}`,
    })
  })
})

describe('what a provider wants to see again', () => {
  it('comes back to it with the next request', async () => {
    const content = [
      { type: 'reasoning', text: 'Hm.', providerMetadata: { hand: { signature: 's1' } } },
      { type: 'reasoning', text: '', providerMetadata: { hand: { redacted: 'r1' } } },
      { type: 'text', text: 'Well.', providerMetadata: { hand: { item: 'i1' } } },
      {
        type: 'tool-call',
        toolCallId: 'x',
        toolName: 'f',
        input: '{}',
        providerMetadata: { hand: { item: 'i2' } },
      },
    ] as object[] as { type: string }[]
    const parts = await partsOf({ answer: { content } })
    const stored = JSON.parse(JSON.stringify(parts)) as Part[] // as a session would have it
    const [, assistant] = await promptFor([user({ text: 'Hi' }), model(...stored), user({ text: 'And?' })])
    expect(assistant?.content).toEqual([
      { type: 'reasoning', text: 'Hm.', providerOptions: { hand: { signature: 's1' } } },
      { type: 'reasoning', text: '', providerOptions: { hand: { redacted: 'r1' } } },
      { type: 'text', text: 'Well.', providerOptions: { hand: { item: 'i1' } } },
      {
        type: 'tool-call',
        toolCallId: 'x',
        toolName: 'f',
        input: {},
        providerOptions: { hand: { item: 'i2' } },
      },
    ])
  })
})

describe('a streamed answer', () => {
  const thought = (type: string, fields: object = {}) => ({ type: `reasoning-${type}`, id: '0', ...fields })
  const said = (type: string, fields: object = {}) => ({ type: `text-${type}`, id: '0', ...fields })
  const PARTS = [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', modelId: 'by-hand-1-0815' },
    thought('start'),
    thought('delta', { delta: 'H' }),
    thought('delta', { delta: 'm.' }),
    thought('delta', { delta: '', providerMetadata: { hand: { signature: 's1' } } }),
    thought('end'),
    said('start', { providerMetadata: { hand: { item: 'i1' } } }),
    said('delta', { delta: 'Look' }),
    said('delta', { delta: ':' }),
    said('end'),
    { type: 'tool-input-start', id: 'x1', toolName: 'zoom' },
    { type: 'tool-input-delta', id: 'x1', delta: '{}' },
    { type: 'tool-call', toolCallId: 'x1', toolName: 'zoom', input: '{}' },
    { type: 'ping' },
    { type: 'finish', finishReason: 'tool-calls', usage: { inputTokens: 1, outputTokens: 2 } },
  ]

  it('comes in chunks, and as a whole at the end', async () => {
    const responses = await ask(aiSdk(handMade({ parts: PARTS })), { stream: true })
    const chunk = (part: Part) => ({
      content: { role: 'model', parts: [part] },
      modelVersion: 'by-hand-1-0815',
      partial: true,
    })
    expect(responses).toEqual([
      chunk({ text: 'H', thought: true }),
      chunk({ text: 'm.', thought: true }),
      chunk({ text: 'Look' }),
      chunk({ text: ':' }),
      chunk({ functionCall: { id: 'x1', name: 'zoom', args: {} } }),
      {
        content: {
          role: 'model',
          parts: [
            { text: 'Hm.', thought: true, partMetadata: { aiSdk: { hand: { signature: 's1' } } } },
            { text: 'Look:', partMetadata: { aiSdk: { hand: { item: 'i1' } } } },
            { functionCall: { id: 'x1', name: 'zoom', args: {} } },
          ],
        },
        finishReason: 'STOP',
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2, totalTokenCount: 3 },
        modelVersion: 'by-hand-1-0815',
        partial: false,
      },
    ])
  })

  it('keeps blocks apart that have metadata, also those without text, and those that never end', async () => {
    const block = (id: string, delta: string, data: object) => [
      { type: 'reasoning-start', id },
      ...(delta ? [{ type: 'reasoning-delta', id, delta }] : []),
      { type: 'reasoning-end', id, providerMetadata: { hand: data } },
    ]
    const parts = [
      ...block('1', 'One.', { n: 1 }),
      ...block('2', '', { n: 2 }),
      ...block('3', 'Three.', { n: 3 }),
      { type: 'text-delta', id: '4', delta: 'So.', providerMetadata: { hand: { n: 4 } } },
      FINISH,
    ]
    const kept = (n: number) => ({ partMetadata: { aiSdk: { hand: { n } } } })
    expect(await partsOf({ parts }, true)).toEqual([
      { text: 'One.', thought: true, ...kept(1) },
      { thought: true, ...kept(2) },
      { text: 'Three.', thought: true, ...kept(3) },
      { text: 'So.', ...kept(4) },
    ])
  })

  it('survives blocks that overlap', async () => {
    const parts = [
      { type: 'text-delta', id: 'a', delta: 'A', providerMetadata: { hand: { n: 1 } } },
      { type: 'text-delta', id: 'b', delta: 'B', providerMetadata: { hand: { n: 2 } } },
      { type: 'text-end', id: 'a' },
      { type: 'text-end', id: 'b' },
      FINISH,
    ]
    expect(await partsOf({ parts }, true)).toEqual([
      { text: 'AB', partMetadata: { aiSdk: { hand: { n: 1 } } } },
    ])
  })

  it('brings files', async () => {
    const file = { type: 'file', mediaType: 'image/png', data: 'AAAA' }
    expect(await partsOf({ parts: [file, FINISH] }, true)).toEqual([
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
    ])
  })

  it('that breaks off says why, after what was shown', async () => {
    const begun = [said('delta', { delta: 'Well' })]
    for (const [end, failure] of [
      [
        { type: 'error', error: 'out of luck' },
        { errorCode: 'UNKNOWN_ERROR', message: 'out of luck' },
      ],
      [
        { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
        { errorCode: 'overloaded_error', message: 'Overloaded' },
      ],
      [
        { type: 'error', error: { error: { message: 'Slow down', code: 429 } } },
        { errorCode: '429', message: 'Slow down' },
      ],
      [{ type: 'error', error: undefined }, { message: 'The model broke off its answer with an error' }],
      [new TypeError('terminated', { cause: new Error('socket') }), { errorCode: 'UNAVAILABLE' }],
    ] as const) {
      const made = handMade({ parts: [...begun, end] })
      const shown: unknown[] = []
      const reading = (async () => {
        for await (const { content } of aiSdk(made).generateContentAsync(userRequest(), true))
          shown.push(content)
      })()
      await expect(reading).rejects.toMatchObject(failure)
      expect(shown).toEqual([{ role: 'model', parts: [{ text: 'Well' }] }])
    }
  })

  it('is asked for again when it fails before anything was said', async () => {
    const made = handMade({ parts: [{ type: 'error', error: { message: 'Busy', code: 503 } }] })
    await expect(
      ask(aiSdk(made, { retry: { ...RETRY, retries: 2 } }), { stream: true }),
    ).rejects.toMatchObject({ errorCode: '503', message: 'Busy' })
    expect(made.calls).toHaveLength(3)
  })

  it('that calls with malformed arguments fails', async () => {
    const call = { type: 'tool-call', toolCallId: 'x', toolName: 'f', input: '{"a":' }
    expect(await failureOf({ parts: [call, FINISH] }, true)).toMatchObject({
      errorCode: 'MALFORMED_FUNCTION_CALL',
    })
  })

  it('that is empty is an error', async () => {
    expect(await ask(aiSdk(handMade({ parts: [] })), { stream: true })).toMatchObject([
      { errorCode: 'UNKNOWN_ERROR', partial: false },
    ])
  })

  it('is cancelled when its reader leaves', async () => {
    const made = handMade({ parts: [said('delta', { delta: 'a' }), said('delta', { delta: 'b' }), 'hang'] })
    for await (const response of aiSdk(made).generateContentAsync(userRequest(), true)) {
      expect(response.content?.parts).toEqual([{ text: 'a' }])
      break
    }
    expect(await made.cancelled).toMatchObject({ message: expect.stringContaining('nobody reads') })
    expect(made.calls[0]?.abortSignal?.aborted).toBe(true)
  })

  it('is cancelled when the caller aborts, with the reason', async () => {
    const made = handMade({ parts: [said('delta', { delta: 'a' }), 'hang'] })
    const abort = new AbortController()
    const reason = new Error('enough')
    const reading = (async () => {
      for await (const _ of aiSdk(made).generateContentAsync(userRequest(), true, abort.signal))
        abort.abort(reason)
    })()
    await expect(reading).rejects.toBe(reason)
    expect(await made.cancelled).toBe(reason)
  })

  it('is cancelled also when it opens only after the caller aborted', async () => {
    const made = handMade({ parts: [said('delta', { delta: 'a' }), 'hang'] })
    const late = gate()
    const slow: AiSdkModel = {
      ...made,
      doStream: async (options) => {
        await late.opened
        return made.doStream(options)
      },
    }
    const abort = new AbortController()
    const reason = new Error('enough')
    const reading = ask(aiSdk(slow), { stream: true, signal: abort.signal })
    abort.abort(reason)
    await expect(reading).rejects.toBe(reason)
    late.open()
    expect(await made.cancelled).toBe(reason)
  })
})

describe('a failed call', () => {
  const apiError = (fields: object) => Object.assign(new Error('It says no.'), fields)

  it.each([
    [{ statusCode: 401 }, { errorCode: '401', message: 'It says no.' }, 1],
    [{ statusCode: 429, isRetryable: true }, { errorCode: '429' }, 3],
    [{ statusCode: 529, isRetryable: true }, { errorCode: '529' }, 3],
    [{ statusCode: 529 }, { errorCode: '529' }, 1],
    [{ isRetryable: true, cause: new Error('refused') }, { errorCode: 'UNAVAILABLE' }, 3],
    [
      { statusCode: 200, cause: new TypeError('cut', { cause: new Error() }) },
      { errorCode: 'UNAVAILABLE' },
      3,
    ],
    [
      { statusCode: 200, cause: new Error('Not JSON') },
      { errorCode: 'UNKNOWN_ERROR', message: 'It says no.' },
      1,
    ],
    [{ name: 'AI_LoadAPIKeyError' }, { errorCode: 'UNAUTHENTICATED', message: 'It says no.' }, 1],
    [{}, { errorCode: 'UNKNOWN_ERROR', message: 'It says no.' }, 1],
  ])('with %j is told, or repeated', async (fields, failure, calls) => {
    const made = handMade({ answer: apiError(fields) })
    const llm = aiSdk(made, { retry: { ...RETRY, retries: 2 } })
    await expect(ask(llm)).rejects.toMatchObject(failure)
    expect(made.calls).toHaveLength(calls)
  })

  it.each([{ 'retry-after': '3600' }, { 'retry-after-ms': '3600000' }])(
    'is not repeated when the provider asks for a long pause: %j',
    async (responseHeaders) => {
      const made = handMade({ answer: apiError({ statusCode: 429, responseHeaders }) })
      await expect(ask(aiSdk(made, { retry: RETRY }))).rejects.toMatchObject({ errorCode: '429' })
      expect(made.calls).toHaveLength(1)
    },
  )

  it('does not tell keys', async () => {
    const answer = new Error('Incorrect API key provided: sk-abcdefghijklmnopqrstuvwx')
    expect(await failureOf({ answer })).toMatchObject({ message: 'Incorrect API key provided: [redacted]' })
  })

  it('that never answers is given up in time', async () => {
    const made: AiSdkModel = { ...handMade(), doGenerate: () => new Promise(() => {}) }
    const llm = aiSdk(made, { timeouts: { firstByteMs: 1 }, retry: { retries: 0 } })
    await expect(collect(llm.generateContentAsync(userRequest()))).rejects.toMatchObject({
      errorCode: 'DEADLINE_EXCEEDED',
    })
  })
})

it('counts nothing where nothing is known', async () => {
  const usages = [NO_USAGE, {}, undefined]
  for (const usage of usages) {
    const made = handMade({ answer: { content: [{ type: 'text', text: 'Hi' }] as never, usage } })
    expect(await ask(aiSdk(made))).toEqual([
      { content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' },
    ])
  }
})

it.each([
  [{ type: 'TYPE_UNSPECIFIED', description: 'Any.' }, { description: 'Any.' }],
  [
    { type: 'STRING', format: 'enum', enum: ['a'], nullable: false },
    { type: 'string', enum: ['a'] },
  ],
  [
    { type: 'NUMBER', minimum: 0, exclusiveMinimum: false, example: 1 },
    { type: 'number', minimum: 0 },
  ],
  [{ nullable: true }, {}],
  [
    { type: 'ARRAY', items: { type: 'OBJECT', properties: {}, propertyOrdering: [] } },
    { type: 'array', items: { type: 'object', properties: {}, additionalProperties: false } },
  ],
])('writes the schema %j as JSON Schema', (schema, expected) => {
  expect(toJsonSchema(schema)).toEqual(expected)
})
