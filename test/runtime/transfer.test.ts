import { FunctionTool, LlmAgent, SequentialAgent, type LlmAgentConfig } from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { scriptedModel, type ScriptedModel, type Turn } from '../support/scripted-model.js'
import {
  ask,
  checkRequests,
  expectUsable,
  instructionOf,
  lastOf,
  open,
  outline,
  responsesOf,
} from './conversation.js'

const AFTER = 'still here'
const to = (agentName: string): Turn => ({ call: 'transfer_to_agent', args: { agentName } })

function agent(name: string, model: ScriptedModel, config: Partial<LlmAgentConfig> = {}) {
  return new LlmAgent({ name, description: `Does ${name}.`, model, ...config })
}

/** Whom the model was told it may hand over to, in order. */
function targets(model: ScriptedModel): string[] {
  return [...instructionOf(model).matchAll(/Agent name: (\w+)/g)].map(([, name = '']) => name)
}

describe('whom an agent may hand over to', () => {
  it.each<[string, Partial<LlmAgentConfig>, string[]]>([
    ['those below, above and beside it', {}, ['child', 'root', 'peer']],
    ['not above it', { disallowTransferToParent: true }, ['child', 'peer']],
    ['not beside it', { disallowTransferToPeers: true }, ['child', 'root']],
    ['below it only', { disallowTransferToParent: true, disallowTransferToPeers: true }, ['child']],
    ['nobody when its answer has a form', { outputSchema: { type: 'OBJECT' } as never, subAgents: [] }, []],
  ])('%s', async (_, config, names) => {
    const model = scriptedModel([], AFTER)
    const root = scriptedModel([to('middle')], AFTER)
    const subAgents = [agent('child', scriptedModel())]
    await ask(
      agent('root', root, {
        subAgents: [agent('middle', model, { subAgents, ...config }), agent('peer', scriptedModel())],
      }),
    )
    expect(targets(model)).toEqual(names)
    expect('transfer_to_agent' in model.last.request.toolsDict).toBe(names.length > 0)
  })

  it('nobody above it in a workflow', async () => {
    const model = scriptedModel([], AFTER)
    await ask(new SequentialAgent({ name: 'root', subAgents: [agent('only', model)] }))
    expect(targets(model)).toEqual([])
  })
})

describe('handing over', () => {
  it('is the last word of the agent that does it', async () => {
    const root = scriptedModel([[to('child') as never, { call: 'look' }]])
    const look = new FunctionTool({ name: 'look', description: '', execute: () => 'seen' })
    const child = agent('child', scriptedModel([], AFTER))
    const conversation = await open(agent('root', root, { tools: [look], subAgents: [child] }))
    expect(outline(await conversation.say('go'))).toEqual([
      'root: call transfer_to_agent + call look',
      'root: answer transfer_to_agent + answer look',
      `child: ${AFTER}`,
    ])
    expect(root.calls).toHaveLength(1)
  })

  it('back and forth ends with the agent that speaks, even if that one did not finish', async () => {
    const stop = new FunctionTool({
      name: 'stop',
      description: '',
      execute: (_, context) => {
        context.invocationContext.endInvocation = true
      },
    })
    const root = scriptedModel([to('child'), { call: 'stop' }])
    const child = scriptedModel([to('root')])
    const conversation = await open(
      agent('root', root, { tools: [stop], subAgents: [agent('child', child)] }),
    )
    expect(outline(await conversation.say('go')).slice(-2)).toEqual(['root: call stop', 'root: answer stop'])
    expect(root.calls).toHaveLength(2)
  })

  it('for ever is stopped', async () => {
    const root = scriptedModel([], to('child'))
    const child = scriptedModel([], to('root'))
    const conversation = await open(agent('root', root, { subAgents: [agent('child', child)] }))
    const events = await conversation.say('go', { runConfig: { maxLlmCalls: 20 } })
    expect(lastOf(events).errorMessage).toContain('limit of 20 exceeded')
    expect(root.calls.length + child.calls.length).toBe(20)
  })

  it.each([
    ['unknown', 'stranger'],
    ['not allowed', 'grandchild'],
    ['missing', undefined],
  ])('to an agent that is %s is answered, and nobody is handed over to', async (_, agentName) => {
    const root = scriptedModel([{ call: 'transfer_to_agent', args: { agentName } }], AFTER)
    const child = agent('child', scriptedModel(), { subAgents: [agent('grandchild', scriptedModel())] })
    const conversation = await open(agent('root', root, { subAgents: [child] }))
    const events = await conversation.say('go')
    expect(responsesOf(events)).toEqual([
      { error: `Agent "${String(agentName)}" is not one to hand over to. Available agents: child.` },
    ])
    await expectUsable(conversation, root)
  })

  it('may be asked for in the spelling of other ADKs', async () => {
    const root = scriptedModel([{ call: 'transfer_to_agent', args: { agent_name: 'child' } }])
    const child = agent('child', scriptedModel([], AFTER))
    expect(outline(await ask(agent('root', root, { subAgents: [child] }))).at(-1)).toBe(`child: ${AFTER}`)
  })

  it('by an own tool reaches any agent of the tree', async () => {
    const jump = new FunctionTool({
      name: 'jump',
      description: '',
      execute: (_, context) => {
        context.actions.transferToAgent = 'grandchild'
      },
    })
    const grandchild = agent('grandchild', scriptedModel([], AFTER))
    const child = agent('child', scriptedModel(), { subAgents: [grandchild] })
    const root = scriptedModel([{ call: 'jump' }])
    const events = await ask(agent('root', root, { tools: [jump], subAgents: [child] }))
    expect(outline(events).at(-1)).toBe(`grandchild: ${AFTER}`)
  })

  it('by an own tool to nobody is an error event; the session can be used', async () => {
    const jump = new FunctionTool({
      name: 'jump',
      description: '',
      execute: (_, context) => {
        context.actions.transferToAgent = 'nobody'
      },
    })
    const model = scriptedModel([{ call: 'jump' }], AFTER)
    const conversation = await open(agent('root', model, { tools: [jump] }))
    const events = await conversation.say('go')
    expect(lastOf(events).errorMessage).toBe('Agent "nobody" is not in the tree of "root"')
    await expectUsable(conversation, model)
  })

  it('tells the next agent what was said, as something that it hears', async () => {
    const root = scriptedModel([[{ think: 'hmm' }, { say: 'Moment.' }, to('child') as never]])
    const model = scriptedModel([], AFTER)
    await ask(agent('root', root, { subAgents: [agent('child', model)] }))
    expect(model.last.request.contents).toEqual([
      { role: 'user', parts: [{ text: 'hi' }] },
      {
        role: 'user',
        parts: [
          { text: 'For context:' },
          { text: '[root] said: Moment.' },
          { text: '[root] called tool `transfer_to_agent` with parameters: {"agentName":"child"}' },
        ],
      },
      {
        role: 'user',
        parts: [
          { text: 'For context:' },
          { text: '[root] tool `transfer_to_agent` returned result: {"result":"Transfer queued"}' },
        ],
      },
    ])
  })

  it('in a stream executes nothing twice', async () => {
    const root = scriptedModel([[{ say: ['One ', 'moment.'] }, to('child') as never]])
    const child = scriptedModel([{ say: ['Hel', 'lo'] }])
    const conversation = await open(agent('root', root, { subAgents: [agent('child', child)] }))
    const events = await conversation.say('go', { runConfig: { streamingMode: 'sse' } })
    expect(outline(events.filter(({ partial }) => !partial))).toEqual([
      'root: One moment. + call transfer_to_agent',
      'root: answer transfer_to_agent',
      'child: Hello',
    ])
  })
})

describe('the next turn', () => {
  async function afterTransfer(config: Partial<LlmAgentConfig>) {
    const root = scriptedModel([to('child')], 'root speaks')
    const child = scriptedModel([], 'child speaks')
    const conversation = await open(agent('root', root, { subAgents: [agent('child', child, config)] }))
    await conversation.say('go')
    const events = await conversation.say('and now?')
    checkRequests(root)
    checkRequests(child)
    return outline(events)
  }

  it('stays with the agent that was handed over to', async () => {
    expect(await afterTransfer({})).toEqual(['child: child speaks'])
  })

  it('goes to the root when that agent could not hand back', async () => {
    expect(await afterTransfer({ disallowTransferToParent: true })).toEqual(['root: root speaks'])
  })

  it('goes to the root of a workflow', async () => {
    const models = [scriptedModel([], 'one'), scriptedModel([], 'two')]
    const subAgents = models.map((model, index) => agent(`a${index}`, model))
    const conversation = await open(new SequentialAgent({ name: 'root', subAgents }))
    for (const _ of [1, 2]) expect(outline(await conversation.say('go'))).toEqual(['a0: one', 'a1: two'])
  })
})
