// Which tools a model is told about, and may call.
import type { InvocationContext } from '../core/invocation-context.js'
import type { LlmRequest } from '../core/model.js'
import { BaseTool } from '../core/tool.js'

/** A tool that is part of how agents work, such as the one that hands over: no policy forbids it. */
export abstract class FrameworkTool extends BaseTool {}

/** Whether the policy of the app lets models call a tool. */
export function isAllowed(tool: BaseTool, { allowedTools }: InvocationContext): boolean {
  return allowedTools === undefined || tool instanceof FrameworkTool || allowedTools.has(tool.name)
}

/** Takes back what the policy does not allow, whoever put it into the request. */
export function offerAllowed(request: LlmRequest, context: InvocationContext): void {
  if (context.allowedTools === undefined) return
  const tools = Object.entries(request.toolsDict).filter(([, tool]) => isAllowed(tool, context))
  if (tools.length < Object.keys(request.toolsDict).length) offerOnly(request, Object.fromEntries(tools))
}

/** Makes these, by name, the tools of a request; declarations of others are gone. */
export function offerOnly(request: LlmRequest, tools: Readonly<Record<string, BaseTool>>): void {
  request.toolsDict = Object.assign(Object.create(null) as LlmRequest['toolsDict'], tools)
  const isOffered = ({ name }: { name?: string }) => Object.hasOwn(tools, name ?? '')
  const config = (request.config ??= {})
  config.tools = config.tools?.flatMap((entry) => {
    if (!('functionDeclarations' in entry)) return [entry]
    const functionDeclarations = entry.functionDeclarations?.filter(isOffered) ?? []
    return functionDeclarations.length > 0 ? [{ ...entry, functionDeclarations }] : []
  })
}
