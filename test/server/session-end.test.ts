import { expect, vi } from 'vitest'
import { InMemoryArtifactService } from '../../src/artifacts/memory.js'
import { AdkError } from '../../src/core/errors.js'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { InMemoryMemoryService } from '../../src/memory/memory.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { verifies } from '../contract/verifies.js'
import { gate } from '../support/gate.js'
import { scriptedModel } from '../support/scripted-model.js'
import { message, openSession, SESSION, type TestServer } from '../support/server.js'

const OTHER = '/apps/weather/users/u1/sessions/s2'
const artifact = (filename: string) => ({ filename, artifact: { text: 'x' } })

async function fill({ send }: TestServer): Promise<void> {
  await send('POST', OTHER)
  for (const [url, sessionId] of [
    [SESSION, 's1'],
    [OTHER, 's2'],
  ] as const) {
    await send('POST', '/run', message({ sessionId }))
    for (const name of ['n', 'dir/n', 'user:n']) await send('POST', `${url}/artifacts`, artifact(name))
    await send('PATCH', '/apps/weather/users/u1/memory', { sessionId })
  }
}

const remembered = async ({ memory }: TestServer) =>
  (await memory.searchMemory({ appName: 'weather', userId: 'u1', query: 'weather' })).memories

verifies('session.end', async () => {
  const server = await openSession({ always: 'The weather is fine.' })
  await fill(server)
  const before = (await remembered(server)).length
  expect((await server.send('DELETE', SESSION)).status).toBe(204)
  expect((await server.send('GET', SESSION)).status).toBe(404)
  expect((await server.send('GET', `${SESSION}/artifacts`)).body).toEqual(['user:n'])
  expect((await server.send('GET', `${OTHER}/artifacts`)).body).toEqual(['dir/n', 'n', 'user:n'])
  expect(await remembered(server)).toHaveLength(before / 2)
  expect((await server.send('GET', OTHER)).body.events.length).toBeGreaterThan(1)
})

const unavailable = () => new AdkError('internal', 'The disk is full')

for (const keeper of ['artifacts', 'memory'] as const) {
  verifies('session.end-again', keeper, async () => {
    const artifacts = new InMemoryArtifactService()
    const memory = new InMemoryMemoryService()
    const server = await openSession({ always: 'The weather is fine.', artifacts, memory })
    await fill(server)
    const spy = vi.spyOn({ artifacts, memory }[keeper], 'deleteSession').mockRejectedValue(unavailable())
    expect((await server.send('DELETE', SESSION)).status).toBe(500)
    // It is still there, so whoever looks can see that it is to be deleted once more.
    expect((await server.send('GET', SESSION)).status).toBe(200)
    spy.mockRestore()
    expect((await server.send('DELETE', SESSION)).status).toBe(204)
    expect((await server.send('GET', SESSION)).status).toBe(404)
    expect((await server.send('GET', `${SESSION}/artifacts`)).body).toEqual(['user:n'])
  })
}

verifies('session.end-late', async () => {
  const { opened: asleep, open: wake } = gate()
  let outcome: Promise<unknown> | undefined
  const model = scriptedModel([{ call: 'sleep', args: {} }], 'Done.')
  const sleeper = new LlmAgent({
    name: 'sleeper',
    model,
    tools: [
      new FunctionTool({
        name: 'sleep',
        description: 'Sleeps, then writes.',
        execute: async (_, context) => {
          outcome = asleep.then(() => context?.saveArtifact('late', { text: 'x' }))
          await outcome
        },
      }),
    ],
  })
  const server = await openSession({ apps: { sleeper } })
  const url = '/apps/sleeper/users/u1/sessions/s1'
  await server.send('POST', url)
  const running = server.send('POST', '/run', message({ appName: 'sleeper' }))
  await vi.waitFor(() => expect(outcome).toBeDefined())
  expect((await server.send('DELETE', url)).status).toBe(204)
  expect(await running).toMatchObject({ status: 409 })
  wake()
  await expect(outcome).rejects.toMatchObject({ code: 'session_deleted' })
  expect((await server.send('GET', `${url}/artifacts`)).body).toEqual([])
})
