import type { Content } from '@google/genai'
import {
  App,
  BasePlugin,
  LlmAgent,
  type BaseAgent,
  type BaseTool,
  type Context,
  type Event,
  type InvocationContext,
  type LlmRequest,
  type LlmResponse,
} from 'adk-ts'

export class CountInvocationPlugin extends BasePlugin {
  agents = 0
  models = 0

  constructor() {
    super('count_invocation')
  }

  override async beforeAgentCallback({
    agent,
    callbackContext,
  }: {
    agent: BaseAgent
    callbackContext: Context
  }): Promise<Content | undefined> {
    this.agents++
    console.info(`[Plugin] ${agent.name} ran ${this.agents} times in ${callbackContext.invocationId}`)
    return undefined
  }

  override async beforeModelCallback({
    llmRequest,
  }: {
    callbackContext: Context
    llmRequest: LlmRequest
  }): Promise<LlmResponse | undefined> {
    this.models += llmRequest.contents.length > 0 ? 1 : 0
    return undefined
  }

  override async beforeToolCallback({
    tool,
    toolArgs,
  }: {
    tool: BaseTool
    toolArgs: Record<string, unknown>
    toolContext: Context
  }): Promise<Record<string, unknown> | undefined> {
    return tool.name === 'delete' ? { denied: toolArgs } : undefined
  }

  override async onEventCallback({
    event,
  }: {
    invocationContext: InvocationContext
    event: Event
  }): Promise<Event | undefined> {
    return { ...event, customMetadata: { ...event.customMetadata, seen: true } }
  }

  override async afterRunCallback({
    invocationContext,
  }: {
    invocationContext: InvocationContext
  }): Promise<void> {
    console.info(`[Plugin] ${invocationContext.appName} is done`)
  }
}

export const app = new App({
  name: 'counted_app',
  rootAgent: new LlmAgent({ name: 'counted', model: 'gemini-2.5-flash' }),
  plugins: [new CountInvocationPlugin()],
  resumabilityConfig: { isResumable: true },
})
