import type { FastifyReply } from 'fastify'

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
