import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { LlmAgent, type LlmAgentConfig } from '../../src/agents/llm-agent.js'
import { textContent, type Content } from '../../src/core/content.js'
import type { Event } from '../../src/core/event.js'
import type { RunConfig } from '../../src/core/run-config.js'
import { aiSdk, type AiSdkLlm, type AiSdkOptions } from '../../src/models/ai-sdk/ai-sdk.js'
import { InMemoryRunner } from '../../src/runner/in-memory-runner.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { collect } from '../../src/testing.js'
import { ask, userRequest } from './ask.js'
import { fault, startOpenAi, toolCall, type ChatReply, type OpenAiStandIn } from './openai-stand-in.js'

// The adapter with a real provider of the AI SDK, against a scripted server, alone and in the hands of a runner.

const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  completion_tokens_details: { reasoning_tokens: 2 },
}

async function open(replies: ChatReply[], options: AiSdkOptions = {}) {
  const standIn = await startOpenAi(replies)
  const provider = createOpenAICompatible({
    name: 'local',
    baseURL: standIn.baseURL,
    apiKey: 'test-key',
    includeUsage: true,
    supportsStructuredOutputs: true,
  })
  const retry = { minDelayMs: 0, maxDelayMs: 0, retries: 1, ...options.retry }
  return { ...standIn, llm: aiSdk(provider('local-model'), { ...options, retry }) }
}

interface Conversation extends OpenAiStandIn {
  llm: AiSdkLlm
  say: (message: string | Content, runConfig?: RunConfig, signal?: AbortSignal) => Promise<Event[]>
}

/** An agent on such a model, in one session. */
async function converse(
  replies: ChatReply[],
  config: Partial<LlmAgentConfig> = {},
  options?: AiSdkOptions,
): Promise<Conversation> {
  const opened = await open(replies, options)
  const agent = new LlmAgent({ name: 'helper', instruction: 'Be brief.', model: opened.llm, ...config })
  const runner = new InMemoryRunner({ agent, appName: 'test' })
  const ids = { userId: 'u', sessionId: 's' }
  await runner.sessionService.createSession({ appName: 'test', ...ids })
  onTestFinished(() => runner.close())
  return {
    ...opened,
    say: (message, runConfig, abortSignal) =>
      collect(
        runner.runAsync({
          ...ids,
          newMessage: typeof message === 'string' ? textContent('user', message) : message,
          ...(runConfig && { runConfig }),
          ...(abortSignal && { abortSignal }),
        }),
      ),
  }
}

const weather = new FunctionTool({
  name: 'get_weather',
  description: 'Tells the weather.',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => {
    if (city === 'Atlantis') throw new Error('no such city')
    return { report: `Sunny in ${city}.` }
  },
})

const calls = (...list: [id: string, city: unknown][]): ChatReply => ({
  message: { content: null, tool_calls: list.map(([id, city], index) => weatherCall(id, city, index)) },
  finishReason: 'tool_calls',
})
const weatherCall = (id: string, city: unknown, index = 0) =>
  toolCall(id, 'get_weather', typeof city === 'string' ? { city } : city, index)
const answer = (content: string): ChatReply => ({ message: { content }, usage: USAGE })

describe('a text', () => {
  it('is asked for and answered', async () => {
    const { llm, requests } = await open([
      { message: { reasoning_content: 'A greeting.', content: 'Hello.' }, usage: USAGE },
    ])
    const request = userRequest({ config: { systemInstruction: 'Be brief.', temperature: 0.5 } })
    expect(await ask(llm, { request })).toEqual([
      {
        content: { role: 'model', parts: [{ text: 'A greeting.', thought: true }, { text: 'Hello.' }] },
        finishReason: 'STOP',
        usageMetadata: {
          promptTokenCount: 10,
          candidatesTokenCount: 3,
          thoughtsTokenCount: 2,
          totalTokenCount: 15,
        },
        modelVersion: 'local-model-7b',
      },
    ])
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      authorization: 'Bearer test-key',
      body: {
        model: 'local-model',
        temperature: 0.5,
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
      },
    })
  })

  it('is streamed', async () => {
    const { llm, requests } = await open([
      { deltas: [{ role: 'assistant', content: 'Hel' }, { content: 'lo.' }], usage: USAGE },
    ])
    const responses = await ask(llm, { stream: true })
    expect(responses).toMatchObject([
      { partial: true, content: { parts: [{ text: 'Hel' }] } },
      { partial: true, content: { parts: [{ text: 'lo.' }] } },
      {
        partial: false,
        content: { parts: [{ text: 'Hello.' }] },
        finishReason: 'STOP',
        modelVersion: 'local-model-7b',
        usageMetadata: { totalTokenCount: 15 },
      },
    ])
    expect(responses).toHaveLength(3)
    expect(requests[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } })
  })

  it('may come with a picture', async () => {
    const { say, requests } = await converse([answer('A dot.')])
    await say({
      role: 'user',
      parts: [
        { text: 'What is this?' },
        { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } },
        { fileData: { mimeType: 'image/jpeg', fileUri: 'https://example.test/cat.jpg' } },
      ],
    })
    expect(requests[0]?.body.messages.at(-1)).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        { type: 'image_url', image_url: { url: 'https://example.test/cat.jpg' } },
      ],
    })
  })

  it('can be JSON by a schema', async () => {
    const { say, requests } = await converse([answer('{"city":"Rome"}')], {
      outputSchema: z.object({ city: z.string() }),
      outputKey: 'place',
    })
    const [event] = await say('Where?')
    expect(event?.actions.stateDelta).toEqual({ place: { city: 'Rome' } })
    expect(requests[0]?.body.response_format).toEqual({
      type: 'json_schema',
      json_schema: {
        name: 'response',
        strict: true,
        schema: {
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
          additionalProperties: false,
        },
      },
    })
  })
})

describe('a turn with tools', () => {
  it('calls, is answered, and goes on', async () => {
    const { say, requests } = await converse([calls(['call_a', 'Rome']), answer('Sunny.')], {
      tools: [weather],
    })
    const events = await say('Weather in Rome?')
    const response = { id: 'call_a', name: 'get_weather', response: { report: 'Sunny in Rome.' } }
    expect(events).toMatchObject([
      {
        content: { parts: [{ functionCall: { id: 'call_a', name: 'get_weather', args: { city: 'Rome' } } }] },
      },
      { content: { parts: [{ functionResponse: response }] } },
      { content: { parts: [{ text: 'Sunny.' }] } },
    ])
    expect(requests[0]?.body).toMatchObject({
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'Tells the weather.',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        },
      ],
    })
    expect(requests[1]?.body.messages.slice(2)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'call_a',
            type: 'function',
            function: { name: 'get_weather', arguments: '{"city":"Rome"}' },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call_a', content: '{"report":"Sunny in Rome."}' },
    ])
  })

  it('calls several at once, each with its own result, streamed as well', async () => {
    const { say, requests } = await converse(
      [
        {
          deltas: [
            { content: 'Let me look.' },
            { tool_calls: [toolCall('call_a', 'get_weather', '{"city":', 0)] },
            { tool_calls: [{ index: 0, function: { arguments: '"Rome"}' } }] },
            { tool_calls: [weatherCall('call_b', 'Atlantis', 1)] },
          ],
          finishReason: 'tool_calls',
        },
        { deltas: [{ content: 'Sunny, ' }, { content: 'and sunk.' }] },
      ],
      { tools: [weather] },
    )
    const events = await say('Weather in Rome and Atlantis?', { streamingMode: 'sse' })
    expect(events.filter(({ partial }) => !partial)).toMatchObject([
      {
        content: {
          parts: [
            { text: 'Let me look.' },
            { functionCall: { id: 'call_a', args: { city: 'Rome' } } },
            { functionCall: { id: 'call_b', args: { city: 'Atlantis' } } },
          ],
        },
      },
      {
        content: {
          parts: [
            { functionResponse: { id: 'call_a', response: { report: 'Sunny in Rome.' } } },
            {
              functionResponse: { id: 'call_b', response: { error: expect.stringMatching(/no such city/) } },
            },
          ],
        },
      },
      { content: { parts: [{ text: 'Sunny, and sunk.' }] } },
    ])
    expect(requests[1]?.body.messages.slice(2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_a' }, { id: 'call_b' }] },
      { role: 'tool', tool_call_id: 'call_a' },
      { role: 'tool', tool_call_id: 'call_b', content: expect.stringContaining('no such city') },
    ])
  })

  it('works with a server that counts its calls anew every time', async () => {
    const { say, requests } = await converse(
      [calls(['call_0', 'Rome']), answer('Sunny.'), calls(['call_0', 'Oslo']), answer('Sunny, too.')],
      { tools: [weather] },
    )
    await say('Weather in Rome?')
    const events = await say('And in Oslo?')
    expect(events.at(-1)?.content?.parts).toEqual([{ text: 'Sunny, too.' }])
    const results = requests[3]?.body.messages.filter(({ role }: { role: string }) => role === 'tool')
    expect(results).toEqual([
      { role: 'tool', tool_call_id: 'call_0', content: '{"report":"Sunny in Rome."}' },
      { role: 'tool', tool_call_id: 'call00001', content: '{"report":"Sunny in Oslo."}' },
    ])
  })

  it('ends in an error event when the arguments are malformed, and the next turn works', async () => {
    const { say } = await converse([calls(['call_a', '{']), answer('Hello.')].map(malformed), {
      tools: [weather],
    })
    expect(await say('Weather?')).toMatchObject([
      { errorCode: 'MALFORMED_FUNCTION_CALL', errorMessage: expect.stringContaining('get_weather') },
    ])
    expect(await say('Hello?')).toMatchObject([{ content: { parts: [{ text: 'Hello.' }] } }])
  })
})

/** Replaces the arguments of all calls by something that is not JSON. */
function malformed(reply: ChatReply): ChatReply {
  const text = JSON.stringify(reply).replace(/"arguments":"(?:[^"\\]|\\.)*"/, '"arguments":"{\\"city\\":"')
  return JSON.parse(text) as ChatReply
}

describe('a failure', () => {
  const refusal = (status: number, body: unknown = fault(`Refused with ${status}.`)): ChatReply => ({
    error: { status, body },
  })

  it.each([
    [401, fault('Incorrect API key provided.'), 'Incorrect API key provided.', 1],
    [429, undefined, 'Refused with 429.', 2],
    [500, undefined, 'Refused with 500.', 2],
    [503, '<html><body>Bad gateway</body></html>', 'Service Unavailable', 2],
  ])('with status %s is an error event', async (status, body, errorMessage, requestCount) => {
    for (const streamingMode of ['none', 'sse'] as const) {
      const { say, requests } = await converse([refusal(status, body), refusal(status, body)])
      expect(await say('Hi', { streamingMode })).toMatchObject([{ errorCode: String(status), errorMessage }])
      expect(requests).toHaveLength(requestCount)
    }
  })

  it('that passes is not seen', async () => {
    const { say } = await converse([refusal(429), answer('Hello.')])
    expect(await say('Hi')).toMatchObject([{ content: { parts: [{ text: 'Hello.' }] } }])
  })

  it('in the middle of a stream is told after what was shown', async () => {
    const { say } = await converse([
      { deltas: [{ content: 'Well' }, { error: { message: 'Out of memory', code: 'oom' } }] },
    ])
    expect(await say('Hi', { streamingMode: 'sse' })).toMatchObject([
      { partial: true, content: { parts: [{ text: 'Well' }] } },
      { errorCode: 'oom', errorMessage: 'Out of memory' },
    ])
  })

  it('of the line in the middle of a stream is told as such', async () => {
    let drop = () => {}
    const arrived = new Promise<void>((resolve) => (drop = resolve))
    const { llm } = await open([{ deltas: [{ content: 'Well' }, arrived, 'drop'] }])
    const reading = (async () => {
      for await (const _ of llm.generateContentAsync(userRequest(), true)) drop()
    })()
    await expect(reading).rejects.toMatchObject({
      errorCode: 'UNAVAILABLE',
      message: expect.stringContaining('broke in the middle'),
    })
  })

  it('to reach the server at all is told as such', async () => {
    const { llm, close } = await open([], { retry: { retries: 0 } })
    await close()
    await expect(ask(llm)).rejects.toMatchObject({
      errorCode: 'UNAVAILABLE',
      message: 'The model could not be reached (ECONNREFUSED)',
    })
  })
})

describe('a call that nobody wants any more', () => {
  it.each([
    ['none', { hang: true }],
    ['sse', { hang: true }],
    ['sse', { deltas: [{ content: 'Well' }, 'hang'] }],
  ] as const)('hangs up (%s, %j)', async (streamingMode, reply) => {
    const { say, requests } = await converse([reply as ChatReply])
    const abort = new AbortController()
    const run = say('Hi', { streamingMode }, abort.signal)
    while (requests.length === 0) await new Promise(setImmediate)
    abort.abort(new Error('enough'))
    await run
    expect(await requests[0]?.outcome).toBe('aborted')
  })

  it('also hangs up when the reader leaves', async () => {
    const { llm, requests } = await open([{ deltas: [{ content: 'Well' }, 'hang'] }])
    for await (const _ of llm.generateContentAsync(userRequest(), true)) break
    expect(await requests[0]?.outcome).toBe('aborted')
  })
})
