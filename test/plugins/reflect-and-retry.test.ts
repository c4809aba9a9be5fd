import { expect, it } from 'vitest'
import {
  FunctionTool,
  getFunctionResponses,
  LlmAgent,
  ReflectAndRetryToolPlugin,
  type ReflectAndRetryOptions,
} from '../../src/index.js'
import { scriptedModel, startConversation } from '../../src/testing.js'

/** What a tool answers to these keys, called one after the other in one run. */
async function answersTo(keys: string[], options?: ReflectAndRetryOptions) {
  const tool = new FunctionTool({
    name: 'look_up',
    description: 'Looks up.',
    execute: ({ key }) => {
      if (key === 'good') return { found: true }
      throw new Error(`no such key: ${String(key)}`)
    },
  })
  const turns = keys.map((key) => ({ call: 'look_up', args: { key } }))
  const agent = new LlmAgent({ name: 'helper', model: scriptedModel(turns, 'Done.'), tools: [tool] })
  const conversation = await startConversation(agent, { plugins: [new ReflectAndRetryToolPlugin(options)] })
  const events = await conversation.say('Hi')
  return events.flatMap(getFunctionResponses).map(({ response }) => response)
}

const again = (key: string, retry: string) => ({
  error: expect.stringContaining(`no such key: ${key}`),
  arguments: { key },
  retry,
  advice: expect.stringContaining('try again'),
})

it('a tool that fails answers with advice, and in the end with the advice to stop', async () => {
  const answers = await answersTo(['a', 'b', 'c', 'd'])
  expect(answers).toEqual([
    again('a', '1 of 3'),
    again('b', '2 of 3'),
    again('c', '3 of 3'),
    { error: expect.any(String), arguments: { key: 'd' }, advice: expect.stringContaining('failed 4 times') },
  ])
})

it('a success lets the count begin anew', async () => {
  const answers = await answersTo(['a', 'good', 'b', 'c'], { maxRetries: 1, name: 'retry' })
  expect(answers).toEqual([
    again('a', '1 of 1'),
    { found: true },
    again('b', '1 of 1'),
    { error: expect.any(String), arguments: { key: 'c' }, advice: expect.stringContaining('Do not call') },
  ])
})

it('every run has its own count', async () => {
  const tool = new FunctionTool({
    name: 'look_up',
    description: 'Looks up.',
    execute: () => {
      throw new Error('closed')
    },
  })
  const model = scriptedModel([{ call: 'look_up' }, 'Hm.', { call: 'look_up' }, 'Hm.'])
  const agent = new LlmAgent({ name: 'helper', model, tools: [tool] })
  const conversation = await startConversation(agent, {
    plugins: [new ReflectAndRetryToolPlugin({ maxRetries: 1 })],
  })
  for (let run = 0; run < 2; run++) {
    const responses = (await conversation.say('Hi')).flatMap(getFunctionResponses)
    expect(responses).toMatchObject([{ response: { retry: '1 of 1' } }])
  }
})
