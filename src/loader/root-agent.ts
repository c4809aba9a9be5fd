import { BaseAgent, isBaseAgent } from '../core/agent.js'
import { App, isApp, type AppConfig } from '../runner/app.js'
import type { ToolAccess } from '../schema/tool-access.js'
import { readToolAccess } from './tool-access.js'

interface RootAgent {
  rootAgent: BaseAgent
  /** What belongs to all of its runs. */
  app?: App
  /** What the module says about the tools that its models may call. */
  toolAccess?: ToolAccess
}

const APP_EXPORTS = ['app', 'rootApp', 'default']
const TOOL_ACCESS_EXPORTS = ['toolAccess', 'tool_access']
const AGENT_EXPORTS = ['rootAgent', 'root_agent', 'agent', 'default']

/** Picks what an agent's module is about: an app, else the agent with the most telling name, else its only agent. */
export function findRootAgent(exports: unknown, fileName: string): RootAgent {
  const read = readerOf(exports)
  const toolAccess = readToolAccess(TOOL_ACCESS_EXPORTS.map(read).find((value) => value !== undefined))
  return { ...chooseAgent(exports, read, fileName), ...(toolAccess && { toolAccess }) }
}

function chooseAgent(exports: unknown, read: Read, fileName: string): Pick<RootAgent, 'rootAgent' | 'app'> {
  for (const name of APP_EXPORTS) {
    const value = refuseForeign(read(name))
    if (!isAppLike(value)) continue
    // A plain object says the same: what it asks for, such as plugins that guard the app, must not be lost.
    return { app: isApp(value) ? value : new App(value), rootAgent: value.rootAgent }
  }
  for (const name of AGENT_EXPORTS) {
    const value = refuseForeign(read(name))
    if (value instanceof BaseAgent) return { rootAgent: value }
  }
  return { rootAgent: onlyAgent(exports, fileName) }
}

function onlyAgent(exports: unknown, fileName: string): BaseAgent {
  const values = isObject(exports) ? Object.values(exports).map(refuseForeign) : []
  const [agent, ...others] = new Set(values.filter((value) => value instanceof BaseAgent))
  if (agent && others.length === 0) return agent
  const found = agent ? 'exports several agents and none of them as `rootAgent`' : 'exports no root agent'
  throw new Error(`${found}; export \`rootAgent\` from ${fileName}`)
}

type Read = (name: string) => unknown

/** Reads exports by name. What a CommonJS module exports is its default export, be it an agent or an object of them. */
function readerOf(exports: unknown): Read {
  if (!isObject(exports)) return () => undefined
  const isAgent = isBaseAgent(exports) // which has properties named like exports
  return (name) => {
    if (!isAgent && Object.hasOwn(exports, name)) return exports[name]
    return name === 'default' ? exports : undefined
  }
}

function isAppLike(value: unknown): value is AppConfig {
  if (!isObject(value) || value instanceof BaseAgent) return false
  return typeof value['name'] === 'string' && value['rootAgent'] instanceof BaseAgent
}

function refuseForeign(value: unknown): unknown {
  if (!isForeign(value) && !(isObject(value) && isForeign(value['rootAgent']))) return value
  throw new Error(
    'exports an agent made by an installed "@google/adk" or by another copy of "adk-ts"; ' +
      'such agents are not supported yet, import from "adk-ts" instead',
  )
}

/** Agents and apps of all copies of either package carry the same marks; only the class tells whose they are. */
function isForeign(value: unknown): boolean {
  if (isAppLike(value) || value instanceof BaseAgent) return false
  return isBaseAgent(value) || isApp(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
