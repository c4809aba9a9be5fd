import { FunctionTool, LlmAgent } from 'adk-ts'
import { z } from 'zod'

const REPORTS = {
  internet: 'The internet is slow in your street; it is being repaired and should be fine by the evening.',
  phone: 'The phone network works as it should.',
  television: 'Television works as it should.',
}

const checkService = new FunctionTool({
  name: 'check_service',
  description: 'Checks whether a service works where the customer lives.',
  // An enum tells the model all there is to choose from.
  parameters: z.object({ service: z.enum(['internet', 'phone', 'television']) }),
  execute: ({ service }) => ({ status: 'success', report: REPORTS[service] }),
})

const restartRouter = new FunctionTool({
  name: 'restart_router',
  description: "Restarts the customer's router.",
  execute: () => ({ status: 'success', report: 'The router restarts; this takes about a minute.' }),
})

export const technical = new LlmAgent({
  name: 'technical',
  description: 'Helps when the internet, the phone, the television or the router does not work.',
  instruction: `You help when the internet, the phone, the television or the router does not work.
Check the service first. Restart the router only if the service works.`,
  tools: [checkService, restartRouter],
})
