// State is where an agent keeps what it must not forget. `context.state` reads and writes it; what a tool writes travels
// in the `stateDelta` of its event and is stored with it. The prefix of a key says how far it reaches:
//
//   notes        this session
//   user:name    all sessions of this user
//   app:…        all users of this app
//   temp:…       this run only, never stored

import { FunctionTool, type Context } from 'adk-ts'
import { z } from 'zod'

const NOTES = 'notes'
const NAME = 'user:name'

// State holds what was last written under a key, and is empty in a new session.
const notesIn = (context: Context): string[] => context.state.get<string[]>(NOTES, [])

export const addNote = new FunctionTool({
  name: 'add_note',
  description:
    'Adds a note. Use it whenever the user wants to remember, write down or take note of something.',
  parameters: z.object({ text: z.string().min(1).describe('The note, in the words of the user.') }),
  execute: ({ text }, context) => {
    // Set a new value rather than change the old one: a change that is not `set` is not stored.
    const notes = [...notesIn(context), text]
    context.state.set(NOTES, notes)
    return { status: 'success', message: `Note ${notes.length} added: ${text}` }
  },
})

export const listNotes = new FunctionTool({
  name: 'list_notes',
  description: 'Lists all notes, with their numbers.',
  // A tool without parameters.
  execute: (_, context) => {
    const name = context.state.get<string>(NAME)
    const notes = notesIn(context).map((note, index) => `${index + 1}. ${note}`)
    const whose = name ? `${name}, your notes` : 'Your notes'
    return {
      status: 'success',
      report: notes.length > 0 ? `${whose}: ${notes.join('; ')}` : 'There are no notes yet.',
    }
  },
})

export const deleteNote = new FunctionTool({
  name: 'delete_note',
  description: 'Deletes the note with a given number.',
  parameters: z.object({ number: z.int().min(1).describe('The number of the note, as listed.') }),
  execute: ({ number }, context) => {
    const notes = notesIn(context)
    const note = notes[number - 1]
    if (note === undefined) {
      return { status: 'error', error_message: `There is no note ${number}; there are ${notes.length}.` }
    }
    context.state.set(NOTES, notes.toSpliced(number - 1, 1))
    return { status: 'success', message: `Note ${number} deleted: ${note}` }
  },
})

export const setName = new FunctionTool({
  name: 'set_name',
  description: 'Remembers the name of the user.',
  parameters: z.object({ name: z.string().min(1).describe('What the user wants to be called.') }),
  execute: ({ name }, context) => {
    context.state.set(NAME, name)
    return { status: 'success', message: `Nice to meet you, ${name}!` }
  },
})
