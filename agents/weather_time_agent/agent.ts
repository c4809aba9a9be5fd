// The agent of the ADK quickstart: it answers questions about the weather and the time in a few cities.
//
// An agent is a folder with an `agent.ts` in it. The folder's name is the app's name in every request, and the file
// exports the agent as `rootAgent`. Save a change while the server runs with `--reload_agents`, and it is live.

import { FunctionTool, LlmAgent } from 'adk-ts'
import { z } from 'zod'

// A real agent would ask a weather service. This one looks out of three windows.
const REPORTS = new Map([
  ['new york', 'sunny with a temperature of 25 degrees Celsius (41 degrees Fahrenheit)'],
  ['london', 'cloudy with a temperature of 15 degrees Celsius (59 degrees Fahrenheit)'],
  ['tokyo', 'rainy with a temperature of 18 degrees Celsius (64 degrees Fahrenheit)'],
])

// A tool is a function that the model may call. The model never sees the code: it decides by the name, the description
// and the parameters, so these are written for it as much as for you.
const getWeather = new FunctionTool({
  name: 'get_weather',
  description: 'Retrieves the current weather report for a specified city.',
  // The schema is checked before `execute` runs; if the model got something wrong, it is told and may try again.
  parameters: z.object({
    city: z.string().describe('The name of the city for which to retrieve the weather report.'),
  }),
  // What comes back is what the model reads: say whether it worked, in words that it can pass on. `execute` may be
  // async, and gets a `context` with the session's state as its second argument; see notes_agent.
  execute: ({ city }) => {
    const report = REPORTS.get(city.toLowerCase())
    // An error that the model reads is an answer, too. Throw only when something is broken.
    if (!report)
      return { status: 'error', error_message: `Weather information for '${city}' is not available.` }
    return { status: 'success', report: `The weather in ${capitalize(city)} is ${report}.` }
  },
})

const capitalize = (name: string): string => name.replace(/\b\p{Ll}/gu, (letter) => letter.toUpperCase())

// Cities whose time zone we know, by the names of the IANA time zone database.
const TIME_ZONES = new Map([
  ['new york', 'America/New_York'],
  ['san francisco', 'America/Los_Angeles'],
  ['mexico city', 'America/Mexico_City'],
  ['london', 'Europe/London'],
  ['paris', 'Europe/Paris'],
  ['berlin', 'Europe/Berlin'],
  ['nairobi', 'Africa/Nairobi'],
  ['mumbai', 'Asia/Kolkata'],
  ['tokyo', 'Asia/Tokyo'],
  ['sydney', 'Australia/Sydney'],
])

const getCurrentTime = new FunctionTool({
  name: 'get_current_time',
  description: 'Returns the current time in a specified city.',
  parameters: z.object({
    city: z.string().describe('The name of the city for which to retrieve the current time.'),
  }),
  execute: ({ city }) => {
    const timeZone = TIME_ZONES.get(city.toLowerCase())
    if (!timeZone) {
      return { status: 'error', error_message: `Sorry, I don't have timezone information for ${city}.` }
    }
    const time = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long', timeZone })
    return {
      status: 'success',
      report: `The current time in ${capitalize(city)} is ${time.format(new Date())}.`,
    }
  },
})

export const rootAgent = new LlmAgent({
  name: 'weather_time_agent',
  model: 'gemini-2.5-flash',
  // For people, and for other agents that might hand a question over to this one.
  description: 'Agent to answer questions about the time and weather in a city.',
  // For the model: what it should do, and how.
  instruction:
    'You are a helpful agent who can answer user questions about the time and weather in a city. ' +
    'Use the tools you have. If a tool reports an error, tell the user what it says.',
  tools: [getWeather, getCurrentTime],
})
