import { relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, publicMessage } from '../core/errors.js'

interface LoadErrorPlace {
  /** The agents folder; paths are told relative to it. */
  root: string
  /** The entry file of the app. */
  file: string
  /** The files the app is made of, as far as they were reached. */
  files: Iterable<string>
}

/** Where and why a module failed to load, in one line without absolute paths: `weather/agent.ts:4:2: …`. */
export function explainLoadError(error: unknown, place: LoadErrorPlace): string {
  const { where, why } = syntaxError(error) ?? missingModule(error) ?? thrown(error, place)
  return `${relativePath(place.root, where ?? place.file)}: ${publicMessage(relativePaths(why, place))}`
}

interface Explanation {
  /** Absolute, with line and column as far as they are known. */
  where: string | undefined
  why: string
}

/** jiti tells of them with the position in a last line. It counts columns from 0, as editors do not. */
function syntaxError(error: unknown): Explanation | undefined {
  const [, code, why, line, column] = /^(\w+): ([^]*?)\s*\n (.+:\d+):(\d+)$/.exec(messageOf(error)) ?? []
  if (why === undefined) return undefined
  const where = `${line}:${Number(column) + 1}`
  return { where, why: code === 'ParseError' ? `syntax error: ${why}` : why }
}

function missingModule(error: unknown): Explanation | undefined {
  const message = messageOf(error)
  const [, specifier] = /^Cannot find (?:module|package) '([^']+)'/.exec(message) ?? []
  if (specifier === undefined) return undefined
  const [, where] = /(?:Require stack:\s+- | imported from )(.+)/.exec(message) ?? []
  const [name] = /^(?:@[^/]+\/)?[^/.\\@:][^/\\:]*(?=\/|$)/.exec(specifier) ?? []
  if (name === undefined) return { where, why: `cannot find module "${specifier}"` }
  return {
    where,
    why: `cannot find package "${name}"; install it in the project of the agent: npm install ${name}`,
  }
}

/** Anything else: the innermost line of the agent's own files. Columns are those of transpiled code, and left out. */
function thrown(error: unknown, { files }: LoadErrorPlace): Explanation {
  const why = messageOf(error)
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const own = [...files]
  for (const line of stack.split('\n').filter((line) => /^\s+at /.test(line))) {
    const file = own.find((file) => line.includes(file))
    const [, lineNumber] = /:(\d+):\d+\)?$/.exec(line) ?? []
    if (file !== undefined && lineNumber !== undefined) return { where: `${file}:${lineNumber}`, why }
  }
  return { where: undefined, why }
}

function relativePaths(text: string, { root, files }: LoadErrorPlace): string {
  let result = text
  for (const file of files) result = result.replaceAll(file, relativePath(root, file))
  for (const prefix of [`${pathToFileURL(root).href}/`, root + sep]) result = result.replaceAll(prefix, '')
  return result
}

function relativePath(root: string, path: string): string {
  return relative(root, path).split(sep).join('/')
}
