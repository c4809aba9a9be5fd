import type { AuthConfig, AuthCredential } from '../../core/auth.js'
import type { Context } from '../../core/context.js'
import { isJsonObject, type JsonObject } from '../../schema/json.js'
import type { ApiSecurity } from './operations.js'
import { setSecretHeader, type ApiRequest } from './request.js'

interface AuthOptions {
  /** What the author configured. */
  authCredential: AuthCredential | undefined
  /** Tells credentials apart; by default there is one for each server and way in. */
  credentialKey: string | undefined
}

/**
 * Adds to a request what lets it in: the credential that the client sent in this run, or else the configured one. Where
 * neither will do, asks the client for one, and returns false.
 */
export function authorize(
  request: ApiRequest,
  { name, scheme }: ApiSecurity,
  { context, authCredential, credentialKey }: AuthOptions & { context: Context },
): boolean {
  const config: AuthConfig = {
    authScheme: scheme,
    ...(authCredential && { rawAuthCredential: withoutSecret(authCredential) }),
    credentialKey: credentialKey ?? `openapi:${request.url.host}:${name}`,
  }
  const add = addCredential(scheme, context.getAuthResponse(config) ?? authCredential)
  if (add) add(request)
  else context.requestCredential(config)
  return add !== undefined
}

/** What the client of the app needs to get a token; the secret of the app is not for it. */
function withoutSecret(credential: AuthCredential): AuthCredential {
  if (!isJsonObject(credential.oauth2)) return credential
  const { clientSecret: _, ...oauth2 } = credential.oauth2
  return { ...credential, oauth2 }
}

/** How a credential is added to a request; `undefined` when it is not of the kind that the scheme asks for. */
function addCredential(
  scheme: JsonObject,
  { apiKey, http, oauth2 }: AuthCredential = {},
): ((request: ApiRequest) => void) | undefined {
  if (scheme.type === 'apiKey')
    return isText(apiKey) ? (request) => addKey(request, scheme, apiKey) : undefined
  const { username, password, token } = credentialsOf(http)
  const isBasic = scheme.type === 'http' && String(scheme.scheme).toLowerCase() === 'basic'
  const value = isBasic
    ? isText(username) && isText(password) && `Basic ${encode(`${username}:${password}`)}`
    : [token, oauth2?.accessToken].filter(isText).map((token) => `Bearer ${token}`)[0]
  return value ? (request) => setSecretHeader(request, 'authorization', value) : undefined
}

function addKey(request: ApiRequest, { name, in: place }: JsonObject, key: string): void {
  const cookies = request.headers.get('cookie')
  if (place === 'query') request.url.searchParams.set(String(name), key)
  else if (place !== 'cookie') setSecretHeader(request, String(name), key)
  else {
    const cookie = `${String(name)}=${encodeURIComponent(key)}`
    request.headers.set('cookie', cookies ? `${cookies}; ${cookie}` : cookie)
  }
}

const credentialsOf = (http: unknown): JsonObject =>
  isJsonObject(http) && isJsonObject(http.credentials) ? http.credentials : {}
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const encode = (text: string): string => Buffer.from(text).toString('base64')
