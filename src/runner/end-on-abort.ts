/**
 * Passes values on until the signal fires; then it ends without a word, whatever the source makes of it. A source that
 * has not noticed after `graceMs`, or that takes longer to close, is left to itself: nothing that it yields later is
 * heard. Leaving early closes the source.
 */
export async function* endOnAbort<T>(
  source: AsyncGenerator<T, void>,
  signal: AbortSignal,
  graceMs: number,
): AsyncGenerator<T, void> {
  if (signal.aborted) return
  const patience = new Patience(graceMs)
  const start = () => patience.start()
  let isDone = false
  signal.addEventListener('abort', start, { once: true })
  try {
    for (;;) {
      const next = await unlessFailed(patience.wait(source.next()), signal)
      isDone = next?.done === true
      if (!next || next.done || signal.aborted) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', start)
    if (!isDone) {
      patience.start()
      await unlessFailed(patience.wait(source.return()), signal)
    }
    patience.end()
  }
}

/** Settles like the work, if that takes no longer than `graceMs` once the signal fires; else rejects with its reason. */
export async function orGiveUp<T>(work: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  const patience = new Patience(graceMs)
  const start = () => patience.start()
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  try {
    const settled = await patience.wait(work.then((value) => ({ value })))
    if (!settled) throw signal.reason
    return settled.value
  } finally {
    signal.removeEventListener('abort', start)
    patience.end()
  }
}

/** What fails once the signal has fired is of no interest any more. */
async function unlessFailed<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** Waits for promises, until it was started and its time has run out. */
class Patience {
  #timer: NodeJS.Timeout | undefined
  #giveUp = () => {}
  #isOver = false

  constructor(private readonly milliseconds: number) {}

  start(): void {
    this.#timer ??= setTimeout(() => {
      this.#isOver = true
      this.#giveUp()
    }, this.milliseconds)
  }

  /** Settles like the promise; resolves to `undefined` when patience runs out, and ignores what comes of it then. */
  wait<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => resolve(undefined)
      promise.then(resolve, reject)
      if (this.#isOver) resolve(undefined)
    })
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
