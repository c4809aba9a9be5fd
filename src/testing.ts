// For tests of agents, under `adk-ts/testing`: a model that plays a script, and conversations in memory.
//
//   import { getFunctionCalls } from 'adk-ts'
//   import { lastText, scriptedModel, startConversation } from 'adk-ts/testing'
//   import { rootAgent } from '../agents/weather/agent.js'
//
//   test('looks before it speaks', async () => {
//     const model = scriptedModel([{ call: 'get_weather', args: { city: 'Rome' } }, 'It is sunny.'])
//     const conversation = await startConversation(rootAgent, { model })
//     const events = await conversation.say('How is the weather in Rome?')
//     expect(lastText(events)).toBe('It is sunny.')
//     expect(events.flatMap(getFunctionCalls)).toMatchObject([{ name: 'get_weather' }])
//     expect(model.last.request.contents).toHaveLength(3)
//   })
import type { BaseAgent } from './core/agent.js'
import { textContent, type Content, type FunctionCall } from './core/content.js'
import { stringifyContent, type Event } from './core/event.js'
import type { BaseLlm } from './core/model.js'
import type { RunConfig } from './core/run-config.js'
import type { Session } from './core/session.js'
import { isApp, type App } from './runner/app.js'
import { InMemoryRunner } from './runner/in-memory-runner.js'
import type { RunnerConfig } from './runner/runner.js'
import type { JsonObject } from './schema/json.js'

export {
  ScriptedModel,
  scriptedModel,
  type RecordedCall,
  type Scripted,
  type ScriptedStep,
  type ScriptedTurn,
} from './models/scripted.js'
export { InMemoryRunner } from './runner/in-memory-runner.js'

export interface ConversationOptions extends Pick<RunnerConfig, 'plugins' | 'log'> {
  /** Answers for every agent, whichever model it names. By default each agent's own model does. */
  model?: BaseLlm
  /** State that the session begins with. */
  state?: JsonObject
  /** For every message; `{ streamingMode: 'sse' }` brings the chunks of answers as partial events. */
  runConfig?: RunConfig
}

/** Opens a session with an agent or an app, on a runner that keeps everything in memory. */
export async function startConversation(
  agent: BaseAgent | App,
  { model, state, runConfig, ...options }: ConversationOptions = {},
): Promise<Conversation> {
  const runner = new InMemoryRunner({
    ...options,
    ...(isApp(agent) ? { app: agent } : { agent }),
    ...(model && { resolveModel: () => model }),
  })
  const session = await runner.sessionService.createSession({
    appName: runner.appName,
    userId: 'user',
    ...(state && { state }),
  })
  return new Conversation(runner, session.id, runConfig)
}

/** One session, from the side of the user. */
export class Conversation {
  readonly userId = 'user'

  constructor(
    readonly runner: InMemoryRunner,
    readonly sessionId: string,
    private readonly runConfig: RunConfig = {},
  ) {}

  /** Sends a message and resolves to all events of the turn that follows. */
  say(message: string | Content, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<Event[]> {
    const { userId, sessionId, runConfig } = this
    const newMessage = typeof message === 'string' ? textContent('user', message) : message
    return collect(
      this.runner.runAsync({
        userId,
        sessionId,
        newMessage,
        runConfig,
        ...(abortSignal && { abortSignal }),
      }),
    )
  }

  /**
   * Answers a call as a client does: with the result of a long-running tool, or with `{ confirmed: true }` for a call of
   * `adk_request_confirmation`.
   */
  answer({ id, name }: FunctionCall, response: JsonObject): Promise<Event[]> {
    return this.say({ role: 'user', parts: [{ functionResponse: { id, name, response } }] })
  }

  /** The session as it is stored now, with its state and events. */
  async session(): Promise<Session> {
    const { userId, sessionId } = this
    const { appName, sessionService } = this.runner
    const session = await sessionService.getSession({ appName, userId, sessionId })
    if (!session) throw new Error(`Session not found: ${sessionId}`)
    return session
  }
}

/** All items of a stream, such as the events of `runner.runAsync`. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** What was said last in these events, chunks and thoughts left out; `''` when nothing was. */
export function lastText(events: readonly Event[]): string {
  const last = events.findLast((event) => !event.partial && stringifyContent(event) !== '')
  return last ? stringifyContent(last) : ''
}
