import { expect } from 'vitest'
import { getFunctionCalls, getFunctionResponses, type Event } from 'adk-ts'
import type { Content, Part } from '../../src/core/content.js'

// What must be true of every history, however the runs that made it ended.

export interface Exceptions {
  /** Ids of calls that a client has yet to answer, because the run was paused for it. */
  open?: readonly string[]
}

/** Everything that is wrong with a stored history, in words. */
export function problemsIn(events: readonly Event[], { open = [] }: Exceptions = {}): string[] {
  return [
    ...problemsOfCalls(events, new Set(open)),
    ...problemsOfOrder(events),
    ...events.flatMap((event, index) => problemsOfEvent(event, index)),
  ]
}

export function checkHistory(events: readonly Event[], exceptions?: Exceptions): void {
  expect(problemsIn(events, exceptions)).toEqual([])
}

interface Made {
  index: number
  event: Event
  answers: number
  /** Its answers come from outside. */
  isLong: boolean
  /** Its answer may come late, or never. */
  mayWait: boolean
}

/** Every call has exactly one answer, later, by the agent that made it, which says nothing in between. */
function problemsOfCalls(events: readonly Event[], open: ReadonlySet<string>): string[] {
  const problems: string[] = []
  const made = new Map<string, Made>()
  const asked = questions(events)
  for (const [index, event] of events.entries()) {
    for (const { id = '' } of getFunctionResponses(event)) {
      const call = made.get(id)
      if (call) {
        // A call that waits for a credential says so at first, and again if the credential was a wrong one.
        if (event.actions.requestedAuthConfigs[id]) call.mayWait = true
        else call.answers++
        // What a client adds to an answered call is the client's affair.
        if (call.isLong || event.author === 'user') continue
        if (call.answers > 1) problems.push(`${index}: ${id} is answered twice`)
        if (event.author !== call.event.author)
          problems.push(`${index}: ${id} is answered by ${event.author}`)
      } else if (event.author !== 'user') problems.push(`${index}: ${id} is answered, but was never called`)
    }
    if (isSpoken(event)) {
      for (const [id, call] of made) {
        const isOwn = call.event.author === event.author && call.event.branch === event.branch
        if (isOwn && call.answers === 0 && !call.mayWait && !asked.has(id))
          problems.push(`${index}: speaks while ${id} is open`)
      }
    }
    for (const { id = '', name } of getFunctionCalls(event)) {
      if (!id) problems.push(`${index}: a call of ${name} has no id`)
      const isLong = Boolean(event.longRunningToolIds?.includes(id))
      const mayWait = isLong || open.has(id) || asked.get(id) === 'waits'
      made.set(id, { index, event, answers: 0, isLong, mayWait })
    }
  }
  for (const [id, { index, answers, mayWait }] of made) {
    if (answers === 0 && !mayWait) problems.push(`${index}: ${id} is never answered`)
  }
  return problems
}

const isSpoken = ({ content }: Event): boolean =>
  content?.role === 'model' && Boolean(content.parts?.some(({ text }) => text))

/** Calls that a person was asked about, and whether they still wait for the answer. */
function questions(events: readonly Event[]): Map<string, 'waits' | 'answered'> {
  const answered = new Set(events.flatMap((event) => getFunctionResponses(event).map(({ id }) => id)))
  const calls = events.filter((event) => event.longRunningToolIds?.length).flatMap(getFunctionCalls)
  return new Map(
    calls
      .filter(({ name }) => name === 'adk_request_confirmation')
      .map(({ id, args = {} }) => {
        const original = args.originalFunctionCall as { id: string } // as the framework asks
        return [original.id, answered.has(id) ? 'answered' : 'waits']
      }),
  )
}

function problemsOfOrder(events: readonly Event[]): string[] {
  const ids = events.map(({ id }) => id)
  const back = events.findIndex(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0))
  return [
    ...(new Set(ids).size < ids.length ? ['two events have one id'] : []),
    ...(back === -1 ? [] : [`${back}: time goes back`]),
  ]
}

function problemsOfEvent(event: Event, index: number): string[] {
  return [
    ...(event.partial ? [`${index}: a chunk was stored`] : []),
    ...(isFrozen(event) ? [] : [`${index}: it can be changed`]),
    ...(Object.keys(event.actions.stateDelta).some((key) => key.startsWith('temp:'))
      ? [`${index}: temporary state was stored`]
      : []),
    ...(event.author && event.invocationId ? [] : [`${index}: it lacks its author or invocation`]),
  ]
}

function isFrozen(value: unknown): boolean {
  return (
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every((item) => isFrozen(item)))
  )
}

/** What models refuse: a call without its answer right behind it, an answer without a call, nothing at all. */
export function problemsInRequest(contents: readonly Content[]): string[] {
  const problems: string[] = []
  for (const [index, content] of contents.entries()) {
    const parts = content.parts ?? []
    if (parts.length === 0) problems.push(`${index}: it has no parts`)
    if (parts.some((part) => part.text === '' && Object.keys(part).length === 1))
      problems.push(`${index}: empty text`)
    const calls = callNames(parts)
    const answers = answerNames(contents[index + 1]?.parts ?? [])
    if (calls.length > 0 && calls.join() !== answers.join()) {
      problems.push(`${index}: ${calls.join()} is followed by answers to ${answers.join() || 'nothing'}`)
    }
    if (answerNames(parts).length > 0 && callNames(contents[index - 1]?.parts ?? []).length === 0) {
      problems.push(`${index}: an answer without a call`)
    }
  }
  return problems
}

const callNames = (parts: readonly Part[]) => parts.flatMap(({ functionCall }) => functionCall?.name ?? [])
const answerNames = (parts: readonly Part[]) =>
  parts.flatMap(({ functionResponse }) => functionResponse?.name ?? [])
