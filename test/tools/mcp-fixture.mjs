// The MCP server of the tests, over standard input and output when it is started as a process. What it does and sees is
// told to `note`, line by line.
import { appendFileSync } from 'node:fs'
import { argv, env, exit, pid, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })

let openGate = () => {}
const gate = new Promise((resolve) => (openGate = resolve))

export function createMcpServer(note) {
  const server = new McpServer({ name: 'fixture', version: '1.0.0' })
  server.registerTool(
    'add',
    {
      description: 'Adds two numbers.',
      inputSchema: z.object({
        first: z.number().describe('One number.'),
        second: z.number().optional(),
        unit: z.enum(['cm', 'inch']).nullable().optional(),
      }),
    },
    ({ first, second = 0 }) => {
      note(`add ${first} ${second}`)
      return { ...text(first + second), structuredContent: { sum: first + second } }
    },
  )
  server.registerTool('fail', { description: 'Fails.' }, () => ({ ...text('out of order'), isError: true }))
  server.registerTool('process_id', { description: 'Tells who serves.' }, () => text(pid))
  server.registerTool('crash', { description: 'Ends the server.' }, () => {
    note('crash')
    exit(1)
  })
  server.registerTool('wait', { description: 'Never answers.' }, async (context) => {
    note('wait')
    await new Promise((resolve) => context.mcpReq.signal.addEventListener('abort', resolve))
    note('cancelled')
    return text('late')
  })
  server.registerTool('pass', { description: 'Answers when the gate is open.' }, async () => {
    note('pass')
    await gate
    return text('passed')
  })
  server.registerTool('open', { description: 'Opens the gate.' }, () => {
    openGate()
    return text('opened')
  })
  let grown = 0
  server.registerTool('grow', { description: 'Brings another tool.' }, () => {
    grown++
    server.registerTool(`grown_${grown}`, { description: 'New.' }, () => text('new'))
    return text('done')
  })
  server.registerResource('poem', 'fixture://poem', { mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'Roses are red' }],
  }))
  server.registerResource('dot', 'fixture://dot', { mimeType: 'image/png' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: 'AAEC' }],
  }))
  return server
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const note = (line) => argv[2] && appendFileSync(argv[2], `${line}\n`)
  note(`started ${pid}`)
  if (env.NOISE) {
    stdout.write('Welcome!\n{"json": "but not a message"}\n\n')
    setInterval(() => stdout.write('noise\n'), 1).unref()
  }
  serveStdio(() => createMcpServer(note))
}
