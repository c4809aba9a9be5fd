import type { Event } from '../core/event.js'
import type { StoredTime } from './sql-times.js'
import type { Place } from './sql-statements.js'

/** All events of a session, up to a place. */
export interface CachedEvents {
  /** When the session was made: it may be deleted, and its id be used again. */
  readonly created: StoredTime
  /** Grows with what this process appends. */
  readonly events: Event[]
  /** The time of the session's last update, and the place of its last event. */
  updated: StoredTime
  last: Place
  /** Length of the events as they are stored, in characters. */
  size: number
}

/** A session's events in memory, per character that is stored: as values, and encoded for the wire. */
const BYTES_PER_CHARACTER = 3
const BYTES_PER_EVENT = 700

/** The events of the sessions that were used last, as many as fit into so many bytes. */
export class EventCache {
  readonly #entries = new Map<string, { cached: CachedEvents; bytes: number }>()
  #bytes = 0

  constructor(private readonly maxBytes: number) {}

  get(name: string): CachedEvents | undefined {
    const entry = this.#entries.get(name)
    if (!entry) return undefined
    // The one used last is the last of the map.
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    return entry.cached
  }

  /** Also to be called when cached events have grown. What is too large by itself is not kept. */
  set(name: string, cached: CachedEvents): void {
    this.delete(name)
    const bytes = cached.size * BYTES_PER_CHARACTER + cached.events.length * BYTES_PER_EVENT
    if (bytes > this.maxBytes) return
    this.#entries.set(name, { cached, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.maxBytes) break
      this.delete(oldest)
    }
  }

  delete(name: string): void {
    const entry = this.#entries.get(name)
    if (!entry) return
    this.#entries.delete(name)
    this.#bytes -= entry.bytes
  }

  get bytes(): number {
    return this.#bytes
  }
}
