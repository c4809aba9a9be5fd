// The life of the process: start, listen, stop.
import type { FastifyInstance } from 'fastify'
import { banner, urlOf } from './banner.js'
import { compose } from './compose.js'
import type { Config } from './config.js'
import { messageOf } from './core/errors.js'
import { createLog, type Log } from './telemetry/log.js'
import { watchLoop } from './telemetry/loop-lag.js'

/** How long a process that failed may take to let go, in milliseconds. */
const CRASH_MS = 5000
/** One Ctrl-C may arrive twice within this time: from the terminal, and from npm, which passes it on. In milliseconds. */
const SAME_SIGNAL_MS = 500

/** Starts the server and prints where it is. Rejects with one sentence for the person who started it. */
export async function serve(config: Config): Promise<void> {
  const log = await createLog({ level: config.logLevel, pretty: process.stderr.isTTY })
  let server: FastifyInstance | undefined
  stopOnSignals(() => server, log)
  const { app, apps } = await compose(config, log)
  const names = await apps.list()
  await listen(app, config)
  server = app
  surviveMistakes(app, log)
  surviveClosedOutput()
  watchLoop(log)
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  process.stdout.write(`${banner(urlOf(config.host, port), names, config)}\n`)
  log.info({ host: config.host, port, apps: names.length }, 'server.listening')
  warnOfUnknownApps(config, names, log)
  if (names.length === 0) log.warn({ agentsDir: config.agentsDir }, 'No agents found')
}

/** What the configuration says about an app that is not there may well be meant for another one. */
function warnOfUnknownApps({ configFile, toolAccess }: Config, names: readonly string[], log: Log): void {
  for (const app of toolAccess.apps?.keys() ?? []) {
    if (!names.includes(app)) log.warn({ app }, `${configFile} names an app that is not there`)
  }
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw new Error(explainListenError(error, host, port), { cause: error })
  }
}

function explainListenError(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `Port ${port} is already in use; choose another one with --port`
  if (code === 'EACCES') {
    return `Port ${port} needs more rights than this process has; choose one above 1023 with --port`
  }
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') {
    return `This machine has no address "${host}"; choose one with --host`
  }
  return `Cannot listen on ${host}:${port}: ${messageOf(error)}`
}

/**
 * The first signal lets running requests finish; the second one does not. There are none before the server listens; but
 * the first process of a container would not even hear of a signal that nobody handles.
 */
function stopOnSignals(listening: () => FastifyInstance | undefined, log: Log): void {
  let stoppingSince: number | undefined
  const stop = (signal: NodeJS.Signals) => {
    const app = listening()
    if (!app) process.exit(0)
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    stoppingSince = performance.now()
    log.info({ cause: signal }, 'shutdown.begin')
    app.close().then(
      () => {
        log.info('shutdown.end')
        process.exit(0)
      },
      (error: unknown) => {
        log.fatal({ err: error }, 'shutdown.failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

/** A promise that an agent forgot costs its run at most; a state that nobody expected costs the process, audibly. */
function surviveMistakes(app: FastifyInstance, log: Log): void {
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'unhandled_rejection'))
  process.on('uncaughtException', (reason) => {
    log.fatal({ err: reason }, 'fatal')
    const exit = () => process.exit(1)
    setTimeout(exit, CRASH_MS).unref()
    app.close().then(exit, exit)
  })
}

/** Nobody may be there any more to read what is printed; that is no reason to stop. */
function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}
