import { AdkError } from '../core/errors.js'
import { encodeEvent, type Event } from '../core/event.js'

/** Bounds of one log. What falls out first are chunks of the model, the oldest of them first. */
const MAX_EVENTS = 10_000
const MAX_CHARACTERS = 8 * 1024 * 1024
/** What is left after something had to fall out, so that this does not happen with every event. */
const KEPT_SHARE = 0.75

export interface LoggedEvent {
  /** Counts from 0; no event of the run is left out. */
  readonly index: number
  readonly event: Event
  /** The event in its wire form. */
  readonly json: string
}

export interface ReadLog {
  /** The index of the last event that the reader has. Without it, the reader starts from the beginning. */
  after?: number | undefined
  /** Ends the wait of the reader, with its reason. */
  signal?: AbortSignal | undefined
}

/** The events of one run, for any number of readers. None of them holds up the run, or another reader. */
export class EventLog {
  #entries: LoggedEvent[] = []
  #characters = 0
  #size = 0
  #isEnded = false
  /** The highest index that fell out, of all events and of complete ones. */
  #lost = -1
  #lostComplete = -1
  #waiting: (() => void)[] = []

  /** Events so far, those included that fell out. */
  get size(): number {
    return this.#size
  }

  /** What it holds, in characters of JSON. */
  get characters(): number {
    return this.#characters
  }

  append(event: Event): void {
    const json = encodeEvent(event)
    this.#entries.push({ index: this.#size++, event, json })
    this.#characters += json.length
    if (this.#entries.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS) this.#shrink()
    this.#wake()
  }

  /** No more events will come. */
  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /**
   * The events as they come, until the run has ended. A reader from the beginning may miss chunks that fell out before
   * it came: their text is in the complete event that follows them. Throws `run_events_gone`, now or later, when
   * anything else is missing.
   */
  read({ after, signal }: ReadLog = {}): AsyncGenerator<LoggedEvent, void> {
    const excused = after === undefined ? this.#lost : -1
    const position = after ?? -1
    this.#checkComplete(position, excused)
    return this.#follow(position, excused, signal)
  }

  async *#follow(
    start: number,
    excused: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LoggedEvent, void> {
    let position = start
    for (;;) {
      this.#checkComplete(position, excused)
      const entry = this.#entries[this.#placeAfter(position)]
      if (entry) {
        position = entry.index
        yield entry
      } else if (this.#isEnded) return
      else await this.#change(signal)
    }
  }

  #checkComplete(position: number, excused: number): void {
    if (this.#lostComplete <= position && this.#lost <= Math.max(position, excused)) return
    const which = position === -1 ? 'The first events' : `Some events that follow number ${position}`
    const instead = this.#lostComplete === -1 ? 'the run from its beginning, or its session,' : 'the session'
    throw new AdkError('run_events_gone', `${which} are no longer kept; read ${instead} instead`)
  }

  /** Where the first entry is that follows the index. */
  #placeAfter(index: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle]
      if (entry && entry.index <= index) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The newest event stays whatever its size. */
  #shrink(): void {
    let events = this.#entries.length - MAX_EVENTS * KEPT_SHARE
    let characters = this.#characters - MAX_CHARACTERS * KEPT_SHARE
    const isNeedless = ({ index, json }: LoggedEvent): boolean => {
      if ((events <= 0 && characters <= 0) || index === this.#size - 1) return false
      events--
      characters -= json.length
      this.#characters -= json.length
      this.#lost = Math.max(this.#lost, index)
      return true
    }
    this.#entries = this.#entries.filter((entry) => !(entry.event.partial && isNeedless(entry)))
    this.#entries = this.#entries.filter((entry) => {
      const falls = isNeedless(entry)
      if (falls) this.#lostComplete = entry.index
      return !falls
    })
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting = this.#waiting.filter((each) => each !== wake)
        reject(signal?.reason as Error) // whoever aborts gives an Error
      }
      if (signal?.aborted) return leave()
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.push(wake)
    })
  }
}
