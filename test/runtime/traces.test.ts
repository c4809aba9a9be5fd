import {
  AgentTool,
  FunctionTool,
  LlmAgent,
  LongRunningFunctionTool,
  ParallelAgent,
  SequentialAgent,
  type BaseAgent,
} from 'adk-ts'
import { expect, it } from 'vitest'
import { SpanTracer } from '../../src/telemetry/tracer.js'
import {
  said,
  speakingAgent,
  throwingAgent,
  weatherAgent,
  WEATHER_TURN,
  WorkingAgent,
} from '../support/agents.js'
import { gate } from '../support/gate.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'
import { SpanAudit } from '../support/span-audit.js'
import { open, type Conversation } from './conversation.js'

const speaker = (name: string, ...turns: Turn[]) => new LlmAgent({ name, model: scriptedModel(turns) })

async function traced(root: BaseAgent): Promise<{ audit: SpanAudit; conversation: Conversation }> {
  const audit = new SpanAudit()
  return { audit, conversation: await open(root, { tracer: new SpanTracer([audit]) }) }
}

/** The tree of one turn, once nothing is wrong with it. */
async function treeOf(root: BaseAgent): Promise<string[]> {
  const { audit, conversation } = await traced(root)
  await conversation.say('go').catch(() => {})
  expect(audit.problems()).toEqual([])
  return audit.tree()
}

it('a turn with a tool', async () => {
  expect(await treeOf(speakingAgent(...WEATHER_TURN))).toEqual([
    'invocation',
    '  invoke_agent weather',
    '    call_llm',
    '    execute_tool get_weather',
    '    call_llm',
  ])
})

it('a tool does not count as time of the model', async () => {
  const { audit, conversation } = await traced(speakingAgent(...WEATHER_TURN))
  await conversation.say('go')
  const [model, tool] = audit.started.slice(2)
  expect(model?.endTime).toBeLessThanOrEqual(tool?.startTime ?? 0)
})

it('tools at the same time are beside each other', async () => {
  const model = scriptedModel([[{ call: 'one' }, { call: 'two' }], 'done'])
  const tools = ['one', 'two'].map(
    (name) => new FunctionTool({ name, description: name, execute: () => ({ name }) }),
  )
  expect(await treeOf(new LlmAgent({ name: 'root', model, tools }))).toEqual([
    'invocation',
    '  invoke_agent root',
    '    call_llm',
    '    execute_tool one',
    '    execute_tool two',
    '    call_llm',
  ])
})

it('parallel and sequential agents', async () => {
  const root = new SequentialAgent({
    name: 'steps',
    subAgents: [
      new ParallelAgent({ name: 'both', subAgents: [speaker('a', 'A'), speaker('b', 'B')] }),
      speaker('c', 'C'),
    ],
  })
  const tree = await treeOf(root)
  expect(tree.toSorted()).toEqual(
    [
      'invocation',
      '  invoke_agent steps',
      '    invoke_agent both',
      '      invoke_agent a',
      '        call_llm',
      '      invoke_agent b',
      '        call_llm',
      '    invoke_agent c',
      '      call_llm',
    ].toSorted(),
  )
})

it('a transfer', async () => {
  const root = new LlmAgent({
    name: 'root',
    model: scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'other' } }]),
    subAgents: [speaker('other', 'Here I am')],
  })
  expect(await treeOf(root)).toEqual([
    'invocation',
    '  invoke_agent root',
    '    call_llm',
    '    execute_tool transfer_to_agent',
    '    invoke_agent other',
    '      call_llm',
  ])
})

it('an agent as a tool is a run within the call', async () => {
  const root = new LlmAgent({
    name: 'root',
    model: scriptedModel([{ call: 'helper', args: { request: 'help' } }, 'done']),
    tools: [new AgentTool({ agent: speaker('helper', 'helped') })],
  })
  const { audit, conversation } = await traced(root)
  await conversation.say('go')
  expect(audit.problems()).toEqual([])
  expect(audit.tree()).toEqual([
    'invocation',
    '  invoke_agent root',
    '    call_llm',
    '    execute_tool helper',
    '      invocation',
    '        invoke_agent helper',
    '          call_llm',
    '    call_llm',
  ])
  expect(new Set(audit.started.map(({ traceId }) => traceId)).size).toBe(1)
})

it('what an agent of another make does is one span', async () => {
  const root = new WorkingAgent(async function* (context) {
    yield said(context, 'hello')
  })
  // As agents of somebody else's `@google/adk` do, it brings a `runAsync` of its own.
  root.runAsync = (context) => root['runAsyncImpl'](context)
  expect(await treeOf(root)).toEqual(['invocation'])
})

it('failures are noted where they happened', async () => {
  const { audit, conversation } = await traced(
    weatherAgent(scriptedModel(WEATHER_TURN), () => {
      throw new TypeError('no such city, key=AIzaSyA1234567890123456789012345678901')
    }),
  )
  await conversation.say('go')
  expect(audit.problems()).toEqual([])
  const { attributes } = audit.named('execute_tool get_weather')
  expect(attributes).toMatchObject({
    'error.type': 'TypeError',
    'error.message': expect.stringContaining('no such city'),
  })
  expect(attributes['error.message']).not.toContain('AIza')
  expect(audit.named('invocation').attributes).toMatchObject({ 'adk.run.status': 'completed' })
})

it('a model that fails', async () => {
  const { audit, conversation } = await traced(speaker('root', { fail: new Error('out of order') }))
  const events = await conversation.say('go')
  expect(audit.problems()).toEqual([])
  expect(audit.named('call_llm').attributes).toMatchObject({
    'error.message': 'out of order',
    'gcp.vertex.agent.event_id': events[0]?.id,
  })
})

it('an agent whose own code throws', async () => {
  const { audit, conversation } = await traced(throwingAgent(new RangeError('beyond')))
  await expect(conversation.say('go')).rejects.toThrow('beyond')
  expect(audit.problems()).toEqual([])
  for (const span of audit.started) expect(span.attributes['error.type']).toBe('RangeError')
  expect(audit.named('invocation').attributes['adk.run.status']).toBe('failed')
})

it('a run that is cancelled while a tool hangs', async () => {
  const { opened, open: onCall } = gate()
  const { audit, conversation } = await traced(
    weatherAgent(scriptedModel(WEATHER_TURN), () => {
      onCall()
      return new Promise(() => {})
    }),
  )
  const controller = new AbortController()
  const turn = conversation.say('go', { abortSignal: controller.signal })
  await opened
  controller.abort(new Error('the client left'))
  await turn
  expect(audit.problems()).toEqual([])
  const { attributes } = audit.named('invocation')
  expect(attributes['adk.run.status']).toBe('cancelled')
  expect(attributes['error.type']).toBeUndefined()
})

it('an agent that never notices is over with its run, and unheard afterwards', async () => {
  const { opened, open: onStart } = gate()
  const { opened: released, open: release } = gate()
  const finished = gate()
  const { audit, conversation } = await traced(
    new WorkingAgent(async function* (context) {
      const span = context.span.start('deaf')
      onStart()
      await released
      span.set({ late: true })
      context.span.start('later').end()
      span.end()
      finished.open()
      yield said(context, 'unheard')
    }),
  )
  const controller = new AbortController()
  const turn = conversation.say('go', { abortSignal: controller.signal })
  await opened
  controller.abort(new Error('the client left'))
  await turn
  release()
  await finished.opened
  expect(audit.problems()).toEqual([])
  expect(audit.tree()).toEqual(['invocation', '  invoke_agent worker', '    deaf'])
  expect(audit.named('deaf').attributes).toEqual({})
})

it('a reader who leaves', async () => {
  const { audit, conversation } = await traced(speakingAgent(...WEATHER_TURN))
  for await (const _ of conversation.start('go')) break
  expect(audit.problems()).toEqual([])
  expect(audit.named('invocation').attributes['adk.run.status']).toBe('cancelled')
})

it('a tool that asks and is answered later', async () => {
  const tool = new LongRunningFunctionTool({ name: 'ask', description: 'Asks.', execute: () => undefined })
  const root = new LlmAgent({
    name: 'root',
    model: scriptedModel([{ call: 'ask', id: 'c1' }]),
    tools: [tool],
  })
  const { audit, conversation } = await traced(root)
  await conversation.say('go', { open: ['c1'] })
  expect(audit.problems()).toEqual([])
  expect(audit.tree().slice(0, 4)).toEqual([
    'invocation',
    '  invoke_agent root',
    '    call_llm',
    '    execute_tool ask',
  ])
})

it('tokens that come after the answer count', async () => {
  const usageMetadata = { promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 2 }
  const model = scriptedModel([])
  model.generateContentAsync = async function* () {
    yield { content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP', modelVersion: 'v1' }
    yield { usageMetadata }
  }
  const { audit, conversation } = await traced(new LlmAgent({ name: 'root', model }))
  await conversation.say('go')
  expect(audit.named('call_llm').attributes).toMatchObject({
    'gen_ai.operation.name': 'generate_content',
    'gen_ai.request.model': model.model,
    'gen_ai.response.model': 'v1',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 7,
    'gen_ai.usage.output_tokens': 5,
  })
})

it('a runner without a tracer runs as before', async () => {
  const conversation = await open(speakingAgent(...WEATHER_TURN))
  expect(await conversation.say('go')).toHaveLength(3)
})
