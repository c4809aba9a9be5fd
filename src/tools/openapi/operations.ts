// What an OpenAPI 3 document offers, operation by operation, in a form that a tool can be made of.
import { isJsonObject, type JsonObject } from '../../schema/json.js'
import { lookUp } from '../json-schema.js'
import { distinctNames, snakeCase } from './names.js'

/** Where the value of a parameter goes; a `field` is part of the body, a `body` all of it. */
type ParameterPlace = 'path' | 'query' | 'header' | 'cookie' | 'field' | 'body'

export interface ApiParameter {
  /** As the model sees it. */
  name: string
  /** As the server knows it. */
  key: string
  place: ParameterPlace
  schema: JsonObject
  description: string
  required: boolean
  /** How a list or an object is written: its items one by one, joined by commas, or as `key[name]`. */
  style: 'separate' | 'joined' | 'nested'
}

/** How a server wants to be asked, in the words of OpenAPI, and what the document calls it. */
export interface ApiSecurity {
  name: string
  scheme: JsonObject
}

/** One operation of an API. */
export interface ApiOperation {
  name: string
  description: string
  /** In capitals. */
  method: string
  /** Where the path begins: an absolute URL. */
  server: string
  /** With its parameters in braces. */
  path: string
  parameters: ApiParameter[]
  /** Of the body. */
  mediaType: string | undefined
  security: ApiSecurity | undefined
  /** Where references in schemas lead. */
  document: JsonObject
}

interface ReadOptions {
  /** Leave the names of operations and parameters as they are, instead of writing them in snake_case. */
  preservePropertyNames: boolean
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options']
/** Longest name of a function, in characters: some models accept 64, and a prefix may be added. */
const MAX_NAME = 60

/** Bodies that can be written, best first. */
const PREFERRED = [
  /^application\/json\b/,
  /\+json\b/,
  /^application\/x-www-form-urlencoded\b/,
  /^multipart\/form-data\b/,
  /^text\//,
]
/** Said elsewhere in a document; as parameters they mean nothing. */
const MANAGED_HEADERS = new Set(['accept', 'content-type', 'authorization'])

/** Throws when the document is of another kind, or names no server. */
export function readOperations(document: unknown, options: ReadOptions): ApiOperation[] {
  if (!isJsonObject(document) || !String(document.openapi).startsWith('3.')) {
    throw new Error('The OpenAPI document is not of version 3; convert it, or check that it is the right one')
  }
  const paths = Object.entries(isJsonObject(document.paths) ? document.paths : {})
  const operations = paths.flatMap(([path, value]) => {
    const item = resolve(value, document)
    return METHODS.flatMap((method) =>
      isJsonObject(item[method])
        ? new OperationReader({ document, item, operation: item[method], method, path }, options).read()
        : [],
    )
  })
  const names = distinctNames(operations.map(({ name }) => name))
  return operations.map((operation, index) => ({ ...operation, name: names[index] ?? operation.name }))
}

interface Source {
  document: JsonObject
  /** What is said for all operations of the path. */
  item: JsonObject
  operation: JsonObject
  method: string
  path: string
}

class OperationReader {
  constructor(
    private readonly source: Source,
    private readonly options: ReadOptions,
  ) {}

  read(): ApiOperation {
    const { document, operation, method, path } = this.source
    const { operationId, description, summary } = operation
    const name = typeof operationId === 'string' ? this.nameOf(operationId) : snakeCase(`${method}_${path}`)
    const { mediaType, parameters: body } = this.readBody()
    const parameters = [...this.readParameters(), ...body]
    const names = distinctNames(parameters.map((parameter) => parameter.name))
    return {
      name: name.slice(0, MAX_NAME),
      description: textOf(description) || textOf(summary),
      method: method.toUpperCase(),
      server: this.readServer(),
      path,
      parameters: parameters.map((parameter, index) => ({
        ...parameter,
        name: names[index] ?? parameter.name,
      })),
      mediaType,
      security: this.readSecurity(),
      document,
    }
  }

  private nameOf(name: string): string {
    return this.options.preservePropertyNames ? name : snakeCase(name)
  }

  private readServer(): string {
    const { document, item, operation } = this.source
    const [server] = listOf(operation.servers ?? item.servers ?? document.servers)
    const variables = isJsonObject(server?.variables) ? server.variables : {}
    const url = textOf(server?.url).replace(/\{([^{}]+)\}/g, (_, name: string) => {
      const variable = variables[name]
      return isJsonObject(variable) ? String(variable.default) : ''
    })
    if (URL.canParse(url) && /^https?:\/\/[^@/]+(?:\/|$)/i.test(url)) return url.replace(/[?#].*$/, '')
    throw new Error(
      'The OpenAPI document names no server; add `servers` with an absolute URL without credentials, such as https://example.com/v1',
    )
  }

  /** Those of the operation replace those of the path. */
  private readParameters(): ApiParameter[] {
    const { document, item, operation } = this.source
    const found = new Map<string, ApiParameter>()
    for (const reference of [...listOf(item.parameters), ...listOf(operation.parameters)]) {
      const parameter = this.readParameter(resolve(reference, document))
      if (parameter) found.set(`${parameter.place} ${parameter.key}`, parameter)
    }
    return [...found.values()]
  }

  private readParameter(parameter: JsonObject): ApiParameter | undefined {
    const { name: key, in: place, required, explode, style, content } = parameter
    if (typeof key !== 'string' || !isPlace(place)) return undefined
    if (place === 'header' && MANAGED_HEADERS.has(key.toLowerCase())) return undefined
    const [media] = Object.values(isJsonObject(content) ? content : {})
    const schema = asObject(parameter.schema ?? asObject(media).schema)
    const isForm = place === 'query' && (style === undefined || style === 'form')
    const isSeparate = typeof explode === 'boolean' ? explode : isForm
    return {
      name: this.nameOf(key),
      key,
      place,
      schema,
      description: textOf(parameter.description) || textOf(schema.description),
      required: required === true || place === 'path',
      style: style === 'deepObject' ? 'nested' : isSeparate ? 'separate' : 'joined',
    }
  }

  private readBody(): { mediaType: string | undefined; parameters: ApiParameter[] } {
    const { document, operation } = this.source
    const body = resolve(operation.requestBody, document)
    const content = asObject(body.content)
    const types = Object.keys(content)
    const mediaType = PREFERRED.flatMap((wanted) => types.filter((type) => wanted.test(type)))[0] ?? types[0]
    if (mediaType === undefined) return { mediaType, parameters: [] }
    const schema = asObject(asObject(content[mediaType]).schema)
    const { properties, required } = fieldsOf(schema, document)
    const fields = Object.entries(properties).filter(
      ([, field]) => resolve(field, document).readOnly !== true,
    )
    const toParameter = (place: 'field' | 'body', key: string, of: JsonObject): ApiParameter => ({
      name: this.nameOf(key),
      key,
      place,
      schema: of,
      description: textOf(of.description),
      required: place === 'field' ? required.includes(key) : body.required === true,
      style: 'separate',
    })
    if (fields.length === 0 || mediaType.startsWith('text/')) {
      return { mediaType, parameters: [toParameter('body', 'body', schema)] }
    }
    return { mediaType, parameters: fields.map(([key, field]) => toParameter('field', key, asObject(field))) }
  }

  /** The first way in that the document describes; none when one may also enter without. */
  private readSecurity(): ApiSecurity | undefined {
    const { document, operation } = this.source
    const ways = listOf(operation.security ?? document.security)
    if (ways.some((way) => Object.keys(way).length === 0)) return undefined
    const schemes = asObject(asObject(document.components).securitySchemes)
    for (const name of ways.flatMap((way) => Object.keys(way))) {
      const scheme = Object.hasOwn(schemes, name) ? resolve(schemes[name], document) : {}
      if (typeof scheme.type === 'string') return { name, scheme }
    }
    return undefined
  }
}

const isPlace = (place: unknown): place is 'path' | 'query' | 'header' | 'cookie' =>
  place === 'path' || place === 'query' || place === 'header' || place === 'cookie'

const MAX_REFERENCES = 16

/** The object itself, or what its reference leads to. */
function resolve(value: unknown, document: JsonObject): JsonObject {
  let found = value
  for (let hops = 0; hops < MAX_REFERENCES && isJsonObject(found) && typeof found.$ref === 'string'; hops++) {
    found = lookUp(found.$ref, document)
  }
  return asObject(found)
}

/** The properties of an object, those of the parts it is made of included. Each part is looked at once: they may be many. */
function fieldsOf(
  schema: JsonObject,
  document: JsonObject,
  seen = new Set<JsonObject>(),
): { properties: JsonObject; required: unknown[] } {
  const whole = resolve(schema, document)
  if (seen.has(whole)) return { properties: {}, required: [] }
  seen.add(whole)
  const { properties, required, allOf } = whole
  const inherited = listOf(allOf).map((part) => fieldsOf(part, document, seen))
  return {
    properties: inherited.reduce((all, part) => ({ ...part.properties, ...all }), asObject(properties)),
    required: [...inherited.flatMap((part) => part.required), ...(Array.isArray(required) ? required : [])],
  }
}

const asObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
