// A call of an operation as an HTTP request. The arguments come from a model: they fill in what the document declares, and
// cannot lead anywhere else.
import { isJsonObject, type JsonObject } from '../../schema/json.js'
import type { ApiOperation, ApiParameter } from './operations.js'

export interface ApiRequest {
  url: URL
  method: string
  headers: Headers
  body: string | URLSearchParams | FormData | undefined
}

/** Throws for arguments that cannot be sent. What is not declared is left out. */
export function buildRequest(operation: ApiOperation, args: JsonObject): ApiRequest {
  const given = operation.parameters.flatMap((parameter): Given[] => {
    const value = Object.hasOwn(args, parameter.name) ? args[parameter.name] : undefined
    if (value !== undefined && value !== null) return [{ parameter, value }]
    if (!parameter.required) return []
    throw new Error(`the parameter "${parameter.name}" is missing`)
  })
  const at = (place: ApiParameter['place']) => given.filter(({ parameter }) => parameter.place === place)
  const path = fillPath(operation.path, at('path'))
  const url = new URL(`${operation.server.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`)
  for (const [key, value] of at('query').flatMap(pairsOf)) url.searchParams.append(key, value)
  const headers = new Headers()
  for (const { parameter, value } of at('header')) headers.set(parameter.key, asText(value))
  const cookies = at('cookie').map(
    ({ parameter, value }) => `${parameter.key}=${encodeURIComponent(asText(value))}`,
  )
  if (cookies.length > 0) headers.set('cookie', cookies.join('; '))
  const body = writeBody(operation.mediaType, at('field'), at('body')[0])
  // The boundary of a form is written by whoever sends it.
  if (body !== undefined && !(body instanceof FormData))
    headers.set('content-type', operation.mediaType ?? '')
  return { url, method: operation.method, headers, body }
}

/** Sets a header whose value must not be told when it cannot be sent. */
export function setSecretHeader({ headers }: ApiRequest, name: string, value: string): void {
  try {
    headers.set(name, value)
  } catch {
    throw new Error(`the header "${name}" cannot be sent; look for line breaks in its configured value`)
  }
}

interface Given {
  parameter: ApiParameter
  value: unknown
}

function fillPath(path: string, given: Given[]): string {
  const values = new Map(given.map(({ parameter, value }) => [parameter.key, asText(value)]))
  const filled = path.replace(/\{([^{}]+)\}/g, (_, key: string) => {
    const value = values.get(key)
    // Without it the path would be that of another operation.
    if (!value) throw new Error(`the parameter "${key}" is part of the path and may not be empty`)
    return encodeURIComponent(value)
  })
  if (filled.split(/[/\\]/).some((segment) => /^\.{1,2}$/.test(segment))) {
    throw new Error('parameters of the path may not be "." or ".."')
  }
  return filled
}

function pairsOf({ parameter, value }: Given): [string, string][] {
  const { key, style } = parameter
  if (style === 'nested' && isJsonObject(value)) {
    return Object.entries(value).map(([name, item]) => [`${key}[${name}]`, asText(item)])
  }
  if (style === 'separate' && Array.isArray(value)) return value.map((item) => [key, asText(item)])
  return [[key, asText(value)]]
}

function asText(value: unknown): string {
  if (Array.isArray(value)) return value.map(asText).join(',')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function writeBody(
  mediaType: string | undefined,
  fields: Given[],
  whole: Given | undefined,
): ApiRequest['body'] {
  if (mediaType === undefined || (!whole && fields.length === 0)) return undefined
  if (/[/+]json\b/.test(mediaType)) {
    const entries = fields.map(({ parameter, value }) => [parameter.key, value])
    return JSON.stringify(whole ? whole.value : Object.fromEntries(entries))
  }
  if (whole) return asText(whole.value)
  const form = mediaType.startsWith('multipart/') ? new FormData() : new URLSearchParams()
  for (const [key, value] of fields.flatMap(pairsOf)) form.append(key, value)
  return form
}
