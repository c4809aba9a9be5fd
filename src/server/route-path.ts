import type { ServerOptions } from './deps.js'

/** Paths that may leave out the app when the server has a default one. */
const WITHOUT_APP = /^\/(?:users\/|app-info(?:[/?]|$)|trigger\/)/

type PathOptions = Pick<ServerOptions, 'urlPrefix' | 'defaultApp'>

/** The path as the routes know it: without the prefix of a proxy, and with the default app where none is named. */
export function routePath(url: string, { urlPrefix, defaultApp }: PathOptions): string {
  const path = withoutPrefix(url, urlPrefix)
  if (defaultApp === undefined || !WITHOUT_APP.test(path)) return path
  return `/apps/${encodeURIComponent(defaultApp)}${path}`
}

function withoutPrefix(url: string, prefix: string): string {
  if (!url.startsWith(prefix)) return url
  const rest = url.slice(prefix.length)
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  return rest.startsWith('/') ? rest : url
}
