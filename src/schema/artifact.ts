import { z } from 'zod'
import { standardBase64 } from './base64.js'
import { Part } from './content.js'
import { JsonObject } from './json.js'
import { opaqueName, SessionPath } from './session.js'

/** The name of an artifact. Blanks, slashes and dots are part of it. */
export const Filename = opaqueName(z.string())

export const ArtifactVersion = z
  .object({
    version: z.int().describe('Counts from 0, per name.'),
    canonicalUri: z.string(),
    customMetadata: JsonObject,
    createTime: z.number().describe('Seconds since the epoch, with fractions.'),
    mimeType: z.string().optional(),
  })
  .meta({
    id: 'ArtifactVersion',
    description: 'What is known of one version of an artifact.',
    examples: [
      {
        version: 0,
        canonicalUri:
          'memory://apps/weather_time_agent/users/u_123/sessions/s_123/artifacts/n.txt/versions/0',
        customMetadata: {},
        createTime: 1743711430.02,
        mimeType: 'text/plain',
      },
    ],
  })

/** What an artifact holds: a text, bytes, or a file that lies elsewhere. */
const ArtifactPart = Part.transform((part, context) => {
  const { text, inlineData, fileData } = part
  if (!text && !inlineData?.data && !fileData?.fileUri) {
    const message = 'Artifact should have a text, inlineData with data, or fileData with a fileUri'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (inlineData?.data === undefined) return part
  const data = standardBase64(inlineData.data)
  if (data !== undefined) return { ...part, inlineData: { ...inlineData, data } }
  const path = ['inlineData', 'data']
  context.addIssue({ code: 'custom', path, message: 'String should be base64', input: undefined })
  return z.NEVER
})

export const SaveArtifactRequest = z
  .object({
    filename: Filename.describe(
      'May hold slashes. A name that starts with `user:` is shared by all sessions of the user.',
    ),
    artifact: ArtifactPart.describe('The content: `text`, `inlineData` or `fileData`.'),
    customMetadata: JsonObject.optional().describe('Kept with the version.'),
  })
  .meta({
    id: 'SaveArtifactRequest',
    example: {
      filename: 'notes/today.txt',
      artifact: { text: 'Bring an umbrella.' },
      customMetadata: { source: 'me' },
    },
  })

export const ArtifactPath = SessionPath.extend({
  artifact_name: z
    .string()
    .describe('Slashes may be sent as they are or as `%2F`.')
    .meta({ examples: ['notes/today.txt'] }),
})

export const ArtifactVersionPath = ArtifactPath.extend({
  version_id: z
    .string()
    .describe('A number from 0, or `latest`.')
    .meta({ examples: ['latest'] }),
})

/** Everything below the artifacts of a session, as one text. */
export const ArtifactTailPath = SessionPath.extend({ '*': z.string() })

const alt = z
  .enum(['json', 'media'])
  .optional()
  .describe('`media` answers with the content itself instead of JSON; so does an `Accept` without JSON.')

export const ArtifactQuery = z.object({
  version: z.string().optional().describe('A number from 0, or `latest`, which is the default.'),
  alt,
})
export const ArtifactVersionQuery = z.object({ alt })
