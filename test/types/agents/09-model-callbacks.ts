import {
  LlmAgent,
  type Context,
  type LlmRequest,
  type LlmResponse,
  type SingleAfterModelCallback,
} from 'adk-ts'

async function guard({
  context,
  request,
}: {
  context: Context
  request: LlmRequest
}): Promise<LlmResponse | undefined> {
  const last = request.contents.at(-1)?.parts?.[0]?.text ?? ''
  request.config ??= {}
  request.config.systemInstruction = `[checked] ${JSON.stringify(request.config.systemInstruction ?? '')}`
  if (!last.includes('BLOCK')) return undefined
  return { content: { role: 'model', parts: [{ text: `${context.agentName} does not answer that.` }] } }
}

const replaceJoke: SingleAfterModelCallback = ({ response }) => {
  const part = response.content?.parts?.[0]
  if (!part?.text) return undefined
  return {
    ...response,
    content: { role: 'model', parts: [{ ...part, text: part.text.replaceAll('joke', 'funny story') }] },
  }
}

export const rootAgent = new LlmAgent({
  name: 'guarded_agent',
  model: 'gemini-2.5-flash',
  beforeModelCallback: guard,
  afterModelCallback: [replaceJoke],
})
