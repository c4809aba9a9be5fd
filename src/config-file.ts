// The configuration file: what is about single apps, or too long for the command line.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { messageOf } from './core/errors.js'
import type { ToolAccessRules } from './loader/tool-access.js'
import { describeIssues } from './schema/issues.js'
import { isJsonObject } from './schema/json.js'
import { DefaultToolAccess, ToolAccess } from './schema/tool-access.js'

const JSON_FILE = 'adk-ts.config.json'
const TYPESCRIPT_FILE = 'adk-ts.config.ts'

/** `tool_access` is `toolAccess`, too. Names of apps stay as they are. */
const withToolAccess = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => {
    if (!isJsonObject(value) || !('tool_access' in value) || 'toolAccess' in value) return value
    const { tool_access: toolAccess, ...others } = value
    return { ...others, toolAccess }
  }, schema)

const AppConfig = withToolAccess(z.strictObject({ toolAccess: ToolAccess.optional() }))

const ConfigFile = withToolAccess(
  z.strictObject({
    /** For all apps of which nothing else is said. */
    toolAccess: DefaultToolAccess.optional(),
    /** For single apps, by name. */
    apps: z.record(z.string(), AppConfig).optional(),
  }),
)
/** The default export of `adk-ts.config.ts`. */
export type ConfigFile = z.infer<typeof ConfigFile>

/** What a configuration file says, in the shape of the configuration. */
interface FromConfigFile {
  /** The name of the file, if there is one. */
  configFile: string | undefined
  toolAccess: ToolAccessRules
}

/** Reads the configuration file of a folder. Rejects with the file, the key and what was expected. */
export async function readConfigFile(folder: string): Promise<FromConfigFile> {
  const [name, other] = [JSON_FILE, TYPESCRIPT_FILE].filter((file) => existsSync(join(folder, file)))
  if (name === undefined) return { configFile: undefined, toolAccess: {} }
  if (other !== undefined) throw new Error(`There are both ${name} and ${other}; keep one of them`)
  const value = await (name === JSON_FILE ? readJson(join(folder, name)) : importDefault(folder))
  const { data, error } = ConfigFile.safeParse(value)
  if (!data) throw new Error(`${name}: ${describeIssues(error)}`)
  return { configFile: name, toolAccess: { ...toRules(data), file: name } }
}

function toRules({ toolAccess, apps = {} }: ConfigFile): ToolAccessRules {
  const entries = Object.entries(apps).flatMap(([name, app]) =>
    app.toolAccess ? [[name, app.toolAccess] as const] : [],
  )
  return { byDefault: toolAccess, apps: new Map(entries) }
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8')
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Error(`${JSON_FILE} is not JSON: ${messageOf(error)}`, { cause: error })
  }
}

async function importDefault(folder: string): Promise<unknown> {
  const [{ evaluate }, { explainLoadError }] = await Promise.all([
    import('./loader/evaluate.js'),
    import('./loader/load-error.js'),
  ])
  const root = resolve(folder)
  const file = join(root, TYPESCRIPT_FILE)
  const files = new Set<string>()
  try {
    const exports = await evaluate({
      file,
      modules: { 'adk-ts': await import('./index.js'), zod: await import('zod') },
      onFile: (path) => files.add(path),
      onCompatible: () => {},
    })
    if (isJsonObject(exports) && exports.default !== undefined) return exports.default
    throw new Error('exports no configuration; write `export default { … }`')
  } catch (error) {
    throw new Error(explainLoadError(error, { root, file, files }), { cause: error })
  }
}
