import { Agent, FunctionTool } from 'adk-ts'
import { z } from 'zod'

const getWeather = new FunctionTool({
  name: 'get_weather',
  description: 'Returns the weather of a city.',
  parameters: z.object({
    city: z.string().describe('The name of the city.'),
    unit: z.enum(['celsius', 'fahrenheit']).default('celsius'),
  }),
  execute: ({ city, unit }) => {
    const degrees: number = unit === 'celsius' ? 25 : 77
    return { status: 'success', report: `Sunny in ${city.toUpperCase()}, ${degrees} degrees.` }
  },
})

export const rootAgent = new Agent({
  name: 'weather_agent',
  model: 'gemini-2.5-flash',
  instruction: 'Answer questions about the weather.',
  tools: [getWeather],
})
