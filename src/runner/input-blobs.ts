import type { Content, Part } from '../core/content.js'
import type { InvocationContext } from '../core/invocation-context.js'

/** Stores uploaded data as artifacts, where the run asks for it, and leaves a note in its place. */
export async function saveInputBlobs(context: InvocationContext, message: Content): Promise<Content> {
  if (!context.runConfig.saveInputBlobsAsArtifacts || !context.artifactService) return message
  const parts: Part[] = []
  for (const [index, part] of (message.parts ?? []).entries())
    parts.push(...(await savePart(context, part, index)))
  return { ...message, parts }
}

/** The note, and a link to the data if models can follow it. What cannot be stored is sent as it is. */
async function savePart(context: InvocationContext, part: Part, index: number): Promise<Part[]> {
  const { artifactService, appName, userId, session } = context
  if (!part.inlineData || !artifactService) return [part]
  const filename = part.inlineData.displayName || `artifact_${context.invocationId}_${index}`
  const key = { appName, userId, sessionId: session.id, filename }
  try {
    const version = await artifactService.saveArtifact({ ...key, artifact: part })
    const info = await artifactService.getArtifactVersion({ ...key, version })
    const { mimeType } = part.inlineData
    const fileUri = info?.canonicalUri
    const link = fileUri && /^(?:gs|https?):/.test(fileUri) ? [{ fileData: { fileUri, mimeType } }] : []
    return [{ text: `[Uploaded Artifact: "${filename}"]` }, ...link]
  } catch (error) {
    context.log.warn({ ...context.where, artifact: filename, err: error }, 'artifact.not_saved')
    return [part]
  }
}
