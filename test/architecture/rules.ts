import { isBuiltin } from 'node:module'
import { posix } from 'node:path'

/**
 * The rooms of `src`, lowest first. A room imports from lower levels only, and rooms of one level do not know each
 * other. `runner` has a level of its own above `agents`: it drives them, and none of them knows of it. Files of `src`
 * itself put everything together and are the top level, as one room.
 */
const LEVELS = [
  ['schema'],
  ['core'],
  ['database'],
  ['sessions', 'artifacts', 'memory', 'models', 'tools', 'telemetry'],
  ['agents'],
  ['runner', 'plugins'],
  ['loader', 'graph', 'runs'],
  ['acp'],
  ['server'],
  ['.'],
]

interface PackageRule {
  /** The room, or the one file, that imports it. */
  home: string
  /** Costs time or memory that only some users should pay, or may be missing: imported when it is first needed. */
  onDemand?: true
  /** Who else may import its types, where that is not everybody. */
  types?: readonly string[]
}

/** Every package has a home, but for these. */
const EVERYWHERE = ['zod']

const OPEN_TELEMETRY = 'telemetry/open-telemetry.ts'

const PACKAGES: Record<string, PackageRule> = {
  '@google/genai': {
    home: 'models/gemini/transport.ts',
    onDemand: true,
    types: ['core/content.ts', 'models'],
  },
  undici: { home: 'models/gemini/fetch.ts', onDemand: true },
  '@modelcontextprotocol/client': { home: 'tools', onDemand: true, types: ['tools'] },
  'zod-to-json-schema': { home: 'tools', onDemand: true, types: ['tools'] },
  yaml: { home: 'tools/openapi/openapi.ts', onDemand: true },
  jiti: { home: 'loader/evaluate.ts', onDemand: true, types: ['loader/evaluate.ts'] },
  chokidar: { home: 'loader/watch.ts', onDemand: true, types: ['loader/watch.ts'] },
  '@opentelemetry/api': { home: OPEN_TELEMETRY, onDemand: true, types: [OPEN_TELEMETRY] },
  '@opentelemetry/sdk-trace-base': { home: OPEN_TELEMETRY, onDemand: true, types: [OPEN_TELEMETRY] },
  '@opentelemetry/resources': { home: OPEN_TELEMETRY, onDemand: true },
  '@opentelemetry/exporter-trace-otlp-http': { home: OPEN_TELEMETRY, onDemand: true },
  pino: { home: 'telemetry/log.ts' },
  'pino-pretty': { home: 'telemetry/log.ts', onDemand: true },
  'google-auth-library': { home: 'artifacts/gcs-auth.ts', onDemand: true },
  fastify: { home: 'server' },
  '@fastify/cors': { home: 'server' },
  '@fastify/static': { home: 'server' },
  '@fastify/swagger': { home: 'server' },
  '@fastify/swagger-ui': { home: 'server' },
  'fastify-type-provider-zod': { home: 'server' },
  libsql: { home: 'database/sqlite-driver.ts', onDemand: true },
  pg: { home: 'database/postgres.ts', onDemand: true, types: ['database/postgres.ts'] },
  commander: { home: '.' },
}

/** Who may read the environment. Models do so when they are called, because agents bring `.env` files of their own. */
const ENVIRONMENT = [
  'config.ts',
  'loader/dotenv.ts',
  'models/gemini/settings.ts',
  'models/call.ts',
  'telemetry/settings.ts',
]

/** Who may end the process. */
const EXITS = ['cli.ts', 'serve.ts']

/** Who may print: the logger of agents that run without a server. */
const PRINTS = ['core/log.ts']

interface Import {
  specifier: string
  /** Types are gone after compilation; what is dynamic is loaded when the line is reached. */
  kind: 'type' | 'static' | 'dynamic'
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:[^'";=()]*?\sfrom\s+)?'([^']+)'/gm
const DYNAMIC = /(\btypeof\s+)?\b(?:import|require)\(\s*'([^']+)'\s*\)(\.[A-Z])?/g

export function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const atTheTop = Array.from(code.matchAll(STATIC), ([, type, specifier = '']): Import => {
    return { specifier, kind: type === undefined ? 'static' : 'type' }
  })
  const inside = Array.from(code.matchAll(DYNAMIC), ([, before, specifier = '', after]): Import => {
    return { specifier, kind: before === undefined && after === undefined ? 'dynamic' : 'type' }
  })
  return [...atTheTop, ...inside]
}

/** `@scope/name/file` belongs to the package `@scope/name`. */
export const packageOf = (specifier: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? ''

export const withoutComments = (text: string): string =>
  text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

const roomOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : '.')
const levelOf = (room: string): number => LEVELS.findIndex((rooms) => rooms.includes(room))
const isAt = (path: string, home: string): boolean => path === home || roomOf(path) === home

/** What is wrong with a source file, one sentence each. Paths are relative to `src`. */
export function problemsOf(path: string, text: string): string[] {
  const room = roomOf(path)
  if (levelOf(room) === -1) return [`${path}: the room "${room}" has no level`]
  const problems = importsOf(text).flatMap((found) => importProblem(path, found) ?? [])
  const code = withoutComments(text)
  const forbid = (pattern: RegExp, sentence: string, allowed: readonly string[] = []) => {
    if (pattern.test(code) && !allowed.includes(path)) problems.push(`${path}: ${sentence}`)
  }
  forbid(/\bprocess\.env\b|\benv\b.*from 'node:process'/, 'reads the environment', ENVIRONMENT)
  forbid(/\bprocess\.exit\b/, 'ends the process', EXITS)
  forbid(/^export \*/m, 'exports everything from somewhere else; name what is public')
  forbid(/^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s/m, 'has an enum; a union of strings does')
  forbid(/\bconsole\./, 'prints; there is a log', PRINTS)
  return problems
}

function importProblem(path: string, { specifier, kind }: Import): string | undefined {
  if (specifier.startsWith('.')) return relativeProblem(path, posix.join(posix.dirname(path), specifier))
  const name = packageOf(specifier)
  if (isBuiltin(specifier) || EVERYWHERE.includes(name)) return undefined
  const rule = PACKAGES[name]
  if (!rule) return `${path}: imports "${specifier}", which has no home in the rules`
  const homes = kind === 'type' ? rule.types : [rule.home]
  if (homes && !homes.some((home) => isAt(path, home))) {
    return `${path}: imports ${kind === 'type' ? 'types of ' : ''}"${specifier}", which belongs to ${homes.join(', ')}`
  }
  if (kind === 'static' && rule.onDemand) {
    return `${path}: imports "${specifier}" whether it is needed or not; import it where it is first used`
  }
  return undefined
}

function relativeProblem(path: string, target: string): string | undefined {
  const [from, to] = [roomOf(path), roomOf(target)]
  if (target.startsWith('..')) return `${path}: imports ${target}, which is not in src`
  if (from === to || levelOf(to) < levelOf(from)) return undefined
  return `${path}: may not import ${target}; "${to}" is not below "${from}"`
}
