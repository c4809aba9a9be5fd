// The Agent Communication Protocol with a sample, as its documentation shows it.
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { AcpRun } from '../../src/schema/acp.js'
import { verifies } from '../contract/verifies.js'
import { composeTest, serveTest } from '../support/composition.js'

const AGENTS = fileURLToPath(new URL('../../agents', import.meta.url))
const open = () => composeTest({ agentsDir: AGENTS })

/** The body of the curl of "Create a new run"; the name of the agent is that of the sample. */
const EXAMPLE = `{
"agent_name": "weather_time_agent",
"session_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"session": {
"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"history": [
"<string>"
],
"state": "<string>"
},
"input": [
{
"parts": [
{
"name": "<string>",
"content_type": "<string>",
"content": "<string>",
"content_encoding": "plain",
"content_url": "<string>"
}
],
"created_at": "2023-11-07T05:31:56Z",
"completed_at": "2023-11-07T05:31:56Z",
"role": "user"
}
],
"mode": "sync"
}`

verifies('acp.seed', async () => {
  const url = await serveTest({ agentsDir: AGENTS })
  const ask = async () => {
    const reply = await fetch(`${url}/runs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: EXAMPLE,
    })
    expect(reply.status).toBe(200)
    return AcpRun.parse(await reply.json())
  }
  for (const run of [await ask(), await ask()]) {
    expect(run).toMatchObject({
      agent_name: 'weather-time-agent',
      session_id: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
      status: 'completed',
      error: null,
      output: [
        { role: 'agent/weather-time-agent', parts: [{ content: expect.stringContaining('<string>') }] },
      ],
    })
  }
})

verifies('acp.seed', 'a question, a tool, an answer', async () => {
  const { app } = await open()
  const input = [{ role: 'user', parts: [{ content: 'Hey whats the weather in new york today' }] }]
  const payload = { agent_name: 'weather-time-agent', input }
  const reply = await app.inject({ method: 'POST', url: '/runs', payload })
  expect(AcpRun.parse(reply.json()).output[0]?.parts).toMatchObject([
    { metadata: { tool_name: 'get_weather', tool_input: { city: 'new york' } } },
    { content: expect.stringContaining('sunny with a temperature of 25 degrees Celsius') },
  ])
})

verifies('acp.await', 'a sample that asks first', async () => {
  const { app } = await open()
  const post = async (url: string, payload: object) =>
    AcpRun.parse((await app.inject({ method: 'POST', url, payload })).json())
  const input = [{ role: 'user', parts: [{ content: 'Pay an expense of 250 euros for a chair' }] }]
  const waits = await post('/runs', { agent_name: 'approval-agent', input })
  expect(waits.status).toBe('awaiting')
  const message = { role: 'user', parts: [{ content: 'yes' }] }
  const run = await post(`/runs/${waits.run_id}`, {
    mode: 'sync',
    await_resume: { type: 'message', message },
  })
  expect(run).toMatchObject({ run_id: waits.run_id, status: 'completed' })
  expect(JSON.stringify(run.output)).toContain('are paid, after approval')
})
