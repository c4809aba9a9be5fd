// From an error to what the client reads. The statuses themselves are in core/errors.ts.
import type { FastifyError } from 'fastify'
import type { z } from 'zod'
import { AdkError, type ProblemCode } from '../core/errors.js'
import type { ValidationItem } from '../schema/problem.js'
import { DISCONNECTED } from './disconnect.js'

/** A request that does not fit its schema, with the issues that zod found. */
interface InvalidRequest extends Error {
  readonly issues: readonly z.core.$ZodIssue[]
  readonly part: string
}

export interface ProblemReply {
  status: number
  body: { detail: string | ValidationItem[]; error: string }
}

/** Longest sentence, in characters. Some name what the client has sent, which may be of any length. */
const MAX_TEXT = 2000

function problem(status: number, sentence: string): ProblemReply {
  const text = sentence.length > MAX_TEXT ? `${sentence.slice(0, MAX_TEXT)}…` : sentence
  return { status, body: { detail: text, error: text } }
}

/** Errors that Fastify raises itself, in our own words. */
const FASTIFY_ERRORS: Record<string, { code: ProblemCode; text: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    text: 'The request body is too large; the limit can be raised with --max_body_mb',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'media_type_not_supported',
    text: 'The request body should be JSON; send the header Content-Type: application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'bad_request',
    text: 'The body is not as long as Content-Length says',
  },
  FST_ERR_BAD_URL: { code: 'invalid_url', text: 'The path is not valid percent-encoded UTF-8' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'url_too_long', text: 'A name in the path is too long' },
  FST_ERR_ASYNC_CONSTRAINT: { code: 'internal', text: 'Internal Server Error' },
}

/** The reply to an error; `undefined` when it is a bug, which the client learns nothing of. */
export function toProblem(error: unknown): ProblemReply | undefined {
  if (error instanceof AdkError) return problem(error.status, error.message)
  if (error === DISCONNECTED) return problem(499, DISCONNECTED.message)
  if (!(error instanceof Error)) return undefined
  if (isInvalidRequest(error)) return validationProblem(error)
  const known = FASTIFY_ERRORS[(error as Partial<FastifyError>).code ?? '']
  return known && problem(new AdkError(known.code, known.text).status, known.text)
}

export function internalProblem(requestId: string): ProblemReply {
  return problem(500, `Internal Server Error; the server's log has the details under request id ${requestId}`)
}

function isInvalidRequest(error: Error): error is InvalidRequest {
  return 'issues' in error && 'part' in error
}

/** Most problems of one request that are told; fixing these comes first. */
const MAX_ITEMS = 20

function validationProblem({ issues, part }: InvalidRequest): ProblemReply {
  const detail = issues
    .flatMap(toInnermost)
    .slice(0, MAX_ITEMS)
    .map((issue) => toItem(issue, part))
  const error = detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
  return { status: 422, body: { detail, error } }
}

/** A value that fits none of several shapes is told about the first of them, which is the one that is documented. */
function toInnermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  const inner = issue.code === 'invalid_union' ? issue.errors[0] : undefined
  return inner?.flatMap((each) => toInnermost({ ...each, path: [...issue.path, ...each.path] })) ?? [issue]
}

/** One issue in the form of FastAPI, which clients of the official servers know how to read. */
function toItem(issue: z.core.$ZodIssue, part: string): ValidationItem {
  const loc = [part, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))]
  const { type, msg } = describe(issue)
  return { type, loc, msg, ...(isShort(issue.input) && { input: issue.input }) }
}

const TYPES: Record<string, { type: string; msg: string }> = {
  string: { type: 'string_type', msg: 'Input should be a valid string' },
  number: { type: 'float_type', msg: 'Input should be a valid number' },
  int: { type: 'int_type', msg: 'Input should be a valid integer' },
  boolean: { type: 'bool_type', msg: 'Input should be a valid boolean' },
  array: { type: 'list_type', msg: 'Input should be a valid list' },
  object: { type: 'dict_type', msg: 'Input should be a valid object' },
}

function describe(issue: z.core.$ZodIssue): { type: string; msg: string } {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return { type: 'missing', msg: 'Field required' }
      return TYPES[issue.expected] ?? { type: 'type_error', msg: issue.message }
    case 'too_small':
      return { type: issue.origin === 'string' ? 'string_too_short' : 'too_short', msg: issue.message }
    case 'too_big':
      return { type: issue.origin === 'string' ? 'string_too_long' : 'too_long', msg: issue.message }
    case 'custom':
      return { type: String(issue.params?.type ?? 'value_error'), msg: issue.message }
    default:
      return { type: 'value_error', msg: issue.message }
  }
}

/** A value is shown back only where it helps: small ones, never whole bodies. */
function isShort(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= 100
  return value === null || typeof value === 'number' || typeof value === 'boolean'
}
