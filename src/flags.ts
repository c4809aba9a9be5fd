// The flags of the command line: how their values are read, and which spellings of them are understood.
import { InvalidArgumentError } from 'commander'
import { OFFLINE_MODES } from './config.js'
import { messageOf } from './core/errors.js'
import { LOG_LEVELS, type LogLevel } from './telemetry/levels.js'

export function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a number from 0 to 65535.')
}

export function parseMegabytes(text: string): number {
  const size = Number(text)
  if (/^\d+$/.test(text) && size >= 1 && size <= 1024) return size
  throw new InvalidArgumentError('It is a number of MiB from 1 to 1024.')
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** `30m` or `7d`, in seconds. */
export function parseDuration(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})\s*([smhdw])$/i.exec(text.trim()) ?? []
  const seconds = Number(count) * (SECONDS[unit.toLowerCase()] ?? 0)
  if (seconds > 0) return seconds
  throw new InvalidArgumentError(
    'It is a number of seconds, minutes, hours, days or weeks, such as 90s, 30m or 7d.',
  )
}

export function parseMinutes(text: string): number {
  const minutes = Number(text)
  if (/^\d+$/.test(text) && minutes >= 1 && minutes <= 10_000) return minutes
  throw new InvalidArgumentError('It is a number of minutes from 1 to 10000.')
}

export function parsePrefix(text: string): string {
  if (/^\/[^\s?#]*$/.test(text)) return text.replace(/\/+$/, '')
  throw new InvalidArgumentError('A prefix starts with "/", such as /adk.')
}

/** In capitals or not, by the names of the ADK or those of Python. */
export function parseLogLevel(text: string): LogLevel {
  const name = text.toLowerCase().replace('warning', 'warn').replace('critical', 'error')
  const level = LOG_LEVELS.find((known) => known === name)
  if (level) return level
  throw new InvalidArgumentError(`Allowed choices are ${LOG_LEVELS.join(', ')}.`)
}

/** Adds to the origins that earlier uses of the flag gave. A regular expression may hold commas, so it is never split. */
export function parseOrigins(text: string, previous: readonly string[] = []): string[] {
  if (text.startsWith('regex:')) return [...previous, checkPattern(text)]
  const items = text.split(',').map((item) => item.trim())
  return [...previous, ...items.filter(Boolean).map(parseOrigin)]
}

function checkPattern(text: string): string {
  try {
    void new RegExp(text.slice('regex:'.length))
    return text
  } catch (error) {
    throw new InvalidArgumentError(`${messageOf(error)}.`)
  }
}

/** Browsers send an origin in one form only; anything else would never match. */
function parseOrigin(text: string): string {
  if (text === '*' || text === 'null') return text
  if (!/^[a-z][a-z\d+.-]*:\/\/[^\s/?#]+\/?$/i.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError(
      `"${text}" is not an origin, such as https://example.com or http://localhost:3000.`,
    )
  }
  return /^https?:/i.test(text) ? new URL(text).origin : text.replace(/\/$/, '')
}

/** Flags without a value, which some official command lines give one: `--reload_agents true`. */
const SWITCHES = [
  '--reload_agents',
  '--auto_create_session',
  '--use_local_storage',
  '--metrics',
  '--verbose',
  '--no_acp',
  '--no_acp_confirmations',
]

/**
 * Brings arguments into the form they are declared in: flags in the spelling of the official command lines, so that
 * `--reload-agents` is `--reload_agents`; and no word taken for the value of a flag that only happens to follow it, so
 * that `--offline my/agents` names a folder.
 */
export function normalizeArguments(args: readonly string[]): string[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const [command = '', ...rest] = args.slice(0, end)
  const flags = rest.map(withUnderscores).reduceRight<string[]>(joinValue, [])
  const first = end > 0 ? [command === 'api-server' ? 'api_server' : withUnderscores(command)] : []
  return [...first, ...flags, ...args.slice(end)]
}

/** Puts an argument before those that follow it. */
function joinValue(rest: string[], argument: string): string[] {
  const [next = '', ...others] = rest
  if (argument === '--offline') {
    return OFFLINE_MODES.some((mode) => mode === next)
      ? [`${argument}=${next}`, ...others]
      : ['--offline=always', ...rest]
  }
  const [name = '', value = next] = argument.split('=')
  if (!SWITCHES.includes(name) || (value !== 'true' && value !== 'false')) return [argument, ...rest]
  const left = argument === name ? others : rest
  return value === 'true' ? [name, ...left] : left
}

function withUnderscores(argument: string): string {
  if (!/^--[a-z]/.test(argument)) return argument
  const [name = '', ...value] = argument.split('=')
  return [`--${name.slice(2).replaceAll('-', '_')}`, ...value].join('=')
}
