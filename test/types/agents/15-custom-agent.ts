import {
  BaseAgent,
  createEvent,
  LlmAgent,
  LoopAgent,
  SequentialAgent,
  type Event,
  type InvocationContext,
} from 'adk-ts'

class StoryFlowAgent extends BaseAgent {
  private readonly loop: LoopAgent
  private readonly finish: SequentialAgent

  constructor(
    name: string,
    private readonly storyGenerator: LlmAgent,
    critic: LlmAgent,
    checker: LlmAgent,
  ) {
    const loop = new LoopAgent({ name: 'CriticLoop', subAgents: [critic], maxIterations: 1 })
    const finish = new SequentialAgent({ name: 'Finish', subAgents: [checker] })
    super({ name, description: 'Writes stories.', subAgents: [storyGenerator, loop, finish] })
    this.loop = loop
    this.finish = finish
  }

  protected async *runAsyncImpl(ctx: InvocationContext): AsyncGenerator<Event, void, void> {
    for await (const event of this.storyGenerator.runAsync(ctx)) yield event
    if (!ctx.session.state['current_story']) {
      yield createEvent({ author: this.name, invocationId: ctx.invocationId, branch: ctx.branch })
      return
    }
    yield* this.loop.runAsync(ctx)
    yield* this.finish.runAsync(ctx)
  }

  protected override async *runLiveImpl(ctx: InvocationContext): AsyncGenerator<Event, void, void> {
    yield* this.runAsyncImpl(ctx)
  }
}

const model = 'gemini-2.5-flash'

export const rootAgent = new StoryFlowAgent(
  'StoryFlowAgent',
  new LlmAgent({
    name: 'StoryGenerator',
    model,
    instruction: 'Write about {topic?}.',
    outputKey: 'current_story',
  }),
  new LlmAgent({ name: 'Critic', model, outputKey: 'criticism' }),
  new LlmAgent({ name: 'Checker', model }),
)
