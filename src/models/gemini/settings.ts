import { ModelError } from '../model-error.js'

type Environment = Readonly<Record<string, string | undefined>>

export interface GeminiCredentials {
  apiKey?: string
  /** Use Vertex AI instead of the Gemini API. */
  vertexai?: boolean
  project?: string
  location?: string
  /** Sent with every request, in addition to our own. */
  headers?: Record<string, string>
}

/** Where requests go and who sends them. Two equal settings share a client. */
export interface GeminiSettings extends GeminiCredentials {
  vertexai: boolean
  baseUrl?: string
}

const API_KEYS = ['GOOGLE_GENAI_API_KEY', 'GOOGLE_API_KEY', 'GEMINI_API_KEY']

/** What is given explicitly wins over what the model's name says, and that over the environment. */
export function geminiSettings(
  given: GeminiCredentials,
  model: string,
  environment: Environment = process.env,
): GeminiSettings {
  const read = (name: string) => environment[name]?.trim() || undefined
  const resource = /^projects\/([^/]+)\/locations\/([^/]+)\//.exec(model)
  const vertexai = given.vertexai ?? (resource !== null || usesVertex(read))
  const common = {
    vertexai,
    headers: given.headers,
    baseUrl: read(vertexai ? 'GOOGLE_VERTEX_BASE_URL' : 'GOOGLE_GEMINI_BASE_URL'),
  }
  const project = given.project ?? resource?.[1] ?? read('GOOGLE_CLOUD_PROJECT')
  const location = given.location ?? resource?.[2] ?? read('GOOGLE_CLOUD_LOCATION')
  // Vertex AI takes a project or a key, not both. Without a location the SDK asks wherever there is room.
  if (vertexai && project && !given.apiKey) return { ...common, project, location }
  return { ...common, apiKey: given.apiKey ?? API_KEYS.map(read).find(Boolean) }
}

/** Throws an error that tells the author what to set. */
export function requireCredentials(settings: GeminiSettings, model: string): void {
  if (isComplete(settings)) return
  throw new ModelError(
    'UNAUTHENTICATED',
    `No credentials for the model "${model}". Set GEMINI_API_KEY or GOOGLE_API_KEY; or, for Vertex AI, ` +
      'GOOGLE_GENAI_USE_VERTEXAI=true with GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION. ' +
      'To try the agents without a key, start the server with --offline',
  )
}

export const isComplete = ({ apiKey, project }: GeminiSettings): boolean => Boolean(apiKey || project)

function usesVertex(read: (name: string) => string | undefined): boolean {
  const flag = read('GOOGLE_GENAI_USE_ENTERPRISE') ?? read('GOOGLE_GENAI_USE_VERTEXAI')
  return flag !== undefined && ['true', '1'].includes(flag.toLowerCase())
}
