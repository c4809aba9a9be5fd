import { createPartFromText, createUserContent } from '@google/genai'
import { InMemoryRunner, LlmAgent, StreamingMode, type BaseLlm, type RunConfig } from 'adk-ts'

/** Prints an answer while it is made. */
export async function main(model: BaseLlm | string = 'gemini-2.5-flash'): Promise<string[]> {
  const runner = new InMemoryRunner({ agent: new LlmAgent({ name: 'assistant', model }) })
  const session = await runner.sessionService.createSession({ appName: runner.appName, userId: 'u' })
  const runConfig: RunConfig = { streamingMode: StreamingMode.SSE, maxLlmCalls: 10 }
  const chunks: string[] = []
  for await (const event of runner.runAsync({
    userId: 'u',
    sessionId: session.id,
    newMessage: createUserContent([createPartFromText('Count to three')]),
    runConfig,
  })) {
    if (event.partial) chunks.push(event.content?.parts?.[0]?.text ?? '')
  }
  return chunks
}
