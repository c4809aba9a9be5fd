import { getLogger, LlmAgent, LogLevel, setLogLevel } from 'adk-ts'

setLogLevel(LogLevel.WARN)
getLogger().info('This is below the level.')

export const rootAgent = new LlmAgent({
  name: 'quiet_agent',
  model: 'gemini-2.5-flash',
  afterModelCallback: ({ response }) => {
    getLogger().debug('answered', response.usageMetadata?.totalTokenCount, response.finishReason)
    return undefined
  },
})
