// After a build: removes modules whose source is gone, so that none lives on in the package, and makes the command
// executable. Files that are still wanted are never missing in between, not even for a server that runs from here.
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

for (const path of readdirSync('dist', { recursive: true })) {
  const source = join('src', path.replace(/(?:\.d\.ts|\.js)$/, '.ts'))
  if (!existsSync(source)) rmSync(join('dist', path), { recursive: true, force: true })
}
chmodSync(join('dist', 'cli.js'), 0o755)
