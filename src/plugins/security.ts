import type { FunctionCall } from '../core/content.js'
import type { Context } from '../core/context.js'
import { getFunctionCalls, type Event } from '../core/event.js'
import { REQUEST_CONFIRMATION_FUNCTION_CALL_NAME } from '../core/framework-calls.js'
import { BasePlugin, type OfTool } from '../core/plugin.js'
import type { BaseTool } from '../core/tool.js'
import type { JsonObject } from '../schema/json.js'

/** What a policy makes of a tool call: it must not happen, a person is asked, or it may happen. */
export const PolicyOutcome = { DENY: 'DENY', CONFIRM: 'CONFIRM', ALLOW: 'ALLOW' } as const
export type PolicyOutcome = (typeof PolicyOutcome)[keyof typeof PolicyOutcome]

export interface PolicyCheckResult {
  /** A {@link PolicyOutcome}; anything else denies the call. */
  outcome: string
  /** Why, for the model and for the person who is asked. */
  reason?: string
}

export interface ToolCallPolicyContext {
  tool: BaseTool
  toolArgs: Record<string, unknown>
}

/** Decides about tool calls. When it throws, the call does not happen. */
export interface BasePolicyEngine {
  evaluate(context: ToolCallPolicyContext): Promise<PolicyCheckResult>
}

/** A policy to begin with: everything is allowed. */
export class InMemoryPolicyEngine implements BasePolicyEngine {
  async evaluate(_context: ToolCallPolicyContext): Promise<PolicyCheckResult> {
    return { outcome: PolicyOutcome.ALLOW }
  }
}

/** Puts a policy in front of every tool call of an app. */
export class SecurityPlugin extends BasePlugin {
  readonly #policyEngine: BasePolicyEngine

  constructor({ policyEngine = new InMemoryPolicyEngine() }: { policyEngine?: BasePolicyEngine } = {}) {
    super('security_plugin')
    this.#policyEngine = policyEngine
  }

  /** The policy is asked again once a person has agreed: it may have changed in the meantime. */
  override async beforeToolCallback({
    tool,
    toolArgs,
    toolContext,
  }: OfTool): Promise<JsonObject | undefined> {
    const { outcome, reason } = await this.#policyEngine.evaluate({ tool, toolArgs })
    switch (outcome) {
      case PolicyOutcome.ALLOW:
        return undefined
      case PolicyOutcome.CONFIRM:
        return confirm(tool, toolContext, reason)
      case PolicyOutcome.DENY:
        return { error: `The policy denies this call of ${tool.name}${because(reason)}` }
      default:
        return { error: `The policy has no answer to this call of ${tool.name}, so it is denied` }
    }
  }
}

function confirm(tool: BaseTool, context: Context, reason: string | undefined): JsonObject | undefined {
  if (context.toolConfirmation?.confirmed) return undefined
  if (context.toolConfirmation) return { error: 'This tool call is rejected.' }
  context.requestConfirmation({
    hint: `The policy asks for a confirmation of this call of ${tool.name}${because(reason)}`,
  })
  return { status: 'This tool call waits for a confirmation.' }
}

const because = (reason: string | undefined): string => (reason ? `: ${reason}` : '')

/** The questions in an event, or in several, that a person answers with `{ confirmed: true }` or `false`. */
export function getAskUserConfirmationFunctionCalls(events: Event | readonly Event[]): FunctionCall[] {
  return [events]
    .flat()
    .flatMap(getFunctionCalls)
    .filter(({ name }) => name === REQUEST_CONFIRMATION_FUNCTION_CALL_NAME)
}
