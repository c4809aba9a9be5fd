// A browser page from elsewhere must not reach a local server: neither through a name that resolves to it
// (DNS rebinding), nor by requests that need no permission of the browser.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AdkError } from '../core/errors.js'

interface GuardOptions {
  host: string
  allowOrigins: readonly string[]
}

type IsOriginAllowed = (origin: string) => boolean

/** Origins on the list of the operator. Patterns match the whole origin. */
export function originMatcher(allowOrigins: readonly string[]): IsOriginAllowed {
  const patterns = allowOrigins.flatMap((entry) =>
    entry.startsWith('regex:') ? [new RegExp(`^(?:${entry.slice('regex:'.length)})$`)] : [],
  )
  const literals = new Set(allowOrigins)
  return (origin) =>
    literals.has('*') || literals.has(origin) || patterns.some((pattern) => pattern.test(origin))
}

export function guard(app: FastifyInstance, { host, allowOrigins }: GuardOptions): void {
  const isAllowed = originMatcher(allowOrigins)
  const isLocal = isLoopback(host)
  const listedHosts = new Set(allowOrigins.flatMap((origin) => hostOf(origin) ?? []))
  app.addHook('onRequest', (request, _reply, done) => {
    requireOneHost(request)
    if (isLocal && !allowOrigins.includes('*')) checkHost(request, listedHosts)
    checkOrigin(request, isAllowed, isLocal)
    done()
  })
}

/** Of several Host headers, Node reads the first; a proxy in front may have gone by another. */
function requireOneHost({ raw }: FastifyRequest): void {
  let count = 0
  for (let index = 0; index < raw.rawHeaders.length; index += 2) if (isHost(raw.rawHeaders[index])) count++
  if (count === 1 || (count === 0 && raw.httpVersion === '1.0')) return
  throw new AdkError('bad_request', 'The request should have one Host header')
}

const isHost = (name: string | undefined): boolean => name?.length === 4 && name.toLowerCase() === 'host'

function checkHost(request: FastifyRequest, listedHosts: Set<string>): void {
  if (request.headers.host === undefined) return
  const host = parseAuthority(request.headers.host)
  if (host && (isLoopback(host) || listedHosts.has(host))) return
  throw new AdkError(
    'host_not_allowed',
    'Forbidden: host not allowed. This server is bound to a local address; call it as localhost, or bind it with --host',
  )
}

function checkOrigin(request: FastifyRequest, isAllowed: IsOriginAllowed, isLocal: boolean): void {
  const { origin } = request.headers
  if (origin === undefined || isAllowed(origin)) return
  if (hostOf(origin) !== undefined && isOwn(origin, request, isLocal)) return
  throw new AdkError('origin_not_allowed', 'Forbidden: origin not allowed. Allow it with --allow_origins')
}

/** A page that this server itself has sent, or, for a local server, any other local page. */
function isOwn(origin: string, request: FastifyRequest, isLocal: boolean): boolean {
  const host = hostOf(origin)
  if (isLocal && host && isLoopback(host)) return true
  return origin.replace(/^https?:\/\//, '') === request.headers.host
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) && /^https?:\/\//.test(origin)
    ? parseAuthority(new URL(origin).host)
    : undefined
}

/** The host of `host[:port]`, in lower case; `undefined` when it is anything else. */
function parseAuthority(authority: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{1,5})?$/i.exec(authority)
  return match?.[1]?.toLowerCase()
}

/** `localhost`, 127.0.0.0/8 and ::1. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
