import type { Database } from '../database/database.js'
import { roundTime } from './sql-events.js'

/** A time as a database holds it. Equal times of one writer are equal values. */
export type StoredTime = string | number

/** How the time columns of a database are read and written. */
export interface Times {
  /** SQL for the value of a column. */
  read(column: string): string
  /** SQL for the seconds of a column. */
  seconds(column: string): string
  /** SQL for a parameter. */
  readonly parameter: string
  /** In seconds since the epoch. */
  decode(time: StoredTime): number
  /** To microseconds, in the form of the time that was there before. */
  encode(seconds: number, like: StoredTime): StoredTime
}

/** Beyond the year 5000 in seconds: such numbers are milliseconds. */
export const MILLISECONDS = 1e11

/**
 * SQLite has no type for times, and each official ADK found a form of its own: `@google/adk` milliseconds, adk-python
 * seconds or a text in UTC. All of them compare rightly among themselves, and seconds < milliseconds < texts.
 */
const sqliteTimes: Times = {
  read: (column) => column,
  seconds: (
    column,
  ) => `(case when typeof(${column}) = 'text' then (julianday(${column}) - 2440587.5) * 86400.0
    when ${column} > ${MILLISECONDS} then ${column} / 1000.0 else ${column} end)`,
  parameter: '?',
  decode: (time) => {
    if (typeof time === 'string') return roundTime(parseUtc(time))
    return time > MILLISECONDS ? roundTime(time / 1000) : time
  },
  encode: (seconds, like) => {
    if (typeof like === 'string') return toText(seconds)
    return like > MILLISECONDS ? Math.round(seconds * 1e6) / 1e3 : roundTime(seconds)
  },
}

const epochOf = (column: string): string => `extract(epoch from ${column})::float8`

/** `naive` columns have no time zone and are in UTC. */
const postgresTimes = (naive: boolean): Times => ({
  read: epochOf,
  seconds: epochOf,
  parameter: naive ? `(to_timestamp(?::float8) at time zone 'UTC')` : 'to_timestamp(?::float8)',
  decode: Number,
  encode: roundTime,
})

const TEXT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:?\d\d)?$/

function parseUtc(text: string): number {
  const [, date, time, fraction = '', zone = 'Z'] = TEXT.exec(text) ?? []
  const seconds = Date.parse(`${date}T${time}${zone}`) / 1000
  if (Number.isNaN(seconds)) throw new Error(`The database holds a time that cannot be read: ${text}`)
  return seconds + Number(`0.${fraction || 0}`)
}

/** As adk-python writes it: `2026-11-20 12:11:41.123456`. */
function toText(seconds: number): string {
  const microseconds = Math.round(seconds * 1e6)
  const whole = Math.floor(microseconds / 1e6)
  const fraction = String(microseconds - whole * 1e6).padStart(6, '0')
  return `${new Date(whole * 1000).toISOString().slice(0, 19).replace('T', ' ')}.${fraction}`
}

export const timesOf = (database: Database, naive: boolean): Times =>
  database.make === 'sqlite' ? sqliteTimes : postgresTimes(naive)
