import { FunctionTool, LlmAgent } from 'adk-ts'
import { z } from 'zod'

const getWeather = new FunctionTool({
  name: 'get_weather',
  description: 'Tells the current weather in a city.',
  parameters: z.object({ city: z.string().describe('Name of the city.') }),
  execute: ({ city }) => ({ status: 'success', report: `It is sunny in ${city}.` }),
})

export const rootAgent = new LlmAgent({
  name: 'bench_agent',
  model: 'gemini-2.5-flash',
  description: 'Answers questions about the weather.',
  instruction: 'Answer briefly. Use the tool for questions about the weather.',
  tools: [getWeather],
})
