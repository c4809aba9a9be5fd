import { messageOf } from '../core/errors.js'

/** Where a store keeps its data. */
export type StoreUri =
  | { kind: 'memory' }
  /** `path` is a file, or `:memory:` for a database that ends with the process. */
  | { kind: 'sqlite'; path: string; shown: string }
  | { kind: 'postgres'; connection: string; prepare: boolean; poolSize: number; shown: string }

const DEFAULT_POOL_SIZE = 10
const MAX_POOL_SIZE = 200

/** What the flags take, for messages. */
const FORMS =
  'memory://, sqlite:///relative.db, sqlite:////absolute.db or postgresql://user:password@host/database'

/**
 * Reads the URI of a store. A driver, as in `sqlite+aiosqlite:` or `postgresql+asyncpg:`, is what the official servers
 * need and means nothing here. `name` is what the URI is for, such as "session service".
 */
export function parseStoreUri(text: string, name: string): StoreUri {
  const uri = text.trim()
  const scheme = /^([a-z][a-z\d]*)(?:\+[a-z\d_]+)?:\/\//i.exec(uri)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'memory':
      return { kind: 'memory' }
    case 'sqlite':
      return sqliteUri(uri)
    case 'postgres':
    case 'postgresql':
      return postgresUri(uri, name)
    default:
      throw new Error(`Unsupported ${name} URI: ${redactUri(uri) || '(empty)'}; use ${FORMS}`)
  }
}

/** As in SQLAlchemy: three slashes are a path from here, four an absolute one, none after the two a database in memory. */
function sqliteUri(uri: string): StoreUri {
  const [rest = ''] = uri.slice(uri.indexOf('://') + 3).split(/[?#]/)
  const path = decode(rest.startsWith('/') ? rest.slice(1) : rest)
  if (path.includes('\0')) throw new Error('A path has no NUL character in it')
  const isMemory = path === '' || path === ':memory:'
  return { kind: 'sqlite', path: isMemory ? ':memory:' : path, shown: isMemory ? 'memory' : path }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function postgresUri(uri: string, name: string): StoreUri {
  const plain = `postgresql:${uri.slice(uri.indexOf('://') + 1)}`
  let url: URL
  try {
    url = new URL(plain)
  } catch (error) {
    throw new Error(`The ${name} URI ${redactUri(uri)} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const prepare = takeParameter(url, 'prepare') !== 'false'
  const size = Number(takeParameter(url, 'pool_size') ?? DEFAULT_POOL_SIZE)
  if (!Number.isInteger(size) || size < 1 || size > MAX_POOL_SIZE) {
    throw new Error(`pool_size of the ${name} URI should be a number from 1 to ${MAX_POOL_SIZE}`)
  }
  // What asyncpg calls `ssl` is `sslmode` everywhere else.
  const ssl = takeParameter(url, 'ssl')
  if (ssl !== undefined && !url.searchParams.has('sslmode')) {
    url.searchParams.set('sslmode', ssl === 'true' ? 'require' : ssl)
  }
  return { kind: 'postgres', connection: url.href, prepare, poolSize: size, shown: redactUri(plain) }
}

function takeParameter(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name)
  url.searchParams.delete(name)
  return value ?? undefined
}

/**
 * A URI without its password and the values of its parameters, for people to read. Characters that should have been
 * escaped are taken for a part of the password; where that could be of the parameters as well, all is left out.
 */
export function redactUri(uri: string): string {
  return uri
    .replace(/:\/\/.*\?.*@.*/s, '://***')
    .replace(/(:\/\/[^:]*):.*@/s, '$1:***@')
    .replace(/([?&][^=&]*)=[^&]*/g, '$1=***')
}
