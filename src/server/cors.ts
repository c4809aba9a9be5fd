// Which pages of other origins may read answers. Whether they may ask at all is up to guard.ts.
import cors from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { originMatcher } from './guard.js'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Comes before everything that may refuse a request, so that pages on the list can read the refusal. */
export async function allowListedOrigins(
  app: FastifyInstance,
  allowOrigins: readonly string[],
): Promise<void> {
  if (allowOrigins.length === 0) return
  const isAllowed = originMatcher(allowOrigins)
  await app.register(cors, {
    origin: (origin, done) => done(null, origin !== undefined && isAllowed(origin)),
    credentials: true,
    methods: METHODS,
    exposedHeaders: ['Run-ID'],
    strictPreflight: false,
  })
}

/** The same for what is answered before any hook runs. */
export function letListedOriginsRead(allowOrigins: readonly string[]) {
  const isAllowed = originMatcher(allowOrigins)
  return ({ headers: { origin } }: FastifyRequest, reply: FastifyReply): void => {
    if (origin === undefined || !isAllowed(origin)) return
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
  }
}
