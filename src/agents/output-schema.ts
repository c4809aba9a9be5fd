import type { FunctionDeclaration } from '../core/content.js'
import { getFunctionCalls, type Event } from '../core/event.js'
import { SET_MODEL_RESPONSE } from '../core/framework-calls.js'
import { appendInstruction, type LlmRequest } from '../core/model.js'
import { declareTool, type RunAsyncToolRequest } from '../core/tool.js'
import { isZod, objectSchema, parseWith, toGeminiSchema, type SchemaLike } from '../tools/declaration.js'
import type { LlmAgent } from './llm-agent.js'
import { FrameworkTool } from './offered-tools.js'

/** Asks for an answer in the form of the agent's schema: as JSON, or, beside other tools, as a call of one more tool. */
export function addOutputSchema(agent: LlmAgent, request: LlmRequest): void {
  if (agent.outputSchema === undefined || agent.tools.length > 0) return
  const config = (request.config ??= {})
  config.responseSchema = toGeminiSchema(agent.outputSchema)
  config.responseMimeType = 'application/json'
}

/** Models cannot be asked for JSON and for tool calls at once, so the answer becomes a tool call as well. */
export function instructFinalAnswer(agent: LlmAgent, request: LlmRequest): void {
  if (agent.outputSchema === undefined || agent.tools.length === 0) return
  appendInstruction(
    request,
    `You have other tools to work with. Give your final answer by calling \`${SET_MODEL_RESPONSE}\` with all of its fields, never as plain text.`,
  )
}

export function declareFinalAnswer(agent: LlmAgent, request: LlmRequest): void {
  if (agent.outputSchema === undefined || agent.tools.length === 0) return
  declareTool(request, new FinalAnswerTool(agent.outputSchema))
}

class FinalAnswerTool extends FrameworkTool {
  constructor(private readonly schema: SchemaLike) {
    super({ name: SET_MODEL_RESPONSE, description: 'Sets the final answer, in the form that was asked for.' })
  }

  override _getDeclaration(): FunctionDeclaration {
    return { name: this.name, description: this.description, parameters: objectSchema(this.schema) }
  }

  /** Runs only when the call is not the answer, because its arguments do not fit: the model reads what is wrong. */
  override async runAsync({ args }: RunAsyncToolRequest): Promise<unknown> {
    if (isZod(this.schema)) await parseWith(this.schema, args)
    return { result: 'Response set successfully.' }
  }
}

/** Turns a call of the final-answer tool into the answer that it holds, if it fits the schema. */
export async function asFinalAnswer(agent: LlmAgent, event: Event): Promise<Event> {
  const schema = agent.outputSchema
  if (schema === undefined) return event
  const call = getFunctionCalls(event).find(({ name }) => name === SET_MODEL_RESPONSE)
  if (!call || !(await fits(schema, call.args ?? {}))) return event
  const { longRunningToolIds: _, ...answer } = event
  return {
    ...answer,
    content: { role: 'model', parts: [{ text: JSON.stringify(call.args ?? {}) }] },
    actions: { ...event.actions, skipSummarization: true },
  }
}

async function fits(schema: SchemaLike, value: unknown): Promise<boolean> {
  if (!isZod(schema)) return true
  try {
    await parseWith(schema, value)
    return true
  } catch {
    return false
  }
}

/** The value behind a JSON answer; the text itself where it is not JSON, or does not fit. */
export async function parseOutput(schema: SchemaLike, text: string): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isZod(schema) ? await parseWith(schema, value) : value
  } catch {
    return text
  }
}
