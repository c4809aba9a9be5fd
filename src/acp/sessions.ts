// Conversations as the protocol sees them: across all agents. Each app has an ADK session of its own under the same id.
import { clock } from '../core/clock.js'
import { AdkError } from '../core/errors.js'
import { BoundedSet, type Bounds } from '../runs/bounded-set.js'
import type { AcpMessage, AcpSession as AcpSessionWire, AcpSessionDescriptor } from '../schema/acp.js'

/** Most messages of one session; the oldest are forgotten first. */
const MAX_MESSAGES = 10_000

/** A message of a session, with the apps whose ADK sessions hold it. */
interface Kept {
  id: string
  message: AcpMessage
  knownTo: Set<string>
}

/** A message that lies on another server. */
interface Foreign {
  url: string
}

export interface AcpSession {
  readonly id: string
  /** Under this id its state can be read. */
  readonly stateId: string
  /** The app that was last spoken to. */
  appName: string | undefined
  history: (Kept | Foreign)[]
  /** The messages that can be read, oldest first: those of the history, and those of earlier histories. */
  readonly messages: Map<string, Kept>
  /** Of the messages, as JSON. */
  characters: number
  /** Of the URLs that a client gave as history. */
  givenCharacters: number
  /** How many runs are under way. */
  runs: number
}

export class AcpSessions {
  readonly #sessions = new Map<string, AcpSession>()
  /** Those without a run under way. */
  readonly #resting: BoundedSet<AcpSession>
  /** Which session a resource belongs to. */
  readonly #owners = new Map<string, AcpSession>()

  constructor(bounds: Bounds) {
    this.#resting = new BoundedSet(bounds, (session) => this.#forget(session))
  }

  /** For one more run: the session of that id, or a new one, with the history that the client says it has. */
  open(id: string = clock.uuid(), given?: AcpSessionDescriptor | null): AcpSession {
    const session = this.#get(id) ?? newSession(id)
    session.runs++
    this.#owners.set(session.stateId, session)
    this.#sessions.set(id, session)
    this.#resting.delete(session)
    if (given) this.#replaceHistory(session, given.history ?? [])
    return session
  }

  /** The run is over. */
  close(session: AcpSession): void {
    if (--session.runs === 0) this.#rest(session)
  }

  find(id: string): AcpSession {
    const session = this.#get(id)
    if (session) return session
    throw new AdkError('session_not_found', `Session not found: ${id}. No run has used it lately`)
  }

  /** Adds what was said to and by an app. */
  record(session: AcpSession, messages: readonly AcpMessage[], appName: string): void {
    for (const given of messages) {
      const message = complete(given)
      const kept = { id: clock.uuid(), message, knownTo: new Set([appName]) }
      session.history.push(kept)
      session.messages.set(kept.id, kept)
      session.characters += lengthOf(message)
      this.#owners.set(kept.id, session)
    }
    const count = Math.max(0, session.messages.size - MAX_MESSAGES)
    this.#drop(session, [...session.messages.values()].slice(0, count))
  }

  /** Lets go of what was said to and by an app. */
  forget(id: string, appName: string): void {
    const session = this.#get(id)
    if (!session) return
    const told = [...session.messages.values()].filter(({ knownTo }) => knownTo.has(appName))
    this.#drop(session, told)
    if (session.runs === 0) this.#rest(session)
  }

  toWire({ id, history, stateId }: AcpSession, baseUrl: string, hasState: boolean): AcpSessionWire {
    const urlOf = (resource: string) => `${baseUrl}/resources/${resource}`
    return {
      id,
      history: history.map((entry) => ('id' in entry ? urlOf(entry.id) : entry.url)),
      state: hasState ? urlOf(stateId) : null,
    }
  }

  /** A message, or the session whose state it is. */
  resource(id: string): AcpMessage | AcpSession {
    const session = this.#owners.get(id)
    // Looked up once more, as it may have been kept for too long.
    const kept = session && this.#get(session.id)
    const found = kept?.stateId === id ? kept : kept?.messages.get(id)?.message
    if (found) return found
    throw new AdkError('resource_not_found', `Resource not found: ${id}`)
  }

  #replaceHistory(session: AcpSession, urls: readonly string[]): void {
    session.history = urls.flatMap((url) => this.#entryOf(url, session) ?? [])
    session.givenCharacters = urls.reduce((sum, { length }) => sum + length, 0)
  }

  #drop(session: AcpSession, messages: readonly Kept[]): void {
    const gone = new Set<string>()
    for (const { id, message } of messages) {
      gone.add(id)
      session.messages.delete(id)
      session.characters -= lengthOf(message)
      this.#owners.delete(id)
    }
    if (gone.size === 0) return
    session.history = session.history.filter((entry) => !('id' in entry && gone.has(entry.id)))
  }

  #rest(session: AcpSession): void {
    this.#resting.add(session, session.characters + session.givenCharacters)
  }

  #get(id: string): AcpSession | undefined {
    this.#resting.dropOldest()
    return this.#sessions.get(id)
  }

  #entryOf(url: string, session: AcpSession): Kept | Foreign | undefined {
    const id = /\/resources\/([\da-f-]{36})$/i.exec(url)?.[1] ?? ''
    const own = this.#owners.get(id)?.messages.get(id)
    if (!own) return URL.canParse(url) ? { url } : undefined
    return session.messages.get(id) ?? { ...own, knownTo: new Set() }
  }

  #forget(session: AcpSession): void {
    this.#sessions.delete(session.id)
    for (const id of [session.stateId, ...session.messages.keys()]) this.#owners.delete(id)
  }
}

/** What an app has not heard of, oldest first. An ADK session that is new knows nothing. */
export const newsFor = ({ history }: AcpSession, appName: string, { isNew }: { isNew: boolean }): Kept[] =>
  history.filter((entry) => 'id' in entry).filter(({ knownTo }) => isNew || !knownTo.has(appName))

const lengthOf = (message: AcpMessage): number => JSON.stringify(message).length

/** With all that clients expect of a message that they read. */
function complete({ role, parts, created_at, completed_at }: AcpMessage): AcpMessage {
  return { role: role ?? 'user', parts, created_at: inUtc(created_at), completed_at: inUtc(completed_at) }
}

function inUtc(time: string | null | undefined): string {
  const date = new Date(time ?? Date.now())
  return (Number.isNaN(date.getTime()) ? new Date() : date).toISOString()
}

const newSession = (id: string): AcpSession => ({
  id,
  stateId: clock.uuid(),
  appName: undefined,
  history: [],
  messages: new Map(),
  characters: 0,
  givenCharacters: 0,
  runs: 0,
})
