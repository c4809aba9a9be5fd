import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { AdkError } from '../core/errors.js'
import type { ServerDeps } from './deps.js'
import { onReplyClosed } from './disconnect.js'

/** How long cancelled runs may take to say goodbye, in milliseconds. */
const GOODBYE_MS = 2000

/** Lets requests and runs finish before the server closes; those that take too long are told and cut off. */
export function drainOnClose(app: FastifyInstance, { runs, log, options }: ServerDeps): void {
  const open = new Set<FastifyReply>()
  let onIdle = () => {}
  let closing: AdkError | undefined
  app.addHook('onRequest', (_request, reply, done) => {
    if (closing) {
      reply.header('connection', 'close')
      throw closing
    }
    open.add(reply)
    onReplyClosed(reply, () => {
      open.delete(reply)
      if (open.size === 0) onIdle()
    })
    done()
  })

  const answered = () => new Promise<void>((resolve) => (open.size === 0 ? resolve() : (onIdle = resolve)))

  const idle = async (limitMs: number): Promise<boolean> => {
    const controller = new AbortController()
    const tooLong = sleep(limitMs, false, { signal: controller.signal }).catch(() => false)
    const all = Promise.all([answered(), runs.whenIdle()]).then(() => true)
    const isIdle = await Promise.race([all, tooLong])
    controller.abort()
    return isIdle
  }

  app.addHook('preClose', async () => {
    const reason = new AdkError('shutting_down', 'The server is shutting down')
    closing = reason
    runs.close(reason)
    if (await idle(options.drainMs)) return
    log.warn({ runs: runs.size }, 'shutdown.cancel')
    runs.cancelAll(reason)
    await idle(GOODBYE_MS)
  })
}
