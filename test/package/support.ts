import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Manifest {
  name: string
  version: string
  bin: Record<string, string>
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  peerDependencies?: Record<string, string>
}

export const readManifest = async (): Promise<Manifest> =>
  JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest

/** Makes a folder; whoever asks for it removes it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'adk-ts-package-')))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** As little as programs need, and the Node.js of this test first. Nothing may be asked of the network. */
export const environment = (home: string): Record<string, string> => ({
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
  HOME: home,
  NO_COLOR: '1',
  npm_config_cache: join(home, '.npm-cache'),
  npm_config_offline: 'true',
  npm_config_update_notifier: 'false',
})

/** Runs a program to its end. Rejects with what it printed when it fails. */
export async function execute(
  command: string,
  args: readonly string[],
  { cwd, home }: { cwd: string; home: string },
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd,
      env: environment(home),
      maxBuffer: 2 ** 24,
    })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string } // what execFile rejects with
    throw new Error(`${command} ${args.join(' ')} failed\n${stdout}${stderr}`, { cause: error })
  }
}

export interface PackedFile {
  path: string
  mode: number
}

/** Packs the package as it would be published; what is in `dist` must have been built. */
export async function pack(folder: string): Promise<{ tarball: string; files: PackedFile[] }> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const output = await execute('npm', args, { cwd: ROOT, home: folder })
  const [packed] = JSON.parse(output) as { filename: string; files: PackedFile[] }[]
  if (!packed) throw new Error(`npm pack printed ${output}`)
  return { tarball: join(folder, packed.filename), files: packed.files }
}

/** Puts packages of this repository into the `node_modules` of a project, as links. */
export async function link(project: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(project, 'node_modules', name)
    await mkdir(dirname(path), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), path)
  }
}

/**
 * Installs a tarball without a registry: the package itself is unpacked, and what it depends on comes from this
 * repository. What it does not name in its dependencies it cannot import.
 */
export async function install(tarball: string, project: string): Promise<void> {
  const { name, bin, dependencies } = await readManifest()
  const target = join(project, 'node_modules', name)
  await mkdir(target, { recursive: true })
  await execute('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'], {
    cwd: project,
    home: project,
  })
  await mkdir(join(project, 'node_modules', '.bin'))
  for (const [command, file] of Object.entries(bin)) {
    await symlink(join('..', name, file), join(project, 'node_modules', '.bin', command))
  }
  await link(project, Object.keys(dependencies))
}

/** The text of every file below a folder, by its path. */
export async function readAll(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
  return new Map(paths.map((path, index) => [path.slice(folder.length + 1), texts[index] ?? '']))
}
