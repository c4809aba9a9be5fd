import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path'

export interface FoundApp {
  name: string
  /** The folder of the entry file, without symbolic links. */
  dir: string
  /** The module that exports the root agent, without symbolic links. */
  file: string
  /** False for an agent that is a single file among others: then what else lies in `dir` is not its own. */
  ownsFolder: boolean
}

export interface FoundApps {
  /** The agents folder, without symbolic links. */
  root: string
  apps: Map<string, FoundApp>
}

/** Told about everything that looks like an agent and is left out. */
type Warn = (message: string) => void

/** In order of preference. */
const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']
/** Files that make a folder an agent. */
export const AGENT_STEMS = ['app', 'agent']
const ENTRY_STEMS = [...AGENT_STEMS, 'index']
/** Letters, digits, `_`, `-` and `.`; neither `.` nor two `_` at the start, which mark what is not for the outside. */
const NAME = /^(?!\.|__)[\p{L}\p{M}\p{N}_.-]+$/u
const NOT_AN_AGENT = /(^\.|^__|^node_modules$|^index\.|\.(d|test|spec|config)\.)/

/**
 * Finds the agents of a folder by the names of its files; nothing is imported. Agents are `<name>/app.*`,
 * `<name>/agent.*`, `<name>/index.*` (the first of them), or `<name>.*`. A folder that holds `agent.*` or `app.*` itself
 * is one agent, named after the folder, and so is a folder with nothing but an `index.*`. A file is one agent.
 * Throws when there is no such folder.
 */
export async function discoverApps(agentsDir: string, warn: Warn): Promise<FoundApps> {
  const path = resolve(agentsDir)
  const stats = await stat(path).catch(() => undefined)
  if (!stats) throw new Error(`Agents folder not found: ${agentsDir}`)
  if (stats.isFile()) return fileAsApp(path, warn)
  const root = await realpath(path)
  const entries = await readdir(root, { withFileTypes: true })
  const names = entries.map((entry) => entry.name)
  if (entryName(names, AGENT_STEMS)) return folderAsApp({ path, root, names }, warn)
  const apps = await findApps(root, entries, warn)
  return apps.size === 0 ? folderAsApp({ path, root, names }, warn) : { root, apps }
}

async function fileAsApp(path: string, warn: Warn): Promise<FoundApps> {
  const extension = extname(path)
  if (!EXTENSIONS.includes(extension)) {
    throw new Error(
      `Not an agent: ${basename(path)}; give a folder, or a file ending in ${EXTENSIONS.join(', ')}`,
    )
  }
  const file = await realpath(path)
  const stem = basename(path, extension)
  const ownsFolder = ENTRY_STEMS.includes(stem)
  const name = ownsFolder ? basename(dirname(path)) : stem
  return onlyApp(dirname(file), { name, dir: dirname(file), file, ownsFolder }, warn)
}

async function folderAsApp(
  { path, root, names }: { path: string; root: string; names: string[] },
  warn: Warn,
): Promise<FoundApps> {
  return onlyApp(root, await folderApp({ root, dir: root, name: basename(path), names }, warn), warn)
}

function onlyApp(root: string, app: FoundApp | undefined, warn: Warn): FoundApps {
  return { root, apps: new Map(app && isSafeName(app.name, warn) ? [[app.name, app]] : []) }
}

async function findApps(root: string, entries: Dirent[], warn: Warn): Promise<Map<string, FoundApp>> {
  const wanted = entries.filter((entry) => !NOT_AN_AGENT.test(entry.name))
  const found = await Promise.all(wanted.map((entry) => findApp(root, entry, warn)))
  const apps = new Map<string, FoundApp>()
  for (const app of found.filter((app) => app !== undefined).sort(byPreference)) {
    if (!apps.has(app.name) && isSafeName(app.name, warn)) apps.set(app.name, app)
  }
  return apps
}

/** `weather/agent.ts` comes before `weather.ts`, and that before `weather.js`. */
function byPreference(a: FoundApp, b: FoundApp): number {
  const rank = (app: FoundApp) => (app.ownsFolder ? -1 : EXTENSIONS.indexOf(extname(app.file)))
  return rank(a) - rank(b)
}

async function findApp(root: string, entry: Dirent, warn: Warn): Promise<FoundApp | undefined> {
  const path = await realInside(root, join(root, entry.name), warn)
  const stats = path === undefined ? undefined : await stat(path).catch(() => undefined)
  if (path === undefined || !stats) return undefined
  if (stats.isDirectory()) {
    const names = await readdir(path).catch(() => [])
    return folderApp({ root, dir: path, name: entry.name, names }, warn)
  }
  const extension = extname(entry.name)
  if (!stats.isFile() || !EXTENSIONS.includes(extension)) return undefined
  return { name: basename(entry.name, extension), dir: dirname(path), file: path, ownsFolder: false }
}

async function folderApp(
  { root, dir, name, names }: { root: string; dir: string; name: string; names: string[] },
  warn: Warn,
): Promise<FoundApp | undefined> {
  const entry = entryName(names, ENTRY_STEMS)
  const file = entry === undefined ? undefined : await realInside(root, join(dir, entry), warn)
  return file === undefined ? undefined : { name, dir, file, ownsFolder: true }
}

/** The file of these that an agent begins with. */
export function entryName(names: readonly string[], stems: readonly string[]): string | undefined {
  const candidates = stems.flatMap((stem) => EXTENSIONS.map((extension) => stem + extension))
  return candidates.find((candidate) => names.includes(candidate))
}

/** Where a path really leads; `undefined` when that is nowhere, or outside the agents folder. */
async function realInside(root: string, path: string, warn: Warn): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined)
  if (real === undefined || isInside(root, real)) return real
  warn(`Ignored "${relative(root, path)}": it is a link that leads outside the agents folder`)
  return undefined
}

export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function isSafeName(name: string, warn: Warn): boolean {
  if (NAME.test(name)) return true
  warn(`Ignored ${JSON.stringify(name)}: the name of an agent consists of letters, digits, "_", "-" and "."`)
  return false
}
