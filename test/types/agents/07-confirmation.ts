import { FunctionTool, LlmAgent, type Context } from 'adk-ts'
import { z } from 'zod'

const transfer = new FunctionTool({
  name: 'transfer_money',
  description: 'Transfers money.',
  parameters: z.object({ amount: z.number() }),
  requireConfirmation: ({ amount }) => amount > 1000,
  execute: ({ amount }) => ({ transferred: amount }),
})

const requestTimeOff = new FunctionTool({
  name: 'request_time_off',
  description: 'Requests days off.',
  parameters: z.object({ days: z.number() }),
  execute: async ({ days }, toolContext?: Context) => {
    const confirmation = toolContext?.toolConfirmation
    if (!confirmation) {
      toolContext?.requestConfirmation({ hint: `Approve ${days} days?`, payload: { approvedDays: 0 } })
      return { status: 'A manager has to approve.' }
    }
    const { approvedDays } = confirmation.payload as { approvedDays: number }
    return confirmation.confirmed ? { status: 'ok', approvedDays } : { status: 'rejected' }
  },
})

export const rootAgent = new LlmAgent({
  name: 'office_agent',
  model: 'gemini-2.5-flash',
  tools: [transfer, requestTimeOff],
})
