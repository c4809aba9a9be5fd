// The protocol's own client, on a real socket.
import { createRequire } from 'node:module'
import { describe, expect, vi } from 'vitest'
import { collect } from '../../src/testing.js'
import { verifies } from '../contract/verifies.js'
import { acpServer, answerOf, askingAgent, json, text } from '../support/acp.js'
import { speakingAgent, throwingAgent } from '../support/agents.js'
import { listen, type TestServerOptions } from '../support/server.js'

type Sdk = typeof import('acp-sdk')
type Client = InstanceType<Sdk['Client']>
type Part = Parameters<typeof answerOf>[0]

// Its other entry does not load on Node.
const { Client, ACPError, HTTPError } = createRequire(import.meta.url)('acp-sdk') as Sdk

async function connect(options: TestServerOptions = {}) {
  const server = await acpServer(options)
  const client = new Client({ baseUrl: `http://127.0.0.1:${await listen(server)}` })
  return { ...server, client }
}

/** The client's types want every field that the protocol gives a default. */
const awaiting = (...parts: Part[]) => answerOf(...parts) as Parameters<Client['runResumeSync']>[1]

const typesOf = (events: { type: string }[]) => events.map(({ type }) => type)

verifies('acp.client', 'discovery', async () => {
  const { client } = await connect({ apps: { my_app: speakingAgent() } })
  await client.ping()
  expect((await client.agents()).map(({ name }) => name)).toEqual(['my-app', 'weather'])
  expect(await client.agent('my-app')).toMatchObject({
    name: 'my-app',
    metadata: { framework: 'ADK', programming_language: 'TypeScript' },
  })
})

describe('three modes', () => {
  verifies('acp.client', 'sync', async () => {
    const { client } = await connect()
    const run = await client.runSync('weather', 'What is the weather in New York?')
    expect(run).toMatchObject({ status: 'completed', agent_name: 'weather' })
    expect(run.output[0]?.parts.at(-1)?.content).toBe('Sunny in New York, 25 degrees.')
  })

  verifies('acp.client', 'async', async () => {
    const { client } = await connect()
    const { run_id, status } = await client.runAsync('weather', 'And now?')
    expect(status).toBe('created')
    await vi.waitFor(async () => expect((await client.runStatus(run_id)).status).toBe('completed'))
  })

  verifies('acp.client', 'stream', async () => {
    const { client } = await connect()
    const events = await collect(client.runStream('weather', 'And now?'))
    expect(typesOf(events)).toEqual([
      'run.created',
      'run.in-progress',
      'message.created',
      ...Array<string>(4).fill('message.part'),
      'message.completed',
      'run.completed',
    ])
    const [first] = events
    const id = first?.type === 'run.created' ? first.run.run_id : ''
    expect(await client.runEvents(id)).toEqual(events)
  })
})

verifies('acp.client', 'sessions', async () => {
  const { client, model, send } = await connect({ always: 'Yes.' })
  const id = await client.withSession(async (session) => {
    await session.runSync('weather', 'one')
    await collect(session.runStream('weather', 'two'))
    return session.sessionId
  })
  expect(model.last.request.contents).toHaveLength(3)
  expect((await send('GET', `/sessions/${id}`)).body.history).toHaveLength(4)
})

describe('await and resume', () => {
  const refunds = () => connect({ apps: { refunds: askingAgent({ call: 'refund', args: { amount: 90 } }) } })

  verifies('acp.client', 'sync', async () => {
    const { client } = await refunds()
    const waits = await client.runSync('refunds', 'My money, please')
    expect(waits.status).toBe('awaiting')
    const asked = JSON.parse(waits.await_request?.message.parts[1]?.content ?? '')
    const { function_call_id } = asked
    const run = await client.runResumeSync(
      waits.run_id,
      awaiting(json({ function_call_id, confirmed: true })),
    )
    expect(run).toMatchObject({ run_id: waits.run_id, status: 'completed' })
    const again = client.runResumeSync(waits.run_id, awaiting(text('yes')))
    await expect(again).rejects.toThrow(ACPError)
  })

  verifies('acp.client', 'async', async () => {
    const { client } = await refunds()
    const { run_id } = await client.runAsync('refunds', 'My money, please')
    await vi.waitFor(async () => expect((await client.runStatus(run_id)).status).toBe('awaiting'))
    expect((await client.runResumeAsync(run_id, awaiting(text('yes')))).status).toBe('in-progress')
    await vi.waitFor(async () => expect((await client.runStatus(run_id)).status).toBe('completed'))
  })

  verifies('acp.client', 'stream', async () => {
    const { client } = await refunds()
    const events = await collect(client.runStream('refunds', 'My money, please'))
    const last = events.at(-1)
    expect(last?.type).toBe('run.awaiting')
    const id = last?.type === 'run.awaiting' ? last.run.run_id : ''
    const more = await collect(client.runResumeStream(id, awaiting(text('yes'))))
    expect([typesOf(more)[0], typesOf(more).at(-1)]).toEqual(['run.in-progress', 'run.completed'])
    expect(await client.runEvents(id)).toEqual([...events, ...more])
  })
})

verifies('acp.client', 'cancel', async () => {
  const { client } = await connect({ always: [{ say: 'Wait' }, { hang: true }] })
  const types: string[] = []
  for await (const event of client.runStream('weather', 'Count to a million')) {
    types.push(event.type)
    if (event.type === 'run.in-progress') {
      expect((await client.runCancel(event.run.run_id)).status).toBe('cancelling')
    }
  }
  expect(types.at(-1)).toBe('run.cancelled')
  const { run_id } = await client.runAsync('weather', 'Again')
  await client.runCancel(run_id)
  await vi.waitFor(async () => expect((await client.runStatus(run_id)).status).toBe('cancelled'))
  await expect(client.runCancel(run_id)).rejects.toThrow(ACPError)
})

verifies('acp.client', 'errors', async () => {
  const { client } = await connect({ apps: { bad: throwingAgent(new Error('boom')) } })
  const unknown = '3c90c3cc-0d44-4b50-8888-8dd25736052a'
  const asks = [
    () => client.agent('nope'),
    () => client.runSync('nope', 'Hi'),
    () => client.runAsync('nope', 'Hi'),
    () => collect(client.runStream('nope', 'Hi')),
    () => client.runStatus(unknown),
    () => client.runEvents(unknown),
    () => client.runCancel(unknown),
  ]
  for (const ask of asks) {
    const error = await ask().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(ACPError)
    expect(error).not.toBeInstanceOf(HTTPError)
    expect(error).toMatchObject({ code: 'not_found' })
  }
  await expect(client.runSync('weather', [])).rejects.toMatchObject({ code: 'invalid_input' })
  expect(await client.runSync('bad', 'Hi')).toMatchObject({
    status: 'failed',
    error: { code: 'server_error' },
  })
  expect(typesOf(await collect(client.runStream('bad', 'Hi'))).at(-1)).toBe('run.failed')
})
