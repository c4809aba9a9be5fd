// Apps are named after their folders; the protocol wants DNS labels.

const MAX_LABEL = 63

/** A folder's name as an RFC 1123 label; empty when nothing of it fits. */
export function labelOf(folder: string): string {
  const label = folder.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return label
    .slice(0, MAX_LABEL + 1)
    .replace(/^-+/, '')
    .slice(0, MAX_LABEL)
    .replace(/-+$/, '')
}

/**
 * The public names of apps, with the folders that they stand for, in the order of the folders. A name that a folder
 * has itself is never given to another one; of several with one label the first gets it, the others keep their own.
 */
export function publicNames(folders: readonly string[]): Map<string, string> {
  const taken = new Set(folders)
  return new Map(
    folders.map((folder) => {
      const label = labelOf(folder)
      if (label === '' || taken.has(label)) return [folder, folder]
      taken.add(label)
      return [label, folder]
    }),
  )
}

/** An author of events as it may stand in the role of a message. */
export const roleOf = (name: string): string => `agent/${name.replace(/[^\w-]+/g, '-')}`
