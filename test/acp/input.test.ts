import { describe, expect, it } from 'vitest'
import { toInput } from '../../src/acp/input.js'
import { AcpMessage, type AcpPart } from '../../src/schema/acp.js'

const base64 = (text: string) => Buffer.from(text).toString('base64')

const partOf = (part: object) => toInput([AcpMessage.parse({ parts: [part] })]).message.parts?.[0]

describe('a part', () => {
  it.each<[string, AcpPart, object]>([
    ['text', { content: 'hi' }, { text: 'hi' }],
    [
      'text in base64',
      { content_type: 'text/csv', content: base64('a,ü'), content_encoding: 'base64' },
      { text: 'a,ü' },
    ],
    ['JSON', { content_type: 'application/json', content: '{"a":1}' }, { text: '{"a":1}' }],
    ['an artifact of text', { name: 'note', content: 'hi' }, { text: 'hi' }],
    [
      'an image',
      { name: 'a.png', content_type: 'image/png', content: base64('x'), content_encoding: 'base64' },
      { inlineData: { mimeType: 'image/png', data: base64('x'), displayName: 'a.png' } },
    ],
    [
      'bytes in the other alphabet',
      { content_type: 'image/png', content: '-_8', content_encoding: 'base64' },
      { inlineData: { mimeType: 'image/png', data: '+/8=' } },
    ],
    [
      'plain content of another type',
      { content_type: 'image/svg+xml', content: '<svg/>' },
      { inlineData: { mimeType: 'image/svg+xml', data: base64('<svg/>') } },
    ],
    [
      'a reference',
      { name: 'b', content_type: 'application/pdf', content_url: 'gs://bucket/b.pdf' },
      { fileData: { fileUri: 'gs://bucket/b.pdf', mimeType: 'application/pdf', displayName: 'b' } },
    ],
    ['text of a type that is none', { content_type: '<string>', content: 'hi' }, { text: 'hi' }],
    [
      'bytes of a type that is none',
      { content_type: '<string>', content: base64('x'), content_encoding: 'base64' },
      { inlineData: { mimeType: 'application/octet-stream', data: base64('x') } },
    ],
  ])('that is %s', (_, part, expected) => {
    expect(partOf(part)).toEqual(expected)
  })

  it.each([
    [
      'both contents',
      { content: 'a', content_url: 'https://example.com/a' },
      'Only one of content or content_url',
    ],
    ['no URL', { content_url: 'a/b' }, 'absolute URL'],
    ['no base64', { content: 'ä', content_encoding: 'base64' }, 'base64'],
    ['an unknown encoding', { content: 'a', content_encoding: 'gzip' }, 'plain'],
    ['unknown metadata', { metadata: { kind: 'other' } }, 'kind'],
  ])('with %s is refused', (_, part, message) => {
    const { error } = AcpMessage.safeParse({ parts: [part] })
    expect(JSON.stringify(error?.issues)).toContain(message)
  })
})

describe('an input', () => {
  const say = (role: string | null, ...texts: string[]): AcpMessage => ({
    role,
    parts: texts.map((content) => ({ content })),
  })
  const textsOf = (messages: AcpMessage[]) => {
    const { history, message } = toInput(messages)
    return [
      history.map(({ parts }) => parts.map(({ content }) => content).join()),
      message.parts?.map(({ text }) => text),
    ]
  }

  it.each([
    ['one message', [say('user', 'a', 'b')], [[], ['a', 'b']]],
    ['several in a row', [say('user', 'a'), say(null, 'b')], [[], ['a', 'b']]],
    ['a conversation', [say('user', 'a'), say('agent/x', 'b'), say('user', 'c')], [['a', 'b'], ['c']]],
    ['a draft to review', [say('user', 'a'), say('agent/x', 'b')], [[], ['a', 'b']]],
    ['agents alone', [say('agent', 'a'), say('agent/x', 'b')], [[], ['a', 'b']]],
  ])('of %s', (_, messages, expected) => {
    expect(textsOf(messages)).toEqual(expected)
    expect(toInput(messages).message.role).toBe('user')
  })

  it('that says nothing is refused', () => {
    const silent: AcpMessage = {
      role: 'user',
      parts: [{ content: '' }, { metadata: { kind: 'trajectory' } }],
    }
    expect(() => toInput([silent])).toThrow('The input says nothing')
  })
})
