import {
  FunctionTool,
  getUserChoiceTool,
  LlmAgent,
  LongRunningFunctionTool,
  requestInputTool,
  SequentialAgent,
  type AuthConfig,
  type Context,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { weatherAgent } from '../support/agents.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import {
  answerTo,
  callsOf,
  checkRequests,
  expectUsable,
  idOf,
  lastOf,
  lastRequest,
  open,
  outline,
  responsesOf,
} from './conversation.js'

const AFTER = 'still here'

describe('a long-running call', () => {
  function clerk(result: unknown, turns: Turn[] = [{ call: 'approve', id: 'c1' }]) {
    const model = scriptedModel(turns, AFTER)
    const tools = [
      new LongRunningFunctionTool({ name: 'approve', description: 'Asks the boss.', execute: () => result }),
      new FunctionTool({ name: 'look', description: '', execute: () => 'seen' }),
    ]
    return { model, agent: new LlmAgent({ name: 'clerk', model, tools }) }
  }

  it('that returned nothing ends the turn, until its answer comes', async () => {
    const { agent, model } = clerk(null)
    const conversation = await open(agent)
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['clerk: call approve'])
    expect(events[0]?.longRunningToolIds).toEqual(['c1'])
    expect(outline(await conversation.say(answerTo('c1', 'approve', { ok: true })))).toEqual([
      `clerk: ${AFTER}`,
    ])
    expect(lastRequest(model)).toEqual(['user: go', 'model: call approve', 'user: answer {"ok":true}'])
    await expectUsable(conversation, model)
  })

  it('that returned a ticket goes on; the last of its answers counts', async () => {
    const { agent, model } = clerk({ status: 'pending' })
    const conversation = await open(agent)
    expect(outline(await conversation.say('go'))).toEqual([
      'clerk: call approve',
      'clerk: answer approve',
      `clerk: ${AFTER}`,
    ])
    await conversation.say(answerTo('c1', 'approve', { status: 'half' }))
    await conversation.say(answerTo('c1', 'approve', { status: 'done' }))
    expect(lastRequest(model)).toEqual(['user: go', 'model: call approve', 'user: answer {"status":"done"}'])
    await expectUsable(conversation, model)
  })

  it('does not keep the calls beside it from being answered', async () => {
    const { agent, model } = clerk(null, [[{ call: 'approve', id: 'c1' }, { call: 'look' }]])
    const conversation = await open(agent)
    expect(outline(await conversation.say('go'))).toEqual([
      'clerk: call approve + call look',
      'clerk: answer look',
      `clerk: ${AFTER}`,
    ])
    await expectUsable(conversation, model)
    await conversation.say(answerTo('c1', 'approve', { ok: true }))
    checkRequests(model)
  })

  it.each(['other', undefined])('is answered by its id, also under the name %s', async (name) => {
    const { agent, model } = clerk(null)
    const conversation = await open(agent)
    await conversation.say('go')
    await conversation.say({ functionResponse: { id: 'c1', ...(name && { name }), response: { ok: true } } })
    expect(model.last.request.contents.at(-1)?.parts).toEqual([
      { functionResponse: { id: 'c1', name: 'approve', response: { ok: true } } },
    ])
    await expectUsable(conversation, model)
  })

  it('may be answered after other turns; the model goes on from the call', async () => {
    const { agent, model } = clerk(null)
    const conversation = await open(agent)
    await conversation.say('go')
    await expectUsable(conversation, model)
    await conversation.say([answerTo('c1', 'approve', { ok: true }), { text: 'here you are' }])
    expect(lastRequest(model)).toEqual([
      'user: go',
      'model: call approve',
      'user: answer {"ok":true}',
      'user: here you are',
    ])
    await expectUsable(conversation, model)
  })

  it('that nobody knows is left out of what the model is told', async () => {
    const { agent, model } = clerk(null, [])
    const conversation = await open(agent)
    await conversation.say(answerTo('forged', 'approve', { ok: true }))
    expect(model.last.request.contents).toEqual([])
    await expectUsable(conversation, model)
  })

  it('of an agent in a sequence is answered there', async () => {
    const { agent, model } = clerk(null)
    const next = new LlmAgent({ name: 'next', model: scriptedModel([], 'next') })
    const conversation = await open(new SequentialAgent({ name: 'root', subAgents: [agent, next] }))
    await conversation.say('go')
    expect(outline(await conversation.say(answerTo('c1', 'approve', { ok: true })))).toEqual([
      `clerk: ${AFTER}`,
    ])
    checkRequests(model)
  })

  it('that throws is answered at once', async () => {
    const { agent, model } = clerk(null)
    agent.tools[0] = new LongRunningFunctionTool({
      name: 'approve',
      description: '',
      execute: () => {
        throw new Error('nobody there')
      },
    })
    const conversation = await open(agent)
    expect(responsesOf(await conversation.say('go'))).toEqual([
      { error: "Error in tool 'approve': nobody there" },
    ])
    await expectUsable(conversation, model)
  })
})

describe('asking the user', () => {
  it.each([
    ['for a choice', getUserChoiceTool, { options: ['a', 'b'] }, { choice: 'a' }],
    ['for input', requestInputTool, { message: 'Which city?' }, { result: 'Bonn' }],
  ])('%s ends the turn; the model reads the answer', async (_, tool, args, response) => {
    const model = scriptedModel([{ call: tool.name, args, id: 'c1' }], AFTER)
    const conversation = await open(new LlmAgent({ name: 'root', model, tools: [tool] }))
    const events = await conversation.say('go')
    expect(callsOf(events)).toEqual([{ id: 'c1', name: tool.name, args }])
    expect(lastOf(events).actions.stateDelta).toEqual({})
    expect(model.calls).toHaveLength(1)
    await conversation.say(answerTo('c1', tool.name, response))
    expect(lastRequest(model)).toEqual([
      'user: go',
      `model: call ${tool.name}`,
      `user: answer ${JSON.stringify(response)}`,
    ])
    await expectUsable(conversation, model)
  })
})

describe('pauseOnToolCalls', () => {
  const pause = { runConfig: { pauseOnToolCalls: true } }

  it('leaves the calls to the client', async () => {
    const ran: unknown[] = []
    const model = scriptedModel(
      [
        [
          { call: 'get_weather', id: 'a' },
          { call: 'get_weather', id: 'b' },
        ],
      ],
      AFTER,
    )
    const conversation = await open(weatherAgent(model, () => void ran.push('ran')))
    expect(outline(await conversation.say('go', { ...pause, open: ['a', 'b'] }))).toEqual([
      'weather: call get_weather + call get_weather',
    ])
    const answers = ['a', 'b'].map((id) => answerTo(id, 'get_weather', { id }))
    const events: unknown[] = []
    for await (const event of conversation.start(answers, pause)) events.push(event)
    expect(events).toHaveLength(1)
    expect(ran).toEqual([])
    expect(lastRequest(model)).toEqual([
      'user: go',
      'model: call get_weather + call get_weather',
      'user: answer {"id":"a"} + answer {"id":"b"}',
    ])
  })

  it('calls that the client does not answer are closed by the next turn', async () => {
    const model = scriptedModel([{ call: 'get_weather', id: 'a' }], AFTER)
    const conversation = await open(weatherAgent(model))
    await conversation.say('go', { ...pause, open: ['a'] })
    await expectUsable(conversation, model)
    expect(responsesOf((await conversation.stored()).events)).toHaveLength(1)
  })
})

describe('a credential', () => {
  const ASK = 'adk_request_credential'
  const authConfig = (credentialKey: string): AuthConfig => ({
    authScheme: { type: 'apiKey', in: 'header', name: 'x-key' },
    credentialKey,
  })
  const credential = (apiKey: string) => ({ authType: 'apiKey', apiKey })

  /** A tool that needs a credential of its own. */
  function locked(name: string, ran: unknown[], config = authConfig(name)) {
    return new FunctionTool({
      name,
      description: '',
      execute: (_, context: Context) => {
        const given = context.getAuthResponse(config)
        ran.push(`${name} ${given?.apiKey ?? 'asks'}`)
        if (given?.apiKey?.startsWith('good')) return { opened: name }
        context.requestCredential(config)
        return { status: 'pending' }
      },
    })
  }

  function vault(...names: string[]) {
    const ran: unknown[] = []
    const model = scriptedModel([names.map((call) => ({ call }))], AFTER)
    const tools = names.map((name) => locked(name, ran))
    return { ran, model, agent: new LlmAgent({ name: 'root', model, tools }) }
  }

  const give = (id: string, apiKey: string, key = 'door') =>
    answerTo(id, ASK, { ...authConfig(key), exchangedAuthCredential: credential(apiKey) })

  it('is asked for, and the call runs again with it', async () => {
    const { agent, model, ran } = vault('door')
    const conversation = await open(agent)
    const asked = await conversation.say('go')
    expect(outline(asked)).toEqual(['root: call door', `root: call ${ASK}`, 'root: answer door'])
    expect(callsOf(asked.slice(1))[0]?.args).toEqual({
      functionCallId: idOf(asked, 'door'),
      authConfig: authConfig('door'),
    })
    const answered = await conversation.say(give(idOf(asked, ASK), 'good'))
    expect(outline(answered)).toEqual(['root: answer door', `root: ${AFTER}`])
    expect(ran).toEqual(['door asks', 'door good'])
    expect(lastRequest(model)).toEqual(['user: go', 'model: call door', 'user: answer {"opened":"door"}'])
    await expectUsable(conversation, model)
  })

  it('is not stored with the state, nor known to the next turn', async () => {
    const { agent, ran } = vault('door')
    const conversation = await open(agent)
    await conversation.say(give(idOf(await conversation.say('go'), ASK), 'good'))
    expect(await conversation.state()).toEqual({})
    const model = scriptedModel([{ call: 'door' }])
    Object.assign(agent, { model })
    await conversation.say('again')
    expect(ran).toEqual(['door asks', 'door good', 'door asks'])
  })

  it('that is wrong is asked for again', async () => {
    const { agent, ran } = vault('door')
    const conversation = await open(agent)
    const first = await conversation.say('go')
    const second = await conversation.say(give(idOf(first, ASK), 'bad'))
    expect(outline(second)).toEqual([`root: call ${ASK}`, 'root: answer door'])
    expect(idOf(second, ASK)).not.toBe(idOf(first, ASK))
    await conversation.say(give(idOf(second, ASK), 'good'))
    expect(ran).toEqual(['door asks', 'door bad', 'door good'])
  })

  it('that is given twice runs the call once', async () => {
    const { agent, ran } = vault('door')
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    await conversation.say([give(id, 'good'), give(id, 'good 2')])
    await conversation.say(give(id, 'good 3'))
    expect(ran).toEqual(['door asks', 'door good'])
  })

  it('of each of two tools is asked for in one event', async () => {
    const { agent, model, ran } = vault('door', 'safe')
    const conversation = await open(agent)
    const asked = await conversation.say('go')
    expect(outline(asked)).toEqual([
      'root: call door + call safe',
      `root: call ${ASK} + call ${ASK}`,
      'root: answer door + answer safe',
    ])
    const [door = '', safe = ''] = callsOf(asked.slice(1)).map(({ id }) => id)
    const answered = await conversation.say([give(safe, 'good', 'safe'), give(door, 'good')])
    expect(responsesOf(answered)).toEqual([{ opened: 'safe' }, { opened: 'door' }])
    expect(ran).toEqual(['door asks', 'safe asks', 'safe good', 'door good'])
    await expectUsable(conversation, model)
  })

  it('is kept under the name that was asked for, whatever the answer says', async () => {
    const { agent, ran } = vault('door')
    const conversation = await open(agent)
    await conversation.say(give(idOf(await conversation.say('go'), ASK), 'good', 'another'))
    expect(ran).toEqual(['door asks', 'door good'])
  })

  it('may come as JSON in a string', async () => {
    const { agent, ran } = vault('door')
    const conversation = await open(agent)
    const id = idOf(await conversation.say('go'), ASK)
    const response = JSON.stringify({ exchangedAuthCredential: credential('good') })
    await conversation.say(answerTo(id, ASK, { response }))
    expect(ran).toEqual(['door asks', 'door good'])
  })
})

it('questions need a call to refer to', async () => {
  const agent = weatherAgent(scriptedModel([], AFTER))
  agent.beforeModelCallback.push(({ context }) => context.requestConfirmation({ hint: 'x' }))
  const conversation = await open(agent)
  expect(lastOf(await conversation.say('go')).errorMessage).toContain(
    'requestConfirmation needs a function call',
  )
})
