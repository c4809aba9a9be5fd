import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { serveTest } from '../support/composition.js'
import { folder, write } from '../support/files.js'

const SAMPLES = fileURLToPath(new URL('../../agents', import.meta.url))

interface Reply {
  status: number
  headers: Headers
  text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they expect it to be
  body: any
}

async function send(url: string, method = 'GET', text?: string): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(text !== undefined && { body: text }),
  })
  const answer = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return {
    status: response.status,
    headers: response.headers,
    text: answer,
    body: isJson && JSON.parse(answer),
  }
}

const run = (appName: string, text: string, streaming = '') => `{
    "appName": "${appName}",
    "userId": "demo-user",
    "sessionId": "demo-session",
    "newMessage": {
      "role": "user",
      "parts": [{ "text": "${text}" }]
    }${streaming}
  }`

verifies('mount.run', 'a whole conversation with a sample agent, as its documentation has it', async () => {
  const url = `${await serveTest({ agentsDir: SAMPLES })}/agent/support_team`
  const session = `${url}/apps/support_team/users/demo-user/sessions/demo-session`
  expect((await send(`${url}/list-apps`)).body).toEqual(['support_team'])

  const created = await send(session, 'POST', '{}')
  expect(created).toMatchObject({ status: 200, body: { id: 'demo-session', appName: 'support_team' } })

  const first = await send(`${url}/run`, 'POST', run('support_team', 'Find all pending orders from today'))
  expect(first.status).toBe(200)
  expect(first.body.length).toBeGreaterThan(0)

  const asked = run('support_team', 'Summarize pending orders in 3 bullets', ',\n    "streaming": true')
  const second = await send(`${url}/run_sse`, 'POST', asked)
  expect(second.status).toBe(200)
  expect(second.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const frames = second.text.split('\n\n').filter(Boolean)
  expect(frames.length).toBeGreaterThan(1)
  for (const frame of frames) expect(JSON.parse(frame.replace(/^data: /, ''))).toHaveProperty('invocationId')

  const stored = await send(session)
  const said = stored.body.events.filter(({ author }: { author: string }) => author === 'user')
  expect(said).toHaveLength(2)
  const list = await send(`${url}/apps/support_team/users/demo-user/sessions`)
  expect(list.body).toMatchObject([{ id: 'demo-session', events: [] }])
  expect((await send(session, 'DELETE')).status).toBe(204)
  expect((await send(session)).status).toBe(404)
})

const speaker = (text: string) => `
  import { BaseLlm, LlmAgent } from 'adk-ts'
  class Speaker extends BaseLlm {
    async *generateContentAsync() { yield { content: { role: 'model', parts: [{ text: '${text}' }] } } }
  }
  export const rootAgent = new LlmAgent({ name: 'speaker', model: new Speaker({ model: 'speaker' }) })
`

verifies('mount.reload', async () => {
  const agentsDir = await folder({ 'one/agent.ts': speaker('one') })
  const url = await serveTest({ agentsDir, offline: 'never', reloadAgents: true })
  const statusOf = async (name: string) => (await send(`${url}/agent/${name}/list-apps`)).status
  const session = (name: string) => `${url}/agent/${name}/apps/${name}/users/demo-user/sessions/demo-session`
  const answerOf = async (name: string) => {
    const { status, body } = await send(`${url}/agent/${name}/run`, 'POST', run(name, 'Hello'))
    return status === 200 ? body[0].content.parts[0].text : body.detail
  }
  expect(await statusOf('two_and-more')).toBe(404)
  await write(agentsDir, { 'two_and-more/agent.ts': speaker('two') })
  await vi.waitFor(async () => expect(await statusOf('two_and-more')).toBe(200), { timeout: 5000 })
  for (const name of ['one', 'two_and-more']) {
    expect((await send(session(name), 'POST', '{}')).status).toBe(200)
  }
  expect(await answerOf('two_and-more')).toBe('two')

  await write(agentsDir, { 'one/agent.ts': 'export const rootAgent = ' })
  expect(await answerOf('one')).toMatch(/^App "one" failed to load: one\/agent\.ts/)
  expect((await send(`${url}/agent/one/list-apps`)).body).toEqual(['one'])

  await rm(join(agentsDir, 'two_and-more'), { recursive: true })
  await vi.waitFor(async () => expect(await statusOf('two_and-more')).toBe(404), { timeout: 5000 })
  expect((await send(session('two_and-more'))).status).toBe(404)
  await write(agentsDir, { 'two_and-more/agent.ts': speaker('two again') })
  await vi.waitFor(async () => expect(await statusOf('two_and-more')).toBe(200), { timeout: 5000 })
  await vi.waitFor(async () => expect(await answerOf('two_and-more')).toBe('two again'), { timeout: 5000 })
  expect((await send(session('two_and-more'))).body.events.length).toBeGreaterThanOrEqual(4)
})
