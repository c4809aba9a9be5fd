import { expect } from 'vitest'
import type { ToolAccessRules } from '../../src/loader/tool-access.js'
import { verifies } from '../contract/verifies.js'
import { composeTest } from '../support/composition.js'
import { folder } from '../support/files.js'

/** Calls `work`, and says what came of it; its tools are that and `rest`, which is never called. */
const CALLER = (more = '') => `
  import { BaseLlm, FunctionTool, LlmAgent } from 'adk-ts'
  const tool = (name) => new FunctionTool({ name, description: '', execute: () => ({ done: name }) })
  class Caller extends BaseLlm {
    async *generateContentAsync({ contents, config }) {
      const answered = contents.at(-1).parts[0].functionResponse?.response
      const offered = (config?.tools ?? []).flatMap((entry) => entry.functionDeclarations.map(({ name }) => name))
      const part = answered
        ? { text: JSON.stringify({ offered, answered }) }
        : { functionCall: { name: 'work', args: {} } }
      yield { content: { role: 'model', parts: [part] } }
    }
  }
  export const rootAgent = new LlmAgent({ name: 'caller', model: new Caller({ model: 'caller' }), tools: [tool('work'), tool('rest')] })
  ${more}
`

interface Part {
  text?: string
}

/** What came of a run at the root, and under the mount. */
async function outcomes(source: string, toolAccess: ToolAccessRules): Promise<unknown[]> {
  const agentsDir = await folder({ 'my_app/agent.ts': source })
  const { app } = await composeTest({ agentsDir, offline: 'never', toolAccess, autoCreateSession: true })
  return Promise.all(
    ['/run', '/agent/my_app/run'].map(async (url, index) => {
      const payload = { appName: 'my_app', userId: 'u', sessionId: `s${index}`, newMessage: 'go' }
      const reply = await app.inject({ method: 'POST', url, payload })
      if (reply.statusCode !== 200) return { status: reply.statusCode, ...reply.json<object>() }
      const events = reply.json<{ content: { parts: Part[] } }[]>()
      return JSON.parse(events.at(-1)?.content.parts[0]?.text ?? '') as unknown
    }),
  )
}

const twice = (value: unknown) => [value, value]
const error = "Tool 'work' is not allowed by the tool access of this app."

verifies('tools.access', 'nothing is said', async () => {
  expect(await outcomes(CALLER(), {})).toEqual(
    twice({ offered: ['work', 'rest'], answered: { done: 'work' } }),
  )
})

verifies('tools.access', 'by the operator, for all apps', async () => {
  expect(await outcomes(CALLER(), { byDefault: { mode: 'allow_none' } })).toEqual(
    twice({ offered: [], answered: { error: `${error} There are no tools.` } }),
  )
})

verifies('tools.access', 'by the app itself', async () => {
  const own = CALLER("export const toolAccess = { mode: 'allow_list', tools: ['rest'] }")
  expect(await outcomes(own, {})).toEqual(
    twice({ offered: ['rest'], answered: { error: `${error} Available tools: rest.` } }),
  )
})

verifies('tools.access', 'a list that names what is not there', async () => {
  const own = CALLER("export const toolAccess = { mode: 'allow_list', tools: ['rset'] }")
  const text =
    'App "my_app" failed to load: my_app/agent.ts: its tool access names rset, which none of its agents has; its tools are work, rest'
  expect(await outcomes(own, {})).toEqual(twice({ status: 500, detail: text, error: text }))
})
