// An agent whose tools live in another process: a server that speaks the Model Context Protocol (MCP).
//
// There are MCP servers for file systems, databases, issue trackers and much else, written in any language. An
// `MCPToolset` asks a server what tools it has and hands them to the model; the agent needs to know neither their names
// nor their parameters. Here the server is our own, in `server.mjs`.
//
// MCP support needs one more package than agents do: npm install @modelcontextprotocol/client

import { fileURLToPath } from 'node:url'
import { LlmAgent, MCPToolset } from 'adk-ts'

const textTools = new MCPToolset(
  {
    // The server is a program that is started when the agent is first used, and ended with the API server. It is kept
    // running in between; should it crash, it is started again.
    type: 'StdioConnectionParams',
    serverParams: {
      // Any command will do: `npx` with the name of a package, `uvx`, `docker`. This is the Node.js that runs the agent.
      command: process.execPath,
      // Paths are relative to where the API server was started, so say where this file is.
      args: [fileURLToPath(new URL('server.mjs', import.meta.url))],
      // The server sees a few variables, such as PATH, and those that you list in `env`. Your API keys stay with you.
    },
  },
  // Only these tools; without the list, all that the server has.
  ['convert_units', 'word_count'],
  // A third argument, such as 'text', would put `text_` before the names: of use when two servers have the same ones.
)

// A server that runs somewhere else is reached over HTTP:
//
//   new MCPToolset({
//     type: 'StreamableHTTPConnectionParams',
//     url: 'https://example.com/mcp',
//     header: { Authorization: `Bearer ${process.env.EXAMPLE_TOKEN}` },
//   })

export const rootAgent = new LlmAgent({
  name: 'mcp_agent',
  model: 'gemini-2.5-flash',
  description: 'Converts units of length, weight and temperature, and counts words.',
  instruction:
    'You help with measures and texts. Always use the tools: they compute exactly, you do not. ' +
    'If a tool reports an error, tell the user what it says.',
  // A toolset goes where tools go, alone or beside others.
  tools: [textTools],
})
