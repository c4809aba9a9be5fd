import { basename, relative, sep } from 'node:path'

/** How long files must have been left alone before their change counts, in milliseconds: editors write in steps. */
const QUIET_MS = 75

export interface Watcher {
  /** Also watches a file outside the folder. */
  add(file: string): void
  close(): Promise<void>
}

interface WatchOptions {
  folder: string
  /** Called once per burst of changes: files that were written, made or removed. */
  onChange: (files: ReadonlySet<string>) => void
  onError: (error: unknown) => void
}

/** Resolves once every later change will be noticed. Does not keep the process alive. */
export async function watchFolder({ folder, onChange, onError }: WatchOptions): Promise<Watcher> {
  const { watch } = await import('chokidar')
  const changes = new Burst(onChange)
  const watcher = watch(folder, {
    ignored: (path) => isIgnored(folder, path),
    ignoreInitial: true,
    followSymlinks: false,
    persistent: false,
  })
  watcher.on('all', (_kind, path) => changes.add(path))
  watcher.on('error', onError)
  await new Promise<void>((resolve) => watcher.once('ready', resolve))
  return {
    add: (file) => void watcher.add(file),
    close: () => {
      changes.drop()
      return watcher.close()
    },
  }
}

/** Only the way from the folder on counts: the folder itself may well lie below a folder with a dot. */
function isIgnored(folder: string, path: string): boolean {
  if (path === folder || basename(path) === '.env') return false
  const parts = relative(folder, path).split(sep)
  return parts.some((part) => part === 'node_modules' || (part.startsWith('.') && part !== '..'))
}

class Burst {
  private paths = new Set<string>()
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly onEnd: (paths: ReadonlySet<string>) => void) {}

  add(path: string): void {
    this.paths.add(path)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.end(), QUIET_MS).unref()
  }

  drop(): void {
    clearTimeout(this.timer)
  }

  private end(): void {
    const paths = this.paths
    this.paths = new Set()
    this.onEnd(paths)
  }
}
