// Agents whose own code does what a test needs.
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { BaseAgent } from '../../src/core/agent.js'
import { createEvent, type Event } from '../../src/core/event.js'
import type { InvocationContext } from '../../src/core/invocation-context.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { scriptedModel, type ScriptedModel, type Turn } from './scripted-model.js'

type Work = (context: InvocationContext) => AsyncGenerator<Event, void>

/** An agent that is one function. */
export class WorkingAgent extends BaseAgent {
  readonly #work: Work

  constructor(work: Work, name = 'worker') {
    super({ name })
    this.#work = work
  }

  protected override runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void> {
    return this.#work(context)
  }
}

/** What an agent says, as an event of its invocation. */
export function said(
  { invocationId, agent }: InvocationContext,
  text: string,
  fields: Partial<Event> = {},
): Event {
  const content = { role: 'model', parts: [{ text }] }
  return createEvent({ invocationId, author: agent.name, content, ...fields })
}

/** Says one thing, then throws. */
export const throwingAgent = (error: unknown): BaseAgent =>
  new WorkingAgent(async function* (context) {
    yield said(context, 'before the fall')
    throw error
  })

/** The agent of most tests: its model plays a script; its tool tells the weather, or what `tool` does. */
export function weatherAgent(
  model: ScriptedModel,
  tool: (args: Record<string, unknown>) => unknown = tellWeather,
) {
  return new LlmAgent({
    name: 'weather',
    description: 'Tells the weather.',
    model,
    tools: [
      new FunctionTool({ name: 'get_weather', description: 'Tells the weather of a city.', execute: tool }),
    ],
  })
}

const tellWeather = ({ city }: Record<string, unknown>) => ({
  status: 'success',
  report: `Sunny in ${String(city)}.`,
})

/** The turn of the quick start: the model asks the tool, then answers. */
export const WEATHER_TURN: Turn[] = [
  { call: 'get_weather', args: { city: 'new york' } },
  { say: ['Sunny ', 'in New York, ', '25 degrees.'] },
]

export const speakingAgent = (...turns: Turn[]): BaseAgent => weatherAgent(scriptedModel(turns))
