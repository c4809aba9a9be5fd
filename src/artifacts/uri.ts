import { redactUri } from '../database/uri.js'

/** Where artifacts are kept. */
export type ArtifactUri =
  | { kind: 'memory' }
  /** `folder` is absolute. */
  | { kind: 'files'; folder: string }
  | { kind: 'gcs'; bucket: string }

const FORMS = 'memory://, file:///absolute/folder or gs://bucket'

/** Reads the URI of the artifact store, as the official servers do. */
export function parseArtifactUri(text: string): ArtifactUri {
  const uri = text.trim()
  const [, scheme = '', rest = ''] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/is.exec(uri) ?? []
  switch (scheme.toLowerCase()) {
    case 'memory':
      return { kind: 'memory' }
    case 'file':
      return { kind: 'files', folder: folderOf(rest) }
    case 'gs':
      return { kind: 'gcs', bucket: bucketOf(rest) }
    default:
      throw new Error(`Unsupported artifact service URI: ${redactUri(uri) || '(empty)'}; use ${FORMS}`)
  }
}

/** A host would be another machine, which is what the first part of a relative path looks like. */
function folderOf(rest: string): string {
  const path = rest.replace(/^localhost(?=\/)/i, '')
  const folder = process.platform === 'win32' ? path.replace(/^\/(?=[a-z]:)/i, '') : path
  if (!path.startsWith('/') || path === '/') {
    throw new Error(
      'The artifact service URI should name an absolute folder, such as file:///var/lib/artifacts',
    )
  }
  try {
    return decodeURIComponent(folder)
  } catch {
    return folder
  }
}

function bucketOf(rest: string): string {
  const bucket = rest.replace(/\/+$/, '')
  if (/^[a-z\d][a-z\d._-]{1,220}[a-z\d]$/.test(bucket)) return bucket
  throw new Error('The artifact service URI should name a bucket and nothing else, such as gs://my-bucket')
}
