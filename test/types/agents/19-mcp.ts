import { LlmAgent, MCPToolset } from 'adk-ts'

export const rootAgent = new LlmAgent({
  name: 'mcp_agent',
  model: 'gemini-2.5-flash',
  tools: [
    new MCPToolset(
      {
        type: 'StdioConnectionParams',
        serverParams: { command: 'npx', args: ['-y', 'some-mcp-server', '/tmp'] },
      },
      ['files_read', 'files_list'],
      'files',
    ),
    new MCPToolset({ type: 'StreamableHTTPConnectionParams', url: 'https://mcp.example.test/mcp' }, (tool) =>
      tool.name.startsWith('get_'),
    ),
  ],
})
