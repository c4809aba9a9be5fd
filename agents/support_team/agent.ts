// A team: whoever speaks to a user may hand the conversation over to a colleague who knows more.
//
// The model decides when to do that. It sees the name and the description of every agent it may hand over to: those below
// it, the one above it, and those beside it. From then on the colleague answers, this message and those that follow, until
// it hands over in turn. All of them see the whole conversation.

import { LlmAgent } from 'adk-ts'
import { billing } from './billing.js'
import { technical } from './technical.js'

export const rootAgent = new LlmAgent({
  name: 'support_team',
  // Agents below that name no model use this one.
  model: 'gemini-2.5-flash',
  description: 'Welcomes customers and finds out who can help them.',
  instruction: `You welcome the customers of a small internet provider.
Hand over to the colleague who can help as soon as you know what it is about. You cannot look anything up yourself.`,
  subAgents: [billing, technical],
})
