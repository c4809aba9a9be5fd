import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'

/** The variables that came from a `.env` file, as they were set; all others belong to the real environment. */
const ours = new Map<string, { folder: string; value: string }>()

/**
 * Puts the variables of `<folder>/.env` into the environment. The real environment always wins. Of several files that
 * set the same variable the one read last wins; a file that is read again may change and remove what it set.
 * Does nothing without such a file, or when `ADK_DISABLE_LOAD_DOTENV` is `1` or `true`.
 * Resolves to the names that now differ from what the file of another folder says.
 */
export async function loadDotenv(folder: string): Promise<string[]> {
  if (/^(1|true)$/i.test(process.env['ADK_DISABLE_LOAD_DOTENV'] ?? '')) return []
  const owner = resolve(folder)
  const variables = Object.entries(parseEnv(await readDotenv(owner)) as Record<string, string>) // all have a value
  removeMissing(owner, new Set(variables.map(([name]) => name)))
  return variables
    .filter(([name, value]) => setVariable(name, { folder: owner, value }))
    .map(([name]) => name)
}

async function readDotenv(folder: string): Promise<string> {
  try {
    return (await readFile(join(folder, '.env'), 'utf8')).replace(/^\uFEFF/, '')
  } catch (error) {
    // A folder named `.env` is somebody's virtual environment.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      return ''
    throw error
  }
}

function removeMissing(folder: string, names: Set<string>): void {
  for (const [name, variable] of ours) {
    if (variable.folder !== folder || names.has(name)) continue
    if (process.env[name] === variable.value) delete process.env[name]
    ours.delete(name)
  }
}

/** Whether the value that another folder gave was replaced. */
function setVariable(name: string, variable: { folder: string; value: string }): boolean {
  const current = process.env[name]
  const before = ours.get(name)
  if (current !== undefined && current !== before?.value) return false // set by somebody else, at the start or since
  process.env[name] = variable.value
  ours.set(name, variable)
  return current !== undefined && before?.folder !== variable.folder && current !== variable.value
}
