import { describe, expect, test } from 'vitest'
import { post, sessionPath } from '../cli/support.js'
import * as faults from './support.js'

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe.each(faults.STORES)('two servers on one %s', (_, newStore) => {
  /** At the same time, so that both find a store that is not set up yet. */
  async function pair(): Promise<[string, string]> {
    const uri = await newStore()
    const [first, second] = await Promise.all([faults.start(uri), faults.start(uri)])
    return [first.url, second.url]
  }

  test('create an id once, and keep all changes of state that come at once', async () => {
    const urls = await pair()
    for (const session of ['a', 'b', 'c']) {
      const path = sessionPath(faults.APP, session)
      const replies = await Promise.all(
        times(8, (attempt) => post(`${urls[attempt % 2]}${path}`, { attempt, 'user:u': 1, 'app:a': 1 })),
      )
      const winner = replies.findIndex(({ status }) => status === 200)
      expect(replies.map(({ status }) => status)).toEqual(times(8, (index) => (index === winner ? 200 : 400)))
      for (const url of urls) {
        const { state } = await faults.read(url, session)
        expect(state).toEqual({ attempt: winner, 'user:u': 1, 'app:a': 1 })
      }
    }

    await faults.create(urls[0])
    const deltas = times(20, (n) => ({ [`key${n}`]: n, [`user:key${n}`]: n, [`app:key${n}`]: n }))
    const replies = await Promise.all(
      deltas.map((delta, n) => faults.patch(urls[n % 2] ?? '', { ...delta, last: n })),
    )
    expect(replies.map(({ status }) => status)).toEqual(times(20, () => 200))
    for (const url of urls) {
      const session = await faults.read(url)
      expect(session.events).toHaveLength(20)
      faults.expectWhole(session)
      for (const delta of deltas) expect(session.state).toMatchObject(delta)
    }
  })

  test('never mix runs on one session, and know at once what the other has done or deleted', async () => {
    const urls = await pair()
    const [one, two] = urls
    await faults.create(one)
    const runs = [...urls, ...urls].map((url) => faults.watch(url, faults.countTo(5)))
    await Promise.all(runs.map(({ ended }) => ended))
    const session = await faults.read(one)
    expect(await faults.read(two)).toEqual(session)
    faults.expectWhole(session)
    for (const { events, error } of runs) {
      faults.expectKept(session, events)
      if (error) expect(error).toMatchObject({ error: expect.stringContaining('s1') })
      else expect(faults.textOf(events.at(-1))).toMatch(/^Counted to/)
    }
    expect(runs.some(({ error }) => !error)).toBe(true)
    faults.expectApart(session, new Set(session.events.map(({ invocationId }) => invocationId)).size)

    for (const [mine, other] of [urls, urls.toReversed(), urls] as [string, string][]) {
      const { events, state } = await faults.read(mine)
      const shown = await faults.runWell(mine, faults.countTo(2))
      const after = await faults.read(other)
      faults.expectKept(after, shown)
      faults.expectAnswered(after)
      // The message, two calls, two responses, an answer; and what closes the calls that a lost run left open.
      expect(after.events.length).toBeGreaterThanOrEqual(events.length + 6)
      const next = Number(state.count ?? 0) + 2
      expect(after.state).toMatchObject({ count: next, 'user:s1': next, 'app:s1': next })
    }

    // And of what the other deletes.
    const run = faults.watch(one, faults.countTo(1000))
    await faults.arrived(run, 5)
    expect((await faults.remove(two)).status).toBe(204)
    await run.ended
    expect(run.error).toMatchObject({
      error: 'Session was deleted: s1',
      error_details: { error_type: 'session_deleted' },
    })
    for (const url of urls) {
      expect((await fetch(`${url}${sessionPath(faults.APP, 's1')}`)).status).toBe(404)
    }
    await faults.create(two)
    for (const url of urls) expect((await faults.read(url)).events).toEqual([])
    await faults.runWell(one, faults.countTo(1))
  })
})
