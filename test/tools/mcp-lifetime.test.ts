import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { messageOf } from '../../src/core/errors.js'
import { MCPToolset } from '../../src/tools/mcp/mcp.js'
import type { StdioConnectionParams } from '../../src/tools/mcp/params.js'
import { startApi } from './openapi-support.js'
import {
  httpServer,
  isAlive,
  responsesIn,
  run,
  runnerFor,
  stdioServer,
  toolsetFor,
  until,
} from './mcp-support.js'

const command = (script: string, timeout?: number): StdioConnectionParams => ({
  type: 'StdioConnectionParams',
  serverParams: { command: process.execPath, args: ['-e', script], stderr: 'ignore' },
  ...(timeout !== undefined && { timeout }),
})

describe('a server process', () => {
  it('is started anew after it ended', async () => {
    const server = await stdioServer()
    const toolset = toolsetFor(server.params)
    await toolset.getTools()
    const [pid = 0] = await server.pids()
    process.kill(pid, 'SIGKILL')
    await until(async () => {
      await toolset.getTools()
      return (await server.connections()) === 2
    })
    const { runner } = runnerFor(toolset, [{ call: 'add', args: { first: 1 } }])
    expect(responsesIn(await run(runner))).toMatchObject([{ structuredContent: { sum: 1 } }])
    expect(await server.connections()).toBe(2)
  })

  it('that ends under a call fails it once, and serves the next one', async () => {
    const server = await stdioServer()
    const { runner } = runnerFor(toolsetFor(server.params), [
      { call: 'crash' },
      { call: 'add', args: { first: 4 } },
    ])
    const [crashed, added] = responsesIn(await run(runner))
    expect(crashed?.error).toMatch(/^Error in tool 'crash': MCP server "node" could not finish .* ended/)
    expect(added).toMatchObject({ structuredContent: { sum: 4 } })
    expect((await server.notes()).filter((note) => note === 'crash')).toHaveLength(1)
  })

  it('may write what it likes between its messages', async () => {
    const { params } = await stdioServer({ NOISE: '1' })
    const { runner } = runnerFor(toolsetFor(params), [{ call: 'add', args: { first: 7 } }])
    expect(responsesIn(await run(runner))).toMatchObject([{ structuredContent: { sum: 7 } }])
  })

  it('is gone once the toolset, or its runner, is closed', async () => {
    const server = await stdioServer()
    const toolset = toolsetFor(server.params)
    await toolset.getTools()
    await toolset.close()
    await toolset.close()
    const { runner } = runnerFor(toolset, [])
    await run(runner)
    await runner.close()
    const pids = await server.pids()
    expect(pids).toHaveLength(2)
    expect(pids.filter(isAlive)).toEqual([])
  })

  it('is not left behind when the toolset is closed while it starts', async () => {
    const server = await stdioServer()
    const toolset = new MCPToolset(server.params)
    const listing = toolset.getTools()
    await until(async () => (await server.pids()).length === 1)
    const closing = toolset.close()
    await expect(listing).rejects.toThrow('The connection to MCP server "node" was closed')
    await closing
    expect((await server.pids()).some(isAlive)).toBe(false)
  })

  it('sees its own variables and harmless ones of ours', async () => {
    process.env['MCP_TEST_SECRET'] = 'secret'
    onTestFinished(() => void delete process.env['MCP_TEST_SECRET'])
    const folder = await mkdtemp(join(tmpdir(), 'mcp-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const params = command('fs.writeFileSync("seen", JSON.stringify(process.env))')
    Object.assign(params.serverParams, { env: { OWN: '1' }, cwd: folder })
    await expect(toolsetFor(params).getTools()).rejects.toThrow('the process ended')
    const seen: unknown = JSON.parse(await readFile(join(folder, 'seen'), 'utf8'))
    expect(seen).toMatchObject({ OWN: '1', PATH: process.env['PATH'] })
    expect(seen).not.toHaveProperty('MCP_TEST_SECRET')
  })
})

describe('a session over HTTP', () => {
  it('is opened anew when the server has forgotten it', async () => {
    const server = await httpServer()
    const toolset = toolsetFor(server.params)
    await toolset.getTools()
    server.forget()
    const { runner } = runnerFor(toolset, [
      [
        { call: 'add', args: { first: 1 } },
        { call: 'add', args: { first: 2 } },
      ],
    ])
    expect(responsesIn(await run(runner))).toMatchObject([
      { structuredContent: { sum: 1 } },
      { structuredContent: { sum: 2 } },
    ])
    expect(await server.connections()).toBe(2)
    expect((await server.notes()).filter((note) => note.startsWith('add'))).toHaveLength(2)
  })

  it('that was forgotten still brings the answers that are under way', async () => {
    const server = await httpServer()
    const toolset = toolsetFor(server.params)
    const passing = run(runnerFor(toolset, [{ call: 'pass' }]).runner)
    await until(async () => (await server.notes()).includes('pass'))
    server.forget()
    const opened = responsesIn(await run(runnerFor(toolset, [{ call: 'open' }]).runner))
    expect(opened).toEqual([{ content: [{ type: 'text', text: 'opened' }] }])
    expect(responsesIn(await passing)).toEqual([{ content: [{ type: 'text', text: 'passed' }] }])
  })

  it('is opened anew when the server is back', async () => {
    const server = await httpServer()
    const toolset = toolsetFor(server.params)
    await toolset.getTools()
    await server.stop()
    await until(async () =>
      toolset.getTools().then(
        () => false,
        () => true,
      ),
    )
    await expect(toolset.getTools()).rejects.toThrow(
      /^MCP server at 127\.0\.0\.1:\d+ cannot be reached: ECONNREFUSED/,
    )
    server.forget()
    await server.start()
    expect(
      responsesIn(await run(runnerFor(toolset, [{ call: 'add', args: { first: 1 } }]).runner)),
    ).toMatchObject([{ structuredContent: { sum: 1 } }])
  })

  it('that is lost under a call fails it before its deadline', async () => {
    const server = await httpServer()
    const { runner } = runnerFor(toolsetFor(server.params), [{ call: 'wait' }])
    const running = run(runner)
    await until(async () => (await server.notes()).includes('wait'))
    await server.stop()
    server.forget()
    await server.start()
    const [response] = responsesIn(await running)
    expect(response?.error).toMatch(/^Error in tool 'wait': MCP server at 127\.0\.0\.1:\d+ could not finish/)
  })

  it('sends the headers, and ends the session on closing', async () => {
    const server = await httpServer()
    const toolset = new MCPToolset({
      ...server.params,
      header: { authorization: 'Bearer abc', 'x-count': 3 },
    })
    await toolset.getTools()
    await toolset.close()
    expect(server.requests.map(({ method }) => method)).toEqual(
      expect.arrayContaining(['POST', 'GET', 'DELETE']),
    )
    for (const { headers } of server.requests)
      expect(headers).toMatchObject({ authorization: 'Bearer abc', 'x-count': '3' })
    const gentle = new MCPToolset({
      ...server.params,
      terminateOnClose: false,
      header: { authorization: 'ignored' },
      transportOptions: { requestInit: { headers: { 'x-other': '1' } } },
    })
    server.requests.length = 0
    await gentle.getTools()
    await gentle.close()
    expect(server.requests.map(({ method }) => method)).not.toContain('DELETE')
    expect(server.requests[0]?.headers).toMatchObject({ 'x-other': '1' })
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  it('may be given all the time there is', async () => {
    const server = await httpServer()
    const patient = toolsetFor({ ...server.params, timeout: Infinity, sseReadTimeout: Infinity })
    const { runner } = runnerFor(patient, [{ call: 'open' }])
    expect(responsesIn(await run(runner))).toMatchObject([{ content: [{ text: 'opened' }] }])
  })

  it('may have a shorter deadline for calls', async () => {
    const server = await httpServer()
    const { runner } = runnerFor(toolsetFor({ ...server.params, sseReadTimeout: 50 }), [{ call: 'wait' }])
    const [response] = responsesIn(await run(runner))
    expect(response?.error).toContain('Request timed out')
    await until(async () => (await server.notes()).includes('cancelled'))
  })
})

describe('a server that cannot be reached is named, with what to do', () => {
  it.each<[string, StdioConnectionParams | { url: string }, RegExp]>([
    [
      'a missing command',
      {
        type: 'StdioConnectionParams',
        serverParams: { command: '/opt/no-such-folder/no-such-server', args: ['--token=hunter22'] },
      },
      /^MCP server "no-such-server" cannot be reached: the command was not found; install it/,
    ],
    [
      'a command that ends',
      command('process.exit(3)'),
      /^MCP server "node" cannot be reached: the process ended; run the command/,
    ],
    [
      'a command that says nothing',
      command('process.stdin.resume()', 100),
      /^MCP server "node" did not answer within 0\.1 s; check that it is running/,
    ],
    [
      'a command that is no MCP server',
      command('process.stdin.resume(); setInterval(() => console.log("hunter22"), 1).unref()', 100),
      /^MCP server "node" did not answer within 0\.1 s/,
    ],
    [
      'a host that does not exist',
      { url: 'http://mcp.invalid/hunter22?key=hunter22' },
      /^MCP server at mcp\.invalid cannot be reached: \w+; check that the server is running/,
    ],
    ['a URL with a password', { url: 'http://user:hunter22@127.0.0.1/' }, /at 127\.0\.0\.1 .*credentials/],
    ['no URL', { url: 'hunter22' }, /^MCP server cannot be reached: its URL is not one/],
    ['another protocol', { url: 'file:///hunter22' }, /its URL is not one/],
  ])('%s', async (_case, params, message) => {
    const toolset = toolsetFor(
      'url' in params ? { type: 'StreamableHTTPConnectionParams', ...params } : params,
    )
    const text = messageOf(await toolset.getTools().catch((error: unknown) => error))
    expect(text).toMatch(message)
    expect(text).not.toMatch(/hunter22|no-such-folder/)
  })
})

it('a run whose server cannot be reached ends in an event that says so', async () => {
  const { runner, model } = runnerFor(toolsetFor(command('process.exit(3)')), [])
  const events = await run(runner)
  expect(events).toHaveLength(1)
  expect(events[0]?.errorMessage).toContain('MCP server "node" cannot be reached')
  expect(model.calls).toHaveLength(0)
})

it('a server that takes requests and never answers is given up at the deadline', async () => {
  const { url } = await startApi(() => {})
  const toolset = toolsetFor({ type: 'StreamableHTTPConnectionParams', url, timeout: 100 })
  await expect(toolset.getTools()).rejects.toThrow(/^MCP server at \S+ did not answer within 0\.1 s/)
})

it('what a server says of a failure is told without the secrets that it was sent', async () => {
  const { url } = await startApi((response, { headers }) => {
    const message = `no such key: ${headers.authorization} ${String(headers['x-key'])}`
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 0, error: { code: -32000, message } }))
  })
  const header = { authorization: 'Bearer hunter22', 'x-key': 'hunter23' }
  const toolset = toolsetFor({ type: 'StreamableHTTPConnectionParams', url, header })
  const text = messageOf(await toolset.getTools().catch((error: unknown) => error))
  expect(text).toMatch(/^MCP server at \S+ cannot be reached: .*no such key: .*\[redacted\]/)
  expect(text).not.toMatch(/hunter/)
})

it('headers that cannot be sent are not told', async () => {
  const toolset = toolsetFor({
    type: 'StreamableHTTPConnectionParams',
    url: 'http://127.0.0.1:1/',
    header: { authorization: 'Bearer hunter\n22' },
  })
  const text = messageOf(await toolset.getTools().catch((error: unknown) => error))
  expect(text).toBe(
    'MCP server at 127.0.0.1:1 cannot be reached: its headers cannot be sent; look for line breaks in their values',
  )
})

it.each([401, 403, 500])('a server that answers with status %i is told by it', async (status) => {
  const { url } = await startApi((response) => response.writeHead(status).end('<html>hunter22</html>'))
  const toolset = toolsetFor({ type: 'StreamableHTTPConnectionParams', url: `${url}/mcp?key=hunter22` })
  const text = messageOf(await toolset.getTools().catch((error: unknown) => error))
  expect(text).toContain(`cannot be reached: it answered with status ${status}; check`)
  expect(text).not.toContain('hunter22')
})
