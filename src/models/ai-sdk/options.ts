import type { FunctionDeclaration, GenerateContentConfig } from '../../core/content.js'
import type { LlmRequest } from '../../core/model.js'
import { isJsonObject, type JsonObject } from '../../schema/json.js'
import { toPrompt, type WriteData } from './prompt.js'
import type { CallOptions, FunctionToolSpec, ToolChoice } from './spec.js'
import { toJsonSchema } from './schema.js'
import { ModelError } from '../model-error.js'
import { present } from '../response.js'

/** A request as the AI SDK's models take it. Throws a {@link ModelError} for tools that only Gemini has. */
export function toCallOptions<Data>(
  request: LlmRequest,
  model: string,
  writeData: WriteData<Data>,
): CallOptions<Data> {
  const { config = {} } = request
  return present<CallOptions<Data>>({
    prompt: toPrompt(request, writeData),
    ...toolsOf(config, model),
    responseFormat: responseFormatOf(config),
    headers: config.httpOptions?.headers,
    temperature: config.temperature,
    topP: config.topP,
    topK: config.topK,
    maxOutputTokens: config.maxOutputTokens,
    stopSequences: config.stopSequences,
    seed: config.seed,
    presencePenalty: config.presencePenalty,
    frequencyPenalty: config.frequencyPenalty,
  })
}

function toolsOf({ tools = [], toolConfig }: GenerateContentConfig, model: string) {
  const declarations = tools.flatMap((entry) => declarationsIn(entry, model))
  if (declarations.length === 0) return {}
  const { mode, allowedFunctionNames = [] } = toolConfig?.functionCallingConfig ?? {}
  const allowed = declarations.filter(
    ({ name = '' }) => allowedFunctionNames.length === 0 || allowedFunctionNames.includes(name),
  )
  return { tools: allowed.map(toFunctionTool), toolChoice: toolChoiceOf(mode, allowedFunctionNames) }
}

function declarationsIn(entry: object, model: string): FunctionDeclaration[] {
  const known: { functionDeclarations?: FunctionDeclaration[] } = entry
  const builtIn = Object.entries(entry).find(([key, value]) => value && key !== 'functionDeclarations')
  if (!builtIn) return known.functionDeclarations ?? []
  throw new ModelError(
    'INVALID_ARGUMENT',
    `The tool ${builtIn[0]} is built into Gemini, and the model "${model}" does not have it; take it from the agent, or ` +
      'give the agent a Gemini model',
  )
}

function toFunctionTool({
  name = '',
  description,
  parameters,
  parametersJsonSchema,
}: FunctionDeclaration): FunctionToolSpec {
  return {
    type: 'function',
    name,
    ...(description && { description }),
    inputSchema: schemaOf(parameters, parametersJsonSchema) ?? { type: 'object', properties: {} },
  }
}

/** Of two ways to write a schema, whichever was used. */
function schemaOf(schema: unknown, jsonSchema: unknown): JsonObject | undefined {
  if (isJsonObject(schema)) return toJsonSchema(schema)
  return isJsonObject(jsonSchema) ? jsonSchema : undefined
}

function toolChoiceOf(mode: string | undefined, allowed: readonly string[]): ToolChoice | undefined {
  const [only, ...others] = allowed
  switch (mode) {
    case 'NONE':
      return { type: 'none' }
    case 'ANY':
      return only !== undefined && others.length === 0
        ? { type: 'tool', toolName: only }
        : { type: 'required' }
    default:
      return mode ? { type: 'auto' } : undefined
  }
}

function responseFormatOf({
  responseMimeType,
  responseSchema,
  responseJsonSchema,
}: GenerateContentConfig): CallOptions<never>['responseFormat'] {
  const schema = schemaOf(responseSchema, responseJsonSchema)
  if (!schema && responseMimeType !== 'application/json') return undefined
  return { type: 'json', ...(schema && { schema }) }
}
