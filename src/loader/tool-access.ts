// Which tools the models of an app may call: what the operator says about the app, else what the app says itself, else
// what the operator says about all.
import { isLlmAgent } from '../agents/is-llm-agent.js'
import { isLoopAgent, isParallelAgent, isSequentialAgent } from '../agents/is-workflow.js'
import { isRoutedAgent } from '../agents/routed-agent.js'
import type { BaseAgent } from '../core/agent.js'
import { isBaseTool, isBaseToolset } from '../core/tool.js'
import { agentsOf, toolsOf } from '../runner/agents-of.js'
import { describeIssues } from '../schema/issues.js'
import { ToolAccess, type DefaultToolAccess } from '../schema/tool-access.js'
import { CODE_EXECUTION } from '../tools/provider-tools.js'

/** What the operator says. */
export interface ToolAccessRules {
  /** For all apps of which nothing else is said; everything is allowed without it. */
  byDefault?: DefaultToolAccess
  /** For single apps. */
  apps?: ReadonlyMap<string, ToolAccess>
  /** Where it is written, for messages. */
  file?: string
}

/** What an app says itself, in its export. Throws where that is no tool access. */
export function readToolAccess(exported: unknown): ToolAccess | undefined {
  if (exported === undefined) return undefined
  const { data, error } = ToolAccess.safeParse(exported)
  if (data) return data
  throw new Error(`exports a tool access that does not fit: ${describeIssues(error, 'toolAccess')}`)
}

interface AppTools {
  name: string
  rootAgent: BaseAgent
  toolAccess: ToolAccess | undefined
}

/** The names of the tools that models may call; `undefined` for all. Throws when one of them cannot be there. */
export function allowedToolsOf(
  app: AppTools,
  { byDefault, apps, file }: ToolAccessRules = {},
): ReadonlySet<string> | undefined {
  const fromOperator = apps?.get(app.name)
  const access = fromOperator ?? app.toolAccess
  if (access === undefined || access.mode === 'inherit') return toNames(byDefault)
  const names = toNames(access)
  const place = fromOperator && file !== undefined ? `apps.${app.name} of ${file}` : 'its tool access'
  if (names) checkNames(names, app.rootAgent, place)
  return names
}

function toNames(access: ToolAccess | undefined): ReadonlySet<string> | undefined {
  return access === undefined || access.mode === 'allow_all' ? undefined : new Set(access.tools)
}

/** A list that holds a name in vain is a mistake, which would be noticed late: by a tool that is missing. */
function checkNames(names: ReadonlySet<string>, rootAgent: BaseAgent, place: string): void {
  const known = knownTools(rootAgent)
  const unknown = [...names].filter((each) => !known?.has(each))
  if (!known || unknown.length === 0) return
  const others = known.size > 0 ? `its tools are ${[...known].join(', ')}` : 'it has no tools'
  throw new Error(`${place} names ${unknown.join(', ')}, which none of its agents has; ${others}`)
}

/** `undefined` when some are known only once they are needed: those of toolsets, and of agents with code of their own. */
function knownTools(root: BaseAgent): Set<string> | undefined {
  const agents = [...agentsOf(root)]
  const tools = toolsOf(agents)
  if (!agents.every(isOfKnownKind) || tools.some(isBaseToolset)) return undefined
  const runsCode = agents.some((agent) => isLlmAgent(agent) && agent.codeExecutor)
  const names = tools.filter(isBaseTool).map(({ name }) => name)
  return new Set([...names, ...(runsCode ? [CODE_EXECUTION.name] : [])])
}

const isOfKnownKind = (agent: BaseAgent): boolean =>
  [isLlmAgent, isSequentialAgent, isParallelAgent, isLoopAgent, isRoutedAgent].some((isKind) => isKind(agent))
