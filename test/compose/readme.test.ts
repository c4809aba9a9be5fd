import { join } from 'node:path'
import { expect, it } from 'vitest'
import { composeTest } from '../support/composition.js'
import { folder } from '../support/files.js'

const AGENT =
  "import { LlmAgent } from 'adk-ts'\nexport const rootAgent = new LlmAgent({ name: 'root', model: 'gemini-x' })\n"

/** The README that an app has, served from a folder `solo` with these files. */
async function readmeOf(app: string, files: string[]): Promise<unknown> {
  const text = (file: string) => (file.endsWith('.md') ? `About ${file}` : AGENT)
  const root = await folder(Object.fromEntries(files.map((file) => [`solo/${file}`, text(file)])))
  const { app: server } = await composeTest({ agentsDir: join(root, 'solo') })
  const reply = await server.inject(`/dev/apps/${app}/build_graph`)
  expect(reply.statusCode).toBe(200)
  return reply.json<{ readme: unknown }>().readme
}

it('an app in a folder of its own has the README of that folder', async () => {
  expect(await readmeOf('weather', ['weather/agent.ts', 'weather/README.md', 'README.md'])).toBe(
    'About weather/README.md',
  )
})

it('an agent that is a single file has none, even where its folder has its name', async () => {
  expect(await readmeOf('solo', ['solo.ts', 'README.md'])).toBeNull()
})
