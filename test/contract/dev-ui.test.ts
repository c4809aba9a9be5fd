// The calls of Google's dev UI in one sitting, from where it may be served: beside the server, elsewhere, behind a proxy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import type { Context } from '../../src/core/context.js'
import { isJsonObject } from '../../src/schema/json.js'
import { FunctionTool, LongRunningFunctionTool } from '../../src/tools/function-tool.js'
import { scriptedModel } from '../support/scripted-model.js'
import { listen, makeTestServer, parsed, type Reply, type TestServer } from '../support/server.js'
import { exchange } from '../support/socket.js'
import { DEV_UI_CALLS, type DevUiCall } from './dev-ui/calls.js'
import { REQUIREMENTS } from './requirements.js'

/** An agent that does all that the UI can show. */
function deskAgent(): LlmAgent {
  const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 }
  const tool = (name: string, execute: (args: unknown, context: Context) => unknown, more = {}) =>
    new FunctionTool({ name, description: 'Does its work.', execute, ...more })
  return new LlmAgent({
    name: 'desk',
    description: 'Does this and that.',
    model: scriptedModel([
      { call: 'get_weather', args: { city: 'New York' } },
      {
        response: {
          content: { role: 'model', parts: [{ text: 'It is sunny in New York.' }] },
          usageMetadata,
        },
      },
      { say: ['It is ', 'noon.'] },
      'A picture.',
      { call: 'save_report' },
      'Saved.',
      { call: 'pay_expense', args: { amount: 500 } },
      'Paid.',
      { call: 'request_budget' },
      'Asked.',
      'Approved.',
      { response: { errorCode: '503', errorMessage: 'out of order' } },
      'Gladly.',
    ]),
    tools: [
      tool('get_weather', () => ({ status: 'success' })),
      tool('save_report', saveReport),
      tool('pay_expense', () => ({ status: 'paid' }), { requireConfirmation: true }),
      new LongRunningFunctionTool({
        name: 'request_budget',
        description: 'Asks for a budget.',
        execute: () => ({ status: 'pending' }),
      }),
    ],
    subAgents: [new LlmAgent({ name: 'clerk', description: 'Waits.', model: scriptedModel([]) })],
  })
}

async function saveReport(_args: unknown, context: Context) {
  await context.saveArtifact('report.txt', { inlineData: { mimeType: 'text/plain', data: 'U3Vubnku' } })
  await context.saveArtifact('dir/sub pic.png', {
    inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' },
  })
  await context.saveArtifact('user:plain.txt', { text: 'Sunny.' })
  context.state.set('reports', 1)
  return { status: 'success' }
}

type Kept = Map<string, unknown>

const fillText = (text: string, kept: Kept): string =>
  text.replace(/\{(\w+)\}/g, (pattern, name: string) => {
    const value = kept.get(name)
    return typeof value === 'string' ? value : pattern
  })

/** Puts what was kept where it is named; what is more than a text takes the place of its name. */
function fill(value: unknown, kept: Kept): unknown {
  if (typeof value === 'string') {
    const [, name = ''] = /^\{(\w+)\}$/.exec(value) ?? []
    return kept.get(name) ?? fillText(value, kept)
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, kept))
  // Matchers are objects of classes.
  if (!isJsonObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, kept)]))
}

/** As the UI takes an answer: the events of a stream, JSON, or nothing. */
function bodyOf({ headers, text, body }: Reply): unknown {
  if (!String(headers['content-type']).startsWith('text/event-stream')) return text === '' ? '' : body
  const lines = text.split('\n').filter((line) => line.startsWith('data:'))
  return lines.map((line) => parsed(line.slice('data:'.length)))
}

/** What a browser sends along by itself. */
const BROWSER = {
  Accept: 'application/json, text/plain, */*',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Sec-Fetch-Mode': 'cors',
}

interface Place {
  name: string
  origin: string
  options: { allowOrigins?: string[]; urlPrefix?: string }
  backendUrl: string
}

const PLACES: Place[] = [
  { name: 'beside the server', origin: 'http://localhost:8000', options: {}, backendUrl: '' },
  {
    name: 'elsewhere',
    origin: 'https://ui.example',
    options: { allowOrigins: ['https://ui.example'] },
    backendUrl: '',
  },
  {
    name: 'behind a proxy that keeps the prefix',
    origin: 'http://localhost:8000',
    options: { urlPrefix: '/adk' },
    backendUrl: '/adk',
  },
]

for (const { name, ...place } of PLACES)
  describe(`the dev UI, served ${name}`, { shuffle: false }, () => sitAt(place))

function sitAt({ origin, options, backendUrl }: Omit<Place, 'name'>): void {
  const kept: Kept = new Map()
  let server: TestServer
  let port: number
  let dir: string
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adk-ts-test-'))
    writeFileSync(join(dir, 'README.md'), '# The desk\n')
    server = await makeTestServer({ ...options, apps: { desk: deskAgent() }, dirs: { desk: dir } })
    port = await listen(server)
  })
  afterAll(async () => {
    await server.app.close()
    rmSync(dir, { recursive: true })
  })

  async function send({ method, path, headers, body }: DevUiCall): Promise<Reply> {
    const isJson = body !== undefined && body !== null
    const all = {
      ...BROWSER,
      Origin: origin,
      ...(isJson && { 'Content-Type': 'application/json' }),
      ...headers,
    }
    return exchange(port, {
      method,
      path: `${backendUrl}${fillText(path, kept)}`,
      headers: Object.entries(all),
      ...(isJson && { body: JSON.stringify(fill(body, kept)) }),
    })
  }

  for (const call of DEV_UI_CALLS) {
    const { verifies, on, method, path, status = 200, reads, keeps = {} } = call
    test(`${on}: ${method} ${path}: ${REQUIREMENTS[verifies].sentence}`, async () => {
      const reply = await send(call)
      const body = bodyOf(reply)
      expect({ status: reply.status, body }).toMatchObject({ status, body: fill(reads, kept) })
      if (options.allowOrigins) expect(reply.headers).toMatchObject({ 'access-control-allow-origin': origin })
      for (const [name, pick] of Object.entries(keeps)) kept.set(name, pick(body))
    })
  }
}
