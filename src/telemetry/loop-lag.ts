import type { Log } from '../core/log.js'

const EVERY_MS = 100
/** Longer than it takes to load an agent or a model's library, which happens once. */
const TOLERATED_MS = 500

/** Tells the log when code, most often that of a tool, has kept the server from everything else. Ends with the process. */
export function watchLoop(log: Log): void {
  let due = performance.now() + EVERY_MS
  const look = () => {
    const now = performance.now()
    const late = now - due
    if (late > TOLERATED_MS) log.warn({ ms: Math.round(late) }, 'loop.lag')
    due = now + EVERY_MS
  }
  setInterval(look, EVERY_MS).unref()
}
