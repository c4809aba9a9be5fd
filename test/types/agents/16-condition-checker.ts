import {
  BaseAgent,
  createEvent,
  createEventActions,
  LlmAgent,
  LoopAgent,
  type BaseAgentConfig,
  type Event,
  type EventActions,
  type InvocationContext,
} from 'adk-ts'

interface CheckerConfig extends BaseAgentConfig {
  key: string
}

class CheckCondition extends BaseAgent<CheckerConfig> {
  protected async *runAsyncImpl(context: InvocationContext): AsyncGenerator<Event, void, void> {
    const isDone = context.session.state[this.config.key] === 'completed'
    const actions: EventActions = createEventActions({
      escalate: isDone,
      stateDelta: { [this.config.key]: 'completed' },
    })
    yield createEvent({
      author: context.agent.name,
      content: { role: 'model', parts: [{ text: 'checked' }] },
      actions,
    })
  }
}

const processing = new LlmAgent({ name: 'ProcessingStep', model: 'gemini-2.5-flash' })

export const rootAgent = new LoopAgent({
  name: 'StatusPoller',
  maxIterations: 5,
  subAgents: [processing, new CheckCondition({ name: 'Checker', key: 'status' })],
})
