import { LlmAgent, type LlmAgentConfig } from 'adk-ts'

const common: Pick<LlmAgentConfig, 'model' | 'disallowTransferToPeers'> = {
  model: 'gemini-2.5-flash',
  disallowTransferToPeers: true,
}

const billing = new LlmAgent({ ...common, name: 'Billing', description: 'Handles invoices.' })
const support = new LlmAgent({ ...common, name: 'Support', description: 'Handles problems.' })

export const rootAgent = new LlmAgent({
  name: 'HelpDeskCoordinator',
  model: 'gemini-2.5-flash',
  instruction: 'Hand over to Billing for payments and to Support for problems.',
  description: 'The help desk.',
  subAgents: [billing, support],
})

if (rootAgent.findAgent('Billing')?.parentAgent?.name !== rootAgent.name) throw new Error('not adopted')
