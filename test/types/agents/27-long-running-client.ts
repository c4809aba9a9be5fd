import {
  getFunctionCalls,
  getFunctionResponses,
  InMemoryRunner,
  LlmAgent,
  LongRunningFunctionTool,
  type BaseLlm,
  type Event,
} from 'adk-ts'
import { z } from 'zod'

const approve = new LongRunningFunctionTool({
  name: 'approve',
  description: 'Asks the manager.',
  parameters: z.object({ amount: z.number() }),
  execute: async () => ({ status: 'pending' }),
})

const findLongRunningCall = (event: Event) =>
  getFunctionCalls(event).find((call) => call.id && event.longRunningToolIds?.includes(call.id))

/** Answers a long-running call once it is decided. */
export async function main(model: BaseLlm | string = 'gemini-2.5-flash'): Promise<unknown[]> {
  const runner = new InMemoryRunner({
    agent: new LlmAgent({ name: 'clerk', model, tools: [approve] }),
    appName: 'office',
  })
  const session = await runner.sessionService.createSession({ appName: 'office', userId: 'u' })
  const key = { userId: 'u', sessionId: session.id }
  let call: ReturnType<typeof findLongRunningCall>
  const responses: unknown[] = []
  for await (const event of runner.runAsync({
    ...key,
    newMessage: { role: 'user', parts: [{ text: 'Pay 5' }] },
  })) {
    call ??= findLongRunningCall(event)
    responses.push(...getFunctionResponses(event).map(({ response }) => response))
  }
  if (!call) return responses
  const functionResponse = { id: call.id, name: call.name, response: { status: 'approved' } }
  for await (const event of runner.runAsync({
    ...key,
    newMessage: { role: 'user', parts: [{ functionResponse }] },
  })) {
    responses.push(event.content?.parts?.[0]?.text)
  }
  return responses
}
