/** Every code a client may see, and its HTTP status. The one table. */
export const PROBLEMS = {
  app_name_missing: 400,
  bad_request: 400,
  body_not_utf8: 400,
  header_missing: 400,
  invalid_url: 400,
  not_an_llm_agent: 400,
  session_exists: 400,
  session_mismatch: 400,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  confirmation_not_allowed: 403,
  run_not_awaiting: 403,
  run_over: 403,
  agent_not_found: 404,
  app_not_found: 404,
  session_not_found: 404,
  artifact_not_found: 404,
  invocation_not_found: 404,
  node_not_found: 404,
  resource_not_found: 404,
  run_not_found: 404,
  trace_not_found: 404,
  route_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  session_busy: 409,
  session_deleted: 409,
  run_cancelled: 409,
  run_events_gone: 410,
  session_conflict: 409,
  body_too_large: 413,
  url_too_long: 414,
  media_type_not_supported: 415,
  invalid_artifact_name: 422,
  invalid_message: 422,
  invalid_last_event_id: 422,
  name_not_storable: 422,
  idempotency_key_reused: 422,
  headers_too_large: 431,
  agent_failed: 500,
  await_timeout: 500,
  app_load_failed: 500,
  internal: 500,
  too_many_runs: 503,
  shutting_down: 503,
  storage_unavailable: 503,
} as const satisfies Record<string, number>

export type ProblemCode = keyof typeof PROBLEMS

/** An error whose message may reach a client. Every other error is a bug and reaches only the log. */
export class AdkError extends Error {
  override readonly name = 'AdkError'

  constructor(
    readonly code: ProblemCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  get status(): number {
    return PROBLEMS[this.code]
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (typeof error === 'string') return error
  const texts: unknown[] = error instanceof Error ? [error.message, error.name] : [] // which may be set to anything
  return texts.find((text): text is string => typeof text === 'string' && text !== '') ?? 'unknown error'
}

const SECRETS = [
  /AIza[\w-]{20,}/g, // Google API keys
  /\b(?:sk|pk|ghp|gho|xox[abp])[-_][\w-]{16,}/g, // keys of other providers
  /\bya29\.[\w.-]+/g, // Google access tokens
  /(?<![\w-]{32})\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, // JSON web tokens; inside of a long word there are none
  /(?<=\b(?:key|token|api_key|apikey|access_token|password|secret)=)[^\s&"']+/gi,
  /(?=[\w.~+/=-])(?<=\bbearer\s+)[\w.~+/=-]+/gi, // looks back from words only, not from every blank
]
/** One cheap look, since nearly all texts hold none of them. */
const MAY_HOLD_SECRETS = /AIza|sk[-_]|pk[-_]|gh[po][-_]|xox|ya29|eyJ|(?:key|token|password|secret)=|bearer\s/i
const PATHS = /(?<![\w./:])(?:file:\/\/)?(?:\/|[A-Za-z]:\\)(?:[\w.@+ -]+[/\\])+[\w.@+-]+/g

/** Text for a client or a log: without anything that looks like a key. */
export function redactSecrets(text: string): string {
  if (!MAY_HOLD_SECRETS.test(text)) return text
  return SECRETS.reduce((result, secret) => result.replace(secret, '[redacted]'), text)
}

/** Longest error text that leaves the server, in characters. */
const MAX_TEXT = 500
/** So much of an error is looked at: finding paths takes time that grows with the square of what is like a path. */
const MAX_READ = 8000

/** The message of a foreign error, fit for a client: one line, no keys, no file paths, no markup, bounded. */
export function publicMessage(error: unknown): string {
  const text = redactSecrets(messageOf(error))
    .slice(0, MAX_READ)
    .replace(PATHS, '[path]')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text
}
