// Whoever this process is to Google: the key file, the machine, or the person that gcloud knows.
import { unlessAborted } from '../core/abort.js'

/** Makes the headers that say who asks. */
export type Authorize = (signal: AbortSignal) => Promise<Record<string, string>>

/** How long it may take to find out who this process is, in milliseconds. */
const FIND_MS = 15_000
const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write'

/** Tokens are kept until shortly before they end. Rejects where there are no credentials. */
export async function googleAuthorization(): Promise<Authorize> {
  const { GoogleAuth } = await import('google-auth-library')
  const auth = new GoogleAuth({ scopes: SCOPE })
  try {
    await unlessAborted(auth.getClient(), AbortSignal.timeout(FIND_MS))
  } catch (error) {
    throw new Error(
      'Google Cloud Storage needs credentials: set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run "gcloud auth application-default login"',
      { cause: error },
    )
  }
  return async (signal) => Object.fromEntries(await unlessAborted(auth.getRequestHeaders(), signal))
}
