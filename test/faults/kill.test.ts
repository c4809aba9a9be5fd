import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import * as faults from './support.js'

const ROUNDS = faults.AT_LENGTH ? 50 : 2
const STREAMS = 3
/** Longest time until the kill, in milliseconds; a run takes longer. */
const LATEST_MS = 400

describe.each(faults.STORES)('killed in the middle of streams, a server on %s', (_, newStore) => {
  test(
    'has kept what clients had received, and goes on',
    async () => {
      const random = faults.chance()
      const uri = await newStore()
      let server = await faults.start(uri)
      let received = 0
      for (let round = 0; round < ROUNDS; round++) {
        const sessions = Array.from({ length: STREAMS }, (__, number) => `round-${round}-${number}`)
        for (const session of sessions) await faults.create(server.url, session, { made: round })
        const { url } = server
        const shown = sessions.map((session) => faults.watch(url, faults.countTo(200, session)))
        // Every other time at any moment, else once something has been shown.
        if (round % 2 && shown[0]) await faults.arrived(shown[0], 1)
        await sleep(random(LATEST_MS))
        await faults.kill(server)
        await Promise.all(shown.map(({ ended }) => ended))
        server = await faults.start(uri)
        for (const [index, session] of sessions.entries()) {
          const { events } = shown[index] ?? { events: [] }
          received += events.length
          const before = await faults.read(server.url, session)
          faults.expectWhole(before, { made: round })
          faults.expectKept(before, events)
          await faults.runWell(server.url, faults.countTo(2, session))
          const after = await faults.read(server.url, session)
          expect(after.events.slice(0, before.events.length)).toEqual(before.events)
          faults.expectWhole(after, { made: round })
          faults.expectAnswered(after)
        }
      }
      expect(received).toBeGreaterThan(0)
    },
    faults.PATIENCE_MS,
  )
})
