// Size of a default installation: packs the built package, installs it in a temporary folder and adds up the disk blocks.
import { once } from 'node:events'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { start } from './processes.mjs'

async function npm(args, options) {
  const child = start('npm', args, options)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`npm ${args[0]} failed: ${child.output}`)
}

async function diskMb(folder) {
  const paths = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(paths.map(async (path) => (await lstat(join(folder, path))).blocks * 512))
  return sizes.reduce((total, size) => total + size, 0) / 2 ** 20
}

export async function installedMb() {
  const folder = await mkdtemp(join(tmpdir(), 'adk-ts-bench-'))
  try {
    await npm(['pack', '--ignore-scripts', '--pack-destination', folder])
    const [packed] = await readdir(folder)
    await npm(['install', '--omit=dev', '--no-audit', '--no-fund', `./${packed}`], { cwd: folder })
    return await diskMb(join(folder, 'node_modules'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
