import { expect, it } from 'vitest'
import { agent, answer, createSession, folder, messageTo, post, serve } from './support.js'

const teller = agent("yield say(String(process.env['GREETING']))")

async function greeting(dotenv: string, env: Record<string, string> = {}): Promise<string> {
  const { url } = await serve([], { cwd: await folder({ 'agents/a/agent.ts': teller, '.env': dotenv }), env })
  await createSession(url, 'a')
  return answer(url, 'a')
}

it('reads the .env file of the folder it is started in', async () => {
  expect(await greeting('GREETING="from a file"\n')).toBe('from a file')
})

it('does not override what is set already', async () => {
  expect(await greeting('GREETING=file', { GREETING: 'environment' })).toBe('environment')
  expect(await greeting('GREETING=file', { GREETING: '' })).toBe('')
})

it.each(['1', 'true', 'TRUE'])('leaves it alone with ADK_DISABLE_LOAD_DOTENV=%s', async (value) => {
  expect(await greeting('GREETING=file', { ADK_DISABLE_LOAD_DOTENV: value })).toBe('undefined')
})

it('takes settings of the server from it', async () => {
  const { url } = await serve([], {
    cwd: await folder({ 'agents/a/agent.ts': teller, '.env': 'ADK_DEFAULT_APP_NAME=a\nGREETING=default' }),
  })
  await createSession(url, 'a')
  const { appName: _, ...message } = messageTo('a')
  const response = await post(`${url}/run`, message)
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('default')
})

it('asks for the name of the app where there is no default', async () => {
  const { url } = await serve([await folder({ 'a/agent.ts': teller })])
  const { appName: _, ...message } = messageTo('a')
  const response = await post(`${url}/run`, message)
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('ADK_DEFAULT_APP_NAME')
})
