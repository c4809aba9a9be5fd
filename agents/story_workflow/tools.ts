import { FunctionTool, type Context } from 'adk-ts'
import { z } from 'zod'

const HEROES = ['a lighthouse keeper', 'a clockmaker', 'a retired pirate', 'a shy dragon', 'a night nurse']
const PLACES = ['on an island', 'in a railway station', 'in an old library', 'on a ship', 'in the last house']
const TWISTS = [
  'One night, a letter came that was forty years late.',
  'The letter was a map, and somebody else had seen it.',
  'When morning came, nothing was where it had been before.',
  'In the end, what was lost had been there all the time.',
]

/** The same topic always finds the same thing. */
const pick = (list: readonly string[], topic: string): string => list[topic.length % list.length] ?? ''

const topic = z.object({ topic: z.string().describe('What the story is about.') })

// Tools can write to the state, too: what they set here, the instructions of later agents find as {hero} and {place}.
export const suggestHero = new FunctionTool({
  name: 'suggest_hero',
  description: 'Suggests a hero to write a story or tale about.',
  parameters: topic,
  execute: ({ topic }, { state }) => {
    const hero = pick(HEROES, topic)
    state.set('hero', hero)
    return { result: `The hero could be ${hero}.` }
  },
})

export const suggestPlace = new FunctionTool({
  name: 'suggest_place',
  description: 'Suggests a place to write a story or tale about.',
  parameters: topic,
  execute: ({ topic }, { state }) => {
    const place = pick(PLACES, topic)
    state.set('place', place)
    return { result: `It could happen ${place}.` }
  },
})

export const suggestPlot = new FunctionTool({
  name: 'suggest_plot',
  description: 'Suggests a plot to write a story or tale by; every time it is asked, with one more twist.',
  execute: (_, { state }) => {
    // What begins with `temp:` is forgotten at the end of the run: the next story begins anew.
    const count = Math.min(state.get<number>('temp:twists', 0) + 1, TWISTS.length)
    state.set('temp:twists', count)
    const hero = state.get<string>('hero', 'somebody')
    const place = state.get<string>('place', 'somewhere')
    const twists = TWISTS.slice(0, count).join(' ')
    return { result: `The story of ${hero}. Once, ${place}, there lived ${hero}. ${twists}` }
  },
})

/** How long a story should be, in words. */
const SHORTEST = 40
const LONGEST = 150

export const checkLength = new FunctionTool({
  name: 'check_length',
  description: 'Checks the length of the story that was written.',
  execute: (_, { state, actions }) => {
    const words = countWords(state)
    if (words < SHORTEST)
      return { result: `The story has ${words} words; at least ${SHORTEST} would be good.` }
    if (words > LONGEST) return { result: `The story has ${words} words; at most ${LONGEST} would be good.` }
    // This ends the loop around the agent, once the agent has had its say.
    actions.escalate = true
    return { result: `The story has ${words} words, which is a good length.` }
  },
})

const countWords = (state: Context['state']): number =>
  state.get<string>('draft', '').split(/\s+/).filter(Boolean).length
