// An MCP server of two tools, over standard input and output. It knows nothing of agents: any MCP client can use it.
//
// Standard output belongs to the protocol. Whatever else there is to say goes to standard error: `console.error`.

import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

// What one of each unit is in the first unit of its kind; temperatures also have a zero of their own.
const UNITS = new Map(
  Object.entries({
    meters: { kind: 'length', factor: 1 },
    kilometers: { kind: 'length', factor: 1000 },
    miles: { kind: 'length', factor: 1609.344 },
    feet: { kind: 'length', factor: 0.3048 },
    inches: { kind: 'length', factor: 0.0254 },
    kilograms: { kind: 'weight', factor: 1 },
    pounds: { kind: 'weight', factor: 0.45359237 },
    ounces: { kind: 'weight', factor: 0.028349523125 },
    celsius: { kind: 'temperature', factor: 1, zero: 0 },
    fahrenheit: { kind: 'temperature', factor: 5 / 9, zero: -160 / 9 },
  }),
)

const KNOWN = [...UNITS.keys()].join(', ')

const say = (text) => ({ content: [{ type: 'text', text }] })
// The model reads why, and may try again.
const fail = (text) => ({ ...say(text), isError: true })

function convertUnits({ value, from, to }) {
  const [source, target] = [from, to].map((unit) => UNITS.get(unit.toLowerCase()))
  if (!source || !target) return fail(`I know these units: ${KNOWN}.`)
  if (source.kind !== target.kind) return fail(`${from} measure ${source.kind}, ${to} ${target.kind}.`)
  const result = (value * source.factor + (source.zero ?? 0) - (target.zero ?? 0)) / target.factor
  return say(`${value} ${from} are ${Number(result.toFixed(4))} ${to}.`)
}

function countWords({ text }) {
  const words = text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []
  const different = new Set(words.map((word) => word.toLowerCase()))
  return say(`The text has ${words.length} words, ${different.size} of them different.`)
}

serveStdio(() => {
  const server = new McpServer({ name: 'measures-and-texts', version: '1.0.0' })
  server.registerTool(
    'convert_units',
    {
      description: 'Converts a length, a weight or a temperature from one unit to another.',
      // The server checks arguments against the schema before it calls the function.
      inputSchema: z.object({
        value: z.number().describe('How much there is to convert.'),
        from: z.string().describe(`The unit of the value: ${KNOWN}.`),
        to: z.string().describe('The unit to convert to, another one of these.'),
      }),
    },
    convertUnits,
  )
  server.registerTool(
    'word_count',
    {
      description: 'Counts the words of a text.',
      inputSchema: z.object({ text: z.string().describe('The text whose words to count.') }),
    },
    countWords,
  )
  return server
})
