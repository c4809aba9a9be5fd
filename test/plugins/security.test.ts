import { describe, expect, it } from 'vitest'
import { SILENT } from '../../src/core/log.js'
import {
  FunctionTool,
  getAskUserConfirmationFunctionCalls,
  getFunctionResponses,
  InMemoryPolicyEngine,
  LlmAgent,
  PolicyOutcome,
  SecurityPlugin,
  type BasePolicyEngine,
  type Event,
  type PolicyCheckResult,
  type ToolCallPolicyContext,
} from '../../src/index.js'
import { scriptedModel, startConversation } from '../../src/testing.js'

/** A policy that gives one answer after the other, and remembers what it was asked. */
class Policy implements BasePolicyEngine {
  readonly asked: ToolCallPolicyContext[] = []
  readonly #answers: PolicyCheckResult[]

  constructor(...answers: PolicyCheckResult[]) {
    this.#answers = answers
  }

  async evaluate(context: ToolCallPolicyContext): Promise<PolicyCheckResult> {
    this.asked.push(context)
    const answer = this.#answers.shift()
    if (!answer) throw new Error('the policy has no more answers')
    return answer
  }
}

const ALLOW = { outcome: PolicyOutcome.ALLOW }
const CONFIRM = { outcome: PolicyOutcome.CONFIRM, reason: 'money leaves the house' }
const DENY = { outcome: PolicyOutcome.DENY, reason: 'too much' }

/** A conversation with an agent whose tool pays, and what was paid. */
async function open(policyEngine: BasePolicyEngine | undefined, requireConfirmation = false) {
  const paid: unknown[] = []
  const pay = new FunctionTool({
    name: 'pay',
    description: 'Pays.',
    requireConfirmation,
    execute: ({ amount }) => {
      paid.push(amount)
      return { status: 'paid' }
    },
  })
  const model = scriptedModel([{ call: 'pay', args: { amount: 5 } }], 'Done.')
  const plugins = [new SecurityPlugin(policyEngine && { policyEngine })]
  const agent = new LlmAgent({ name: 'cashier', model, tools: [pay] })
  return { conversation: await startConversation(agent, { plugins, log: SILENT }), paid }
}

const results = (events: readonly Event[]) =>
  events.flatMap(getFunctionResponses).map(({ response }) => response)

describe('a tool call', () => {
  it('that the policy allows happens', async () => {
    const policy = new Policy(ALLOW)
    const { conversation, paid } = await open(policy)
    expect(results(await conversation.say('Pay 5'))).toEqual([{ status: 'paid' }])
    expect(paid).toEqual([5])
    expect(policy.asked).toMatchObject([{ tool: { name: 'pay' }, toolArgs: { amount: 5 } }])
  })

  it('happens without a policy', async () => {
    for (const engine of [undefined, new InMemoryPolicyEngine()]) {
      const { conversation, paid } = await open(engine)
      await conversation.say('Pay 5')
      expect(paid).toEqual([5])
    }
  })

  it('that the policy denies is answered with the reason', async () => {
    const { conversation, paid } = await open(new Policy(DENY))
    const events = await conversation.say('Pay 5')
    expect(results(events)).toEqual([{ error: 'The policy denies this call of pay: too much' }])
    expect(events.at(-1)?.content?.parts).toEqual([{ text: 'Done.' }])
    expect(paid).toEqual([])
  })

  it('that the policy has no clear answer to does not happen', async () => {
    const { conversation, paid } = await open(new Policy({ outcome: 'perhaps' }))
    expect(results(await conversation.say('Pay 5'))).toEqual([
      { error: 'The policy has no answer to this call of pay, so it is denied' },
    ])
    expect(paid).toEqual([])
  })

  it('does not happen when the policy fails', async () => {
    const { conversation, paid } = await open(new Policy())
    await conversation.say('Pay 5').catch(() => {}) // how the run ends is not the plugin's affair
    expect(paid).toEqual([])
  })
})

describe('a call that is to be confirmed', () => {
  async function ask(policy: Policy, requireConfirmation = false) {
    const opened = await open(policy, requireConfirmation)
    const events = await opened.conversation.say('Pay 5')
    const [question, ...others] = getAskUserConfirmationFunctionCalls(events)
    if (!question || others.length > 0) throw new Error('one question was expected')
    return { ...opened, events, question }
  }

  it('waits for a person, who is told why', async () => {
    const { events, question, paid } = await ask(new Policy(CONFIRM))
    expect(question.args).toEqual({
      originalFunctionCall: expect.objectContaining({ name: 'pay', args: { amount: 5 } }),
      toolConfirmation: {
        hint: 'The policy asks for a confirmation of this call of pay: money leaves the house',
        confirmed: false,
      },
    })
    expect(results(events)).toEqual([])
    expect(getAskUserConfirmationFunctionCalls(events.at(-1) as Event)).toEqual([question])
    expect(getAskUserConfirmationFunctionCalls(events.slice(0, 1))).toEqual([])
    expect(paid).toEqual([])
  })

  it.each([
    ['agrees', [CONFIRM, CONFIRM], true, { status: 'paid' }, [5]],
    ['refuses', [CONFIRM, CONFIRM], false, { error: 'This tool call is rejected.' }, []],
    [
      'agrees to what is denied by now',
      [CONFIRM, DENY],
      true,
      { error: 'The policy denies this call of pay: too much' },
      [],
    ],
    ['agrees to what is allowed by now', [CONFIRM, ALLOW], true, { status: 'paid' }, [5]],
  ])('when the person %s', async (_, answers, confirmed, result, expected) => {
    const policy = new Policy(...answers)
    const { conversation, question, paid } = await ask(policy)
    expect(results(await conversation.answer(question, { confirmed }))).toEqual([result])
    expect(paid).toEqual(expected)
    expect(policy.asked).toHaveLength(2)
  })

  it('is asked about once, also when the tool itself would ask', async () => {
    const { conversation, question, paid } = await ask(new Policy(CONFIRM, CONFIRM), true)
    const events = await conversation.answer(question, { confirmed: true })
    expect(getAskUserConfirmationFunctionCalls(events)).toEqual([])
    expect(paid).toEqual([5])
  })

  it('can still be asked about by the tool when the policy allows it', async () => {
    const { question } = await ask(new Policy(ALLOW, ALLOW), true)
    expect(question.args).toMatchObject({ toolConfirmation: { confirmed: false } })
  })
})
