// What only shows in a process of its own, which runs what was built.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { isAlive, stdioServer, until } from './mcp-support.js'

const PACKAGE = new URL('../../dist/index.js', import.meta.url).href

/** Resolves to what the script printed, once it has ended by itself. */
async function execute(script: string, ...flags: string[]): Promise<string> {
  const args = [...flags, '--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout
}

it('a script ends with its work, and the server with the script', async () => {
  const server = await stdioServer()
  const output = await execute(`
    import { BaseLlm, InMemoryRunner, LlmAgent, MCPToolset } from ${JSON.stringify(PACKAGE)}
    class Model extends BaseLlm {
      async *generateContentAsync({ contents }) {
        const call = { functionCall: { name: 'add', args: { first: 20, second: 22 } } }
        const isAnswered = contents.at(-1).parts.some(({ functionResponse }) => functionResponse)
        yield { content: { role: 'model', parts: [isAnswered ? { text: 'Done.' } : call] } }
      }
    }
    const tools = [new MCPToolset(${JSON.stringify(server.params)})]
    const runner = new InMemoryRunner({ agent: new LlmAgent({ name: 'root', model: new Model({ model: 'm' }), tools }) })
    const newMessage = { role: 'user', parts: [{ text: 'go' }] }
    for await (const event of runner.runEphemeral({ userId: 'user', newMessage })) console.log(JSON.stringify(event))
  `)
  expect(output).toContain('"structuredContent":{"sum":42}')
  const [pid = 0] = await server.pids()
  await until(() => !isAlive(pid))
})

it('closing waits for the server, also when nothing else keeps the script', async () => {
  const server = await stdioServer()
  const output = await execute(`
    import { MCPToolset } from ${JSON.stringify(PACKAGE)}
    const toolset = new MCPToolset(${JSON.stringify(server.params)})
    await toolset.getTools()
    await toolset.close()
    console.log('closed')
  `)
  expect(output).toBe('closed\n')
  expect((await server.pids()).filter(isAlive)).toEqual([])
})

it('without the MCP SDK the error says what to install', async () => {
  const missing = `
    export async function resolve(specifier, context, next) {
      if (!specifier.startsWith('@modelcontextprotocol/')) return next(specifier, context)
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
  const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(missing))})`
  const output = await execute(
    `
    import { MCPToolset } from ${JSON.stringify(PACKAGE)}
    const params = { type: 'StdioConnectionParams', serverParams: { command: 'node' } }
    await new MCPToolset(params).getTools().catch(({ message }) => console.log(message))
  `,
    '--import',
    dataUrl(register),
  )
  expect(output).toMatch(/not installed; .*npm install @modelcontextprotocol\/client\n$/)
})

const dataUrl = (script: string): string => `data:text/javascript,${encodeURIComponent(script)}`
