import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, normalize, sep } from 'node:path'
import type { Jiti, ModuleCache } from 'jiti'
import { checkImports, providedModules, type Modules } from './provided-modules.js'

interface EvaluateOptions {
  /** The module to import, as an absolute path. */
  file: string
  modules: Modules
  /** Told about every file the module is made of, now and when it imports more later; packages are left out. */
  onFile: (file: string) => void
  onCompatible: () => void
}

/**
 * Imports a TypeScript or JavaScript module and all it imports anew, whatever was imported before; what is in
 * `node_modules` is left to Node.js, which imports it once. Resolves to the exports.
 */
export async function evaluate({ file, modules, onFile, onCompatible }: EvaluateOptions): Promise<unknown> {
  const { createJiti } = await import('jiti')
  const provided = providedModules(modules, file, onCompatible)
  const jiti = createJiti(file, {
    moduleCache: false,
    fsCache: false,
    sourceMaps: true,
    tsconfigPaths: true,
    virtualModules: provided,
    transformOptions: { babel: { sourceType: 'unambiguous', plugins: [checkImports(modules, provided)] } },
  })
  const isOwn = ownFilesOf(file)
  for (const json of requiredJson().filter(isOwn)) delete required[json]
  const exports = await new Evaluation({ jiti, onFile, isOwn }).run(file)
  for (const json of requiredJson().filter(isOwn)) onFile(json)
  return exports
}

interface EvaluationOptions {
  jiti: Jiti
  onFile: (file: string) => void
  isOwn: (file: string) => boolean
}

/**
 * One import of a module with all it imports. jiti hands JavaScript to Node.js, which keeps it for ever and resolves
 * `adk-ts` in its own way. But first it asks its cache, and here the cache answers by having the file evaluated.
 */
class Evaluation {
  private readonly loaded: ModuleCache = {}
  private readonly cache: ModuleCache
  /** Whether whoever asks the cache is a CommonJS module that cannot wait. */
  private inCommonJs = false

  constructor(private readonly options: EvaluationOptions) {
    this.cache = new Proxy(this.loaded, { get: (_loaded, file) => this.find(String(file)) })
  }

  async run(file: string): Promise<unknown> {
    this.options.onFile(file)
    await this.evaluate(file, { commonJs: isCommonJs(file) })
    return this.loaded[file]?.exports
  }

  private find(file: string): ModuleCache[string] | undefined {
    if (!this.loaded[file] && this.options.isOwn(file)) {
      this.options.onFile(normalize(file))
      if (JAVASCRIPT.test(file)) this.start(file)
    }
    return this.loaded[file]
  }

  private start(file: string): void {
    if (isCommonJs(file)) {
      this.evaluate(file, { commonJs: true })
    } else if (!this.inCommonJs) {
      this.answerLater(file, this.evaluate(file, { commonJs: false }))
    } // else jiti evaluates it: it does so with a module that is required
  }

  /** Whoever started the module gets a promise of it; modules that import it meanwhile, in a circle, do not wait. */
  private answerLater(file: string, evaluation: unknown): void {
    const module = this.loaded[file]
    if (!module) return
    let first = true
    const exports = () => {
      if (!first) return module.exports as unknown
      first = false
      return evaluation
    }
    this.loaded[file] = Object.create(module, { exports: { get: exports } }) as typeof module // all else is inherited
  }

  private evaluate(file: string, { commonJs }: { commonJs: boolean }): unknown {
    const before = this.inCommonJs
    this.inCommonJs = commonJs
    try {
      return this.options.jiti.evalModule(readFileSync(file, 'utf8'), {
        id: file,
        filename: file,
        ext: extname(file),
        cache: this.cache,
        async: !commonJs,
        forceTranspile: true,
      })
    } finally {
      this.inCommonJs = before
    }
  }
}

const JAVASCRIPT = /\.[cm]?jsx?$/
const ES_MODULE_SYNTAX = /(?:^|[;}])\s*(?:import\b\s*[\w$*{"']|export\b\s*[\w$*{])|\bimport\.meta\b/m

function isCommonJs(file: string): boolean {
  if (/\.m[jt]s$/.test(file)) return false
  return file.endsWith('.cjs') || !ES_MODULE_SYNTAX.test(readFileSync(file, 'utf8'))
}

/** Tells the files of an agent from those of packages, also where the agent itself is part of a package. */
function ownFilesOf(entry: string): (file: string) => boolean {
  const folder = dirname(entry) + sep
  return (file) => {
    const path = normalize(file)
    return !/[/\\]node_modules[/\\]/.test(path.startsWith(folder) ? path.slice(folder.length - 1) : path)
  }
}

/** The modules that Node.js itself has required in this process; jiti leaves JSON to it. */
const required = createRequire(import.meta.url).cache
const requiredJson = () => Object.keys(required).filter((file) => file.endsWith('.json'))
