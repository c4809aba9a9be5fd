import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Longest README that is sent along, in bytes. */
const MAX_BYTES = 1024 * 1024

/** The text of the README.md in the folder of an app; `null` when there is none. A link is not followed. */
export async function readReadme(dir: string | undefined): Promise<string | null> {
  if (dir === undefined) return null
  const file = join(dir, 'README.md')
  const stats = await lstat(file).catch(() => undefined)
  if (!stats?.isFile() || stats.size > MAX_BYTES) return null
  return readFile(file, 'utf8').catch(() => null)
}
