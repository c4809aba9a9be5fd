// What the file store does with the disk: everything that is written is there after a crash, and no link is followed.
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, realpath, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AdkError } from '../core/errors.js'

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/** There is nothing of that name, or something else than a folder is in its place. */
export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(String(codeOf(error)))
export const isTaken = (error: unknown): boolean => codeOf(error) === 'EEXIST'

/** Resolves to `undefined` where there is nothing. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error) || codeOf(error) === 'ELOOP') return undefined
    throw error
  }
}

/** Whether this is a folder that no link leads to. Its parent of the same kind is taken for granted in `root`. */
export async function isFolder(path: string): Promise<boolean> {
  if ((await ifThere(realpath(path))) !== path) return false
  return (await ifThere(lstat(path)))?.isDirectory() ?? false
}

/** Makes the folder and those around it, below `root`, one by one, so that none is made behind a link. */
export async function makeFolder(root: string, names: readonly string[]): Promise<string> {
  const path = join(root, ...names)
  if (await isFolder(path)) return path
  let current = root
  for (const name of names) {
    const parent = current
    current = join(parent, name)
    try {
      await mkdir(current)
      await syncFolder(parent)
    } catch (error) {
      if (!isTaken(error)) throw error
      if (!(await lstat(current)).isDirectory())
        throw new Error(`${current} is not a folder`, { cause: error })
    }
  }
  return path
}

/** Removes folders that are empty, up to `root`. */
export async function removeEmpty(root: string, names: readonly string[]): Promise<void> {
  for (let count = names.length; count > 0; count--) {
    try {
      await rmdir(join(root, ...names.slice(0, count)))
    } catch {
      return
    }
  }
}

/** Resolves once the content is on the disk. The file must be new. */
export async function writeDurably(path: string, content: Buffer | string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** `undefined` where there is no such file, or a link in its place. */
export async function readWhole(path: string): Promise<Buffer | undefined> {
  const file = await ifThere(open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)))
  if (!file) return undefined
  try {
    return (await file.stat()).isFile() ? await file.readFile() : undefined
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder last. Windows has no such thing, and does not need it. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export const removeAll = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 3 })

/** Names of the folders in a folder, links left out; none where there is no such folder. */
export async function foldersIn(path: string): Promise<string[]> {
  const entries = (await ifThere(readdir(path, { withFileTypes: true }))) ?? []
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file is in its place',
  ENOTDIR: 'a file is in its place',
  EFBIG: 'it is larger than the disk allows',
  EACCES: 'the server has no right to do that',
  EPERM: 'the server has no right to do that',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long for the disk',
}

export const diskReason = (error: unknown): string =>
  REASONS[String(codeOf(error))] ?? 'the disk did not do it'

/** In words for a client; the cause, which knows the path, is for the log. */
export function diskFailure(what: string, error: unknown): AdkError {
  if (error instanceof AdkError) return error
  return new AdkError('storage_unavailable', `${what}: ${diskReason(error)}`, { cause: error })
}
