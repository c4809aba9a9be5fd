import { expect } from 'vitest'
import {
  App,
  getFunctionCalls,
  getFunctionResponses,
  InMemoryArtifactService,
  InMemoryMemoryService,
  InMemorySessionService,
  Runner,
  stringifyContent,
  type BaseAgent,
  type BaseSessionService,
  type Event,
  type RunnerConfig,
  type RunRequest,
  type Session,
} from 'adk-ts'
import type { Content, Part } from '../../src/core/content.js'
import type { ScriptedModel } from '../support/scripted-model.js'
import { checkHistory, problemsInRequest, type Exceptions } from './history.js'

export const KEY = { appName: 'app', userId: 'u', sessionId: 's' }

type Message = string | Part | Part[]

interface Options extends Partial<RunnerConfig> {
  state?: Record<string, unknown>
}

/** A session with an agent, held in memory. What was stored is checked after every turn. */
export class Conversation {
  readonly runner: Runner
  readonly sessions: BaseSessionService
  readonly artifacts = new InMemoryArtifactService()
  readonly memory = new InMemoryMemoryService()
  /** What was logged: level, kind and details. */
  readonly log: [level: string, kind: string, details: Record<string, unknown>][] = []

  constructor(root: BaseAgent | App, config: Omit<Options, 'state'> = {}) {
    this.sessions = config.sessionService ?? new InMemorySessionService()
    const write = (level: string) => (details: object, kind: string) =>
      void this.log.push([level, kind, { ...details }])
    this.runner = new Runner({
      appName: KEY.appName,
      ...(root instanceof App ? { app: root } : { agent: root }),
      sessionService: this.sessions,
      artifactService: this.artifacts,
      memoryService: this.memory,
      log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
      ...config,
    })
  }

  /** The events of one turn. */
  async say(message: Message, request: Partial<RunRequest> & Exceptions = {}): Promise<Event[]> {
    const { open, ...rest } = request
    const events: Event[] = []
    try {
      for await (const event of this.start(message, rest)) events.push(event)
    } finally {
      await this.check({ ...(open && { open }) })
    }
    return events
  }

  /** One turn, event by event. */
  start(message: Message, request: Partial<RunRequest> = {}) {
    return this.runner.runAsync({ ...KEY, newMessage: toContent(message), ...request })
  }

  async stored(): Promise<Session> {
    const session = await this.sessions.getSession(KEY)
    if (!session) throw new Error('There is no session')
    return session
  }

  async state(): Promise<Record<string, unknown>> {
    return (await this.stored()).state
  }

  async check(exceptions?: Exceptions): Promise<void> {
    const session = await this.sessions.getSession(KEY)
    checkHistory(session?.events ?? [], exceptions)
  }

  kinds(): string[] {
    return this.log.map(([, kind]) => kind)
  }
}

export async function open(root: BaseAgent | App, { state, ...config }: Options = {}): Promise<Conversation> {
  const conversation = new Conversation(root, config)
  await conversation.sessions.createSession({ ...KEY, ...(state && { state }) })
  return conversation
}

/** One turn of a new session. */
export async function ask(
  root: BaseAgent | App,
  message: Message = 'hi',
  options: Options = {},
): Promise<Event[]> {
  return (await open(root, options)).say(message)
}

/** Proves that a session is usable: a plain turn gets its answer, in requests that models accept. */
export async function expectUsable(conversation: Conversation, model: ScriptedModel, answer = 'still here') {
  const events = await conversation.say('are you there?')
  expect(stringifyContent(lastOf(events))).toBe(answer)
  checkRequests(model)
}

export function checkRequests(model: ScriptedModel): void {
  for (const { request } of model.calls) expect(problemsInRequest(request.contents)).toEqual([])
}

export function toContent(message: Message): Content {
  if (typeof message === 'string') return { role: 'user', parts: [{ text: message }] }
  return { role: 'user', parts: [message].flat() }
}

export function lastOf<T>(items: readonly T[]): T {
  const last = items.at(-1)
  if (last === undefined) throw new Error('There is none')
  return last
}

/** Every event in a word or two: what it says, calls or answers, and what it does. */
export function outline(events: readonly Event[]): string[] {
  return events.map((event) => {
    const said = (event.content?.parts ?? []).map((part) => {
      if (part.functionCall) return `call ${part.functionCall.name}`
      if (part.functionResponse) return `answer ${part.functionResponse.name}`
      return part.text ?? Object.keys(part).join()
    })
    const words = [...said, ...(event.errorCode ? [`error ${event.errorCode}`] : [])]
    return `${event.author}: ${words.join(' + ')}${event.partial ? ' …' : ''}`
  })
}

/** What the tools answered, in order. */
export const responsesOf = (events: readonly Event[]) =>
  events.flatMap((event) => getFunctionResponses(event).map(({ response }) => response))

export const callsOf = (events: readonly Event[]) => events.flatMap(getFunctionCalls)

/** The id of the only call of that name. */
export function idOf(events: readonly Event[], name: string): string {
  const [call, ...others] = callsOf(events).filter((candidate) => candidate.name === name)
  if (!call?.id || others.length > 0) throw new Error(`There should be one call of ${name}`)
  return call.id
}

/** The answer of a client to a call. */
export const answerTo = (id: string, name: string, response: Record<string, unknown>): Part => ({
  functionResponse: { id, name, response },
})

/** What the model was last told to do. */
export function instructionOf({ last }: ScriptedModel): string {
  const instruction = last.request.config?.systemInstruction
  return typeof instruction === 'string' ? instruction : JSON.stringify(instruction ?? '')
}

/** What the model was last sent, in short: who says what. */
export function lastRequest({ last: { request } }: ScriptedModel): string[] {
  return request.contents.map(({ role, parts = [] }) => {
    const said = parts.map((part) => {
      if (part.functionCall) return `call ${part.functionCall.name}`
      if (part.functionResponse) return `answer ${JSON.stringify(part.functionResponse.response)}`
      return part.text ?? Object.keys(part).join()
    })
    return `${role}: ${said.join(' + ')}`
  })
}
