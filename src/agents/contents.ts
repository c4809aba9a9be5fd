import { FUNCTION_CALL_ID_PREFIX } from '../core/clock.js'
import { isEmptyText, type Content, type FunctionResponse, type Part } from '../core/content.js'
import { getFunctionCalls, getFunctionResponses, type Event } from '../core/event.js'
import { isFrameworkCall } from '../core/framework-calls.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { applyCompactions } from './compaction.js'
import type { LlmAgent } from './llm-agent.js'

/**
 * What the model is told of the conversation so far. Stored events are frozen and shared: parts are copied where they
 * have to differ, and otherwise used as they are.
 */
export function buildContents(agent: LlmAgent, context: InvocationContext): Content[] {
  const all = applyCompactions(context.session.events)
  const events = agent.includeContents === 'none' ? currentTurn(agent, all) : all
  const visible = events.filter(
    (event) => hasContent(event) && isOnBranch(event, context.branch) && !isFrameworkExchange(event),
  )
  const told = visible.map((event) => (isForeign(agent, event) ? asContext(event) : event))
  return pairResponses(cutToLatestCall(told.filter((event) => event !== undefined))).map(forModel)
}

function hasContent({ content }: Event): boolean {
  const parts = content?.parts
  return Boolean(
    content?.role && parts && parts.length > 0 && !(parts[0] && isEmptyText(parts[0]) && parts.length === 1),
  )
}

/** Questions to a person and their answers; the model sees what came of them, as the result of its own call. */
function isFrameworkExchange({ content }: Event): boolean {
  return (
    content?.parts?.every(({ functionCall, functionResponse }) =>
      isFrameworkCall(functionCall ?? functionResponse ?? {}),
    ) ?? false
  )
}

/** Agents on parallel branches do not see each other. */
function isOnBranch({ branch }: Event, current: string | undefined): boolean {
  return !branch || !current || current === branch || current.startsWith(`${branch}.`)
}

function isForeign(agent: LlmAgent, event: Event): boolean {
  return event.author !== 'user' && event.author !== agent.name
}

/** What another agent did, as something the user tells: a model must not take it for its own words. */
function asContext(event: Event): Event | undefined {
  const parts = event.content?.parts?.flatMap((part) => asContextPart(event.author, part)) ?? []
  if (parts.length === 0) return undefined
  return { ...event, author: 'user', content: { role: 'user', parts: [{ text: 'For context:' }, ...parts] } }
}

function asContextPart(author: string, part: Part): Part[] {
  if (part.thought) return []
  if (part.text) return [{ text: `[${author}] said: ${part.text}` }]
  if (part.functionCall) {
    const { name, args } = part.functionCall
    return [{ text: `[${author}] called tool \`${name}\` with parameters: ${JSON.stringify(args ?? {})}` }]
  }
  if (part.functionResponse) {
    const { name, response } = part.functionResponse
    return [{ text: `[${author}] tool \`${name}\` returned result: ${JSON.stringify(response ?? {})}` }]
  }
  // A signature vouches for the words of a model, and these are no longer such.
  const { thoughtSignature: _, ...unsigned } = part
  return isEmptyText(unsigned) ? [] : [unsigned]
}

/**
 * When the newest message answers a call of long ago, what was said in between is left out: the model goes on from
 * its call, as if the answer had come at once.
 */
function cutToLatestCall(events: Event[]): Event[] {
  const answered = new Set(events.at(-1) && getFunctionResponses(events.at(-1) as Event).map(({ id }) => id))
  if (answered.size === 0) return events
  const call = events.findLastIndex((event) => getFunctionCalls(event).some(({ id }) => answered.has(id)))
  if (call === -1) return events
  const ids = new Set(getFunctionCalls(events[call] as Event).map(({ id }) => id))
  const between = events
    .slice(call + 1, -1)
    .filter((event) => getFunctionResponses(event).some(({ id }) => ids.has(id)))
  return [...events.slice(0, call + 1), ...between, ...events.slice(-1)]
}

/**
 * Puts every function response right behind its call, the newest one where there are several. Models refuse anything
 * else, so calls that were never answered and responses that answer nothing are left out.
 */
function pairResponses(events: Event[]): Content[] {
  const responses = new Map<string, FunctionResponse>()
  const contents: Content[] = []
  // From the end: a response belongs to the nearest call before it, since some models use an id again.
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index]
    if (!event?.content) continue
    for (const response of getFunctionResponses(event).toReversed()) {
      if (response.id && !responses.has(response.id)) responses.set(response.id, response)
    }
    const answers: Part[] = []
    const parts = event.content.parts?.filter((part) => keepPart(part, responses, answers)) ?? []
    if (answers.length > 0) contents.push({ role: 'user', parts: answers })
    if (parts.length === 0) continue
    contents.push(parts.length === event.content.parts?.length ? event.content : { ...event.content, parts })
  }
  return contents.toReversed()
}

/** Whether a part is told in its place. The answer to a call, if there is one, is told with it and used up. */
function keepPart(
  { functionCall, functionResponse: stray }: Part,
  responses: Map<string, FunctionResponse>,
  answers: Part[],
): boolean {
  if (!functionCall) return stray === undefined
  const { id = '', name } = functionCall
  const functionResponse = name ? responses.get(id) : undefined
  responses.delete(id)
  if (functionResponse) answers.push({ functionResponse: withName(functionResponse, name) })
  return functionResponse !== undefined
}

/** Clients may leave the name out, or write another one; models refuse what does not fit the call. */
function withName(response: FunctionResponse, name: string | undefined): FunctionResponse {
  if (response.name === name) return response
  const { name: _, ...rest } = response
  return { ...rest, name }
}

/** Ids that this package made are taken out; those of the model stay. Empty texts are refused by models. */
function forModel(content: Content): Content {
  const parts = content.parts ?? []
  if (
    !parts.some((part) => isEmptyText(part) || hasOwnId(part.functionCall) || hasOwnId(part.functionResponse))
  ) {
    return content
  }
  return { ...content, parts: parts.filter((part) => !isEmptyText(part)).map(withoutOwnIds) }
}

const hasOwnId = (call: { id?: string } | undefined): boolean =>
  call?.id?.startsWith(FUNCTION_CALL_ID_PREFIX) ?? false

function withoutOwnIds(part: Part): Part {
  if (part.functionCall && hasOwnId(part.functionCall)) {
    const { id: _, ...functionCall } = part.functionCall
    return { ...part, functionCall }
  }
  if (part.functionResponse && hasOwnId(part.functionResponse)) {
    const { id: _, ...functionResponse } = part.functionResponse
    return { ...part, functionResponse }
  }
  return part
}

/** From the last word of the user or of another agent on; an answer to a call brings its call with it. */
function currentTurn(agent: LlmAgent, events: Event[]): Event[] {
  const start = events.findLastIndex(
    (event) => hasContent(event) && (event.author === 'user' || isForeign(agent, event)),
  )
  const first = events[start]
  if (!first) return events
  const answered = new Set(getFunctionResponses(first).map(({ id }) => id))
  if (answered.size === 0) return events.slice(start)
  const call = events.findLastIndex((event) => getFunctionCalls(event).some(({ id }) => answered.has(id)))
  return events.slice(call === -1 ? start : call)
}
