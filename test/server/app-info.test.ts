import { expect } from 'vitest'
import { z } from 'zod'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { SequentialAgent } from '../../src/agents/workflow.js'
import { BaseToolset, type BaseTool } from '../../src/core/tool.js'
import { AppInfo } from '../../src/schema/app.js'
import { GOOGLE_SEARCH } from '../../src/tools/provider-tools.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { verifies } from '../contract/verifies.js'
import { buildTestServer, loadFailure } from '../support/server.js'

const add = new FunctionTool({
  name: 'add',
  description: 'Adds.',
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => a + b,
})

class Listed extends BaseToolset {
  constructor(private readonly list: () => Promise<BaseTool[]>) {
    super()
  }

  override getTools(): Promise<BaseTool[]> {
    return this.list()
  }
}

function tellSeason() {
  return 'It is winter.'
}

const team = () =>
  new LlmAgent({
    name: 'team',
    description: 'Leads.',
    instruction: 'Lead {who?}.',
    tools: [
      add,
      GOOGLE_SEARCH,
      new Listed(async () => [add]),
      new Listed(async () => {
        throw new Error('server is down')
      }),
    ],
    subAgents: [
      new SequentialAgent({
        name: 'steps',
        subAgents: [new LlmAgent({ name: 'one', instruction: tellSeason })],
      }),
      new LlmAgent({ name: '__proto__' }),
    ],
  })

verifies('app-info.agents', async () => {
  const { send } = await buildTestServer()
  const reply = await send('GET', '/apps/weather/app-info')
  expect(reply).toMatchObject({ status: 200 })
  expect(AppInfo.parse(reply.body)).toEqual(reply.body)
  expect(reply.body).toMatchObject({
    name: 'weather',
    rootAgentName: 'weather',
    description: 'Tells the weather.',
    language: 'typescript',
    isComputerUse: false,
    agents: {
      weather: {
        name: 'weather',
        description: 'Tells the weather.',
        instruction: '',
        tools: [
          { functionDeclarations: [{ name: 'get_weather', description: 'Tells the weather of a city.' }] },
        ],
        sub_agents: [],
      },
    },
  })
})

verifies('app-info.agents', 'of a team', async () => {
  const { send, logged } = await buildTestServer({ apps: { team: team() } })
  const { status, text, body } = await send('GET', '/apps/team/app-info')
  expect(status).toBe(200)
  expect(Object.keys(body.agents)).toEqual(['team', 'one', '__proto__'])
  const declaration = {
    functionDeclarations: [{ name: 'add', description: 'Adds.', parameters: expect.any(Object) }],
  }
  expect(body.agents.team).toEqual({
    name: 'team',
    description: 'Leads.',
    instruction: 'Lead {who?}.',
    tools: [declaration, declaration],
    sub_agents: ['steps', '__proto__'],
  })
  expect(body.agents.one.instruction).toBe('<InstructionProvider: tellSeason>')
  expect(text).not.toContain('server is down')
  expect(logged.join('')).toContain('server is down')
})

verifies('app-info.agents', 'of the default app', async () => {
  const { send } = await buildTestServer({ defaultApp: 'weather' })
  expect(await send('GET', '/app-info')).toMatchObject({ status: 200, body: { name: 'weather' } })
})

verifies('app-info.refused', async () => {
  const apps = { steps: new SequentialAgent({ name: 'steps' }), broken: loadFailure('broken', 'no') }
  const { send } = await buildTestServer({ apps })
  for (const [name, status, text] of [
    ['nowhere', 404, 'App not found: nowhere'],
    ['steps', 400, 'Root agent is not an LlmAgent'],
    ['broken', 500, 'App "broken" failed to load: no'],
  ] as const) {
    expect(await send('GET', `/apps/${name}/app-info`)).toMatchObject({
      status,
      body: { detail: text, error: text },
    })
  }
})
