import {
  App,
  EXIT_LOOP,
  LlmAgent,
  LongRunningFunctionTool,
  LoopAgent,
  ParallelAgent,
  SequentialAgent,
  type BaseAgent,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { weatherAgent } from '../support/agents.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import {
  answerTo,
  checkRequests,
  lastRequest,
  open,
  outline,
  responsesOf,
  type Conversation,
} from './conversation.js'

const ID = 'e-interrupted'
const BROKEN: Turn = { fail: new Error('the line is dead') }

const resumable = (rootAgent: BaseAgent) =>
  open(new App({ name: 'app', rootAgent, resumabilityConfig: { isResumable: true } }))

const speaker = (name: string, ...turns: Turn[]) => new LlmAgent({ name, model: scriptedModel(turns) })

/** Continues the invocation, without another message. */
async function resume(conversation: Conversation) {
  const events = await conversation.say('', { invocationId: ID, newMessage: undefined })
  for (const event of events) expect(event.invocationId).toBe(ID)
  return outline(events)
}

const begin = async (conversation: Conversation) =>
  outline(await conversation.say('go', { invocationId: ID }))

describe('an invocation that was interrupted', () => {
  it('goes on with the agent that failed', async () => {
    const model = scriptedModel([BROKEN, 'better'])
    const conversation = await resumable(new LlmAgent({ name: 'root', model, instruction: '{city?}' }))
    expect(await begin(conversation)).toEqual(['root: error UNKNOWN_ERROR'])
    expect(await resume(conversation)).toEqual(['root: better'])
    expect(lastRequest(model)).toEqual(['user: go'])
    expect(outline((await conversation.stored()).events)).toEqual([
      'user: go',
      'root: error UNKNOWN_ERROR',
      'root: better',
    ])
  })

  it('goes on after a call that was left open, and does not repeat it', async () => {
    const ran: unknown[] = []
    const model = scriptedModel([{ call: 'get_weather' }], 'better')
    const conversation = await resumable(weatherAgent(model, () => void ran.push('ran')))
    for await (const _ of conversation.start('go', { invocationId: ID })) break
    expect(await resume(conversation)).toEqual(['weather: better'])
    expect(ran).toEqual([])
    expect(responsesOf((await conversation.stored()).events)).toHaveLength(1)
    checkRequests(model)
  })

  it('goes on in a sequence where it stopped', async () => {
    const subAgents = [speaker('a', 'a'), speaker('b', BROKEN, 'b'), speaker('c', 'c early', 'c')]
    const conversation = await resumable(new SequentialAgent({ name: 'root', subAgents }))
    for await (const event of conversation.start('go', { invocationId: ID })) if (event.errorCode) break
    expect(await resume(conversation)).toEqual(['b: b', 'c: c early'])
    expect(await resume(conversation)).toEqual([])
  })

  it('goes on in a sequence within a sequence', async () => {
    const inner = new SequentialAgent({ name: 'inner', subAgents: [speaker('a', 'a'), speaker('b', 'b')] })
    const conversation = await resumable(
      new SequentialAgent({ name: 'root', subAgents: [inner, speaker('c', 'c')] }),
    )
    for await (const _ of conversation.start('go', { invocationId: ID })) break
    expect(await resume(conversation)).toEqual(['b: b', 'c: c'])
  })

  it('does not take a note of a callback for the word of an agent', async () => {
    const noting = speaker('a', 'a')
    let stop = true
    noting.beforeAgentCallback.push((context) => context.state.set('noted', true))
    noting.beforeModelCallback.push(() => {
      if (stop) throw new Error('not yet')
    })
    const conversation = await resumable(new SequentialAgent({ name: 'root', subAgents: [noting] }))
    for await (const _ of conversation.start('go', { invocationId: ID })) break
    stop = false
    expect((await resume(conversation)).at(-1)).toBe('a: a')
  })

  it('goes on in parallel with those that did not finish', async () => {
    const subAgents = [speaker('a', 'a'), speaker('b', BROKEN, 'b')]
    const conversation = await resumable(new ParallelAgent({ name: 'root', subAgents }))
    await begin(conversation)
    expect(await resume(conversation)).toEqual(['b: b'])
    expect((await conversation.stored()).events.at(-1)?.branch).toBe('root.b')
  })

  it('goes on in a loop, in the round that it was in', async () => {
    const subAgents = [speaker('a', 'a1', 'a2', 'a3'), speaker('b', 'b1', BROKEN, 'b2', 'b3')]
    const conversation = await resumable(new LoopAgent({ name: 'root', maxIterations: 3, subAgents }))
    for await (const event of conversation.start('go', { invocationId: ID })) if (event.errorCode) break
    expect(await resume(conversation)).toEqual(['b: b2', 'a: a3', 'b: b3'])
    expect(await resume(conversation)).toEqual([])
  })

  it('goes on in a loop within a loop, in its round', async () => {
    const inner = new LoopAgent({
      name: 'inner',
      maxIterations: 2,
      subAgents: [speaker('a', '1', '2', '3', BROKEN, '4')],
    })
    const conversation = await resumable(
      new LoopAgent({ name: 'root', maxIterations: 2, subAgents: [inner] }),
    )
    for await (const event of conversation.start('go', { invocationId: ID })) if (event.errorCode) break
    expect(await resume(conversation)).toEqual(['a: 4'])
  })

  it('does not begin a loop again that was left', async () => {
    const leaving = new LlmAgent({
      name: 'leaving',
      model: scriptedModel([{ call: 'exit_loop' }]),
      tools: [EXIT_LOOP],
    })
    const loop = new LoopAgent({ name: 'loop', subAgents: [leaving] })
    const conversation = await resumable(
      new SequentialAgent({ name: 'root', subAgents: [loop, speaker('after', BROKEN, 'after')] }),
    )
    await begin(conversation)
    expect(await resume(conversation)).toEqual(['after: after'])
  })

  it('goes on with the answer that it waited for', async () => {
    const approve = new LongRunningFunctionTool({ name: 'approve', description: '', execute: () => null })
    const model = scriptedModel([{ call: 'approve', id: 'c1' }, 'approved'])
    const asking = new LlmAgent({ name: 'asking', model, tools: [approve] })
    const subAgents = [speaker('first', 'first'), asking]
    const conversation = await resumable(new SequentialAgent({ name: 'root', subAgents }))
    await begin(conversation)
    const events = await conversation.say(answerTo('c1', 'approve', { ok: true }), { invocationId: ID })
    expect(outline(events)).toEqual(['asking: approved'])
    expect(events[0]?.invocationId).toBe(ID)
  })

  it('goes on with the agent that was handed over to', async () => {
    const child = speaker('child', BROKEN, 'child')
    const model = scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'child' } }])
    const conversation = await resumable(new LlmAgent({ name: 'root', model, subAgents: [child] }))
    await begin(conversation)
    expect(await resume(conversation)).toEqual(['child: child'])
  })

  it('goes on with the workflow that was handed over to', async () => {
    const flow = new SequentialAgent({
      name: 'flow',
      subAgents: [speaker('a', BROKEN, 'a'), speaker('b', 'b')],
    })
    const model = scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'flow' } }])
    const conversation = await resumable(new LlmAgent({ name: 'root', model, subAgents: [flow] }))
    for await (const event of conversation.start('go', { invocationId: ID })) if (event.errorCode) break
    expect(await resume(conversation)).toEqual(['a: a', 'b: b'])
  })

  it('that was complete says nothing more', async () => {
    const conversation = await resumable(speaker('root', 'done'))
    await begin(conversation)
    expect(await resume(conversation)).toEqual([])
  })
})

describe('what cannot be continued', () => {
  it('is refused where the app does not allow it', async () => {
    const conversation = await open(speaker('root', BROKEN, 'better'))
    await begin(conversation)
    await expect(resume(conversation)).rejects.toMatchObject({
      code: 'invalid_message',
      status: 422,
      message:
        'App "app" cannot continue an invocation; export an App with resumabilityConfig: { isResumable: true }',
    })
  })

  it('is refused when it is unknown', async () => {
    const conversation = await resumable(speaker('root', 'done'))
    await expect(resume(conversation)).rejects.toMatchObject({
      code: 'invocation_not_found',
      status: 404,
      message: `Invocation not found: ${ID}`,
    })
  })

  it('is refused when nothing was said at all', async () => {
    const conversation = await resumable(speaker('root', 'done'))
    await expect(conversation.say('', { newMessage: undefined })).rejects.toMatchObject({
      code: 'invalid_message',
      message: 'There is no new message, and no invocation to continue; send newMessage',
    })
  })
})

it('a new invocation may be given its id', async () => {
  const conversation = await open(speaker('root', 'done'))
  const [event] = await conversation.say('go', { invocationId: 'e-mine' })
  expect(event?.invocationId).toBe('e-mine')
})
