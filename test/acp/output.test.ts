import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Output } from '../../src/acp/output.js'
import { createEvent, type CreateEventParams } from '../../src/core/event.js'
import type { Part } from '../../src/core/content.js'
import { AcpEvent, type AcpPart } from '../../src/schema/acp.js'

const NOW = '2026-03-01T10:00:00.000Z'

type Step = CreateEventParams & { parts?: Part[] }

/** What a run says: its events in short, and its messages. */
function tell(...steps: Step[]) {
  const output = new Output('my-agent', 'root', () => NOW)
  const events: AcpEvent[] = []
  for (const { parts, ...fields } of steps) {
    const content = parts && { role: 'model', parts }
    events.push(...output.add(createEvent({ author: 'root', ...(content && { content }), ...fields })))
  }
  events.push(...output.close())
  for (const event of events) expect(AcpEvent.safeParse(event).error).toBeUndefined()
  return {
    output,
    events,
    types: events.map(({ type }) => type),
    messages: output.messages.map(({ role, parts }) => [role, parts.map(inShort)]),
  }
}

const inShort = ({ content, content_url, metadata }: AcpPart) => content ?? content_url ?? metadata

const call = (id: string, name: string, args: Record<string, unknown> = {}): Part => ({
  functionCall: { id, name, args },
})
const response = (id: string, name: string, result: Record<string, unknown>): Part => ({
  functionResponse: { id, name, response: result },
})

describe('messages', () => {
  it('say what one agent does in one turn', () => {
    const { messages, types } = tell(
      { parts: [{ text: 'Let me see.' }, call('c1', 'get_weather', { city: 'Oslo' })] },
      { parts: [response('c1', 'get_weather', { celsius: 3 })] },
      { parts: [{ text: 'It is 3 °C.' }] },
    )
    const tool = {
      kind: 'trajectory',
      tool_name: 'get_weather',
      tool_input: { city: 'Oslo' },
      tool_output: { celsius: 3 },
    }
    expect(messages).toEqual([['agent/my-agent', ['Let me see.', tool, 'It is 3 °C.']]])
    expect(types).toEqual([
      'message.created',
      'message.part',
      'message.part',
      'message.part',
      'message.completed',
    ])
  })

  it('change with the speaker, and with every turn of one', () => {
    const { messages } = tell(
      { parts: [{ text: 'one' }] },
      { parts: [{ text: 'two' }] },
      { author: 'the helper!', parts: [{ text: 'three' }] },
      { actions: { stateDelta: { a: 1 } } },
    )
    expect(messages).toEqual([
      ['agent/my-agent', ['one']],
      ['agent/my-agent', ['two']],
      ['agent/the-helper-', ['three']],
    ])
  })

  it('are none when nothing is said', () => {
    expect(tell({ actions: { stateDelta: { a: 1 } } }, { parts: [{ text: '' }] }).events).toEqual([])
  })

  it('begin empty and end whole', () => {
    const { events } = tell({ parts: [{ text: 'a' }, { text: 'b' }] })
    const parts = ['a', 'b'].map((content) => ({
      content_type: 'text/plain',
      content,
      content_encoding: 'plain',
    }))
    const message = { role: 'agent/my-agent', created_at: NOW }
    expect(events).toEqual([
      { type: 'message.created', message: { ...message, parts: [], completed_at: null } },
      { type: 'message.part', part: parts[0] },
      { type: 'message.part', part: parts[1] },
      { type: 'message.completed', message: { ...message, parts, completed_at: NOW } },
    ])
  })
})

describe('chunks', () => {
  it('are parts, and what repeats them is not', () => {
    const { messages } = tell(
      { partial: true, parts: [{ text: 'think ', thought: true }] },
      { partial: true, parts: [{ text: 'hard', thought: true }, { text: 'It ' }] },
      { partial: true, parts: [{ text: 'rains.' }] },
      { parts: [{ text: 'think hard', thought: true }, { text: 'It rains.' }, call('c1', 'x')] },
      { parts: [response('c1', 'x', {})] },
    )
    expect(messages[0]?.[1]).toEqual([
      { kind: 'trajectory', message: 'think ' },
      { kind: 'trajectory', message: 'hard' },
      'It ',
      'rains.',
      { kind: 'trajectory', tool_name: 'x', tool_input: {}, tool_output: {} },
    ])
  })

  it('of agents in parallel are told apart', () => {
    const { messages } = tell(
      { author: 'a', branch: 'a', partial: true, parts: [{ text: 'x' }] },
      { author: 'b', branch: 'b', partial: true, parts: [{ text: 'y' }] },
      { author: 'a', branch: 'a', parts: [{ text: 'x' }] },
      { author: 'b', branch: 'b', parts: [{ text: 'y' }] },
    )
    expect(messages).toEqual([
      ['agent/a', ['x']],
      ['agent/b', ['y']],
    ])
  })

  it('that were changed afterwards are followed by what counts', () => {
    const { messages } = tell(
      { partial: true, parts: [{ text: 'my secret' }] },
      { parts: [{ text: 'no secret' }] },
    )
    expect(messages[0]?.[1]).toEqual(['my secret', 'no secret'])
  })

  it('add up to the text, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), fc.array(fc.string()), (chunks, rest) => {
        const text = [...chunks, ...rest].join('')
        const { output } = tell(...chunks.map((chunk) => ({ partial: true, parts: [{ text: chunk }] })), {
          parts: [{ text }],
        })
        const texts = output.messages.flatMap(({ parts }) => parts.map(({ content }) => content ?? ''))
        expect(texts.join('')).toBe(text)
      }),
    )
  })
})

describe('parts', () => {
  const only = (part: Part) => tell({ parts: [part] }).output.messages[0]?.parts

  it('carry data and references', () => {
    expect(only({ inlineData: { mimeType: 'image/png', data: 'eA==', displayName: 'a.png' } })).toEqual([
      { name: 'a.png', content_type: 'image/png', content: 'eA==', content_encoding: 'base64' },
    ])
    expect(only({ fileData: { mimeType: 'text/html', fileUri: 'gs://b/c' } })).toEqual([
      { content_type: 'text/html', content_url: 'gs://b/c' },
    ])
    expect(only({ fileData: { mimeType: 'text/html', fileUri: 'b/c' } })).toEqual([
      { content_type: 'text/plain', content: 'b/c', content_encoding: 'plain' },
    ])
  })

  it('tell of code that was run', () => {
    const { messages } = tell(
      { parts: [{ executableCode: { language: 'PYTHON' as never, code: '1+1' } }] },
      { parts: [{ codeExecutionResult: { outcome: 'OUTCOME_OK' as never, output: '2' } }] },
    )
    expect(messages[0]?.[1]).toEqual([
      {
        kind: 'trajectory',
        tool_name: 'code_execution',
        tool_input: { language: 'PYTHON', code: '1+1' },
        tool_output: { outcome: 'OUTCOME_OK', output: '2' },
      },
    ])
  })

  it('do not tell of questions and of transfers', () => {
    const names = [
      'adk_request_confirmation',
      'adk_request_credential',
      'adk_request_input',
      'transfer_to_agent',
    ]
    for (const name of names) {
      expect(tell({ parts: [call('c1', name)] }, { parts: [response('c1', name, {})] }).events).toEqual([])
    }
  })

  it('tell of calls that are still to be answered, in the same message', () => {
    const { output, events } = tell({ parts: [call('c1', 'approve', { a: 1 })], longRunningToolIds: ['c1'] })
    expect(events).toEqual([])
    expect([...output.pending(['c1', 'unknown']), ...output.close()].map(({ type }) => type)).toEqual([
      'message.created',
      'message.part',
      'message.completed',
    ])
    expect(output.messages[0]?.parts[0]?.metadata).toEqual({
      kind: 'trajectory',
      tool_name: 'approve',
      tool_input: { a: 1 },
      tool_output: null,
    })
  })
})

describe('citations', () => {
  it('count characters, over all text of the message', () => {
    const { messages } = tell(
      { parts: [{ text: 'Ü🙂: ' }, call('c1', 'x')] },
      {
        parts: [{ text: 'Öl ist teuer.' }],
        groundingMetadata: {
          groundingChunks: [{ web: { uri: 'https://a', title: 'A' } }, { web: { uri: 'https://b' } }],
          groundingSupports: [{ segment: { endIndex: 3, text: 'Öl' }, groundingChunkIndices: [0] }],
        },
        citationMetadata: { citations: [{ uri: 'https://c', startIndex: 4, endIndex: 7 }] },
      },
    )
    expect(messages[0]?.[1]?.slice(2)).toMatchObject([
      { kind: 'citation', url: 'https://a', title: 'A', description: 'Öl', start_index: 4, end_index: 6 },
      { kind: 'citation', url: 'https://b' },
      { kind: 'citation', url: 'https://c', start_index: 7, end_index: 10 },
    ])
  })
})

describe('failures', () => {
  it('are those without a word', () => {
    expect(tell({ errorCode: '429', errorMessage: 'Too much' }).output.failure).toBe('Too much')
    expect(tell({ errorCode: 'SAFETY' }).output.failure).toBe('SAFETY')
    const cut = tell({ errorCode: 'MAX_TOKENS', parts: [{ text: 'so far' }] })
    expect(cut.output.failure).toBeUndefined()
    expect(cut.messages).toEqual([['agent/my-agent', ['so far']]])
  })
})
