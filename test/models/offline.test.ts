import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rootAgent as notesAgent } from '../../agents/notes_agent/agent.js'
import { rootAgent as weatherTimeAgent } from '../../agents/weather_time_agent/agent.js'
import type { BaseAgent } from '../../src/core/agent.js'
import type { Content, FunctionDeclaration, GenerateContentConfig } from '../../src/core/content.js'
import type { LlmRequest, LlmResponse } from '../../src/core/model.js'
import { stringifyContent, type Event } from '../../src/core/event.js'
import { OfflineModel } from '../../src/models/offline/offline.js'
import { Runner } from '../../src/runner/runner.js'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import { accepts, type JsonSchema } from './accepts.js'

// The offline model is asked as an agent asks any model: a request in, responses out.

const text = { type: 'STRING' }
function declare(name: string, description: string, properties: object = {}, required: string[] = []) {
  const declaration: unknown = { name, description, parameters: { type: 'OBJECT', properties, required } }
  return declaration as FunctionDeclaration // its types are an enum of the SDK, whose values are these texts
}

const getWeather = declare(
  'get_weather',
  'Retrieves the current weather report for a specified city.',
  { city: { ...text, description: 'The name of the city, for example "New York".' } },
  ['city'],
)
const getTime = declare('get_current_time', 'Returns the current time in a specified city.', { city: text }, [
  'city',
])
const addNote = declare(
  'add_note',
  'Adds a note to the list. Use it when something should be remembered.',
  { text },
  ['text'],
)
const listNotes = declare('list_notes', 'Lists all notes of this session.', { about: text })
const deleteNote = declare('delete_note', 'Deletes a note.', { number: { type: 'INTEGER', minimum: 1 } }, [
  'number',
])
const setName = declare('set_name', 'Remembers what the user is called.', { name: text }, ['name'])

const weatherTime = [getWeather, getTime]
const notes = [addNote, listNotes, deleteNote, setName]

const user = (said: string): Content => ({ role: 'user', parts: [{ text: said }] })
const called = (name: string, args = {}): Content => ({
  role: 'model',
  parts: [{ functionCall: { name, args } }],
})
const answered = (...responses: [string, Record<string, unknown>][]): Content => ({
  role: 'user',
  parts: responses.map(([name, response]) => ({ functionResponse: { name, response } })),
})
const context = (...quotes: string[]): Content => ({
  role: 'user',
  parts: ['For context:', ...quotes].map((quote) => ({ text: quote })),
})

function requestOf(
  contents: string | Content[],
  functions: FunctionDeclaration[] = [],
  config: GenerateContentConfig = {},
): LlmRequest {
  const tools = functions.length > 0 ? { tools: [{ functionDeclarations: functions }] } : {}
  return {
    contents: typeof contents === 'string' ? [user(contents)] : contents,
    config: { ...tools, ...config },
    toolsDict: {},
  }
}

async function collect(request: LlmRequest, stream = false): Promise<LlmResponse[]> {
  const responses: LlmResponse[] = []
  for await (const response of new OfflineModel().generateContentAsync(request, stream))
    responses.push(response)
  return responses
}

async function ask(...args: Parameters<typeof requestOf>): Promise<LlmResponse> {
  const [response, ...others] = await collect(requestOf(...args))
  expect(others).toEqual([])
  if (!response) throw new Error('no response')
  return response
}

const callsIn = ({ content }: LlmResponse) =>
  (content?.parts ?? []).flatMap(({ functionCall }) =>
    functionCall ? [[functionCall.name, functionCall.args]] : [],
  )
const spoken = ({ content }: LlmResponse) => content?.parts?.map((part) => part.text ?? '').join('') ?? ''

describe('choosing a function and filling it', () => {
  const city = (name: string) => [['get_weather', { city: name }]]
  it.each<[string, unknown[]]>([
    ['Hey whats the weather in new york today', city('new york')],
    ['What is the weather in New York?', city('New York')],
    ["What's the weather in Paris right now, please?", city('Paris')],
    ['weather new york', city('new york')],
    ['London weather please', city('London')],
    ['New York weather', city('New York')],
    ['How is the weather for my trip to Rome tomorrow?', city('Rome')],
    ['what is the weather in the city of london', city('london')],
    ['Will the weather be nice in São Paulo this weekend?', city('São Paulo')],
    ['weather in "Frankfurt am Main"', city('Frankfurt am Main')],
    ['Is Berlin having good weather?', city('Berlin')],
    ['What time is it in Tokyo?', [['get_current_time', { city: 'Tokyo' }]]],
    ['current time for tokyo', [['get_current_time', { city: 'tokyo' }]]],
  ])('%s', async (said, calls) => {
    expect(callsIn(await ask(said, weatherTime))).toEqual(calls)
  })

  it.each<[string, unknown[]]>([
    ['add a note to buy milk', [['add_note', { text: 'buy milk' }]]],
    ['Please add a note: buy milk and eggs tomorrow', [['add_note', { text: 'buy milk and eggs tomorrow' }]]],
    ['Remember that I like tea', [['add_note', { text: 'I like tea' }]]],
    ['Add "call mom at 5" to my notes', [['add_note', { text: 'call mom at 5' }]]],
    ['add milk to my notes please', [['add_note', { text: 'milk' }]]],
    ['add a note that the list of names is lost', [['add_note', { text: 'the list of names is lost' }]]],
    ['list my notes', [['list_notes', {}]]],
    ['show me all notes about cooking', [['list_notes', { about: 'cooking' }]]],
    ['delete note 2', [['delete_note', { number: 2 }]]],
    ['please remove the second note', [['delete_note', { number: 2 }]]],
    ['My name is Ada Lovelace', [['set_name', { name: 'Ada Lovelace' }]]],
    ['set my name to bob', [['set_name', { name: 'bob' }]]],
  ])('%s', async (said, calls) => {
    expect(callsIn(await ask(said, notes))).toEqual(calls)
  })

  const integer = { type: 'INTEGER' }
  const strings = { type: 'ARRAY', items: text }
  it.each<[string, string, object, string[], string, object]>([
    [
      'an option',
      'set_unit',
      { unit: { ...text, enum: ['celsius', 'degrees_fahrenheit'] } },
      ['unit'],
      'set the unit to degrees Fahrenheit',
      { unit: 'degrees_fahrenheit' },
    ],
    ['a number', 'roll_die', { sides: integer }, ['sides'], 'roll a 20-sided die', { sides: 20 }],
    ['a number in words', 'roll_dice', { count: integer }, ['count'], 'roll three dice', { count: 3 }],
    [
      'numbers by their neighbours',
      'roll_dice',
      { sides: integer, dice: integer },
      ['sides', 'dice'],
      'roll 2 dice with 6 sides',
      { sides: 6, dice: 2 },
    ],
    [
      'a number with thousands and fractions',
      'pay',
      { amount: { type: 'number' } },
      ['amount'],
      'pay 1,234.5 dollars',
      { amount: 1234.5 },
    ],
    [
      'a number within its bounds',
      'set_volume',
      { volume: { ...integer, maximum: 10 } },
      ['volume'],
      'in 30 minutes set the volume to 7',
      { volume: 7 },
    ],
    [
      'all numbers',
      'check_prime',
      { nums: { type: 'array', items: { type: 'integer' } } },
      ['nums'],
      'check if 3, 5 and 8 are prime',
      { nums: [3, 5, 8] },
    ],
    [
      'a flag',
      'send_report',
      { urgent: { type: 'BOOLEAN' } },
      [],
      'send the report, it is urgent',
      { urgent: true },
    ],
    [
      'a negated flag',
      'send_report',
      { urgent: { type: 'BOOLEAN' } },
      [],
      'send the report, not urgent',
      { urgent: false },
    ],
    [
      'a switch',
      'switch_light',
      { state: { type: 'BOOLEAN' } },
      ['state'],
      'switch the light off',
      { state: false },
    ],
    [
      'a list of texts',
      'buy',
      { items: strings },
      ['items'],
      'buy milk, brown eggs and bread',
      { items: ['milk', 'brown eggs', 'bread'] },
    ],
    [
      'a list of quoted texts',
      'buy',
      { items: strings },
      ['items'],
      'buy "salt, fine" and "oil"',
      { items: ['salt, fine', 'oil'] },
    ],
    [
      'a list of options',
      'pick_colors',
      { colors: { type: 'ARRAY', items: { ...text, enum: ['red', 'green', 'blue'] } } },
      ['colors'],
      'pick the colors blue and red',
      { colors: ['red', 'blue'] },
    ],
    [
      'a list of anything, though a phrase may be found again and again',
      'get_time',
      { urgent: { type: 'ARRAY', items: {} } },
      ['urgent'],
      ', time 1,000 tags: tags: today',
      { urgent: ['1,000 tags: tags'] },
    ],
    [
      'two names by their parameters',
      'convert_currency',
      { amount: { type: 'NUMBER' }, from: text, to: text },
      ['amount', 'from', 'to'],
      'convert 20 USD to EUR',
      { amount: 20, from: 'USD', to: 'EUR' },
    ],
    [
      'a recipient and a message',
      'send_message',
      { message: text, recipient: text },
      ['message', 'recipient'],
      'Send a message to Bob saying lunch is ready',
      { message: 'lunch is ready', recipient: 'Bob' },
    ],
    [
      'a nested object',
      'book_hotel',
      { stay: { type: 'OBJECT', properties: { city: text, nights: integer }, required: ['city', 'nights'] } },
      ['stay'],
      'book a hotel in Rome for 3 nights',
      { stay: { city: 'Rome', nights: 3 } },
    ],
    [
      'one of several types',
      'open_page',
      { page: { anyOf: [integer, text] } },
      ['page'],
      'open page 12',
      { page: 12 },
    ],
    [
      'a quotation by its parameter',
      'add_item',
      { list: text, item: text },
      ['item'],
      'add the item "salt and pepper" to the list "things of the week"',
      { list: 'things of the week', item: 'salt and pepper' },
    ],
    [
      'nothing for a nullable',
      'open_page',
      { page: { ...integer, nullable: true } },
      ['page'],
      'open the page',
      { page: null },
    ],
    [
      'nothing for a default',
      'search_web',
      { query: text, limit: { ...integer, default: 5 } },
      ['query'],
      'search the web for cats and dogs',
      { query: 'cats and dogs' },
    ],
    [
      'a free text beside a place',
      'search_shops',
      { query: text, city: text },
      ['query', 'city'],
      'search shops for green tea in Kyoto',
      { query: 'green tea', city: 'Kyoto' },
    ],
  ])('%s', async (_, name, properties, required, said, args) => {
    expect(callsIn(await ask(said, [declare(name, '', properties, required)]))).toEqual([[name, args]])
  })

  it('reads parameters written as JSON schema', async () => {
    const parametersJsonSchema = {
      type: 'object',
      properties: { city: { type: ['string', 'null'] } },
      required: ['city'],
    }
    const response = await ask('weather in Rome', [
      { name: 'getWeather', description: '', parametersJsonSchema },
    ])
    expect(callsIn(response)).toEqual([['getWeather', { city: 'Rome' }]])
  })

  it.each([
    ['weather and time in New York', { city: 'New York' }, { city: 'New York' }],
    ['weather in Paris and time in London', { city: 'Paris' }, { city: 'London' }],
    ['weather in paris and the current time in London?', { city: 'paris' }, { city: 'London' }],
  ])('calls two functions at once: %s', async (said, weather, time) => {
    expect(callsIn(await ask(said, weatherTime))).toEqual([
      ['get_weather', weather],
      ['get_current_time', time],
    ])
  })

  it('calls a function once for each place', async () => {
    expect(callsIn(await ask('What is the weather in London, New York and Rome?', weatherTime))).toEqual([
      ['get_weather', { city: 'London' }],
      ['get_weather', { city: 'New York' }],
      ['get_weather', { city: 'Rome' }],
    ])
  })

  it('does not call a function that is only spoken of in the argument of another', async () => {
    expect(
      callsIn(await ask('add a note: ask about the weather and time', [...notes, ...weatherTime])),
    ).toEqual([['add_note', { text: 'ask about the weather and time' }]])
  })

  it('names what is missing instead of calling', async () => {
    const response = await ask("what's the weather like?", weatherTime)
    expect(callsIn(response)).toEqual([])
    expect(spoken(response)).toBe('I could call get_weather, but first I need to know the "city".')
  })

  it('never calls functions of the framework', async () => {
    const response = await ask('request confirmation', [
      declare('adk_request_confirmation', 'Requests a confirmation.'),
    ])
    expect(callsIn(response)).toEqual([])
  })

  it.each([
    ['forbidden', { mode: 'NONE' }, []],
    ['restricted to others', { mode: 'ANY', allowedFunctionNames: ['get_current_time'] }, []],
    ['allowed', { mode: 'AUTO' }, [['get_weather', { city: 'Rome' }]]],
  ])('heeds calls being %s', async (_, functionCallingConfig, calls) => {
    const config = { toolConfig: { functionCallingConfig } } as GenerateContentConfig // modes are an enum of the SDK
    expect(callsIn(await ask('weather in Rome', weatherTime, config))).toEqual(calls)
  })

  it('fills parameters whose names are special in JavaScript', async () => {
    const properties = JSON.parse('{"__proto__": {"type": "STRING"}}') as object
    const args = callsIn(await ask('find "x"', [declare('find', '', properties, ['__proto__'])]))[0]?.[1]
    expect(JSON.stringify(args)).toBe('{"__proto__":"x"}')
  })
})

describe('without a fitting function', () => {
  it('says what it heard and what it can do', async () => {
    const response = await ask('What is the capital of France?', weatherTime)
    expect(spoken(response)).toBe(
      'I am the offline model: I heard "What is the capital of France?", and I can call get_weather or get_current_time.',
    )
  })

  it('says so when there are no functions', async () => {
    expect(spoken(await ask('Hello'))).toBe(
      'I am the offline model: I heard "Hello", and I have no functions that I could call.',
    )
  })

  it('mentions files', async () => {
    const image = { inlineData: { mimeType: 'image/png', data: 'aGk=' } }
    const response = await ask([{ role: 'user', parts: [{ text: 'Describe this image' }, image] }])
    expect(spoken(response)).toContain('"Describe this image" and a file of type image/png')
  })

  it.each<[string, Content[]]>([
    ['no contents', []],
    ['contents without parts', [{}, { role: 'user' }]],
    ['an empty text', [user('')]],
    ['blanks', [user(' \n ')]],
  ])('answers %s', async (_, contents) => {
    expect(spoken(await ask(contents, weatherTime))).toContain('I heard nothing')
  })
})

describe('answering from function responses', () => {
  const turn = (...responses: [string, Record<string, unknown>][]) => [
    user('Hey whats the weather in new york today'),
    called('get_weather', { city: 'new york' }),
    answered(...responses),
  ]
  const report =
    'The weather in New York is sunny with a temperature of 25 degrees Celsius (41 degrees Fahrenheit).'

  it.each<[string, Record<string, unknown>, string]>([
    ['a report', { status: 'success', report }, `OK. ${report}\n`],
    ['a result', { result: 'It is 5 o’clock' }, 'OK. It is 5 o’clock.\n'],
    ['a number', { result: 42 }, 'OK. 42.\n'],
    ['a message', { message: 'Saved!' }, 'OK. Saved!\n'],
    ['an output', { output: 'done' }, 'OK. done.\n'],
    [
      'other fields',
      { status: 'success', city: 'Bern', sky: null, temperature: 21 },
      'OK. city: Bern, temperature: 21.\n',
    ],
    ['a telling status', { status: 'pending', ticket: 'T-1' }, 'OK. status: pending, ticket: T-1.\n'],
    ['a list', { results: ['milk', 'eggs'] }, 'OK. results: milk, eggs.\n'],
    ['an empty list', { notes: [] }, 'OK. notes: none.\n'],
    ['an object', { result: { a: 1, b: { c: 2 } } }, 'OK. a: 1, b: {"c":2}.\n'],
    ['nothing', {}, 'OK. get_weather is done.\n'],
    ['null', { result: null }, 'OK. get_weather is done.\n'],
    ['an MCP result', { content: [{ type: 'text', text: 'Hi from MCP' }] }, 'OK. Hi from MCP.\n'],
    ['an error', { error: 'Invalid arguments: city' }, 'That did not work: Invalid arguments: city.'],
    [
      'an error message',
      { status: 'error', error_message: 'No such city.' },
      'That did not work: No such city.',
    ],
    ['an error status', { status: 'error', message: 'No such city.' }, 'That did not work: No such city.'],
    ['an error object', { error: { code: 5, message: 'gone' } }, 'That did not work: gone.'],
    [
      'an MCP error',
      { isError: true, content: [{ type: 'text', text: 'gone' }] },
      'That did not work: gone.',
    ],
  ])('%s', async (_, response, expected) => {
    expect(spoken(await ask(turn(['get_weather', response]), weatherTime))).toBe(expected)
  })

  it('joins several responses', async () => {
    const response = await ask(
      turn(['get_weather', { report }], ['get_current_time', { error: 'no clock' }]),
      weatherTime,
    )
    expect(spoken(response)).toBe(`OK. ${report} That did not work: no clock.\n`)
  })

  it('never calls again in the same turn, even when its own words came in between', async () => {
    const contents = [...turn(['get_weather', { report }]), { role: 'model', parts: [{ text: 'OK.' }] }]
    expect(callsIn(await ask(contents, weatherTime))).toEqual([])
  })

  it('calls again in the next turn', async () => {
    const contents = [...turn(['get_weather', { report }]), user('and the weather in Rome?')]
    expect(callsIn(await ask(contents, weatherTime))).toEqual([['get_weather', { city: 'Rome' }]])
  })

  it('does not take an artifact that was loaded for a question', async () => {
    const loadArtifacts = declare('load_artifacts', 'Loads artifacts.', {
      artifact_names: { type: 'ARRAY', items: text },
    })
    const contents = [
      user('load the artifacts note.txt'),
      called('load_artifacts', { artifact_names: ['note.txt'] }),
      answered(['load_artifacts', { artifact_names: ['note.txt'] }]),
      { role: 'user', parts: [{ text: 'Artifact note.txt is:' }, { text: 'load artifacts' }] },
    ]
    expect(spoken(await ask(contents, [loadArtifacts]))).toBe('OK. artifact_names: note.txt.\n')
  })
})

describe('handing over to another agent', () => {
  const transfer = (parameter: string, agents?: string[]) =>
    declare(
      'transfer_to_agent',
      'Hands the conversation over.',
      { [parameter]: { ...text, ...(agents && { enum: agents }) } },
      [parameter],
    )
  const instructions = {
    pairs:
      'You can transfer to these agents:\n\nAgent name: billing\nAgent description: Handles invoices and refunds.\n\nAgent name: support\nAgent description: Solves technical problems.',
    items:
      'You can transfer to these agents:\n- billing: Handles invoices and refunds.\n- `support`: Solves technical problems.',
    quotes: '* "billing" - Handles invoices and refunds.\n* "support" - Solves technical problems.',
  }

  it.each(Object.keys(instructions))('finds agents in the instruction, written as %s', async (style) => {
    const systemInstruction = instructions[style as keyof typeof instructions]
    const calls = async (said: string) =>
      callsIn(await ask(said, [transfer('agentName')], { systemInstruction }))
    expect(await calls('I want a refund for my order')).toEqual([
      ['transfer_to_agent', { agentName: 'billing' }],
    ])
    expect(await calls('My technical setup is broken')).toEqual([
      ['transfer_to_agent', { agentName: 'support' }],
    ])
    expect(await calls('Hello')).toEqual([])
  })

  it('finds agents in the enum, under any name of the parameter', async () => {
    const declaration = transfer('agent_name', ['billing_agent', 'weather_agent'])
    expect(callsIn(await ask('billing, please', [declaration]))).toEqual([
      ['transfer_to_agent', { agent_name: 'billing_agent' }],
    ])
    expect(spoken(await ask('Hello', [declaration, getTime]))).toContain(
      'I can call get_current_time and hand over to billing_agent or weather_agent.',
    )
  })

  it('prefers a function of its own that fits better', async () => {
    const systemInstruction = '- helper: Knows the weather.'
    expect(
      callsIn(
        await ask('weather in Rome', [transfer('agentName', ['helper']), getWeather], { systemInstruction }),
      ),
    ).toEqual([['get_weather', { city: 'Rome' }]])
  })

  it('keeps a turn that was handed to it', async () => {
    const contents = [
      user('I want a refund'),
      context('[root] called tool `transfer_to_agent` with parameters: {"agentName":"billing"}'),
      context('[root] tool `transfer_to_agent` returned result: {"result":"Transfer queued"}'),
    ]
    const systemInstruction =
      'You are billing and handle every refund.\n- root: Knows about refunds.\n- support: Knows about refunds.'
    expect(
      callsIn(await ask(contents, [transfer('agentName', ['root', 'support'])], { systemInstruction })),
    ).toEqual([])
  })

  it('hands a turn further down, never back', async () => {
    const contents = [
      user('I want a refund'),
      context('[root] called tool `transfer_to_agent` with parameters: {}'),
    ]
    const systemInstruction = 'You are billing.\n- root: Knows about refunds.\n- refunds: Pays money back.'
    expect(
      callsIn(await ask(contents, [transfer('agentName', ['root', 'refunds'])], { systemInstruction })),
    ).toEqual([['transfer_to_agent', { agentName: 'refunds' }]])
  })

  it('tells of a transfer that failed, and does not try again', async () => {
    const contents = [
      user('billing'),
      called('transfer_to_agent', { agentName: 'billing' }),
      answered(['transfer_to_agent', { error: 'no such agent' }]),
    ]
    expect(spoken(await ask(contents, [transfer('agentName', ['billing'])]))).toBe(
      'That did not work: no such agent.',
    )
  })

  it('works on what another agent said when that is all there is', async () => {
    const response = await ask([context('[planner] said: weather in Oslo')], weatherTime)
    expect(callsIn(response)).toEqual([['get_weather', { city: 'Oslo' }]])
  })
})

describe('structured answers', () => {
  const schema = {
    type: 'OBJECT',
    properties: {
      city: text,
      population: { type: 'INTEGER', minimum: 1 },
      size: { ...text, enum: ['small', 'large'] },
      tags: { type: 'ARRAY', items: text },
      motto: text,
    },
    required: ['city', 'population', 'size', 'tags'],
  }
  const json = (responseSchema?: object) => ({ responseMimeType: 'application/json', responseSchema })

  it('are filled from the text, with blanks for the rest', async () => {
    const response = await ask('Tell me about Paris, a large city', [], json(schema))
    expect(JSON.parse(spoken(response))).toEqual({
      city: 'Paris',
      population: 1,
      size: 'large',
      tags: ['city'],
    })
  })

  it('are filled from function responses first', async () => {
    const contents = [
      user('weather in Rome'),
      called('get_weather'),
      answered(['get_weather', { city: 'Roma', temperature: 21 }]),
    ]
    const properties = { city: text, temperature: { type: 'NUMBER' }, summary: text }
    const response = await ask(
      contents,
      [getWeather],
      json({ type: 'OBJECT', properties, required: Object.keys(properties) }),
    )
    expect(JSON.parse(spoken(response))).toEqual({
      city: 'Roma',
      temperature: 21,
      summary: 'OK. city: Roma, temperature: 21.',
    })
  })

  it.each<[string, object | undefined, unknown]>([
    ['a list', { type: 'ARRAY', items: text }, ['milk', 'eggs']],
    ['a text', text, 'milk and eggs'],
    ['an option', { ...text, enum: ['eggs', 'milk'] }, 'eggs'],
    ['anything', undefined, { answer: expect.any(String) as string }],
  ])('may be %s', async (_, responseSchema, expected) => {
    expect(JSON.parse(spoken(await ask('milk and eggs', [], json(responseSchema))))).toEqual(expected)
  })

  it('go through set_model_response where it is declared', async () => {
    const setModelResponse = declare('set_model_response', 'Sets the final answer.', { answer: text }, [
      'answer',
    ])
    const functions = [getWeather, setModelResponse]
    expect(callsIn(await ask('weather in Rome', functions))).toEqual([['get_weather', { city: 'Rome' }]])
    const contents = [
      user('weather in Rome'),
      called('get_weather'),
      answered(['get_weather', { report: 'Sunny.' }]),
    ]
    expect(callsIn(await ask(contents, functions))).toEqual([
      ['set_model_response', { answer: 'OK. Sunny.' }],
    ])
  })
})

describe('responses', () => {
  it('carry the marks of the offline model', async () => {
    const response = await ask('Hello')
    expect(response).toMatchObject({
      finishReason: 'STOP',
      modelVersion: 'offline',
      content: { role: 'model' },
    })
    expect(response.usageMetadata).toEqual({
      promptTokenCount: 2,
      candidatesTokenCount: 21,
      totalTokenCount: 23,
    })
    expect(response).not.toHaveProperty('partial')
    expect(new OfflineModel().model).toBe('offline')
  })

  it('stream word by word, with one complete response at the end', async () => {
    const responses = await collect(requestOf('Hello  there'), true)
    const last = responses.at(-1)
    const chunks = responses.slice(0, -1)
    expect(chunks.length).toBeGreaterThan(5)
    expect(chunks.every(({ partial }) => partial === true)).toBe(true)
    expect(chunks.every((chunk) => /^\S+\s*$/.test(spoken(chunk)))).toBe(true)
    expect(last?.partial).toBe(false)
    expect(chunks.map(spoken).join('')).toBe(last && spoken(last))
    // As with Gemini, the end of the text says how it ended and what it cost.
    expect(chunks.filter(({ finishReason }) => finishReason !== undefined)).toEqual([chunks.at(-1)])
    expect(chunks.at(-1)?.usageMetadata).toEqual(last?.usageMetadata)
  })

  it('stream calls in the complete response only', async () => {
    const responses = await collect(requestOf('weather in Rome', weatherTime), true)
    expect(responses.map(({ partial }) => partial)).toEqual([false])
    expect(responses.map(callsIn)).toEqual([[['get_weather', { city: 'Rome' }]]])
  })

  it('stop between chunks when the signal fires', async () => {
    const controller = new AbortController()
    const seen: LlmResponse[] = []
    const reading = (async () => {
      for await (const response of new OfflineModel().generateContentAsync(
        requestOf('Hello'),
        true,
        controller.signal,
      )) {
        seen.push(response)
        if (seen.length === 2) controller.abort(new Error('the reader left'))
      }
    })()
    await expect(reading).rejects.toThrow('the reader left')
    expect(seen).toHaveLength(2)
  })

  it('do not begin once the signal has fired', async () => {
    const responses = new OfflineModel().generateContentAsync(
      requestOf('Hello'),
      false,
      AbortSignal.abort(new Error('gone')),
    )
    await expect(responses.next()).rejects.toThrow('gone')
  })

  it('leave the request as it was', async () => {
    const request = requestOf('weather in Rome', weatherTime)
    const before = structuredClone(request)
    await collect(request)
    expect(request).toEqual(before)
  })
})

describe('whatever is asked', () => {
  const words = [
    'weather time note notes add list delete name in for of to and not the city number red 3 -7 2.5 1,000'.split(
      ' ',
    ),
    '"a b"|Paris|New York|tags:|on|off|today|,|?|it\'s|__proto__|🙂|ünï'.split('|'),
  ].flat()
  const phrase = fc.array(fc.constantFrom(...words), { maxLength: 14 }).map((list) => list.join(' '))
  const anyText = fc.oneof(
    phrase,
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
  )

  const leaf = fc.constantFrom<JsonSchema>(
    { type: 'STRING' },
    { type: 'string', default: 'x' },
    { type: 'STRING', enum: ['red', 'green'] },
    { type: 'BOOLEAN' },
    { type: 'INTEGER', minimum: 2 },
    { type: 'INTEGER', nullable: true },
    { type: 'number', maximum: 5 },
    { type: 'null' },
    {},
  )
  const nested = fc.letrec<{ schema: JsonSchema; object: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 2 },
      leaf,
      fc.record({ type: fc.constant('ARRAY'), items: tie('schema') }),
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      tie('object'),
    ),
    object: fc
      .dictionary(
        fc.constantFrom('city', 'note', 'number', 'urgent', 'tags', 'toCity', '__proto__'),
        tie('schema'),
        { maxKeys: 4 },
      )
      .chain((properties) =>
        fc.record({
          type: fc.constantFrom('OBJECT', 'object'),
          properties: fc.constant(properties),
          required: fc.subarray(Object.keys(properties)),
        }),
      ),
  }))
  const declarations = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('get_weather', 'get_time', 'addNote', 'list_notes', 'delete_note', 'x'),
      description: fc.oneof(phrase, fc.string()),
      parameters: nested.object,
    }),
    { selector: ({ name }) => name, maxLength: 4 },
  )

  it('ends with one complete answer, and every call fits its declaration', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, declarations, fc.boolean(), async (said, declared, stream) => {
        const functions = declared as unknown as FunctionDeclaration[] // the same fields, with types as texts
        const responses = await collect(requestOf(said, functions), stream)
        expect(responses.filter(({ partial }) => !partial)).toEqual([responses.at(-1)])
        for (const { content } of responses) {
          expect(content?.parts?.length).toBeGreaterThan(0)
          for (const { functionCall } of content?.parts ?? []) {
            if (!functionCall) continue
            const schema = declared.find(({ name }) => name === functionCall.name)?.parameters
            expect(schema && accepts(functionCall.args, schema), JSON.stringify(functionCall)).toBe(true)
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  it('gives the same answer to the same request', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, declarations, async (said, declared) => {
        const request = requestOf(said, declared as unknown as FunctionDeclaration[]) // the same fields, with types as texts
        expect(await collect(request, true)).toEqual(await collect(structuredClone(request), true))
      }),
      { numRuns: 50 },
    )
  })

  it('answers in the form that is demanded', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, nested.schema, async (said, schema) => {
        const config = { responseMimeType: 'application/json', responseSchema: schema }
        const value: unknown = JSON.parse(spoken(await ask(said, [], config)))
        expect(accepts(value, schema), JSON.stringify(value)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('is quick about long texts', async () => {
    for (const piece of ['weather in ', '"', "a'", 'Paris and ', '1,', '@a.', 'https://', '\n', 'in ']) {
      await ask(piece.repeat(200_000 / piece.length), [...weatherTime, ...notes])
    }
  })
})

describe('with the sample agents', () => {
  async function run(agent: BaseAgent, ...messages: string[]) {
    const sessionService = new InMemorySessionService()
    const resolveModel = () => new OfflineModel()
    const runner = new Runner({ appName: 'sample', agent, sessionService, resolveModel })
    const { id: sessionId } = await sessionService.createSession({ appName: 'sample', userId: 'u' })
    const events: Event[] = []
    for (const message of messages) {
      for await (const event of runner.runAsync({ userId: 'u', sessionId, newMessage: user(message) }))
        events.push(event)
    }
    return { events, session: await sessionService.getSession({ appName: 'sample', userId: 'u', sessionId }) }
  }

  it('gives the events of the walk-through in the ADK documentation', async () => {
    const { events } = await run(weatherTimeAgent, 'Hey whats the weather in new york today')
    const report =
      'The weather in New York is sunny with a temperature of 25 degrees Celsius (41 degrees Fahrenheit).'
    const id = events[0]?.content?.parts?.[0]?.functionCall?.id
    expect(id).toEqual(expect.any(String))
    expect(events.map(({ content }) => content)).toEqual([
      { role: 'model', parts: [{ functionCall: { id, name: 'get_weather', args: { city: 'new york' } } }] },
      {
        role: 'user',
        parts: [{ functionResponse: { id, name: 'get_weather', response: { status: 'success', report } } }],
      },
      { role: 'model', parts: [{ text: `OK. ${report}\n` }] },
    ])
  })

  it('tells the time of several cities, and what it does not know', async () => {
    const { events } = await run(weatherTimeAgent, 'What time is it in Tokyo and Atlantis?')
    expect(stringifyContent(events[2] ?? expect.fail())).toMatch(
      /^OK\. The current time in Tokyo is .+ GMT\+9\. That did not work: Sorry, .+ for Atlantis\.\n$/,
    )
  })

  it('keeps notes in state', async () => {
    const { events, session } = await run(
      notesAgent,
      'My name is Ada',
      'Add a note: buy milk',
      'Remember to call mom',
      'delete note 1',
      'delete note 7',
      'list my notes',
    )
    const last = 'OK. Ada, your notes: 1. call mom.\n'
    expect(session?.state).toEqual({ notes: ['call mom'], 'user:name': 'Ada', last_answer: last })
    expect(events.map(stringifyContent)).toContain('That did not work: There is no note 7; there are 1.')
  })
})
