// Every app once more, under a prefix of its own: below `/agent/{name}` the server seems to have no other app. The prefix
// is gone before the router looks (route-path.ts), so there is one implementation of every route, and apps come and go
// without a route being added or removed.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { AdkError } from '../core/errors.js'
import { isJsonObject } from '../schema/json.js'
import type { Apps, ServerDeps, ServerOptions } from './deps.js'
import { readTarget } from './route-path.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The app of a request that came under `/agent/{name}`. Once handlers see it, there is such an app. */
    mount?: string
  }
  interface FastifyContextConfig {
    /** The route is there under `/agent/{name}`, too. */
    isMounted?: true
  }
}

/** Any page that the guard lets through may read answers; none may send cookies along. */
const READABLE_BY_ALL = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers': 'Accept, Authorization, Content-Type, Last-Event-ID, *',
  'access-control-expose-headers': '*',
}

/** Comes before everything that may refuse a request. Preflights are answered here, whatever app they are about. */
export function openMounts(app: FastifyInstance, options: ServerOptions): void {
  app.addHook('onRequest', (request, reply, done) => {
    noteMount(request, reply, options)
    if (request.mount === undefined || request.method !== 'OPTIONS' || !isOpen(options)) return done()
    return reply.code(204).send()
  })
}

/** Remembers the app that a request is for, and lets pages read the answer. */
export function noteMount(request: FastifyRequest, reply: FastifyReply, options: ServerOptions): void {
  if (request.originalUrl === request.url) return
  const { mount } = readTarget(request.originalUrl, options)
  if (mount === undefined) return
  request.mount = mount
  if (isOpen(options)) reply.headers(READABLE_BY_ALL)
}

/** With a list of origins it decides here as everywhere. */
const isOpen = ({ allowOrigins }: ServerOptions): boolean => allowOrigins.length === 0

/** Comes after the guard: who may not ask learns nothing of the apps there are. */
export function requireMountedApp(app: FastifyInstance, { apps }: ServerDeps): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.mount === undefined) return done()
    const goOn = request.is404 || isMounted(request.routeOptions) ? done : () => reply.callNotFound()
    requireApp(apps, request.mount).then(() => goOn(), done)
  })
}

async function requireApp(apps: Apps, name: string): Promise<void> {
  if (!NAME.test(name)) throw new AdkError('route_not_found', 'Not Found')
  const names = await apps.list()
  if (!names.includes(name)) throw new AdkError('app_not_found', `App not found: ${name}`)
}

/** What an app could be called. Everything else is refused without a look at the agents folder. */
const NAME = /^(?!\.{1,2}$)[^/\\\p{Cc}]{1,512}$/u

/** Makes all routes that are added to a scope part of what an app has under its own prefix. */
export function mountRoutes(scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, isMounted: true }
  })
  scope.addHook('preHandler', (request, _reply, done) => {
    if (request.mount !== undefined) settleNames(request, request.mount)
    done()
  })
}

/** What paths of this server begin with for whoever sent a request under a mount. */
export const mountPath = ({ mount }: FastifyRequest): string =>
  mount === undefined ? '' : `/agent/${encodeURIComponent(mount)}`

export const isMounted = ({ config }: Pick<RouteOptions, 'config'>): boolean => config?.isMounted === true

/** Where a request names an app, it should be that of the mount; where it names none, it means that one. */
function settleNames({ params, query, body }: FastifyRequest, mount: string): void {
  const names = [params, query, body].map(appNameIn).filter((name) => name !== undefined)
  const other = names.find((name) => name !== mount)
  if (other !== undefined) {
    throw new AdkError('app_not_found', `App '${other}' is not served under /agent/${mount}`)
  }
  if (names.length === 0 && isJsonObject(body)) body.appName ??= mount
}

function appNameIn(part: unknown): string | undefined {
  const name = isJsonObject(part) ? (part.app_name ?? part.appName) : undefined
  return typeof name === 'string' ? name : undefined
}
