// An agent with a memory: it keeps notes in the session, and knows the user's name in every session.
//
// The tools are in a file of their own. Anything beside `agent.ts` can be imported, as in any TypeScript project.

import { LlmAgent } from 'adk-ts'
import { addNote, deleteNote, listNotes, setName } from './tools.js'

export const rootAgent = new LlmAgent({
  name: 'notes_agent',
  model: 'gemini-2.5-flash',
  description: 'Keeps notes for the user: adds, lists and deletes them.',
  // Braces are filled in from state before every call of the model. The `?` allows the value to be missing; without it,
  // a missing value is an error.
  instruction: `You keep notes for the user, whose name is: {user:name?}.
Use the tools to add, list and delete notes; never make up a note. Address the user by name if you know it.`,
  tools: [addNote, listNotes, deleteNote, setName],
  // The text of each answer is also stored in state, where other agents and your own client can read it.
  outputKey: 'last_answer',
})
