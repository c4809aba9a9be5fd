import type { JsonObject } from '../schema/json.js'

export const AuthCredentialTypes = {
  API_KEY: 'apiKey',
  HTTP: 'http',
  OAUTH2: 'oauth2',
  OPEN_ID_CONNECT: 'openIdConnect',
  SERVICE_ACCOUNT: 'serviceAccount',
} as const
export type AuthCredentialTypes = (typeof AuthCredentialTypes)[keyof typeof AuthCredentialTypes]

/** A credential, raw or exchanged: an API key, tokens, or what an OAuth 2 exchange needs. */
export interface AuthCredential extends JsonObject {
  authType?: string
  apiKey?: string
  oauth2?: JsonObject
}

/** What a tool needs to be let in, and what it was given. */
export interface AuthConfig {
  /** How the service wants to be asked, in the words of OpenAPI security schemes. */
  authScheme: JsonObject
  rawAuthCredential?: AuthCredential
  exchangedAuthCredential?: AuthCredential
  /** Tells credentials apart. */
  credentialKey: string
}

/** Where the credential of a run is kept: in state that is never stored. */
export const credentialStateKey = (credentialKey: string): string => `temp:${credentialKey}`
