export interface Bounds {
  /** Most values at rest. */
  count: number
  /** Of all values at rest together, in characters. */
  characters: number
  /** Longest rest, in milliseconds. */
  ageMs: number
}

/** But for the time, of runs and of sessions. */
export const BOUNDS = { count: 1000, characters: 64 * 1024 * 1024 }

interface Kept<T> {
  value: T
  characters: number
  /** When it came to rest; those that are in use have no such time. */
  since: number | undefined
}

/** Values by id, which are kept while they are in use, and for a bounded time afterwards; the oldest go first. */
export class Retention<T> {
  /** Those at rest are in the order in which they came to rest. */
  readonly #kept = new Map<string, Kept<T>>()
  #resting = 0
  #characters = 0

  constructor(
    private readonly bounds: Bounds,
    private readonly onForget: (value: T) => void = () => {},
    private readonly now: () => number = () => performance.now(),
  ) {}

  get(id: string): T | undefined {
    this.#evict()
    return this.#kept.get(id)?.value
  }

  /** Keeps a value, or takes it up again: from now on it is in use. */
  use(id: string, value: T): void {
    this.#remove(id)
    this.#kept.set(id, { value, characters: 0, since: undefined })
    this.#evict()
  }

  /** It is of no use to anybody for now, and of so many characters. */
  rest(id: string, characters: number): void {
    const kept = this.#kept.get(id)
    if (!kept) return
    this.#remove(id)
    this.#kept.set(id, { value: kept.value, characters, since: this.now() })
    this.#resting++
    this.#characters += characters
    this.#evict()
  }

  /** How many are in use. */
  get inUse(): number {
    return this.#kept.size - this.#resting
  }

  #remove(id: string): void {
    const kept = this.#kept.get(id)
    if (!kept) return
    this.#kept.delete(id)
    if (kept.since === undefined) return
    this.#resting--
    this.#characters -= kept.characters
  }

  #evict(): void {
    const { count, characters, ageMs } = this.bounds
    for (const [id, { value, since }] of this.#kept) {
      if (since === undefined) continue
      const isOver = this.#resting > count || this.#characters > characters
      if (!isOver && this.now() - since <= ageMs) return
      this.#remove(id)
      this.onForget(value)
    }
  }
}
