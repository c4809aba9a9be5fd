import { messageOf, redactSecrets } from './errors.js'

/** Where the framework says what happens; a pino logger fits. The message names the kind of event, such as `run.end`. */
export interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Levels of the logger that agents use; those below the chosen one are not written. */
export const LogLevel = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 } as const
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel]

/** The logger of agents and scripts; a runner that is given no log of its own writes here, too. */
export interface Logger {
  log(level: LogLevel, ...items: unknown[]): void
  debug(...items: unknown[]): void
  info(...items: unknown[]): void
  warn(...items: unknown[]): void
  error(...items: unknown[]): void
  setLogLevel(level: LogLevel): void
}

const NAMES = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const satisfies (keyof typeof LogLevel)[]

/** Writes to standard error: standard output belongs to the program. */
class ConsoleLogger implements Logger {
  #level: LogLevel = LogLevel.INFO

  log(level: LogLevel, ...items: unknown[]): void {
    if (level >= this.#level) console.error(NAMES[level], ...items)
  }
  debug(...items: unknown[]): void {
    this.log(LogLevel.DEBUG, ...items)
  }
  info(...items: unknown[]): void {
    this.log(LogLevel.INFO, ...items)
  }
  warn(...items: unknown[]): void {
    this.log(LogLevel.WARN, ...items)
  }
  error(...items: unknown[]): void {
    this.log(LogLevel.ERROR, ...items)
  }
  setLogLevel(level: LogLevel): void {
    this.#level = level
  }
}

const standard: Logger = new ConsoleLogger()
let current = standard

export const getLogger = (): Logger => current

/** Replaces the logger; `null` brings the standard one back. */
export function setLogger(logger: Logger | null): void {
  current = logger ?? standard
}

export const setLogLevel = (level: LogLevel): void => current.setLogLevel(level)

const ignore = (): void => {}
export const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** What the framework says, through the logger of agents: a line, and for exceptions where they come from. */
export const STANDARD_LOG: Log = {
  debug: (details, message) => current.debug(describe(details, message)),
  info: (details, message) => current.info(describe(details, message)),
  warn: (details, message) => current.warn(describe(details, message)),
  error: (details, message) => current.error(describe(details, message)),
}

function describe(details: object, message: string): string {
  const { err, ...others }: { err?: unknown } = { ...details }
  const lines = [`${message} ${JSON.stringify(others)}`, ...(err === undefined ? [] : [originOf(err)])]
  return redactSecrets(lines.join('\n'))
}

/** Errors are wrapped on their way to say what failed; the innermost one knows where. */
function originOf(error: unknown): string {
  if (!(error instanceof Error)) return messageOf(error)
  return error.cause instanceof Error ? originOf(error.cause) : (error.stack ?? error.message)
}
