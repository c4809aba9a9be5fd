import type { AuthCredential } from '../../core/auth.js'
import type { FunctionDeclaration, Schema } from '../../core/content.js'
import type { ReadonlyContext } from '../../core/context.js'
import { messageOf } from '../../core/errors.js'
import { BaseTool, type RunAsyncToolRequest } from '../../core/tool.js'
import type { JsonObject } from '../../schema/json.js'
import { fromJsonSchema } from '../json-schema.js'
import { authorize } from './auth.js'
import type { ApiOperation } from './operations.js'
import { buildRequest, setSecretHeader } from './request.js'
import { readAnswer, send } from './response.js'
import { toolName } from '../select-tools.js'

export interface RestApiToolOptions {
  prefix?: string
  /** How the API wants to be asked, in the words of OpenAPI. By default the document says. */
  authScheme?: JsonObject
  /** A key or token to enter with. Without one that fits, the client is asked. */
  authCredential?: AuthCredential
  /** Tells the credentials that clients send apart; by default there is one for each server and way in. */
  credentialKey?: string
  /** More headers, for each call. */
  headerProvider?: (context: ReadonlyContext) => Record<string, string>
}

/** An operation of an HTTP API as a tool. */
export class RestApiTool extends BaseTool {
  readonly #operation: ApiOperation
  readonly #options: RestApiToolOptions
  #declaration: FunctionDeclaration | undefined

  constructor(operation: ApiOperation, options: RestApiToolOptions = {}) {
    super({ name: toolName(operation.name, options.prefix), description: operation.description })
    this.#operation = operation
    this.#options = options
  }

  override _getDeclaration(): FunctionDeclaration {
    this.#declaration ??= {
      name: this.name,
      description: this.description,
      parameters: parametersOf(this.#operation),
    }
    return this.#declaration
  }

  override async runAsync({ args, toolContext }: RunAsyncToolRequest): Promise<unknown> {
    const { authScheme, authCredential, credentialKey, headerProvider } = this.#options
    try {
      const request = buildRequest(this.#operation, args)
      const security = authScheme
        ? { name: String(authScheme.type), scheme: authScheme }
        : this.#operation.security
      const auth = { context: toolContext, authCredential, credentialKey }
      if (security && !authorize(request, security, auth)) {
        return { pending: true, message: 'The user has to grant access first.' }
      }
      for (const [name, value] of Object.entries(headerProvider?.(toolContext) ?? {})) {
        setSecretHeader(request, name, value)
      }
      return await readAnswer(await send(request, toolContext.abortSignal))
    } catch (error) {
      toolContext.abortSignal.throwIfAborted()
      throw new Error(`Error in tool '${this.name}': ${this.#explain(error)}`, { cause: error })
    }
  }

  /** What `fetch` says is "fetch failed"; why is in its cause. */
  #explain(error: unknown): string {
    if (!(error instanceof TypeError && error.cause instanceof Error)) return messageOf(error)
    const { code, message } = error.cause as NodeJS.ErrnoException
    return `${new URL(this.#operation.server).host} cannot be reached: ${code ?? message}`
  }
}

function parametersOf({ parameters, document }: ApiOperation): Schema {
  const entries = parameters.map(({ name, schema, description }): [string, Schema] => [
    name,
    fromJsonSchema({ ...schema, ...(description && { description }) }, document),
  ])
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name)
  return {
    ...fromJsonSchema({ type: 'object' }),
    properties: Object.fromEntries(entries),
    ...(required.length > 0 && { required }),
  }
}
