import type { BaseSummarizer } from '../agents/summarizer.js'
import type { BaseAgent } from '../core/agent.js'
import { checkPlugins, type BasePlugin } from '../core/plugin.js'

export interface AppConfig {
  name: string
  rootAgent: BaseAgent
  plugins?: BasePlugin[]
  /** Whether an invocation that was interrupted can be continued where it stopped. */
  resumabilityConfig?: ResumabilityConfig
  /** Keeps long conversations short. */
  eventsCompactionConfig?: EventsCompactionConfig
}

export interface ResumabilityConfig {
  isResumable: boolean
}

export const createResumabilityConfig = (config: Partial<ResumabilityConfig> = {}): ResumabilityConfig => ({
  isResumable: false,
  ...config,
})

/** When to replace old events by a summary in what models are sent. Done after a run, before the next one begins. */
export interface EventsCompactionConfig {
  /** Summarize after so many invocations. */
  compactionInterval?: number
  /** So many invocations before them are summarized once more, for context. Default 0. */
  overlapSize?: number
  /** Also summarize once a request had this many tokens … */
  tokenThreshold?: number
  /** … all but so many events at the end. Default 10. */
  eventRetentionSize?: number
  /** Defaults to the root agent's model. */
  summarizer?: BaseSummarizer
}

const APP_BRAND = Symbol.for('google.adk.app')
const NAME = /^[a-zA-Z][a-zA-Z0-9_-]*$/

/** An agent together with what applies to the whole of it. */
export class App {
  readonly [APP_BRAND] = true
  readonly name: string
  readonly rootAgent: BaseAgent
  readonly plugins: BasePlugin[]
  readonly resumabilityConfig: ResumabilityConfig | undefined
  readonly eventsCompactionConfig: EventsCompactionConfig | undefined

  constructor({ name, rootAgent, plugins, resumabilityConfig, eventsCompactionConfig }: AppConfig) {
    if (!NAME.test(name) || name === 'user') {
      throw new Error(
        `App name "${name}" should be letters, digits, "_" and "-", start with a letter, and not be "user"`,
      )
    }
    this.name = name
    this.rootAgent = rootAgent
    this.plugins = plugins ?? []
    checkPlugins(this.plugins)
    this.resumabilityConfig = resumabilityConfig
    this.eventsCompactionConfig = eventsCompactionConfig
  }
}

export function isApp(value: unknown): value is App {
  return typeof value === 'object' && value !== null && APP_BRAND in value
}
