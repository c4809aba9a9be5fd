// A workflow: several agents that always work in the same order, whatever a model makes of it.
//
//   story_workflow (sequence)
//   ├─ ideas (parallel)     hero_scout and place_scout look for a hero and a place, at the same time
//   ├─ writer               writes a draft
//   ├─ polish (loop)        critic reads it, editor improves it, until it is good
//   └─ narrator             tells the story, without a model
//
// They do not talk to each other. What one of them finds out is kept in the state of the session, where the others find
// it: an answer under the agent's `outputKey`, other things under the keys that tools set. In an instruction, {draft}
// stands for what is kept under `draft`, and {hero?} for what may not be there.

import {
  BaseAgent,
  createEvent,
  LlmAgent,
  LoopAgent,
  ParallelAgent,
  SequentialAgent,
  type InvocationContext,
} from 'adk-ts'
import { checkLength, suggestHero, suggestPlace, suggestPlot } from './tools.js'

const model = 'gemini-2.5-flash'

const heroScout = new LlmAgent({
  name: 'hero_scout',
  model,
  instruction:
    'Ask suggest_hero for a hero of the story that the user wants, and say in one sentence who it is.',
  tools: [suggestHero],
})

const placeScout = new LlmAgent({
  name: 'place_scout',
  model,
  instruction:
    'Ask suggest_place where the story that the user wants could happen, and say so in one sentence.',
  tools: [suggestPlace],
})

// In parallel, each agent works on a branch of its own: it sees the message of the user, but nothing of the other.
const ideas = new ParallelAgent({ name: 'ideas', subAgents: [heroScout, placeScout] })

const writer = new LlmAgent({
  name: 'writer',
  model,
  instruction: `Write the story that the user wants, in about 50 words. Its hero is {hero?}; it happens {place?}.
Ask suggest_plot for a plot. Answer with the story only.`,
  tools: [suggestPlot],
  outputKey: 'draft',
})

const critic = new LlmAgent({
  name: 'critic',
  model,
  // All that these two need is in their instructions, so they are not shown the conversation.
  includeContents: 'none',
  instruction: `Check the length of this story, and say in one sentence what could be better.\n\n{draft}`,
  tools: [checkLength],
  outputKey: 'criticism',
})

const editor = new LlmAgent({
  name: 'editor',
  model,
  includeContents: 'none',
  instruction: `Improve this story. Ask suggest_plot how it could go on. Answer with the whole story only.

Story: {draft}

Criticism: {criticism}`,
  tools: [suggestPlot],
  outputKey: 'draft',
})

// A loop ends when something in it escalates. Here a tool does, because words can be counted; where a model should
// decide, give it the tool EXIT_LOOP. And never leave a loop without a limit: models do not always agree.
const polish = new LoopAgent({ name: 'polish', subAgents: [critic, editor], maxIterations: 4 })

/** Not every agent needs a model. This one says what is in the state. */
class Narrator extends BaseAgent {
  protected override async *runAsyncImpl({ invocationId, session }: InvocationContext) {
    const text = String(session.state.draft)
    yield createEvent({ invocationId, author: this.name, content: { role: 'model', parts: [{ text }] } })
  }
}

export const rootAgent = new SequentialAgent({
  name: 'story_workflow',
  description: 'Writes a short story about anything.',
  subAgents: [ideas, writer, polish, new Narrator({ name: 'narrator' })],
})
