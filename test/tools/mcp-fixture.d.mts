import type { McpServer } from '@modelcontextprotocol/server'

export function createMcpServer(note: (line: string) => void): McpServer
