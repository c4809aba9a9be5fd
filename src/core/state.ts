import type { JsonObject } from '../schema/json.js'
import { assignOwn, setOwn, thaw } from './json.js'

type StateScope = 'app' | 'user' | 'session' | 'temp'

const PREFIXES = { 'app:': 'app', 'user:': 'user', 'temp:': 'temp' } as const

/** Where a state key lives, and its name there: `app:` and `user:` keys are shared, `temp:` keys end with the run. */
export function scopeOf(key: string): { scope: StateScope; name: string } {
  for (const [prefix, scope] of Object.entries(PREFIXES)) {
    if (key.startsWith(prefix)) return { scope, name: key.slice(prefix.length) }
  }
  return { scope: 'session', name: key }
}

/**
 * State as an agent sees it. Writes go to the live value, so that later steps of the run see them, and to the delta
 * that the next event carries, so that they are stored.
 */
export class State {
  static readonly APP_PREFIX = 'app:'
  static readonly USER_PREFIX = 'user:'
  static readonly TEMP_PREFIX = 'temp:'

  constructor(
    private readonly value: JsonObject,
    private readonly delta: JsonObject = {},
  ) {}

  // The caller names the type it stored under the key, as in `state.get<number>('visits')`.
  // eslint-disable-next-line typescript/no-unnecessary-type-parameters -- agents written for the ADK rely on it
  get<T = unknown>(key: string): T | undefined
  get<T = unknown>(key: string, defaultValue: T): T
  get(key: string, defaultValue?: unknown): unknown {
    const holder = Object.hasOwn(this.delta, key) ? this.delta : this.value
    if (!Object.hasOwn(holder, key)) return defaultValue
    const value = holder[key]
    if (!isFrozen(value)) return value
    // Authors may change what they read and set it again, so they get a copy to keep.
    const copy = thaw(value)
    setOwn(this.value, key, copy)
    if (holder === this.delta) setOwn(holder, key, copy)
    return copy
  }

  set(key: string, value: unknown): void {
    setOwn(this.value, key, value)
    setOwn(this.delta, key, value)
  }

  has(key: string): boolean {
    return Object.hasOwn(this.value, key) || Object.hasOwn(this.delta, key)
  }

  hasDelta(): boolean {
    return Object.keys(this.delta).length > 0
  }

  update(delta: JsonObject): void {
    assignOwn(this.value, delta)
    assignOwn(this.delta, delta)
  }

  toRecord(): JsonObject {
    const record: JsonObject = {}
    assignOwn(record, this.value)
    assignOwn(record, this.delta)
    return record
  }
}

const isFrozen = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.isFrozen(value)
