import type { ServerOptions } from './deps.js'

/** Paths that may leave out the app when the server has a default one, or the request is for one. */
const WITHOUT_APP = /^\/(?:users\/|app-info(?:[/?]|$)|trigger\/)/

/** Traces of all apps at the root; under a mount those of its app, which have a path of their own. */
const TRACES = '/debug/trace/'

const MOUNTS = '/agent/'
const MOUNTED = /^\/agent\/([^/?#]*)(.*)$/s

type PathOptions = Pick<ServerOptions, 'urlPrefix' | 'defaultApp'>

/** What a request asks for. */
interface Target {
  /** The path as the routes know it, with the query. */
  path: string
  /** The app that the request is for, if it came under `/agent/{name}`; any text, decoded. */
  mount?: string
}

/** Takes the prefix of a proxy and that of an app off a URL, and puts the default app where none is named. */
export function readTarget(url: string, { urlPrefix, defaultApp }: PathOptions): Target {
  const path = withoutPrefix(withoutOrigin(url), urlPrefix)
  const { mount, rest } = splitMount(path)
  if (mount === undefined) return { path: withApp(path, defaultApp) }
  if (rest.startsWith(TRACES)) return { path: `/dev/apps/${encodeURIComponent(mount)}${rest}`, mount }
  return { path: withApp(rest, mount), mount }
}

/** Some clients, proxies above all, ask for `http://host/path`. */
function withoutOrigin(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '')
}

function withoutPrefix(url: string, prefix: string): string {
  return url.startsWith(prefix) ? (asPath(url.slice(prefix.length)) ?? url) : url
}

/** What is left of a path once its beginning is gone; `undefined` where that was not a whole name. */
function asPath(rest: string): string | undefined {
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  return rest.startsWith('/') ? rest : undefined
}

function splitMount(path: string): { mount?: string; rest: string } {
  if (!path.startsWith(MOUNTS)) return { rest: path }
  const [, name = '', rest = ''] = MOUNTED.exec(path) ?? []
  try {
    return { mount: decodeURIComponent(name), rest: asPath(rest) ?? '/' }
  } catch {
    return { rest: path } // the router says what is wrong with it
  }
}

function withApp(path: string, app: string | undefined): string {
  if (app === undefined || !WITHOUT_APP.test(path)) return path
  return `/apps/${encodeURIComponent(app)}${path}`
}
