import { readdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { AGENT_STEMS, entryName } from './discover.js'

/**
 * The folder to serve: the one that was named; else this folder if it is an agent; else `agents`; else this folder if
 * agents lie in it. Throws when there is none.
 */
export function chooseAgentsFolder(named: string | undefined): string {
  if (named !== undefined) {
    if (exists(named)) return named
    throw new Error(
      `The agents folder ${named} does not exist; create it, or name the folder that holds your agents`,
    )
  }
  if (holds('.', AGENT_STEMS)) return '.'
  if (exists('agents')) return 'agents'
  // A folder with an `app.ts` may be anything.
  if (readdirSync('.').some((name) => holds(name, ['agent']))) return '.'
  throw new Error(
    `There are no agents in ${resolve('.')}; put one into agents/<name>/agent.ts, or name the folder that holds yours`,
  )
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** False for what is no folder, or may not be read. */
function holds(path: string, stems: readonly string[]): boolean {
  try {
    return entryName(readdirSync(path), stems) !== undefined
  } catch {
    return false
  }
}
