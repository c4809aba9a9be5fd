import { expect, it, onTestFinished } from 'vitest'
import { rootAgent } from '../../agents/mcp_agent/agent.js'
import { SILENT } from '../../src/core/log.js'
import { stringifyContent } from '../../src/core/event.js'
import { OfflineModel } from '../../src/models/offline/offline.js'
import { InMemoryRunner } from '../../src/runner/in-memory-runner.js'

it('the sample agent answers without a key', async () => {
  const resolveModel = () => new OfflineModel()
  const runner = new InMemoryRunner({ agent: rootAgent, resolveModel, log: SILENT })
  onTestFinished(() => runner.close())
  const ask = async (text: string) => {
    let last = ''
    const newMessage = { role: 'user', parts: [{ text }] }
    for await (const event of runner.runEphemeral({ userId: 'user', newMessage }))
      last = stringifyContent(event)
    return last.trim()
  }
  expect(await ask('Convert 10 miles to kilometers')).toBe('OK. 10 miles are 16.0934 kilometers.')
  expect(await ask('Convert 100 fahrenheit to celsius')).toBe('OK. 100 fahrenheit are 37.7778 celsius.')
  expect(await ask('Convert 3 miles to pounds')).toBe(
    'That did not work: miles measure length, pounds weight.',
  )
  expect(await ask('Count the words of "to be or not to be"')).toBe(
    'OK. The text has 6 words, 4 of them different.',
  )
})
