import { expect } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { speakingAgent } from '../support/agents.js'
import { buildTestServer, loadFailure } from '../support/server.js'

verifies('health.ok', async () => {
  const { send } = await buildTestServer()
  expect(await send('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } })
})

verifies('version.fields', async () => {
  const { send } = await buildTestServer({ version: '1.2.3' })
  expect((await send('GET', '/version')).body).toEqual({
    version: '1.2.3',
    language: 'typescript',
    language_version: process.versions.node,
  })
})

verifies('list-apps.names', async () => {
  const { send } = await buildTestServer({
    apps: { broken: loadFailure('broken', 'no'), afternoon: speakingAgent() },
  })
  for (const query of ['', '?detailed=false', '?detailed=0', '?relative_path=./', '?DETAILED=true&x=1']) {
    const reply = await send('GET', `/list-apps${query}`)
    expect(reply).toMatchObject({ status: 200, body: ['afternoon', 'broken', 'weather'] })
  }
})

verifies('list-apps.detailed', async () => {
  const { send } = await buildTestServer({
    apps: { broken: loadFailure('broken', 'agent.ts:1: no') },
  })
  const reply = await send('GET', '/list-apps?detailed=true')
  expect(reply).toMatchObject({ status: 200 })
  expect(reply.body).toEqual({
    apps: [
      {
        name: 'weather',
        rootAgentName: 'weather',
        description: 'Tells the weather.',
        language: 'typescript',
        isComputerUse: false,
      },
    ],
  })
})

verifies('list-apps.detailed', 'not a boolean', async () => {
  const { send } = await buildTestServer()
  const reply = await send('GET', '/list-apps?detailed=perhaps')
  expect(reply.status).toBe(422)
  expect(reply.body.detail).toEqual([
    {
      type: 'bool_type',
      loc: ['query', 'detailed'],
      msg: 'Input should be a valid boolean',
      input: 'perhaps',
    },
  ])
})
