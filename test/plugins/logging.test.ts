import { describe, expect, it } from 'vitest'
import type { Content } from '../../src/core/content.js'
import { FunctionTool, LlmAgent, LoggingPlugin } from '../../src/index.js'
import { scriptedModel, startConversation, type ScriptedTurn } from '../../src/testing.js'

type Line = { level: string; kind: string } & Record<string, unknown>

/** What is logged in a turn. */
async function logOf(turns: ScriptedTurn[], message: string | Content = 'my secret question') {
  const lines: Line[] = []
  const write = (level: string) => (details: object, kind: string) =>
    void lines.push({ level, kind, ...structuredClone(details) })
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const tool = new FunctionTool({
    name: 'look_up',
    description: 'Looks up.',
    execute: ({ key }) => {
      if (key === 'broken') throw new Error('no such key')
      return { found: 'my secret result' }
    },
  })
  const agent = new LlmAgent({ name: 'helper', instruction: 'My secret rule.', model: 'any', tools: [tool] })
  const conversation = await startConversation(agent, {
    model: scriptedModel(turns),
    plugins: [new LoggingPlugin()],
    log,
    runConfig: { streamingMode: 'sse' },
  })
  await conversation.say(message)
  // What the framework itself says is not looked at here.
  return lines.filter(({ level, kind }) => level !== 'warn' || kind !== 'step.failed')
}

const TURN: ScriptedTurn[] = [
  { call: 'look_up', args: { key: 'my secret argument' } },
  [{ say: ['my secret ', 'answer'] }],
]

describe('the log of a run', () => {
  it('tells step by step what happens, and where', async () => {
    const lines = await logOf(TURN)
    const info = lines.filter(({ level }) => level === 'info')
    expect(info.map(({ kind }) => kind)).toEqual([
      'user.message',
      'run.begin',
      'agent.begin',
      'model.request',
      'model.response',
      'event',
      'tool.begin',
      'tool.done',
      'event',
      'model.request',
      'model.response',
      'event',
      'agent.done',
      'run.done',
    ])
    for (const line of lines) {
      expect(line).toMatchObject({
        app: 'InMemoryRunner',
        user: 'user',
        session: expect.any(String),
        invocation: expect.stringMatching(/^e-/),
      })
    }
    const find = (kind: string) => info.find((line) => line.kind === kind)
    expect(find('model.request')).toMatchObject({ messages: 1, tools: ['look_up'] })
    expect(find('tool.begin')).toMatchObject({ tool: 'look_up', call: expect.stringMatching(/^adk-/) })
    expect(find('event')).toMatchObject({ author: 'helper', calls: ['look_up'], final: false })
    expect(find('run.done')).toMatchObject({ modelCalls: 2 })
  })

  it('tells what was said at the level debug only', async () => {
    const lines = await logOf(TURN)
    const spoken = (level: string) => JSON.stringify(lines.filter((line) => line.level === level))
    expect(spoken('info')).not.toMatch(/secret/)
    for (const said of ['question', 'rule', 'argument', 'result', 'answer'])
      expect(spoken('debug')).toMatch(new RegExp(`[Mm]y secret ${said}`))
    expect(lines.filter(({ level }) => level === 'debug').map(({ kind }) => kind)).toContain(
      'model.response.content',
    )
  })

  it('describes files instead of printing them', async () => {
    const data = 'AAAA'.repeat(100)
    const parts = [{ text: 'Look' }, { inlineData: { mimeType: 'image/png', data } }]
    const text = JSON.stringify(await logOf(['I see.'], { role: 'user', parts }))
    expect(text).not.toContain(data)
    expect(text).toContain('[400 characters]')
  })

  it('warns of failures', async () => {
    const broken = await logOf([{ call: 'look_up', args: { key: 'broken' } }, 'Hm.'])
    expect(broken).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        kind: 'tool.failed',
        tool: 'look_up',
        err: expect.any(Error),
      }),
    )
    const failed = await logOf([{ fail: new Error('out of order') }])
    expect(failed).toContainEqual(
      expect.objectContaining({ level: 'warn', kind: 'model.failed', err: expect.any(Error) }),
    )
  })
})

it('has the name it is given', () => {
  expect(new LoggingPlugin().name).toBe('logging_plugin')
  expect(new LoggingPlugin('second_log').name).toBe('second_log')
})
