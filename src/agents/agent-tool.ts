import { z } from 'zod'
import type { BaseAgent } from '../core/agent.js'
import { textContent, type FunctionDeclaration } from '../core/content.js'
import { messageOf } from '../core/errors.js'
import { getFunctionCalls, stringifyContent, type Event } from '../core/event.js'
import { assignOwn } from '../core/json.js'
import { BaseTool, type RunAsyncToolRequest } from '../core/tool.js'
import { isZod, objectSchema, parseWith, type SchemaLike } from '../tools/declaration.js'
import { isLlmAgent } from './is-llm-agent.js'

const AGENT_TOOL_BRAND = Symbol.for('google.adk.agentTool')

export interface AgentToolConfig {
  agent: BaseAgent
  /** End the run with the agent's answer, without another word of the calling model. Default false. */
  skipSummarization?: boolean
}

/** Another agent as a tool: it answers a request in a conversation of its own and remembers nothing afterwards. */
export class AgentTool extends BaseTool {
  readonly [AGENT_TOOL_BRAND] = true
  readonly agent: BaseAgent
  readonly skipSummarization: boolean

  constructor({ agent, skipSummarization }: AgentToolConfig) {
    super({ name: agent.name, description: agent.description })
    this.agent = agent
    this.skipSummarization = skipSummarization ?? false
  }

  override _getDeclaration(): FunctionDeclaration {
    const schema = schemaOf(this.agent, 'inputSchema')
    return {
      name: this.name,
      description: this.description,
      parameters: schema ? objectSchema(schema) : REQUEST_ONLY,
    }
  }

  override async runAsync({ args, toolContext }: RunAsyncToolRequest): Promise<unknown> {
    const { invocationContext, abortSignal, actions, state, span } = toolContext
    if (this.skipSummarization) actions.skipSummarization = true
    const text = schemaOf(this.agent, 'inputSchema') ? JSON.stringify(args) : asText(args.request)
    const events = invocationContext.runChild({
      parent: invocationContext,
      agent: this.agent,
      message: textContent('user', text),
      state: invocationContext.session.state,
      abortSignal,
      span,
    })
    let last: Event | undefined
    for await (const event of events) {
      // What the agent changes is changed for the one that called it; events hold what outlives the call.
      state.update(event.actions.stateDelta)
      assignOwn(actions.artifactDelta, event.actions.artifactDelta)
      if ((event.content || event.errorCode) && !isPending(event)) last = event
    }
    return this.#result(last)
  }

  async #result(last: Event | undefined): Promise<unknown> {
    if (last?.errorCode) throw new Error(last.errorMessage ?? last.errorCode)
    if (last?.longRunningToolIds?.length) throw new Error(nobodyToAsk(this.name, last))
    const schema = schemaOf(this.agent, 'outputSchema')
    if (schema) return parseResult(schema, last ? stringifyContent(last) : '')
    const texts =
      last?.content?.parts?.flatMap((part) => (part.text && !part.thought ? [part.text] : [])) ?? []
    return texts.join('\n')
  }
}

/** Behind a question for a credential comes the answer of the tool that asked, which only says that it waits. */
const isPending = ({ actions }: Event): boolean => Object.keys(actions.requestedAuthConfigs).length > 0

/** The conversation of the agent ends with this call, so an answer that comes later would find nobody. */
function nobodyToAsk(name: string, event: Event): string {
  const calls = getFunctionCalls(event).map((call) => call.name)
  return `Agent "${name}" waits for an answer to ${calls.join(', ')}, which it cannot get while it works as a tool; make it a sub-agent instead`
}

const asText = (request: unknown): string =>
  typeof request === 'string' ? request : JSON.stringify(request ?? '')

const REQUEST_ONLY = objectSchema(z.object({ request: z.string() }))

function schemaOf(agent: BaseAgent, kind: 'inputSchema' | 'outputSchema'): SchemaLike | undefined {
  return isLlmAgent(agent) ? agent[kind] : undefined
}

async function parseResult(schema: SchemaLike, text: string): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isZod(schema) ? await parseWith(schema, value) : value
  } catch (error) {
    throw new Error(`The answer does not fit the agent's outputSchema: ${messageOf(error)}`, { cause: error })
  }
}

export function isAgentTool(value: unknown): value is AgentTool {
  return typeof value === 'object' && value !== null && AGENT_TOOL_BRAND in value
}
