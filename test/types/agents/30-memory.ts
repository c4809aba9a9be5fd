import {
  InMemoryMemoryService,
  InMemorySessionService,
  LlmAgent,
  LOAD_MEMORY,
  PRELOAD_MEMORY,
  Runner,
  type BaseLlm,
} from 'adk-ts'

/** Remembers one conversation in the next. */
export async function main(model: BaseLlm | string = 'gemini-2.5-flash'): Promise<string[]> {
  const appName = 'memory_app'
  const memoryService = new InMemoryMemoryService()
  const agent = new LlmAgent({ name: 'rememberer', model, tools: [LOAD_MEMORY, PRELOAD_MEMORY] })
  const runner = new Runner({ appName, agent, sessionService: new InMemorySessionService(), memoryService })
  const session = await runner.sessionService.createSession({ appName, userId: 'u' })
  const newMessage = { role: 'user', parts: [{ text: 'My project is called Alpha.' }] }
  for await (const _event of runner.runAsync({ userId: 'u', sessionId: session.id, newMessage })) continue
  const stored = await runner.sessionService.getSession({ appName, userId: 'u', sessionId: session.id })
  if (stored) await memoryService.addSessionToMemory(stored)
  const { memories } = await memoryService.searchMemory({ appName, userId: 'u', query: 'project' })
  return memories.map(({ author, content }) => `${author}: ${content.parts?.[0]?.text}`)
}
