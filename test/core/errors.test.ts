import { describe, expect, it } from 'vitest'
import {
  AdkError,
  messageOf,
  PROBLEMS,
  publicMessage,
  redactSecrets,
  type ProblemCode,
} from '../../src/core/errors.js'

describe('a problem', () => {
  it.each(Object.entries(PROBLEMS))('%s has status %i', (code, status) => {
    const error = new AdkError(code as ProblemCode, 'a sentence')
    expect([error.status, error.message, error.name]).toEqual([status, 'a sentence', 'AdkError'])
    expect(status).toBeGreaterThanOrEqual(400)
  })
})

describe('the message of', () => {
  it.each([
    ['an error', new Error('no'), 'no'],
    ['an error without one', new RangeError(), 'RangeError'],
    [
      'an error whose message is no text',
      Object.assign(new RangeError(), { message: { a: 1 } }),
      'RangeError',
    ],
    [
      'an error of which nothing is a text',
      Object.assign(new Error(), { message: 1, name: 2 }),
      'unknown error',
    ],
    ['a string', 'no', 'no'],
    ['anything else', { message: 'no' }, 'unknown error'],
    ['nothing', undefined, 'unknown error'],
  ])('%s', (_, thrown, message) => {
    expect(messageOf(thrown)).toBe(message)
  })
})

describe('what a client may read', () => {
  it.each([
    ['key AIzaSyA0123456789abcdefghijklmnop', 'key [redacted]'],
    ['GET https://x.test/v1?key=abcdef&a=1', 'GET https://x.test/v1?key=[redacted]&a=1'],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer [redacted]'],
    ['sk-abcdefghijklmnop1234 and ghp_abcdefghijklmnop1234', '[redacted] and [redacted]'],
    ['token eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl', 'token [redacted]'],
    ['at file:///home/me/agents/weather/agent.ts:3', 'at [path]:3'],
    ['ENOENT: /var/lib/agents/data.json', 'ENOENT: [path]'],
    ['ENOENT: C:\\Users\\me\\data.json', 'ENOENT: [path]'],
    ['<html><h1>502</h1> Bad   Gateway</html>', '502 Bad Gateway'],
    ['see https://example.test/docs/errors', 'see https://example.test/docs/errors'],
    ['1/2 and/or 3 < 4', '1/2 and/or 3 < 4'],
  ])('of %j is %j', (text, shown) => {
    expect(publicMessage(new Error(text))).toBe(shown)
  })

  it('is short', () => {
    const text = publicMessage('x'.repeat(1000))
    expect(text).toHaveLength(500)
    expect(text.endsWith('…')).toBe(true)
  })

  it('is found in the beginning of what was said, however long that is', () => {
    expect(publicMessage(`${'/ '.repeat(1_000_000)}the end`)).toMatch(/^[^e]+…$/)
  })

  it.each([
    ['what begins like tokens', 'eyJ-'.repeat(200_000)],
    ['blanks', `x${' '.repeat(800_000)}`],
  ])('holds no keys, also among very many of %s', (_, text) => {
    const shown = redactSecrets(`${text} my-eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl, bearer \n abc`)
    expect(shown.slice(text.length)).toBe(' my-[redacted], bearer \n [redacted]')
  })

  it('in a log keeps paths and lines, not keys', () => {
    expect(redactSecrets('a\n/home/me/x.ts password=hunter2')).toBe('a\n/home/me/x.ts password=[redacted]')
  })
})
