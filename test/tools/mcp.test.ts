import { describe, expect, it } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { isBaseTool, isBaseToolset } from '../../src/core/tool.js'
import { InMemoryRunner } from '../../src/runner/in-memory-runner.js'
import { scriptedModel } from '../support/scripted-model.js'
import { responsesIn, run, runnerFor, SERVERS, stdioServer, toolsetFor, until } from './mcp-support.js'

const NAMES = ['add', 'fail', 'process_id', 'crash', 'wait', 'pass', 'open', 'grow']

describe.each(Object.entries(SERVERS))('a toolset over %s', (_kind, start) => {
  it('has the tools of the server, which the model is told about', async () => {
    const server = await start()
    const toolset = toolsetFor(server.params)
    expect(isBaseToolset(toolset)).toBe(true)
    const tools = await toolset.getTools()
    expect(tools.every(isBaseTool)).toBe(true)
    expect(tools.map(({ name }) => name)).toEqual(NAMES)
    const { runner, model } = runnerFor(toolset, [])
    await run(runner)
    const [entry] = model.last.request.config?.tools ?? []
    const declarations = entry && 'functionDeclarations' in entry ? entry.functionDeclarations : []
    expect(declarations?.map(({ name }) => name)).toEqual(NAMES)
    expect(declarations?.[0]).toEqual({
      name: 'add',
      description: 'Adds two numbers.',
      parameters: {
        type: 'OBJECT',
        properties: {
          first: { type: 'NUMBER', description: 'One number.' },
          second: { type: 'NUMBER' },
          unit: { type: 'STRING', enum: ['cm', 'inch'], nullable: true },
        },
        required: ['first'],
      },
    })
    expect(declarations?.[1]?.parameters).toEqual({ type: 'OBJECT', properties: {} })
  })

  it('gives the result of a call as the server sent it', async () => {
    const { params } = await start()
    const { runner } = runnerFor(toolsetFor(params), [{ call: 'add', args: { first: 2, second: 3 } }])
    expect(responsesIn(await run(runner))).toEqual([
      { content: [{ type: 'text', text: '5' }], structuredContent: { sum: 5 } },
    ])
  })

  it('lets the model read why a tool failed, and that arguments were wrong', async () => {
    const { params } = await start()
    const { runner } = runnerFor(toolsetFor(params), [
      [{ call: 'fail' }],
      [{ call: 'add', args: { first: 'two' } }],
    ])
    const [failed, wrong] = responsesIn(await run(runner))
    expect(failed).toEqual({ content: [{ type: 'text', text: 'out of order' }], isError: true })
    expect(wrong?.isError).toBe(true)
    expect(JSON.stringify(wrong)).toContain('first')
  })

  it('connects once for callers at the same time, and for all runs', async () => {
    const server = await start()
    const toolset = toolsetFor(server.params)
    await Promise.all([toolset.getTools(), toolset.getTools(), toolset.listResources(), toolset.getTools()])
    const { runner } = runnerFor(toolset, [{ call: 'add', args: { first: 1 } }, 'First.', { call: 'fail' }])
    await run(runner)
    await run(runner)
    expect(await server.connections()).toBe(1)
  })

  it('notices that the server has other tools now', async () => {
    const { params } = await start()
    const toolset = toolsetFor(params)
    const before = await toolset.getTools()
    expect((await toolset.getTools())[0]).toBe(before[0])
    await until(async () => {
      await run(runnerFor(toolset, [{ call: 'grow' }]).runner)
      return (await toolset.getTools()).some(({ name }) => name === 'grown_1')
    })
  })

  it('reads resources by their names', async () => {
    const { params } = await start()
    const toolset = toolsetFor(params)
    expect(await toolset.listResources()).toEqual(['poem', 'dot'])
    expect(await toolset.getResourceInfo('dot')).toMatchObject({
      uri: 'fixture://dot',
      mimeType: 'image/png',
    })
    expect(await toolset.readResource('poem')).toEqual([
      { uri: 'fixture://poem', mimeType: 'text/plain', text: 'Roses are red' },
    ])
    expect(await toolset.readResource('dot')).toMatchObject([{ blob: 'AAEC' }])
    await expect(toolset.readResource('song')).rejects.toThrow('no resource named "song"')
  })

  it('tells the server when nobody waits for a call any more', async () => {
    const server = await start()
    const { runner } = runnerFor(toolsetFor(server.params), [{ call: 'wait' }])
    const controller = new AbortController()
    const running = run(runner, { abortSignal: controller.signal })
    await until(async () => (await server.notes()).includes('wait'))
    controller.abort(new Error('the client left'))
    await running
    await until(async () => (await server.notes()).includes('cancelled'))
    expect(await server.connections()).toBe(1)
  })
})

describe('names', () => {
  it('carry the prefix, which the server does not see', async () => {
    const { params } = await stdioServer()
    const toolset = toolsetFor(params, [], 'math')
    expect((await toolset.getTools()).map(({ name }) => name)).toEqual(NAMES.map((name) => `math_${name}`))
    const { runner } = runnerFor(toolset, [{ call: 'math_add', args: { first: 1, second: 1 } }])
    expect(responsesIn(await run(runner))).toMatchObject([{ structuredContent: { sum: 2 } }])
  })

  it('are compared with the filter as the model sees them', async () => {
    const { params } = await stdioServer()
    const names = async (...rest: [string[], string?]) =>
      (await toolsetFor(params, ...rest).getTools()).map(({ name }) => name)
    expect(await names(['fail', 'add', 'other'])).toEqual(['add', 'fail'])
    expect(await names(['math_add', 'fail'], 'math')).toEqual(['math_add'])
  })

  it('keep two servers with the same tools apart', async () => {
    const [one, other] = [await stdioServer(), await stdioServer()]
    const model = scriptedModel([[{ call: 'one_process_id' }, { call: 'other_process_id' }], 'Done.'])
    const tools = [toolsetFor(one.params, [], 'one'), toolsetFor(other.params, [], 'other')]
    const runner = new InMemoryRunner({ agent: new LlmAgent({ name: 'root', model, tools }) })
    const responses = responsesIn(await run(runner)).map((response) => JSON.stringify(response))
    expect(responses).toHaveLength(2)
    expect(responses[0]).not.toEqual(responses[1])
  })
})

it('a predicate decides for each run which tools there are', async () => {
  const { params } = await stdioServer()
  const toolset = toolsetFor(params, ({ name }, context) => name === context.state.get('allowed'))
  const { runner, model } = runnerFor(toolset, [])
  const { id } = await runner.sessionService.createSession({
    appName: runner.appName,
    userId: 'user',
    state: { allowed: 'fail' },
  })
  const newMessage = { role: 'user', parts: [{ text: 'go' }] }
  for await (const _ of runner.runAsync({ userId: 'user', sessionId: id, newMessage }));
  expect(Object.keys(model.last.request.toolsDict)).toEqual(['fail'])
  await run(runner)
  expect(Object.keys(model.last.request.toolsDict)).toEqual([])
  expect(await toolset.getTools()).toHaveLength(NAMES.length)
})
