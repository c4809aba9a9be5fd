import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEvent, sealEvent, type Event } from '../../src/core/event.js'
import { EventLog, type LoggedEvent, type ReadLog } from '../../src/runs/event-log.js'

const event = (text: string, partial?: boolean): Event =>
  sealEvent(createEvent({ author: 'a', content: { parts: [{ text }] }, ...(partial && { partial }) }))

const LONG = 'x'.repeat(100_000)

/** As many events as are there, or until the log ends. */
async function take(log: EventLog, count: number, options?: ReadLog): Promise<LoggedEvent[]> {
  const taken: LoggedEvent[] = []
  if (count === 0) return taken
  for await (const each of log.read(options)) if (taken.push(each) === count) break
  return taken
}

const indexesOf = (events: readonly LoggedEvent[]) => events.map(({ index }) => index)

describe('a log', () => {
  test('gives every reader the same events, whenever it comes', async () => {
    const log = new EventLog()
    const early = take(log, Infinity)
    log.append(event('one'))
    const middle = take(log, Infinity)
    await new Promise((resolve) => setImmediate(resolve))
    log.append(event('two', true))
    log.append(event('three'))
    log.end()
    const late = await take(log, Infinity)
    expect(indexesOf(late)).toEqual([0, 1, 2])
    expect(late.map(({ event: { content } }) => content?.parts?.[0]?.text)).toEqual(['one', 'two', 'three'])
    expect(late.map(({ json }) => JSON.parse(json))).toEqual(late.map(({ event: each }) => each))
    expect(await early).toEqual(late)
    expect(await middle).toEqual(late)
  })

  test('goes on after any event', async () => {
    const log = new EventLog()
    for (let count = 0; count < 5; count++) log.append(event(String(count)))
    log.end()
    expect(indexesOf(await take(log, Infinity, { after: 2 }))).toEqual([3, 4])
    expect(await take(log, Infinity, { after: 4 })).toEqual([])
  })

  test('lets a waiting reader go, with the reason', async () => {
    const log = new EventLog()
    const leaving = new AbortController()
    const reading = take(log, 1, { signal: leaving.signal })
    await new Promise((resolve) => setImmediate(resolve))
    const reason = new Error('gone')
    leaving.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await expect(take(log, 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('drops chunks first when it is too long, and tells who needs them', async () => {
    const log = new EventLog()
    log.append(event('first'))
    const reader = log.read()
    await reader.next()
    for (let count = 0; count < 100; count++) log.append(event(LONG, true))
    log.append(event('last'))
    expect(log.characters).toBeLessThan(8 * 1024 * 1024)
    log.end()
    const kept = indexesOf(await take(log, Infinity))
    expect(kept[0]).toBe(0)
    expect(kept.at(-1)).toBe(101)
    expect(kept.length).toBeGreaterThan(50)
    expect(kept.length).toBeLessThan(90)
    const gone = { code: 'run_events_gone', message: expect.stringContaining('follow number 0') }
    await expect(reader.next()).rejects.toMatchObject(gone)
    expect(() => log.read({ after: 0 })).toThrow(expect.objectContaining(gone))
    expect(indexesOf(await take(log, Infinity, { after: kept[1] ?? 0 }))).toEqual(kept.slice(2))
  })

  test('drops complete events when nothing else is left to drop', async () => {
    const log = new EventLog()
    for (let count = 0; count < 100; count++) log.append(event(LONG))
    log.end()
    expect(log.characters).toBeLessThan(8 * 1024 * 1024)
    const message = 'The first events are no longer kept; read the session instead'
    expect(() => log.read()).toThrow(expect.objectContaining({ code: 'run_events_gone', message }))
    expect(() => log.read({ after: 1 })).toThrow(
      'Some events that follow number 1 are no longer kept; read the session instead',
    )
    expect(indexesOf(await take(log, Infinity, { after: 98 }))).toEqual([99])
  })

  test('keeps the newest event, however long it is', async () => {
    const log = new EventLog()
    const reader = log.read()
    const next = reader.next()
    log.append(event('x'.repeat(9 * 1024 * 1024)))
    expect((await next).value?.index).toBe(0)
  })

  test('holds no more than ten thousand events', async () => {
    const log = new EventLog()
    for (let count = 0; count < 25_000; count++) log.append(event('', count % 10 > 0))
    log.end()
    const kept = await take(log, Infinity)
    expect(kept.length).toBeLessThanOrEqual(10_000)
    expect(kept.filter(({ event: each }) => !each.partial)).toHaveLength(2_500)
    expect(log.size).toBe(25_000)
  })

  test('never shows a reader a gap', async () => {
    const partials = fc.array(fc.boolean(), { maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(partials, fc.nat(300), async (kinds, read) => {
        const log = new EventLog()
        const reader = log.read()
        const seen: number[] = []
        for (const [count, partial] of kinds.entries()) {
          log.append(event(LONG, partial))
          if (count < read) seen.push((await reader.next()).value?.index ?? -1)
        }
        log.end()
        try {
          for await (const { index } of reader) seen.push(index)
          expect(seen).toHaveLength(kinds.length)
        } catch (error) {
          expect(error).toMatchObject({ code: 'run_events_gone' })
        }
        expect(seen).toEqual(seen.map((_, index) => index))
      }),
      { numRuns: 20 },
    )
  })
})
