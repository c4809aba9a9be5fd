import { format } from 'node:util'
import { LogLevel, type Logger } from '../core/log.js'
import type { Log } from './log.js'

const METHODS = { 0: 'debug', 1: 'info', 2: 'warn', 3: 'error' } as const satisfies Record<
  LogLevel,
  keyof Log
>

/** The logger that agents ask for by `getLogger()`, as lines of the server's own log. */
export function agentLogger(log: Log): Logger {
  let lowest: LogLevel = LogLevel.DEBUG
  const write = (level: LogLevel, ...items: unknown[]): void => {
    if (level >= lowest) log[METHODS[level]]({ text: format(...items) }, 'agent.log')
  }
  return {
    log: write,
    debug: (...items) => write(LogLevel.DEBUG, ...items),
    info: (...items) => write(LogLevel.INFO, ...items),
    warn: (...items) => write(LogLevel.WARN, ...items),
    error: (...items) => write(LogLevel.ERROR, ...items),
    setLogLevel: (level) => {
      lowest = level
    },
  }
}
