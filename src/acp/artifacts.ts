import type { BaseArtifactService } from '../core/artifact.js'
import type { Event } from '../core/event.js'
import type { SessionKey } from '../core/session.js'
import type { AcpPart } from '../schema/acp.js'

/** Largest artifact that goes along with its message, in characters as it is sent; of others the message has the URL. */
const MAX_INLINE = 1024 * 1024

interface ArtifactSource {
  artifacts: BaseArtifactService
  key: SessionKey
  /** Where the server can be reached. */
  baseUrl: string
}

/** The artifacts that an event saved, as parts. */
export async function artifactsOf({ actions }: Event, source: ArtifactSource): Promise<AcpPart[]> {
  const saved = Object.entries(actions.artifactDelta)
  return (await Promise.all(saved.map(([name, version]) => artifactPart(name, version, source)))).flat()
}

async function artifactPart(
  name: string,
  version: number,
  { artifacts, key, baseUrl }: ArtifactSource,
): Promise<AcpPart[]> {
  const part = await artifacts.loadArtifact({ ...key, filename: name, version })
  if (part?.text !== undefined) {
    if (part.text.length > MAX_INLINE) return [{ name, content_type: 'text/plain', content_url: url() }]
    return [{ name, content_type: 'text/plain', content: part.text, content_encoding: 'plain' }]
  }
  const { inlineData, fileData } = part ?? {}
  if (inlineData?.data) {
    const { mimeType: content_type = 'application/octet-stream', data } = inlineData
    if (data.length > MAX_INLINE) return [{ name, content_type, content_url: url() }]
    return [{ name, content_type, content: data, content_encoding: 'base64' }]
  }
  if (!fileData?.fileUri || !URL.canParse(fileData.fileUri)) return []
  return [
    { name, content_type: fileData.mimeType ?? 'application/octet-stream', content_url: fileData.fileUri },
  ]

  function url(): string {
    const { appName, userId, sessionId } = key
    const [app, user, session, file] = [appName, userId, sessionId, name].map(encodeURIComponent)
    const path = `/apps/${app}/users/${user}/sessions/${session}/artifacts/${file}/versions/${version}`
    return `${baseUrl}${path}?alt=media`
  }
}
