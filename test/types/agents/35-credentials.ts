import { AuthCredentialTypes, FunctionTool, LlmAgent, type AuthConfig, type Context } from 'adk-ts'

const authConfig: AuthConfig = {
  authScheme: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
  rawAuthCredential: { authType: AuthCredentialTypes.API_KEY },
  credentialKey: 'calendar',
}

const listEvents = new FunctionTool({
  name: 'list_events',
  description: 'Lists what is in the calendar.',
  execute: (_input, toolContext?: Context) => {
    const credential = toolContext?.getAuthResponse(authConfig)
    if (!credential) {
      toolContext?.requestCredential(authConfig)
      return { status: 'Needs a key.' }
    }
    return { events: [], key: credential.apiKey?.length }
  },
})

export const rootAgent = new LlmAgent({
  name: 'calendar_agent',
  model: 'gemini-2.5-flash',
  tools: [listEvents],
})
