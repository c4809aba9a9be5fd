import { textContent, textOf } from '../core/content.js'
import { createEvent, createEventActions, type Event } from '../core/event.js'
import type { BaseLlm } from '../core/model.js'

/** Turns events into one event whose `actions.compaction` holds their summary and the time that it covers. */
export interface BaseSummarizer {
  /** The signal fires when nobody waits for the summary any more. */
  summarize(events: Event[], abortSignal?: AbortSignal): Promise<Event>
}

export interface LlmSummarizerOptions {
  llm: BaseLlm
  /** Stands before the conversation. */
  prompt?: string
}

const PROMPT =
  'Summarize the conversation below for whoever has to continue it. Keep facts, names, numbers, decisions, results of ' +
  'tools and open questions; leave out greetings and repetition. Answer with the summary only.'

/** Lets a model write the summary. */
export class LlmSummarizer implements BaseSummarizer {
  readonly #llm: BaseLlm
  readonly #prompt: string

  constructor({ llm, prompt }: LlmSummarizerOptions) {
    this.#llm = llm
    this.#prompt = prompt ?? PROMPT
  }

  async summarize(events: Event[], abortSignal?: AbortSignal): Promise<Event> {
    const [first] = events
    const last = events.at(-1)
    if (!first || !last) throw new Error('There is nothing to summarize')
    const question = textContent('user', `${this.#prompt}\n\n${events.flatMap(asLines).join('\n')}`)
    let summary = ''
    const request = { model: this.#llm.model, contents: [question], toolsDict: {} }
    for await (const response of this.#llm.generateContentAsync(request, false, abortSignal)) {
      if (!response.partial) summary += textOf(response.content)
    }
    if (!summary) throw new Error(`The model "${this.#llm.model}" gave no summary of the conversation`)
    return compactionEvent(first.timestamp, last.timestamp, summary)
  }
}

function compactionEvent(startTimestamp: number, endTimestamp: number, summary: string): Event {
  const compaction = { startTimestamp, endTimestamp, compactedContent: textContent('model', summary) }
  return createEvent({ author: 'user', actions: createEventActions({ compaction }) })
}

/** What an event says, for somebody who reads it. */
export function asLines(event: Event): string[] {
  return (event.content?.parts ?? []).flatMap((part) => {
    if (part.thought) return []
    if (part.text) return [`${event.author}: ${part.text}`]
    if (part.functionCall)
      return [
        `${event.author} called ${part.functionCall.name}(${JSON.stringify(part.functionCall.args ?? {})})`,
      ]
    if (part.functionResponse)
      return [
        `${part.functionResponse.name} returned ${JSON.stringify(part.functionResponse.response ?? {})}`,
      ]
    return []
  })
}
