import { createEvent, type Event } from 'adk-ts'
import { expect, it } from 'vitest'
import { sealEvent } from '../../src/core/event.js'
import { problemsIn, problemsInRequest } from './history.js'

// The checker that all tests here rely on: it has to find what it is there for.

const event = (parts: object[], fields: Partial<Event> = {}) =>
  createEvent({
    author: 'root',
    invocationId: 'e-1',
    content: { role: 'model', parts },
    timestamp: 1,
    ...fields,
  })
const call = (id: string, fields?: Partial<Event>) => event([{ functionCall: { id, name: 'work' } }], fields)
const answer = (id: string, fields?: Partial<Event>) =>
  event([{ functionResponse: { id, name: 'work', response: {} } }], fields)
const text = (fields?: Partial<Event>) => event([{ text: 'hi' }], fields)
const question = event(
  [
    {
      functionCall: {
        id: 'q',
        name: 'adk_request_confirmation',
        args: { originalFunctionCall: { id: 'a' } },
      },
    },
  ],
  { longRunningToolIds: ['q'] },
)

it.each<[string, Event[], string[]]>([
  ['an answered call', [call('a'), answer('a'), text()], []],
  ['an open call', [call('a'), text({ author: 'other' })], ['0: a is never answered']],
  ['an open call that is long-running', [call('a', { longRunningToolIds: ['a'] })], []],
  ['an open call that waits for a person', [call('a'), question], []],
  [
    'an open call that waited for a person',
    [call('a'), question, answer('q', { author: 'user' })],
    ['0: a is never answered'],
  ],
  ['two answers', [call('a'), answer('a'), answer('a')], ['2: a is answered twice']],
  ['an answer to nothing', [answer('a')], ['0: a is answered, but was never called']],
  ['an answer to nothing by a user', [answer('a', { author: 'user' })], []],
  [
    'an answer by somebody else',
    [call('a'), answer('a', { author: 'other' })],
    ['1: a is answered by other'],
  ],
  ['words before the answer', [call('a'), text(), answer('a')], ['1: speaks while a is open']],
  ['a chunk', [text({ partial: true })], ['0: a chunk was stored']],
  ['two events of one id', [text({ id: 'x' }), text({ id: 'x' })], ['two events have one id']],
  ['time that goes back', [text({ timestamp: 2 }), text({ timestamp: 1 })], ['1: time goes back']],
])('%s', (_, events, problems) => {
  expect(problemsIn(events.map(sealEvent))).toEqual(problems)
})

it('an event that can be changed', () => {
  expect(problemsIn([text()])).toEqual(['0: it can be changed'])
})

it.each<[string, object[][], string[]]>([
  ['a pair', [[{ functionCall: { name: 'a' } }], [{ functionResponse: { name: 'a' } }]], []],
  ['a call alone', [[{ functionCall: { name: 'a' } }]], ['0: a is followed by answers to nothing']],
  ['an answer alone', [[{ functionResponse: { name: 'a' } }]], ['0: an answer without a call']],
  ['nothing', [[]], ['0: it has no parts']],
  ['an empty text', [[{ text: '' }]], ['0: empty text']],
])('a request with %s', (_, contents, problems) => {
  expect(problemsInRequest(contents.map((parts) => ({ role: 'user', parts })))).toEqual(problems)
})
