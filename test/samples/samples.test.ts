import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Composition } from '../../src/compose.js'
import type { FunctionCall } from '../../src/core/content.js'
import { getFunctionCalls, getFunctionResponses, stringifyContent, type Event } from '../../src/core/event.js'
import { composeTest } from '../support/composition.js'

// The sample agents, loaded and asked as `npm start` would have it, with the offline model.

const AGENTS = fileURLToPath(new URL('../../agents', import.meta.url))

/** One message, and what is expected of the turn. */
interface Turn {
  /** A text, or the answer to the call of this name that the session has seen last. */
  user: string | { answers: string; with: Record<string, unknown> }
  /** Who speaks last. */
  author?: string
  /** The functions that are called, in order. */
  calls: string[]
  /** What is said last. */
  says?: string | RegExp
}

/** The story workflow, while the story is too short. */
const ROUND = ['check_length', 'suggest_plot']

/** Conversations with every sample, each in a session of its own. */
const CONVERSATIONS: Record<string, Turn[][]> = {
  weather_time_agent: [
    [
      {
        user: 'Hey whats the weather in new york today',
        calls: ['get_weather'],
        says: 'OK. The weather in New York is sunny with a temperature of 25 degrees Celsius (41 degrees Fahrenheit).\n',
      },
      {
        user: 'What is the weather in Atlantis?',
        calls: ['get_weather'],
        says: /'Atlantis' is not available/,
      },
      {
        user: 'What time is it in Tokyo and London?',
        calls: ['get_current_time', 'get_current_time'],
        says: /current time in Tokyo is .+ current time in London is /,
      },
    ],
  ],
  notes_agent: [
    [
      { user: 'Add a note: buy milk', calls: ['add_note'], says: /Note 1 added: buy milk/ },
      { user: 'My name is Ada', calls: ['set_name'], says: /Nice to meet you, Ada!/ },
      { user: 'List my notes', calls: ['list_notes'], says: /Ada, your notes: 1\. buy milk/ },
      { user: 'Delete note 1', calls: ['delete_note'], says: /Note 1 deleted: buy milk/ },
    ],
    [{ user: 'List my notes', calls: ['list_notes'], says: /There are no notes yet/ }],
  ],
  support_team: [
    [
      { user: 'Hello!', author: 'support_team', calls: [], says: /hand over to billing or technical/ },
      {
        user: 'What about my invoice 1002?',
        author: 'billing',
        calls: ['transfer_to_agent', 'get_invoice'],
        says: /Invoice 1002 for April is over 34\.90 euros: open/,
      },
      // The conversation has stayed with billing, which hands it over to its neighbour.
      {
        user: 'My internet does not work',
        author: 'technical',
        calls: ['transfer_to_agent', 'check_service'],
        says: /The internet is slow in your street/,
      },
      { user: 'Please restart the router', author: 'technical', calls: ['restart_router'], says: /restarts/ },
    ],
    [
      {
        user: 'Please list my invoices',
        author: 'billing',
        calls: ['transfer_to_agent', 'list_invoices'],
        says: /Invoice 1001 \(March\), Invoice 1002 \(April\)/,
      },
      { user: 'And invoice 7?', author: 'billing', calls: ['get_invoice'], says: /There is no invoice 7\./ },
    ],
  ],
  story_workflow: [
    [
      {
        user: 'Write a story about the rain',
        author: 'narrator',
        // The loop goes round until the story is long enough, and its tool says so.
        calls: ['suggest_hero', 'suggest_place', 'suggest_plot', ...ROUND, ...ROUND, 'check_length'],
        says: /The story of a .+\. Once, (?:in|on) .+ nothing was where it had been before\./,
      },
    ],
    // Without a topic the editor begins the story.
    [
      {
        user: 'Hello!',
        author: 'narrator',
        calls: ['suggest_plot', ...ROUND, ...ROUND, 'check_length'],
        says: /The story of somebody\. Once, somewhere, /,
      },
    ],
  ],
  approval_agent: [
    [
      {
        user: 'Pay an expense of 50 euros for lunch',
        calls: ['pay_expense'],
        says: /50 euros for lunch are paid, without approval/,
      },
      { user: 'Pay 450 euros for a desk', calls: ['pay_expense', 'adk_request_confirmation'] },
      {
        user: { answers: 'adk_request_confirmation', with: { confirmed: true } },
        calls: [],
        says: /450 euros for desk are paid, after approval/,
      },
    ],
    [
      { user: 'Pay 450 euros for a desk', calls: ['pay_expense', 'adk_request_confirmation'] },
      {
        user: { answers: 'adk_request_confirmation', with: { confirmed: false } },
        calls: [],
        says: 'That did not work: This tool call is rejected.',
      },
    ],
    [
      {
        user: 'Request a budget of 5000 euros for a conference',
        calls: ['request_budget'],
        says: /The manager has been asked for 5000 euros for conference; the ticket is budget-1/,
      },
      {
        user: 'Pay an expense of 20 euros for tea',
        calls: ['pay_expense'],
        says: /20 euros for tea are paid/,
      },
      {
        user: {
          answers: 'request_budget',
          with: { status: 'approved', message: 'The manager grants budget-1.' },
        },
        calls: [],
        says: 'OK. The manager grants budget-1.\n',
      },
    ],
  ],
  mcp_agent: [
    [
      { user: 'Convert 5 miles to kilometers', calls: ['convert_units'], says: /8\.04\d* kilometers/ },
      { user: 'Do a word count of "to be or not to be"', calls: ['word_count'], says: /6/ },
    ],
  ],
}

const open = (): Promise<Composition> => composeTest({ agentsDir: AGENTS })

type App = Composition['app']

/** A session of a sample, over HTTP. */
class Client {
  readonly #calls: FunctionCall[] = []

  constructor(
    private readonly app: App,
    private readonly appName: string,
    private readonly sessionId: string,
  ) {}

  async begin(): Promise<void> {
    const url = `/apps/${this.appName}/users/u_123/sessions/${this.sessionId}`
    expect((await this.app.inject({ method: 'POST', url })).statusCode).toBe(200)
  }

  async send(user: Turn['user']): Promise<Event[]> {
    const { appName, sessionId } = this
    const newMessage = {
      role: 'user',
      parts: [typeof user === 'string' ? { text: user } : this.#answer(user)],
    }
    const payload = { appName, userId: 'u_123', sessionId, newMessage }
    const response = await this.app.inject({ method: 'POST', url: '/run', payload })
    expect(response.statusCode, response.body).toBe(200)
    const events = response.json<Event[]>()
    this.#calls.push(...events.flatMap(getFunctionCalls))
    return events
  }

  #answer(user: Exclude<Turn['user'], string>) {
    const call = this.#calls.findLast(({ name }) => name === user.answers)
    return { functionResponse: { id: call?.id, name: user.answers, response: user.with } }
  }
}

function check(events: Event[], { author, calls, says }: Turn): void {
  expect(events.filter(({ errorCode }) => errorCode)).toEqual([])
  expect(events.flatMap(getFunctionCalls).map(({ name }) => name)).toEqual(calls)
  const last = events.at(-1)
  if (author) expect(last?.author).toBe(author)
  if (says)
    expect(last && stringifyContent(last)).toEqual(
      typeof says === 'string' ? says : expect.stringMatching(says),
    )
  else expect(events.flatMap(getFunctionResponses)).toEqual([])
}

it('every sample has conversations here, and a line in the README', async () => {
  const entries = await readdir(AGENTS, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  expect(Object.keys(CONVERSATIONS).sort()).toEqual(folders.sort())
  const readme = await readFile(`${AGENTS}/README.md`, 'utf8')
  for (const folder of folders) expect(readme).toContain(`| \`${folder}\` `)
})

describe.each(Object.entries(CONVERSATIONS))('%s', (name, conversations) => {
  it('loads, and says what it is for', async () => {
    const { apps } = await open()
    const { rootAgent } = await apps.load(name)
    expect(rootAgent.name).toBe(name)
    expect(rootAgent.description).not.toBe('')
  })

  it.each(conversations.map((turns) => ({ first: turns[0]?.user, turns })))(
    'answers: $first',
    async ({ turns }) => {
      const { app } = await open()
      const client = new Client(app, name, 's_123')
      await client.begin()
      for (const turn of turns) check(await client.send(turn.user), turn)
    },
  )
})
