import {
  AgentTool,
  FunctionTool,
  LlmAgent,
  LOAD_ARTIFACTS,
  LongRunningFunctionTool,
  SequentialAgent,
  type AgentToolConfig,
  type BaseAgent,
  type LlmAgentConfig,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { said, WorkingAgent } from '../support/agents.js'
import { scriptedModel, type ScriptedModel, type Turn } from '../support/scripted-model.js'
import { ask, expectUsable, KEY, lastOf, lastRequest, open, outline, responsesOf } from './conversation.js'

const AFTER = 'still here'
const CALL: Turn = { call: 'helper', args: { request: 'help me' } }

/** An agent that uses another one as a tool. */
function boss(helper: BaseAgent, options: Omit<AgentToolConfig, 'agent'> = {}, turns: Turn[] = [CALL]) {
  const model = scriptedModel(turns, AFTER)
  return {
    model,
    agent: new LlmAgent({ name: 'boss', model, tools: [new AgentTool({ agent: helper, ...options })] }),
  }
}

const helper = (model: ScriptedModel, config: Partial<LlmAgentConfig> = {}) =>
  new LlmAgent({ name: 'helper', description: 'Helps.', model, ...config })

/** What the tool answered. */
async function answerOf(agent: BaseAgent, options?: Omit<AgentToolConfig, 'agent'>) {
  return responsesOf(await ask(boss(agent, options).agent))[0]
}

describe('an agent used as a tool', () => {
  it('answers a request, and its words are not part of the conversation', async () => {
    const inner = scriptedModel(['at your service'])
    const { agent, model } = boss(helper(inner))
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['boss: call helper', 'boss: answer helper', `boss: ${AFTER}`])
    expect(responsesOf(events)).toEqual([{ result: 'at your service' }])
    expect(lastRequest(inner)).toEqual(['user: help me'])
    await expectUsable(conversation, model)
  })

  it('is declared by its name and description', async () => {
    const { agent, model } = boss(helper(scriptedModel(['x'])))
    await ask(agent)
    expect(model.last.request.config?.tools).toEqual([
      {
        functionDeclarations: [
          {
            name: 'helper',
            description: 'Helps.',
            parameters: {
              type: 'OBJECT',
              properties: { request: { type: 'STRING' } },
              required: ['request'],
            },
          },
        ],
      },
    ])
  })

  it('remembers nothing, and leaves no session behind', async () => {
    const inner = scriptedModel(['one', 'two'])
    const { agent } = boss(helper(inner), {}, [CALL, CALL])
    const conversation = await open(agent)
    await conversation.say('go')
    expect(lastRequest(inner)).toEqual(['user: help me'])
    for (const appName of ['app', 'helper']) {
      const { sessions } = await conversation.sessions.listSessions({ appName })
      expect(sessions).toHaveLength(appName === 'app' ? 1 : 0)
    }
  })

  it('works twice at the same time', async () => {
    const inner = scriptedModel(
      [(request) => `heard ${request.contents[0]?.parts?.[0]?.text}`],
      (request) => {
        return `heard ${request.contents[0]?.parts?.[0]?.text}`
      },
    )
    const both = ['a', 'b'].map((request) => ({ call: 'helper', args: { request } }))
    const { agent } = boss(helper(inner), {}, [both])
    expect(responsesOf(await ask(agent))).toEqual([{ result: 'heard a' }, { result: 'heard b' }])
  })

  it('may be a whole sequence; the last word counts', async () => {
    const steps = ['first', 'second'].map((name) => new LlmAgent({ name, model: scriptedModel([name]) }))
    expect(await answerOf(new SequentialAgent({ name: 'helper', subAgents: steps }))).toEqual({
      result: 'second',
    })
  })

  it('answers by what it said last, not by what it did then; thoughts are left out', async () => {
    const inner = helper(scriptedModel([[{ think: 'hm' }, { say: 'yes' }]]), {
      afterAgentCallback: (context) => context.state.set('seen', true),
    })
    expect(await answerOf(inner)).toEqual({ result: 'yes' })
  })

  it('that says nothing answers with nothing', async () => {
    expect(await answerOf(new WorkingAgent(async function* () {}, 'helper'))).toEqual({ result: '' })
  })

  it.each<[string, Turn, string]>([
    ['whose model fails', { fail: new Error('no line') }, 'no line'],
    ['whose model says nothing', [], 'The model "scripted" returned no answer'],
  ])('%s is a failed call', async (_, turn, error) => {
    const { agent, model } = boss(helper(scriptedModel([turn])))
    const conversation = await open(agent)
    expect(responsesOf(await conversation.say('go'))).toEqual([{ error }])
    await expectUsable(conversation, model)
  })

  it('that throws is a failed call', async () => {
    const thrower = new WorkingAgent(async function* (context) {
      yield said(context, 'well')
      throw new Error('own trouble')
    }, 'helper')
    const { agent, model } = boss(thrower)
    const conversation = await open(agent)
    expect(responsesOf(await conversation.say('go'))).toEqual([{ error: 'own trouble' }])
    await expectUsable(conversation, model)
  })

  it.each([
    [
      'a confirmation',
      new FunctionTool({ name: 'wire', description: '', requireConfirmation: true, execute: () => 1 }),
      'adk_request_confirmation',
    ],
    [
      'a long-running tool',
      new LongRunningFunctionTool({ name: 'wire', description: '', execute: () => null }),
      'wire',
    ],
    [
      'a credential',
      new FunctionTool({
        name: 'wire',
        description: '',
        execute: (_, context) => {
          context.requestCredential({ authScheme: { type: 'apiKey' }, credentialKey: 'bank' })
          return { pending: true }
        },
      }),
      'adk_request_credential',
    ],
  ])('that waits for %s says that nobody can answer', async (_, tool, name) => {
    const { agent, model } = boss(helper(scriptedModel([{ call: 'wire' }]), { tools: [tool] }))
    const conversation = await open(agent)
    expect(responsesOf(await conversation.say('go'))).toEqual([
      {
        error: `Agent "helper" waits for an answer to ${name}, which it cannot get while it works as a tool; make it a sub-agent instead`,
      },
    ])
    await expectUsable(conversation, model)
  })

  it('with skipSummarization has the last word', async () => {
    const { agent, model } = boss(helper(scriptedModel(['all of it'])), { skipSummarization: true })
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['boss: call helper', 'boss: answer helper'])
    expect(lastOf(events).actions.skipSummarization).toBe(true)
    expect(model.calls).toHaveLength(1)
    await expectUsable(conversation, model)
  })
})

describe('what goes in and out of it', () => {
  const save = new FunctionTool({
    name: 'save',
    description: '',
    execute: async (_, context) => {
      context.state.set('made', context.state.get('given'))
      context.state.set('user:made', 1)
      context.state.set('temp:made', 2)
      context.state.get<string[]>('list')?.push('inner')
      context.state.set('list', context.state.get('list'))
      await context.saveArtifact('made.txt', { text: 'by the helper' })
      return 'saved'
    },
  })

  it('is state: it sees what there is, and changes what is to stay', async () => {
    const inner = helper(scriptedModel([{ call: 'save' }], 'done'), {
      tools: [save],
      instruction: 'Given: {given}',
    })
    const { agent } = boss(inner)
    const seen: unknown[] = []
    agent.afterToolCallback.push(({ context }) => {
      context.state.get<string[]>('list')?.push('outer')
      seen.push(context.state.get('temp:made'))
    })
    const conversation = await open(agent, { state: { given: 'x', list: ['before'] } })
    const events = await conversation.say('go')
    const made = { made: 'x', 'user:made': 1, list: ['before', 'inner', 'outer'] }
    expect(events[1]?.actions.stateDelta).toEqual(made)
    expect(seen).toEqual([undefined])
    expect(await conversation.state()).toEqual({ given: 'x', ...made })
  })

  it('are artifacts: they are those of the session', async () => {
    const inner = helper(scriptedModel([{ call: 'save' }], 'done'), { tools: [save, LOAD_ARTIFACTS] })
    const { agent } = boss(inner)
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(events[1]?.actions.artifactDelta).toEqual({ 'made.txt': 0 })
    expect(await conversation.artifacts.loadArtifact({ ...KEY, filename: 'made.txt' })).toEqual({
      text: 'by the helper',
    })
  })

  it('are forms, where it has them', async () => {
    const inner = scriptedModel(['{"celsius": "25"}'])
    const agent = helper(inner, {
      inputSchema: z.object({ city: z.string() }),
      outputSchema: z.object({ celsius: z.coerce.number() }),
    })
    const { agent: root, model } = boss(agent, {}, [{ call: 'helper', args: { city: 'Bonn' } }])
    expect(responsesOf(await ask(root))).toEqual([{ celsius: 25 }])
    expect(lastRequest(inner)).toEqual(['user: {"city":"Bonn"}'])
    expect(model.calls[0]?.request.config?.tools).toMatchObject([
      { functionDeclarations: [{ parameters: { properties: { city: { type: 'STRING' } } } }] },
    ])
  })

  it.each(['no JSON', '{"celsius": "warm"}'])('%s in place of the form is a failed call', async (text) => {
    const agent = helper(scriptedModel([text]), { outputSchema: z.object({ celsius: z.coerce.number() }) })
    expect(await answerOf(agent)).toEqual({
      error: expect.stringMatching(/^The answer does not fit the agent's outputSchema/),
    })
  })

  it.each([
    [{ request: { deep: 1 } }, '{"deep":1}'],
    [{}, '""'],
  ])('a request that is no text, %j, is told as JSON', async (args, text) => {
    const inner = scriptedModel(['x'])
    await ask(boss(helper(inner), {}, [{ call: 'helper', args }]).agent)
    expect(lastRequest(inner)).toEqual([`user: ${text}`])
  })
})
