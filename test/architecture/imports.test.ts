import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { importsOf, problemsOf, withoutComments } from './rules.js'

const SRC = fileURLToPath(new URL('../../src', import.meta.url))

async function sources(): Promise<Map<string, string>> {
  const entries = await readdir(SRC, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return new Map(files.map((file, index) => [relative(SRC, file).split(sep).join('/'), texts[index] ?? '']))
}

it('the sources keep the rules of the house', async () => {
  const files = await sources()
  expect(files.size).toBeGreaterThan(50)
  expect([...files].flatMap(([path, text]) => problemsOf(path, text))).toEqual([])
})

it('every import of a room that the rules know is seen', async () => {
  const files = await sources()
  for (const [path, text] of files) {
    const words = withoutComments(text).match(/(?<=\bfrom |\bimport\()'[./@\w-]+'/g) ?? []
    const seen = importsOf(text).map(({ specifier }) => `'${specifier}'`)
    for (const word of words) expect(seen, path).toContain(word)
  }
})

describe('the rules', () => {
  it.each([
    ['core/agent.ts', "import { clock } from './clock.js'"],
    ['core/agent.ts', "import { Event } from '../schema/event.js'"],
    ['runner/runner.ts', "import { isLlmAgent } from '../agents/llm-agent.js'"],
    ['server/routes/run.ts', "import type { Runs } from '../../runs/runs.js'"],
    ['compose.ts', "import { Runner } from './runner/runner.js'\nimport { VERSION } from './version.js'"],
    ['models/gemini/gemini.ts', "import type { Model } from '@google/genai'"],
    ['core/content.ts', "export type { Content } from '@google/genai'"],
    ['compose.ts', "import type { FastifyInstance } from 'fastify'"],
    ['loader/watch.ts', "const { watch } = await import('chokidar')"],
    ['schema/run.ts', "import { z } from 'zod'\nimport { join } from 'node:path'"],
    ['server/schemas.ts', "type Server = import('fastify').RawServerDefault"],
    [
      'tools/declaration.ts',
      "const z = require('zod-to-json-schema') as typeof import('zod-to-json-schema')",
    ],
    [
      'core/agent.ts',
      "// never import { x } from '../server/app.js'\n/* export * from '../server/app.js' */",
    ],
    ['core/agent.ts', "const text = 'reads the environment'"],
  ])('allow %s to say %j', (path, line) => {
    expect(problemsOf(path, line)).toEqual([])
  })

  it.each([
    ['schema/event.ts', "import { AdkError } from '../core/errors.js'", 'may not import core/errors.js'],
    ['core/agent.ts', "import type { Runner } from '../runner/runner.js'", 'may not import runner/runner.js'],
    [
      'core/agent.ts',
      "import {\n  a,\n  b,\n} from '../tools/function-tool.js'",
      'may not import tools/function-tool.js',
    ],
    [
      'core/agent.ts',
      "export { a } from '../tools/function-tool.js'",
      'may not import tools/function-tool.js',
    ],
    ['core/agent.ts', "import '../tools/function-tool.js'", 'may not import tools/function-tool.js'],
    ['core/agent.ts', "const a = await import('../models/gemini.js')", 'may not import models/gemini.js'],
    ['core/agent.ts', "let a: import('../models/gemini.js').Gemini", 'may not import models/gemini.js'],
    [
      'sessions/memory.ts',
      "import { x } from '../artifacts/memory.js'",
      'may not import artifacts/memory.js',
    ],
    ['agents/flow.ts', "import { Runner } from '../runner/runner.js'", 'may not import runner/runner.js'],
    ['server/routes/run.ts', "import { compose } from '../../compose.js'", 'may not import compose.js'],
    ['loader/loader.ts', "import { Runs } from '../runs/runs.js'", 'may not import runs/runs.js'],
    ['core/agent.ts', "import { x } from '../../test/support.js'", 'not in src'],
    ['shed/tool.ts', '', 'the room "shed" has no level'],
    [
      'models/gemini/gemini.ts',
      "import { GoogleGenAI } from '@google/genai'",
      'belongs to models/gemini/transport.ts',
    ],
    [
      'models/gemini/gemini.ts',
      "import { type Model } from '@google/genai'",
      'belongs to models/gemini/transport.ts',
    ],
    ['agents/flow.ts', "import type { Content } from '@google/genai'", 'types of "@google/genai"'],
    ['loader/loader.ts', "const { createJiti } = await import('jiti')", 'belongs to loader/evaluate.ts'],
    ['loader/evaluate.ts', "import { createJiti } from 'jiti'", 'import it where it is first used'],
    ['models/gemini/transport.ts', "import { GoogleGenAI } from '@google/genai'", 'where it is first used'],
    ['tools/mcp.ts', "import { Client } from '@modelcontextprotocol/client/stdio'", 'where it is first used'],
    ['core/agent.ts', "import chalk from 'chalk'", 'has no home in the rules'],
    ['runs/runs.ts', "import { fastify } from 'fastify'", 'belongs to server'],
    ['compose.ts', "import cors from '@fastify/cors'", 'belongs to server'],
    ['core/log.ts', "import { pino } from 'pino'", 'belongs to telemetry/log.ts'],
    ['server/app.ts', "import { Command } from 'commander'", 'belongs to .'],
    ['server/app.ts', 'const key = process.env.KEY', 'reads the environment'],
    ['server/app.ts', "import { env } from 'node:process'", 'reads the environment'],
    ['runs/runs.ts', 'process.exit(1)', 'ends the process'],
    ['index.ts', "export * from './core/event.js'", 'exports everything'],
    ['schema/run.ts', 'export const enum Mode { A }', 'has an enum'],
    ['runs/runs.ts', "console.log('x')", 'prints'],
  ])('forbid %s to say %j', (path, line, problem) => {
    expect(problemsOf(path, line)).toEqual([expect.stringContaining(problem)])
  })
})
