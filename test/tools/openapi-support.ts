// An API for tests: a server that remembers its requests, and documents that describe it.
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { getFunctionResponses } from '../../src/core/event.js'
import { SILENT } from '../../src/core/log.js'
import { InMemoryRunner } from '../../src/runner/in-memory-runner.js'
import { OpenAPIToolset, type OpenAPIToolsetOptions } from '../../src/tools/openapi/openapi.js'
import { scriptedModel } from '../support/scripted-model.js'

export interface SeenRequest {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

export type Answer = (response: ServerResponse, request: SeenRequest) => void

export const json: Answer = (response) =>
  response.setHeader('content-type', 'application/json').end('{"ok":true}')

/** Listens on a port of its own until the test is over. */
export async function startApi(answer: Answer = json): Promise<{ url: string; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body })
      answer(response, { method, url, headers, body })
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** A document with the given paths; `more` is put beside them. */
export const documentOf = (url: string, paths: object, more: object = {}) => ({
  openapi: '3.0.3',
  info: { title: 'Test', version: '1' },
  servers: [{ url }],
  paths,
  ...more,
})

export async function declare(document: object, options: Omit<OpenAPIToolsetOptions, 'specDict'> = {}) {
  const tools = await new OpenAPIToolset({ ...options, specDict: document }).getTools()
  return tools.map((tool) => tool._getDeclaration())
}

export interface Session {
  runner: InMemoryRunner
  /** One message, and what the tools answered. */
  send(parts: object[], abortSignal?: AbortSignal): Promise<unknown[]>
}

/** A session of an agent whose model calls one tool in its first turn. */
export async function openSession(
  options: OpenAPIToolsetOptions,
  call: string,
  args: Record<string, unknown> = {},
): Promise<Session> {
  const model = scriptedModel([{ call, args, id: 'call-1' }], 'Done.')
  const agent = new LlmAgent({ name: 'root', model, tools: [new OpenAPIToolset(options)] })
  const runner = new InMemoryRunner({ agent, log: SILENT })
  const { id: sessionId } = await runner.sessionService.createSession({
    appName: runner.appName,
    userId: 'u',
  })
  const send: Session['send'] = async (parts, abortSignal) => {
    const answers: unknown[] = []
    const request = { userId: 'u', sessionId, newMessage: { role: 'user', parts } }
    for await (const event of runner.runAsync({ ...request, ...(abortSignal && { abortSignal }) })) {
      answers.push(...getFunctionResponses(event).map(({ response }) => response))
    }
    return answers
  }
  return { runner, send }
}

/** What a call answers. */
export async function callTool(
  options: OpenAPIToolsetOptions,
  call: string,
  args: Record<string, unknown> = {},
): Promise<unknown> {
  const { send } = await openSession(options, call, args)
  const [answer] = await send([{ text: 'go' }])
  return answer
}
