import { LlmAgent, LongRunningFunctionTool } from 'adk-ts'
import { z } from 'zod'

const askForApproval = new LongRunningFunctionTool({
  name: 'ask_for_approval',
  description: 'Asks the manager to approve a payment.',
  parameters: z.object({ purpose: z.string(), amount: z.number() }),
  execute: ({ purpose, amount }) => ({ status: 'pending', ticketId: `${purpose}-${amount}` }),
})

export const rootAgent = new LlmAgent({
  name: 'payment_agent',
  model: 'gemini-2.5-flash',
  instruction: 'Ask for approval of every payment above 100.',
  tools: [askForApproval],
})
