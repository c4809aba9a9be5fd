// What the process says about itself. Who may see an error, and in which words, is decided elsewhere (core/errors.ts).
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino'
import { redactSecrets } from '../core/errors.js'
import type { LogLevel } from './levels.js'

export type Log = Logger

interface LogOptions {
  level: LogLevel
  /** For people: one coloured line each. Otherwise one JSON object per line. */
  pretty: boolean
  /** Defaults to standard error, so that standard output holds the banner only. */
  destination?: DestinationStream
}

/** The log of the process. Anything that looks like a key is taken out of every line, wherever it came from. */
export async function createLog({ level, pretty, destination }: LogOptions): Promise<Log> {
  const target = destination ?? standardError()
  const stream = pretty ? await prettyStream(target) : target
  const redacting: DestinationStream = { write: (line) => stream.write(redactLine(line)) }
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'evt',
      formatters: { level: (label) => ({ level: label }) },
    },
    redacting,
  )
}

/**
 * In this process and synchronous: a crash must not lose the lines that explain it. Where there is no room for a line, it
 * is lost, and the next one starts anew; what was to be written before would fill the memory, and an error the process.
 */
function standardError(): DestinationStream {
  const open = () => pino.destination({ fd: 2, sync: true }).on('error', () => (target = open()))
  let target = open()
  return { write: (line) => target.write(line) }
}

/** Most lines hold no key. Others are taken apart, since a key may end at a character that JSON writes as two. */
function redactLine(line: string): string {
  if (redactSecrets(line) === line) return line
  const redacted: unknown = JSON.parse(line, (_key, value: unknown) =>
    typeof value === 'string' ? redactSecrets(value) : value,
  )
  return `${JSON.stringify(redacted)}\n`
}

async function prettyStream(target: DestinationStream): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty')
  const format = pretty.prettyFactory({
    messageKey: 'evt',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    messageFormat: (line, key) => (line[key] === 'request' ? describeRequest(line) : oneLine(line[key])),
    ignore: 'reqId,method,route,status,ms',
  })
  return { write: (line) => target.write(format(withoutControls(line))) }
}

const oneLine = (text: unknown): string => String(text).replaceAll('\n', '\\n')

function describeRequest({ method, route, status, ms }: Record<string, unknown>): string {
  return `${String(method)} ${String(route)} ${String(status)} in ${String(ms)} ms`
}

/**
 * Control characters, escaped once more, so that they are shown instead of sent to the terminal. JSON itself leaves
 * those from 7f to 9f as they are.
 */
function withoutControls(line: string): string {
  return line
    .replace(/\\(?:u00[01][0-9a-f]|.)/gi, (escape) =>
      /^\\u00|^\\[bfr]/.test(escape) ? `\\${escape}` : escape,
    )
    .replace(/[\u007f-\u009f]/g, (control) => `\\\\x${control.charCodeAt(0).toString(16)}`)
}
