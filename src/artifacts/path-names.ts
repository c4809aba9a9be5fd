// Names chosen by clients, as names of folders. What the disk of any system can hold stays readable; everything else is
// escaped as %XX, so that no two names share a folder and none leads out of the one it belongs to.
import { createHash } from 'node:crypto'

/** Longest name of a folder, in bytes; file systems allow 255. */
const MAX_BYTES = 200
/** How much of a longer name stays readable, in characters. */
const READABLE = 40

/** Never the start of a name made here, so files of the store's own can carry it. */
export const OWN_PREFIX = '%~'

/** What could be taken for an escape, no disk can hold, or is changed by programs that share the folder. */
const UNFIT = /[\u0000-\u001f\u007f/\\]|\p{Surrogate}|%(?=[\dA-F]{2}|[-~u])|^\s|\s$|(?<=^[A-Za-z]):/gu
/** The same for disks that take some names for one another: those of macOS and Windows. */
const UNFIT_FOLDED = /[^a-z\d ._@+=,()[\]'-]|^\s|[\s.]$|^(?=(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))./gu
/** What the layout itself uses, in any case: a name of this kind would be taken for a part of it. */
const RESERVED = /^(?:versions|metadata\.json)[ .]*$/i

/** The name of a folder for one piece of a name, given whether the disk confuses capitals or accents. */
export function toFolderName(text: string, foldsNames: boolean): string {
  if (text === '') return '%-'
  if (text === '.' || text === '..') return text.replaceAll('.', '%2E')
  let name = text.replace(foldsNames ? UNFIT_FOLDED : UNFIT, escape)
  if (RESERVED.test(text) && name === text) name = escape(text.charAt(0)) + text.slice(1)
  return Buffer.byteLength(name) > MAX_BYTES ? shorten(name, text) : name
}

/** The text that a folder stands for; `undefined` where it does not tell. */
export function fromFolderName(name: string): string | undefined {
  if (name.includes(OWN_PREFIX)) return undefined
  return name
    .replace(/^%-$/, '')
    .replace(/(?:%[\dA-F]{2})+|%u[\dA-F]{4}/g, (escaped) =>
      escaped.startsWith('%u')
        ? String.fromCharCode(Number.parseInt(escaped.slice(2), 16))
        : Buffer.from(escaped.replaceAll('%', ''), 'hex').toString(),
    )
}

function escape(character: string): string {
  if (/\p{Surrogate}/u.test(character)) return `%u${character.charCodeAt(0).toString(16).toUpperCase()}`
  const bytes = Buffer.from(character).toString('hex').toUpperCase()
  return bytes.replace(/../g, '%$&')
}

function shorten(name: string, text: string): string {
  const hash = createHash('sha256').update(text, 'utf16le').digest('hex')
  return `${Array.from(name).slice(0, READABLE).join('')}${OWN_PREFIX}${hash}`
}
