// Agents and requests for tests of the Agent Communication Protocol.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { z } from 'zod'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import type { AcpEvent, AcpPart, AcpRun } from '../../src/schema/acp.js'
import { requestInputTool } from '../../src/tools/built-in.js'
import { FunctionTool, LongRunningFunctionTool } from '../../src/tools/function-tool.js'
import { scriptedModel, type Turn } from './scripted-model.js'
import { buildTestServer, type Reply, type TestServer, type TestServerOptions } from './server.js'

const CREDENTIAL = {
  authScheme: { type: 'oauth2' },
  rawAuthCredential: { authType: 'oauth2', oauth2: { clientSecret: 'very secret' } },
  exchangedAuthCredential: { authType: 'oauth2', oauth2: { authUri: 'https://example.com/sign-in' } },
  credentialKey: 'mail',
}

/** An agent whose tools all need somebody; its model plays the turns. */
export function askingAgent(...turns: Turn[]): LlmAgent {
  return new LlmAgent({
    name: 'refunds',
    model: scriptedModel(turns, 'Done.'),
    tools: [
      new FunctionTool({
        name: 'refund',
        description: 'Refunds.',
        parameters: z.object({ amount: z.number() }),
        requireConfirmation: true,
        execute: ({ amount }) => ({ refunded: amount }),
      }),
      new FunctionTool({
        name: 'read_mail',
        description: 'Reads mail.',
        execute: (_, context) => {
          const credential = context.getAuthResponse(CREDENTIAL)
          if (credential) return { key: credential.apiKey }
          context.requestCredential(CREDENTIAL)
          return { status: 'asked' }
        },
      }),
      new LongRunningFunctionTool({
        name: 'approve',
        description: 'Asks the boss.',
        execute: () => undefined,
      }),
      requestInputTool,
    ],
  })
}

export const says = (...texts: string[]) =>
  texts.map((content) => ({ role: 'user', parts: [{ content_type: 'text/plain', content }] }))

export const runRequest = (fields: Record<string, unknown> = {}) => ({
  agent_name: 'weather',
  input: says('What is the weather in New York?'),
  ...fields,
})

export const answerOf = (...parts: AcpPart[]) => ({ type: 'message', message: { role: 'user', parts } })
export const text = (content: string): AcpPart => ({ content_type: 'text/plain', content })
export const json = (value: unknown): AcpPart => ({
  content_type: 'application/json',
  content: JSON.stringify(value),
})

/** The events of a stream that was injected. */
export const eventsIn = ({ text: body }: Reply): AcpEvent[] =>
  body
    .split('\n\n')
    .flatMap((frame): AcpEvent[] => (frame.startsWith('data: ') ? [JSON.parse(frame.slice(6))] : []))

/** What a run says, messages as lists of their texts. */
export const textsOf = ({ output }: Pick<AcpRun, 'output'>) =>
  output.map(({ parts }) => parts.flatMap(({ content }) => content ?? []))

export interface AcpServer extends TestServer {
  /** Starts a run that is expected to be accepted. */
  run(fields?: Record<string, unknown>): Promise<AcpRun>
  resume(id: string, fields: Record<string, unknown>): Promise<Reply>
  get(id: string): Promise<AcpRun>
  /** Waits until a run is as it should be. */
  until(id: string, status: AcpRun['status']): Promise<AcpRun>
}

export async function acpServer(options: TestServerOptions = {}): Promise<AcpServer> {
  const server = await buildTestServer(options)
  const { send } = server
  const get = async (id: string): Promise<AcpRun> => (await send('GET', `/runs/${id}`)).body
  return {
    ...server,
    get,
    async run(fields) {
      const reply = await send('POST', '/runs', runRequest(fields))
      expect(reply.text).toContain('"run_id"')
      return reply.body
    },
    resume: (id, fields) => send('POST', `/runs/${id}`, { mode: 'sync', ...fields }),
    async until(id, status) {
      for (;;) {
        const run = await get(id)
        if (run.status === status) return run
        if (run.finished_at !== null)
          throw new Error(`The run is ${run.status}: ${JSON.stringify(run.error)}`)
        await sleep(5)
      }
    },
  }
}
