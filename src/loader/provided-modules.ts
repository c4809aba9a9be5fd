import { createRequire } from 'node:module'

const OWN = 'adk-ts'
/** Agents written for this package run on ours, where it is not installed. */
const COMPATIBLE = '@google/adk'

/** Module objects of the running server, by the specifier that agents import them with. */
export type Modules = Readonly<Record<string, object>>

/**
 * What the imports of one agent are answered with instead of what lies on the disk. `adk-ts` is always the running copy,
 * so that there is one `BaseAgent`; other modules stand in for what is not installed where the agent lives.
 * `onCompatible` is called when `@google/adk` is imported and answered with our own module.
 */
export function providedModules(modules: Modules, file: string, onCompatible: () => void): Modules {
  const provided: Record<string, object> = Object.create(null)
  for (const [specifier, module] of Object.entries(modules)) {
    if (specifier !== OWN && !isInstalled(specifier, file)) provided[specifier] = module
  }
  const own = modules[OWN]
  if (!own) return provided
  provided[OWN] = complete(OWN, own)
  if (!isInstalled(COMPATIBLE, file)) {
    const standIn = complete(COMPATIBLE, own)
    Object.defineProperty(provided, COMPATIBLE, { enumerable: true, get: () => (onCompatible(), standIn) })
  }
  return provided
}

function isInstalled(specifier: string, file: string): boolean {
  try {
    createRequire(file).resolve(specifier)
    return true
  } catch (error) {
    // Any other code tells of a package that is there and cannot be resolved in this way.
    return !(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')
  }
}

/** Read by module systems and by `await`, whether a module has them or not. */
const ALWAYS_ASKED = ['default', 'then', '__esModule']
const isOptional = (key: string | symbol) => typeof key === 'symbol' || ALWAYS_ASKED.includes(key)

/** A copy of a module that throws for a name it does not have, where an import would be `undefined`. */
function complete(specifier: string, module: object): object {
  return new Proxy<Record<string | symbol, unknown>>(
    { ...module },
    {
      // Without this the loader never asks for the value of a name that is missing.
      has: (target, key) => key in target || !isOptional(key),
      get(target, key) {
        if (key in target || isOptional(key)) return target[key]
        throw new Error(missingExport(specifier, String(key)))
      },
    },
  )
}

function missingExport(specifier: string, name: string): string {
  const provider = specifier === OWN ? `"${OWN}"` : `"${OWN}", which stands in for "${specifier}",`
  return `${provider} has no export "${name}"`
}

/** The part of Babel's syntax tree that is looked at. */
interface ImportPath {
  node: { source: { value: string }; specifiers: ImportSpecifier[] }
}
interface ImportSpecifier {
  imported?: { name?: string; value?: string }
  loc?: { start: object } | null
}

/**
 * A Babel plugin that refuses `import { name }` of a name that our module does not have, even where the name is only
 * used later, in a tool. It sees imports after those of types are gone.
 */
export function checkImports(modules: Modules, provided: Modules) {
  const own = modules[OWN] ?? {}
  return () => ({
    visitor: {
      ImportDeclaration({ node }: ImportPath) {
        const specifier = node.source.value
        if ((specifier !== OWN && specifier !== COMPATIBLE) || !(specifier in provided)) return
        for (const { imported, loc } of node.specifiers) {
          const name = imported?.name ?? imported?.value
          if (name === undefined || name === 'default' || name in own) continue
          throw Object.assign(new Error(missingExport(specifier, name)), { loc: loc?.start })
        }
      },
    },
  })
}
