import { expect, it } from 'vitest'
import { agent, answer, createSession, folder, serve, sessionPath, speaker, write } from './support.js'

const eventCount = async (url: string): Promise<number> => {
  const session = (await (await fetch(`${url}${sessionPath('a')}`)).json()) as { events: unknown[] }
  return session.events.length
}

it('--reload_agents: after an edit the next run answers anew, in the same session', async () => {
  const agents = await folder({ 'a/agent.ts': speaker('old') })
  const { cli, url } = await serve(['--reload_agents', agents])
  await createSession(url, 'a')
  expect(await answer(url, 'a')).toBe('old')
  await write(agents, { 'a/agent.ts': speaker('new') })
  await cli.logged(/has changed/)
  expect(await answer(url, 'a')).toBe('new')
  expect(await eventCount(url)).toBe(4)
})

it('--reload_agents: what an agent imports counts, too, and a mistake is told until it is mended', async () => {
  const agents = await folder({
    'a/agent.ts': agent('yield say(words)', "import { words } from './words.js'"),
    'a/words.ts': "export const words = 'old'",
  })
  const { cli, url } = await serve(['--reload_agents', agents])
  await createSession(url, 'a')
  expect(await answer(url, 'a')).toBe('old')
  await write(agents, { 'a/words.ts': 'export const words = ' })
  await cli.logged(/has changed/)
  await expect(answer(url, 'a')).rejects.toThrow('a/words.ts')
  await write(agents, { 'a/words.ts': "export const words = 'new'" })
  expect(await answer(url, 'a')).toBe('new')
})

it('without the flag an edit waits for the next start', async () => {
  const agents = await folder({ 'a/agent.ts': speaker('old') })
  const { url } = await serve([agents])
  await createSession(url, 'a')
  expect(await answer(url, 'a')).toBe('old')
  await write(agents, { 'a/agent.ts': speaker('new') })
  expect(await answer(url, 'a')).toBe('old')
})

it('--reload_agents ends like any other server', async () => {
  const { cli, url } = await serve(['--reload_agents', await folder({ 'a/agent.ts': speaker('Hi') })])
  await createSession(url, 'a')
  await answer(url, 'a')
  cli.signal('SIGTERM')
  expect(await cli.ended()).toBe(0)
})
