import { createEvent, FunctionTool, LlmAgent, LongRunningFunctionTool, type Event } from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { weatherAgent } from '../support/agents.js'
import { scriptedModel } from '../support/scripted-model.js'
import {
  answerTo,
  expectUsable,
  idOf,
  lastRequest,
  open,
  outline,
  responsesOf,
  type Conversation,
} from './conversation.js'

const AFTER = 'still here'

const call = (id: string, name = 'get_weather') => ({ functionCall: { id, name, args: {} } })
const answer = (id: string, response: object) => ({ functionResponse: { id, name: 'get_weather', response } })

/** Leaves a session as a process did that died: these events are the last that were stored. */
async function leave(conversation: Conversation, ...events: Partial<Event>[]) {
  const session = await conversation.stored()
  const said = { invocationId: 'e-dead', author: 'weather' }
  const first = { ...said, author: 'user', content: { role: 'user', parts: [{ text: 'before the crash' }] } }
  for (const fields of [first, ...events]) {
    await conversation.sessions.appendEvent({ session, event: createEvent({ ...said, ...fields }) })
  }
}

const parts = (...list: object[]) => ({ content: { role: 'model', parts: list } })

describe('a session whose run died', () => {
  it('with an open call is healed by the next run, and the tool is not run again', async () => {
    const ran: unknown[] = []
    const model = scriptedModel([], AFTER)
    const conversation = await open(weatherAgent(model, (args) => void ran.push(args)))
    await leave(conversation, parts(call('x')))
    await expectUsable(conversation, model)
    expect(ran).toEqual([])
    const { events } = await conversation.stored()
    expect(outline(events)).toEqual([
      'user: before the crash',
      'weather: call get_weather',
      'weather: answer get_weather',
      'user: are you there?',
      `weather: ${AFTER}`,
    ])
    expect(events[2]).toMatchObject({ invocationId: 'e-dead', content: { role: 'user' } })
    expect(responsesOf(events)).toEqual([{ error: 'The tool call was interrupted before it finished.' }])
    expect(conversation.log).toContainEqual([
      'info',
      'session.healed',
      { app: 'app', user: 'u', session: 's', calls: 1 },
    ])
  })

  it('with some calls answered gets the other answers only', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(weatherAgent(model))
    await leave(conversation, parts(call('x'), call('y')), parts(answer('x', { ok: 1 })))
    await expectUsable(conversation, model)
    expect(responsesOf((await conversation.stored()).events)).toEqual([
      { ok: 1 },
      { error: 'The tool call was interrupted before it finished.' },
    ])
    expect(lastRequest(model)[2]).toBe(
      'user: answer {"ok":1} + answer {"error":"The tool call was interrupted before it finished."}',
    )
  })

  it('after several steps is healed where it is open', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(weatherAgent(model))
    await leave(conversation, parts(call('x')), parts(answer('x', { ok: 1 })), parts(call('x')))
    await conversation.say('go')
    expect(lastRequest(model)).toEqual([
      'user: before the crash',
      'model: call get_weather',
      'user: answer {"ok":1}',
      'model: call get_weather',
      'user: answer {"error":"The tool call was interrupted before it finished."}',
      'user: go',
    ])
  })

  it('on parallel branches is healed on each', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(weatherAgent(model))
    await leave(
      conversation,
      { ...parts(call('x')), author: 'a', branch: 'root.a' },
      { ...parts(call('y')), author: 'b', branch: 'root.b' },
    )
    await expectUsable(conversation, model)
    const { events } = await conversation.stored()
    expect(events.slice(3, 5).map(({ author, branch }) => [author, branch])).toEqual([
      ['a', 'root.a'],
      ['b', 'root.b'],
    ])
  })

  it('is healed once', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(weatherAgent(model))
    await leave(conversation, parts(call('x')))
    await expectUsable(conversation, model)
    await expectUsable(conversation, model)
    expect(conversation.kinds()).toEqual(['session.healed'])
  })

  it('keeps what is still to come: long-running calls', async () => {
    const model = scriptedModel([], AFTER)
    const tool = new LongRunningFunctionTool({ name: 'get_weather', description: '', execute: () => null })
    const conversation = await open(new LlmAgent({ name: 'weather', model, tools: [tool] }))
    await leave(conversation, { ...parts(call('x')), longRunningToolIds: ['x'] })
    await expectUsable(conversation, model)
    expect(conversation.kinds()).toEqual([])
    await conversation.say(answerTo('x', 'get_weather', { ok: 1 }))
    expect(lastRequest(model).slice(0, 3)).toEqual([
      'user: before the crash',
      'model: call get_weather',
      'user: answer {"ok":1}',
    ])
  })

  it('keeps what the message answers', async () => {
    const model = scriptedModel([], AFTER)
    const conversation = await open(weatherAgent(model))
    await leave(conversation, parts(call('x'), call('y')))
    const events: Event[] = []
    for await (const event of conversation.start(answerTo('x', 'get_weather', { ok: 1 }))) events.push(event)
    expect(outline(events)).toEqual([`weather: ${AFTER}`])
    expect(lastRequest(model)).toEqual([
      'user: before the crash',
      'model: call get_weather + call get_weather',
      'user: answer {"ok":1} + answer {"error":"The tool call was interrupted before it finished."}',
    ])
  })

  it('before the answer of a person was carried out is healed, too', async () => {
    const ran: unknown[] = []
    const model = scriptedModel([{ call: 'wire' }], AFTER)
    const wire = new FunctionTool({
      name: 'wire',
      description: '',
      requireConfirmation: true,
      execute: () => void ran.push('wire'),
    })
    const conversation = await open(new LlmAgent({ name: 'weather', model, tools: [wire] }))
    const asked = await conversation.say('go')
    const id = idOf(asked, 'adk_request_confirmation')
    const session = await conversation.stored()
    const content = { role: 'user', parts: [answerTo(id, 'adk_request_confirmation', { confirmed: true })] }
    const event = createEvent({ author: 'user', invocationId: 'e-dead', content })
    await conversation.sessions.appendEvent({ session, event })
    await expectUsable(conversation, model)
    expect(ran).toEqual([])
    expect(responsesOf((await conversation.stored()).events).at(-1)).toEqual({
      error: 'The tool call was interrupted before it finished.',
    })
  })
})

it('a store that fails while calls are closed does not hide why the run ended', async () => {
  const model = scriptedModel([{ call: 'get_weather' }], AFTER)
  const conversation = await open(weatherAgent(model))
  const { sessions } = conversation
  const append = sessions.appendEvent.bind(sessions)
  let broken = false
  sessions.appendEvent = async (request) => {
    if (broken) throw new TypeError(`disk is full at ${outline([request.event]).join()}`)
    if (request.event.content?.parts?.[0]?.functionCall) broken = true
    return append(request)
  }
  // A TypeError of the store is the store's: it is not taken for an event that has no JSON form.
  const turn = conversation.start('go')
  await turn.next()
  await expect(turn.next()).rejects.toThrow('disk is full at weather: answer get_weather')
  expect(conversation.kinds()).toContain('session.not_healed')
  broken = false
  sessions.appendEvent = append
  await expectUsable(conversation, model)
  expect(conversation.kinds()).toContain('session.healed')
})
