import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Event as EventSchema } from '../../src/schema/event.js'
import {
  createEvent,
  createEventActions,
  encodeEvent,
  getFunctionCalls,
  getFunctionResponses,
  hasActions,
  inOrder,
  isEvent,
  isFinalResponse,
  sealEvent,
  settleEvent,
  stringifyContent,
  type Event,
} from '../../src/core/event.js'
import type { Session } from '../../src/core/session.js'

const session = (fields: Partial<Session> = {}): Session => ({
  id: 's',
  appName: 'app',
  userId: 'u',
  state: {},
  events: [],
  lastUpdateTime: 100,
  ...fields,
})
const says = (...parts: object[]) => ({ content: { role: 'model', parts } })

describe('a new event', () => {
  it('has an id, a time and four maps', () => {
    const event = createEvent({ author: 'root' })
    expect(event).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      author: 'root',
      invocationId: '',
      timestamp: expect.any(Number),
      actions: {
        stateDelta: {},
        artifactDelta: {},
        requestedAuthConfigs: {},
        requestedToolConfirmations: {},
      },
    })
    expect(Math.abs(event.timestamp - Date.now() / 1000)).toBeLessThan(60)
    expect(isEvent(event)).toBe(true)
  })

  it('keeps what it is given, times in milliseconds as seconds', () => {
    const event = createEvent({ id: 'x', timestamp: 1_790_000_000_500, actions: { escalate: true } })
    expect(event).toMatchObject({
      id: 'x',
      timestamp: 1_790_000_000.5,
      actions: { escalate: true, stateDelta: {} },
    })
    expect(createEvent({ timestamp: 0 }).timestamp).toBe(0)
  })
})

describe('isFinalResponse', () => {
  it.each<[boolean, string, Partial<Event>]>([
    [true, 'words', says({ text: 'hi' })],
    [false, 'a chunk', { ...says({ text: 'hi' }), partial: true }],
    [false, 'a call', says({ text: 'hi' }, { functionCall: { name: 'x' } })],
    [false, 'an answer', says({ functionResponse: { name: 'x' } })],
    [false, 'a result of code at the end', says({ text: 'hi' }, { codeExecutionResult: {} })],
    [true, 'words after a result of code', says({ codeExecutionResult: {} }, { text: 'hi' })],
    [true, 'nothing', {}],
    [true, 'a long-running call', { ...says({ functionCall: { name: 'x' } }), longRunningToolIds: ['x'] }],
    [
      false,
      'a call, none of them long-running',
      { ...says({ functionCall: { name: 'x' } }), longRunningToolIds: [] },
    ],
    [
      true,
      'skipSummarization',
      {
        ...says({ functionResponse: { name: 'x' } }),
        actions: createEventActions({ skipSummarization: true }),
      },
    ],
    [
      true,
      'a question for a credential',
      {
        ...says({ functionResponse: { name: 'x' } }),
        actions: createEventActions({ requestedAuthConfigs: { x: {} } }),
      },
    ],
  ])('is %s for %s', (isFinal, _, fields) => {
    expect(isFinalResponse(createEvent(fields))).toBe(isFinal)
  })
})

it('texts, calls and answers are found', () => {
  const [call, answer] = [{ functionCall: { name: 'a' } }, { functionResponse: { name: 'b' } }]
  const event = createEvent(says({ text: 'x' }, { text: 'hm', thought: true }, call, answer, { text: 'y' }))
  expect(stringifyContent(event)).toBe('xy')
  expect(getFunctionCalls(event)).toEqual([{ name: 'a' }])
  expect(getFunctionResponses(event)).toEqual([{ name: 'b' }])
  expect([stringifyContent(createEvent()), getFunctionCalls(createEvent())]).toEqual(['', []])
})

it('actions do something, or nothing', () => {
  expect(hasActions(createEventActions())).toBe(false)
  expect(hasActions(createEventActions({ escalate: false }))).toBe(false)
  expect(hasActions(createEventActions({ escalate: true }))).toBe(true)
  expect(hasActions(createEventActions({ stateDelta: { a: undefined } }))).toBe(true)
})

describe('a sealed event', () => {
  it('is a frozen copy, made once and encoded once', () => {
    const event = createEvent(says({ text: 'hi' }))
    const sealed = sealEvent(event)
    event.actions.stateDelta.late = 1
    expect(sealed).not.toBe(event)
    expect(sealed.actions.stateDelta).toEqual({})
    expect(sealEvent(sealed)).toBe(sealed)
    expect(encodeEvent(sealed)).toBe(encodeEvent(sealed))
    expect(JSON.parse(encodeEvent(sealed))).toEqual(sealed)
  })

  it('has the form that the wire has', () => {
    const sealed = sealEvent(
      createEvent({ ...says({ text: 'hi' }), author: 'a', invocationId: 'e-1', errorCode: undefined }),
    )
    const parsed = z.parse(EventSchema, JSON.parse(encodeEvent(sealed)))
    expect(parsed).toEqual(sealed)
    expect('errorCode' in sealed).toBe(false)
  })

  it('has no temporary state: that stays with the reader of the session', () => {
    const reader = session({ state: { kept: 1 } })
    const stateDelta = { a: 1, 'temp:b': 2, 'user:c': 3 }
    const settled = settleEvent(reader, createEvent({ actions: createEventActions({ stateDelta }) }))
    expect(settled.actions.stateDelta).toEqual({ a: 1, 'user:c': 3 })
    expect(reader.state).toEqual({ kept: 1, 'temp:b': 2 })
    expect(stateDelta).toEqual({ a: 1, 'temp:b': 2, 'user:c': 3 })
    expect(settleEvent(reader, settled)).toBe(settled)
  })
})

it('an event comes after those that the session has', () => {
  expect(inOrder(session(), createEvent({ timestamp: 101 })).timestamp).toBe(101)
  for (const timestamp of [100, 99, 1]) {
    const moved = inOrder(session(), createEvent({ timestamp })).timestamp
    expect(moved).toBeGreaterThan(100)
    expect(moved).toBeCloseTo(100, 5)
  }
})
