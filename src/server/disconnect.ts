import { setMaxListeners } from 'node:events'
import type { FastifyInstance, FastifyReply } from 'fastify'

/** Why a run ends whose client is gone. */
export const DISCONNECTED = new Error('The client disconnected')

/**
 * Fires when the client is gone before the reply was finished. Taken from the response, because the request counts as
 * closed as soon as its body has been read.
 */
export function disconnectSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  if (reply.raw.destroyed) controller.abort(DISCONNECTED)
  onReplyClosed(reply, () => {
    if (!reply.raw.writableEnded) controller.abort(DISCONNECTED)
  })
  return controller.signal
}

/** Calls back when the reply is sent, or the client gone. Of the latter Fastify's own hook `onResponse` never hears. */
export function onReplyClosed(reply: FastifyReply, callback: () => void): void {
  reply.raw.once('close', callback)
}

/**
 * Closes the replies that wait behind others on a connection that is gone: requests may come one after the other without
 * waiting for their answers, and Node tells only the one whose turn it is.
 */
export function closeWaitingReplies(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw: { socket } }, { raw: response }, done) => {
    if (response.socket === null) {
      const close = () => {
        response.destroy()
        response.emit('close')
      }
      setMaxListeners(0, socket) // as many as there are requests in line; each one leaves when its turn has come
      socket.once('close', close)
      response.once('socket', () => socket.off('close', close))
    }
    done()
  })
}
