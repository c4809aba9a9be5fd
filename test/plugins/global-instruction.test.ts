import { describe, expect, it } from 'vitest'
import { SILENT } from '../../src/core/log.js'
import {
  BasePlugin,
  GlobalInstructionPlugin,
  LlmAgent,
  type LlmRequest,
  type ReadonlyContext,
} from '../../src/index.js'
import { scriptedModel, startConversation } from '../../src/testing.js'

/** The instructions that two agents are sent, one after the other. */
async function instructionsWith(plugin: BasePlugin, state = {}) {
  const model = scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'expert' } }, 'Done.'])
  const expert = new LlmAgent({ name: 'expert', description: 'Knows.', instruction: 'Answer.' })
  const agent = new LlmAgent({ name: 'root', model: 'any', instruction: 'Ask.', subAgents: [expert] })
  const conversation = await startConversation(agent, { model, plugins: [plugin], state })
  await conversation.say('Hi')
  return model.calls.map(({ request }) => paragraphsOf(request.config?.systemInstruction))
}

const paragraphsOf = (text: unknown): string[] => (typeof text === 'string' ? text.split('\n\n') : [])

describe('a global instruction', () => {
  it('comes first, in every request of every agent', async () => {
    const instructions = await instructionsWith(new GlobalInstructionPlugin('Speak {language}.'), {
      language: 'Latin',
    })
    expect(instructions).toHaveLength(2)
    for (const [index, own] of ['Ask.', 'Answer.'].entries()) {
      expect(instructions[index]?.[0]).toBe('Speak Latin.')
      expect(instructions[index]).toContain(own)
    }
  })

  it('can be a function, whose text is used as it is', async () => {
    const instruction = async ({ agentName, state }: ReadonlyContext) =>
      `{key} for ${agentName}, ${state.get<string>('who')}`
    const [first, second] = await instructionsWith(new GlobalInstructionPlugin(instruction), { who: 'Ada' })
    expect(first?.[0]).toBe('{key} for root, Ada')
    expect(second?.[0]).toBe('{key} for expert, Ada')
  })

  it('may be empty', async () => {
    const [plain] = await instructionsWith(new GlobalInstructionPlugin())
    expect(plain?.[0]).toMatch(/^You are an agent/)
  })

  it('stands alone when the agent has none', async () => {
    const model = scriptedModel(['Done.'])
    const alone = { disallowTransferToParent: true, disallowTransferToPeers: true }
    const conversation = await startConversation(new LlmAgent({ name: 'root', model: 'any', ...alone }), {
      model,
      plugins: [new GlobalInstructionPlugin('Be kind.', 'kindness')],
    })
    await conversation.say('Hi')
    expect(model.last.request.config?.systemInstruction).toBe('Be kind.')
  })

  it('has no place in an instruction that somebody replaced', async () => {
    class Replace extends BasePlugin {
      override beforeModelCallback({ llmRequest }: { llmRequest: LlmRequest }) {
        llmRequest.config = { systemInstruction: { parts: [{ text: 'Mine.' }] } }
        return undefined
      }
    }
    const model = scriptedModel([], 'Done.')
    const conversation = await startConversation(new LlmAgent({ name: 'root', model }), {
      plugins: [new Replace('replace'), new GlobalInstructionPlugin('Be kind.')],
      log: SILENT,
    })
    const outcome = await conversation.say('Hi').then(JSON.stringify, String)
    expect(outcome).toContain('systemInstruction of the request should be a string')
    expect(model.calls).toHaveLength(0)
  })
})
