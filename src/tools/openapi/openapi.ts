import type { ReadonlyContext } from '../../core/context.js'
import { messageOf } from '../../core/errors.js'
import { BaseToolset, type ToolPredicate } from '../../core/tool.js'
import { readOperations } from './operations.js'
import { RestApiTool, type RestApiToolOptions } from './rest-api-tool.js'
import { selectTools } from '../select-tools.js'

export interface OpenAPIToolsetOptions extends RestApiToolOptions {
  /** An OpenAPI 3 document; or give it as `specStr`. */
  specDict?: object
  specStr?: string
  /** How `specStr` is written. Default `json`. */
  specType?: 'json' | 'yaml'
  /** Names as the model sees them, with the prefix; or a predicate. */
  toolFilter?: string[] | ToolPredicate
  /** Leave the names of operations and parameters as they are, instead of writing them in snake_case. Default false. */
  preservePropertyNames?: boolean
}

/** The operations of an HTTP API, each as a tool. Requests go to the servers that the document names, nowhere else. */
export class OpenAPIToolset extends BaseToolset {
  readonly #options: OpenAPIToolsetOptions
  #tools: Promise<RestApiTool[]> | undefined

  constructor(options: OpenAPIToolsetOptions) {
    if ((options.specDict === undefined) === (options.specStr === undefined)) {
      throw new Error('An OpenAPIToolset needs the OpenAPI document, either as `specDict` or as `specStr`')
    }
    super(options.toolFilter, options.prefix)
    this.#options = options
  }

  /** Rejects when the document cannot be read. */
  override async getTools(context?: ReadonlyContext): Promise<RestApiTool[]> {
    this.#tools ??= this.#readTools()
    return selectTools(await this.#tools, this.toolFilter, context)
  }

  async #readTools(): Promise<RestApiTool[]> {
    const { specDict, specStr = '', specType = 'json', preservePropertyNames = false } = this.#options
    const document: unknown = specDict ?? (await parseDocument(specStr, specType))
    const operations = readOperations(document, { preservePropertyNames })
    return operations.map((operation) => new RestApiTool(operation, this.#options))
  }
}

async function parseDocument(text: string, type: 'json' | 'yaml'): Promise<unknown> {
  const parse = type === 'yaml' ? await yamlParser() : (json: string): unknown => JSON.parse(json)
  try {
    return parse(text)
  } catch (error) {
    throw new Error(`The OpenAPI document is not valid ${type.toUpperCase()}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Loaded for the few who need it. */
async function yamlParser(): Promise<(text: string) => unknown> {
  try {
    return (await import('yaml')).parse
  } catch (error) {
    throw new Error('An OpenAPI document in YAML needs the package "yaml": npm install yaml', {
      cause: error,
    })
  }
}
