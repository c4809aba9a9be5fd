// People in the loop: an agent that pays expenses, and has to ask first when it is about much money.
//
// There are two ways to wait for a person, and a client sees both as function calls that it answers with a function
// response of the same id and name, in a message of its own:
//
//   a confirmation   The framework asks, by a call of `adk_request_confirmation`, and runs the tool once the answer is
//                    {"confirmed": true}. Good for yes or no, before something happens.
//   a long-running   The tool has begun something that takes its time, and the final result is sent later. Its call is
//   tool             named in the `longRunningToolIds` of the event. Good for everything else.

import { FunctionTool, LlmAgent, LongRunningFunctionTool } from 'adk-ts'
import { z } from 'zod'

/** What is paid without asking, in euros. */
const LIMIT = 100

const amount = z.number().positive().describe('How much, in euros.')
const purpose = z.string().describe('What for.')

const payExpense = new FunctionTool({
  name: 'pay_expense',
  description: 'Pays an expense: money that an employee has spent.',
  parameters: z.object({ amount, purpose }),
  // `true` would ask every time. Until the answer is there, `execute` does not run; after a no, it never does.
  requireConfirmation: ({ amount }) => amount > LIMIT,
  execute: ({ amount, purpose }, context) => {
    // A tool can also ask by itself, with `context.requestConfirmation({ hint, payload })`, and find the answer here.
    const by = context.toolConfirmation ? 'after approval' : 'without approval'
    return { status: 'success', report: `${amount} euros for ${purpose} are paid, ${by}.` }
  },
})

const requestBudget = new LongRunningFunctionTool({
  name: 'request_budget',
  description: 'Requests a budget from the manager, who decides about it later.',
  parameters: z.object({ amount, purpose }),
  // What is returned here is the state of things for now; the model can tell it to the user. The client has to know where
  // the decision comes from: here it would look for the ticket, and send {"status": "approved", …} for the same call.
  execute: ({ amount, purpose }, context) => {
    const tickets = context.state.get<number>('tickets', 0) + 1
    context.state.set('tickets', tickets)
    return {
      status: 'pending',
      ticket: `budget-${tickets}`,
      message: `The manager has been asked for ${amount} euros for ${purpose}; the ticket is budget-${tickets}.`,
    }
  },
})

export const rootAgent = new LlmAgent({
  name: 'approval_agent',
  model: 'gemini-2.5-flash',
  description: 'Pays expenses and requests budgets; asks a person first when it is about much money.',
  instruction: `You pay expenses and request budgets for employees. Find out the amount and the purpose first.
Say plainly what is done, what waits for a person, and what was refused.`,
  tools: [payExpense, requestBudget],
})
