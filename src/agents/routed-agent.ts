import { BaseAgent, type BaseAgentConfig } from '../core/agent.js'
import type { Event } from '../core/event.js'
import type { InvocationContext } from '../core/invocation-context.js'

/** Picks one of the agents by its key. Asked again, with what went wrong, when the picked one failed at once. */
export type AgentRouter = (
  agents: Readonly<Record<string, BaseAgent>>,
  context: InvocationContext,
  errorContext?: { failedKeys: ReadonlySet<string>; lastError: unknown },
) => Promise<string | undefined> | string | undefined

export interface RoutedAgentConfig extends BaseAgentConfig {
  /** A list is keyed by the names of its agents. */
  agents: Readonly<Record<string, BaseAgent>> | BaseAgent[]
  router: AgentRouter
}

const ROUTED_AGENT_BRAND = Symbol.for('google.adk.routedAgent')

/** Hands every message to one of several agents, chosen by a function. */
export class RoutedAgent extends BaseAgent<RoutedAgentConfig> {
  readonly [ROUTED_AGENT_BRAND] = true
  readonly agents: Readonly<Record<string, BaseAgent>>
  readonly router: AgentRouter

  constructor({ agents, router, ...config }: RoutedAgentConfig) {
    const byKey = Array.isArray(agents)
      ? Object.fromEntries(agents.map((agent) => [agent.name, agent]))
      : agents
    const subAgents = [...new Set([...(config.subAgents ?? []), ...Object.values(byKey)])]
    super({ ...config, agents, router, subAgents })
    this.agents = byKey
    this.router = router
  }

  override clone(overrides: Partial<RoutedAgentConfig> = {}): this {
    const copies = new Map(Object.values(this.agents).map((agent) => [agent, agent.clone()]))
    const agents = Object.fromEntries(
      Object.entries(this.agents).map(([key, agent]) => [key, copies.get(agent) ?? agent]),
    )
    return super.clone({ agents, subAgents: [], ...overrides })
  }

  protected override async *runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void> {
    const failedKeys = new Set<string>()
    let lastError: unknown
    for (;;) {
      const key = await this.router(
        this.agents,
        context,
        failedKeys.size > 0 ? { failedKeys, lastError } : undefined,
      )
      const agent = key === undefined || !Object.hasOwn(this.agents, key) ? undefined : this.agents[key]
      if (key === undefined || !agent || failedKeys.has(key)) {
        throw (
          lastError ?? new Error(`The router of agent "${this.name}" chose no agent it has: ${String(key)}`)
        )
      }
      let hasSpoken = false
      try {
        for await (const event of agent.runAsync(context)) {
          hasSpoken = true
          yield event
        }
        return
      } catch (error) {
        // Once something was said, another agent cannot start over.
        if (hasSpoken || context.abortSignal.aborted) throw error
        failedKeys.add(key)
        lastError = error
      }
    }
  }
}

export function isRoutedAgent(value: unknown): value is RoutedAgent {
  return typeof value === 'object' && value !== null && ROUTED_AGENT_BRAND in value
}
