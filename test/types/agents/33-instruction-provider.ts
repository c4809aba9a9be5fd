import { injectSessionState, LlmAgent, type InstructionProvider, type ReadonlyContext } from 'adk-ts'

const instruction: InstructionProvider = async (context: ReadonlyContext) => {
  const text = await injectSessionState('The topic is {topic?}.', context)
  const name = context.state.get<string>('user:name', 'friend')
  return `You are ${context.agentName}. Greet ${name}. ${text} Keep {braces} as they are.`
}

export const rootAgent = new LlmAgent({
  name: 'provided',
  model: 'gemini-2.5-flash',
  instruction,
  globalInstruction: (context) => `Session ${context.sessionId} of ${context.userId}.`,
})
