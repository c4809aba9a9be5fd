import { describe, expect, test } from 'vitest'
import { AcpSessions } from '../../src/acp/sessions.js'

const says = (content: string) => [{ parts: [{ content }] }]

describe('what is kept of sessions at rest', () => {
  const isKept = (sessions: AcpSessions, id: string): boolean => {
    try {
      return sessions.find(id).id === id
    } catch {
      return false
    }
  }

  test('is bounded by their messages', () => {
    const sessions = new AcpSessions({ count: 10, characters: 1000, seconds: 3600 })
    const [first, second] = [sessions.open('first'), sessions.open('second')]
    for (const session of [first, second]) {
      sessions.record(session, says('x'.repeat(600)), 'app')
      sessions.close(session)
    }
    expect([isKept(sessions, 'first'), isKept(sessions, 'second')]).toEqual([false, true])
  })

  test('is bounded by the history that clients bring along', () => {
    const sessions = new AcpSessions({ count: 10, characters: 1000, seconds: 3600 })
    const history = [`https://example.com/${'x'.repeat(600)}`]
    for (const id of ['first', 'second']) sessions.close(sessions.open(id, { id, history }))
    expect([isKept(sessions, 'first'), isKept(sessions, 'second')]).toEqual([false, true])
  })

  test('does not count messages that are forgotten already', () => {
    const sessions = new AcpSessions({ count: 10, characters: 3_000_000, seconds: 3600 })
    const messages = Array.from({ length: 10_000 }, () => says('Hi.')).flat()
    for (let round = 0; round < 5; round++) {
      const session = sessions.open('one')
      sessions.record(session, messages, 'app')
      sessions.close(session)
    }
    expect(isKept(sessions, 'one')).toBe(true)
    expect(sessions.find('one').history).toHaveLength(10_000)
  })
})
