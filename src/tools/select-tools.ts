import type { ReadonlyContext } from '../core/context.js'
import type { BaseTool, ToolPredicate } from '../core/tool.js'

/** The tools that pass the filter of a toolset. A predicate needs a context: without one all tools pass. */
export function selectTools<Tool extends BaseTool>(
  tools: readonly Tool[],
  filter: readonly string[] | ToolPredicate,
  context: ReadonlyContext | undefined,
): Tool[] {
  if (typeof filter === 'function') return tools.filter((tool) => !context || filter(tool, context))
  return tools.filter(({ name }) => filter.length === 0 || filter.includes(name))
}

/** The name by which a model calls a tool: models accept no other characters than these. */
export const toolName = (name: string, prefix: string | undefined): string =>
  `${prefix ? `${prefix}_` : ''}${name}`.replace(/[^\w.:-]/g, '_')
