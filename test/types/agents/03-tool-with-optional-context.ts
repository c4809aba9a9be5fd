import { FunctionTool, LlmAgent, type Context } from 'adk-ts'
import { z } from 'zod'

const parameters = z.object({ preference: z.string(), value: z.string() })

async function updatePreference(
  { preference, value }: z.infer<typeof parameters>,
  toolContext?: Context,
): Promise<{ status: string }> {
  if (!toolContext) return { status: 'error' }
  const preferences = toolContext.state.get<Record<string, string>>('user:preferences', {}) ?? {}
  preferences[preference] = value
  toolContext.state.set('user:preferences', preferences)
  return { status: `updated in call ${toolContext.functionCallId}` }
}

export const rootAgent = new LlmAgent({
  name: 'preferences_agent',
  model: 'gemini-2.5-flash',
  tools: [
    new FunctionTool({
      name: 'update_preference',
      description: 'Remembers what the user likes.',
      parameters,
      execute: updatePreference,
    }),
  ],
})
