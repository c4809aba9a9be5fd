// MCP servers of both kinds for tests, and agents that use them.
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { onTestFinished } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { getFunctionResponses, type Event } from '../../src/core/event.js'
import { SILENT } from '../../src/core/log.js'
import { InMemoryRunner } from '../../src/runner/in-memory-runner.js'
import { MCPToolset } from '../../src/tools/mcp/mcp.js'
import type { MCPConnectionParams, StdioConnectionParams } from '../../src/tools/mcp/params.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import { createMcpServer } from './mcp-fixture.mjs'

export interface TestServer {
  params: MCPConnectionParams
  /** What the server did and saw so far. */
  notes(): Promise<string[]>
  /** How often somebody connected. */
  connections(): Promise<number>
}

const FIXTURE = fileURLToPath(new URL('mcp-fixture.mjs', import.meta.url))

/** Waits until a condition holds; the test's own timeout is the bound. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5)
}

/** A server process; it is not started here. */
export async function stdioServer(
  env: Record<string, string> = {},
): Promise<TestServer & { params: StdioConnectionParams; pids(): Promise<number[]> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'notes')
  const notes = async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean)
  const pids = async () =>
    (await notes()).flatMap((note) => (note.startsWith('started ') ? [Number(note.slice(8))] : []))
  return {
    params: {
      type: 'StdioConnectionParams',
      serverParams: { command: process.execPath, args: [FIXTURE, file], env, stderr: 'ignore' },
    },
    notes,
    pids,
    connections: async () => (await pids()).length,
  }
}

/** A server in this process, on a port of its own. */
export async function httpServer() {
  const notes: string[] = []
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>()
  let connections = 0
  const requests: IncomingMessage[] = []

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(request)
    const id = request.headers['mcp-session-id']
    const known = sessions.get(String(id))
    if (id !== undefined && !known) {
      response.writeHead(404).end('Session not found')
      return
    }
    await (known ?? (await newSession())).handleRequest(request, response)
  }

  async function newSession(): Promise<NodeStreamableHTTPServerTransport> {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        connections++
        sessions.set(id, transport)
      },
      onsessionclosed: (id) => void notes.push(`closed ${id}`),
    })
    await createMcpServer((note) => void notes.push(note)).connect(transport)
    return transport
  }

  const server = createServer((request, response) => void handle(request, response))
  const listen = (port: number) =>
    new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await listen(0)
  onTestFinished(async () => {
    if (server.listening) await stop()
  })
  const { port } = server.address() as AddressInfo
  return {
    params: {
      type: 'StreamableHTTPConnectionParams',
      url: `http://127.0.0.1:${port}/mcp`,
    } satisfies MCPConnectionParams,
    notes: async () => notes,
    connections: async () => connections,
    requests,
    /** The server forgets who was connected, as it does when it is started anew. */
    forget: () => sessions.clear(),
    stop,
    start: () => listen(port),
  }
}

export const SERVERS = { stdio: () => stdioServer(), http: () => httpServer() }

/** A toolset that is closed with the test. */
export function toolsetFor(...args: ConstructorParameters<typeof MCPToolset>): MCPToolset {
  const toolset = new MCPToolset(...args)
  onTestFinished(() => toolset.close())
  return toolset
}

export function runnerFor(toolset: MCPToolset, turns: Turn[]) {
  const model = scriptedModel(turns, 'Done.')
  const agent = new LlmAgent({ name: 'root', model, tools: [toolset] })
  return { runner: new InMemoryRunner({ agent, log: SILENT }), model }
}

/** One turn in a session of its own. */
export async function run(
  runner: InMemoryRunner,
  { abortSignal }: { abortSignal?: AbortSignal } = {},
): Promise<Event[]> {
  const newMessage = { role: 'user', parts: [{ text: 'go' }] }
  const events: Event[] = []
  const request = { userId: 'user', newMessage, ...(abortSignal && { abortSignal }) }
  for await (const event of runner.runEphemeral(request)) events.push(event)
  return events
}

/** What the tools answered in a turn. */
export const responsesIn = (events: Event[]) =>
  events.flatMap(getFunctionResponses).map(({ response }) => response)

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
