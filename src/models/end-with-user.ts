import { textContent, type Content } from '../core/content.js'

const START = 'Do what the system instruction asks for.'
const CONTINUE =
  'Continue with the task as instructed. If nothing is left to do, say so or give a short summary.'

/** Models answer users only: a conversation that does not end with one gets a word to go on from. */
export function endWithUser(contents: Content[]): Content[] {
  if (contents.at(-1)?.role === 'user') return contents
  return [...contents, textContent('user', contents.length === 0 ? START : CONTINUE)]
}
