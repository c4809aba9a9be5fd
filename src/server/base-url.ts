import type { FastifyRequest } from 'fastify'
import type { ServerOptions } from './deps.js'

/** Of this server, as the client sees it: headers of proxies are not trusted. */
export const baseUrlOf = ({ protocol, host }: FastifyRequest, { urlPrefix }: ServerOptions): string =>
  `${protocol}://${host}${urlPrefix}`
