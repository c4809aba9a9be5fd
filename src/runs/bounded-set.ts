import { clock } from '../core/clock.js'

/** How much of what is over is kept. */
export interface Bounds {
  count: number
  seconds: number
  /** Of all values together. */
  characters: number
}

/** Values that are over, or that nobody uses for now: kept for a while, the oldest go first. */
export class BoundedSet<Value> {
  /** In the order in which they came. */
  readonly #values = new Map<Value, { characters: number; since: number }>()
  #characters = 0

  constructor(
    private readonly bounds: Bounds,
    private readonly onDrop: (value: Value) => void,
  ) {}

  get size(): number {
    return this.#values.size
  }

  add(value: Value, characters: number): void {
    this.delete(value)
    this.#values.set(value, { characters, since: clock.now() })
    this.#characters += characters
    this.dropOldest()
  }

  delete(value: Value): void {
    this.#characters -= this.#values.get(value)?.characters ?? 0
    this.#values.delete(value)
  }

  /** Drops what is too much, or too old: to be called by whoever looks for a value, as time passes unnoticed. */
  dropOldest(): void {
    const { count, seconds, characters } = this.bounds
    const longAgo = clock.now() - seconds
    for (const [value, { since }] of this.#values) {
      if (since >= longAgo && this.#values.size <= count && this.#characters <= characters) return
      this.delete(value)
      this.onDrop(value)
    }
  }
}
