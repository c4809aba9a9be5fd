import type { Content } from '@google/genai'
import {
  InMemoryArtifactService,
  InMemorySessionService,
  isFinalResponse,
  LlmAgent,
  Runner,
  stringifyContent,
  type BaseLlm,
} from 'adk-ts'

const APP_NAME = 'weather_app'
const USER_ID = 'user_1'

/** Asks an agent something, as a script would. */
export async function main(model: BaseLlm | string = 'gemini-2.5-flash'): Promise<string> {
  const agent = new LlmAgent({ name: 'assistant', model })
  const sessionService = new InMemorySessionService()
  const runner = new Runner({
    appName: APP_NAME,
    agent,
    sessionService,
    artifactService: new InMemoryArtifactService(),
  })
  const session = await sessionService.createSession({
    appName: APP_NAME,
    userId: USER_ID,
    state: { city: 'Bonn' },
  })
  const newMessage: Content = { role: 'user', parts: [{ text: 'Hello' }] }
  let answer = 'none'
  for await (const event of runner.runAsync({ userId: session.userId, sessionId: session.id, newMessage })) {
    if (isFinalResponse(event) && event.content?.parts?.length) answer = stringifyContent(event)
    else if (event.errorCode) answer = `${event.errorCode}: ${event.errorMessage ?? ''}`
  }
  const stored = await sessionService.getSession({
    appName: APP_NAME,
    userId: USER_ID,
    sessionId: session.id,
  })
  return `${answer} (${stored?.events.length} events, ${String(stored?.state['city'])})`
}
