import { askCallbacks, isResponse, nameType } from '../core/callback.js'
import { publicMessage } from '../core/errors.js'
import type { InvocationContext } from '../core/invocation-context.js'
import type { BaseLlm, LlmResponse } from '../core/model.js'
import { ModelError } from '../models/model-error.js'
import type { LlmAgent } from './llm-agent.js'
import type { ModelCall } from './model-event.js'
import { offerOnly } from './offered-tools.js'
import { ModelSpan } from './spans.js'

/** What the model answers, or what callbacks answer in its place. */
export async function* respond(
  agent: LlmAgent,
  context: InvocationContext,
  call: ModelCall,
): AsyncGenerator<LlmResponse, void> {
  await selectTools(context, call)
  const early = await askBeforeModel(agent, context, call)
  if (early) {
    yield early
    return
  }
  for await (const response of callModel(agent, context, call)) {
    yield (await askAfterModel(agent, context, call, response)) ?? response
  }
}

/** Lets plugins withhold tools from the model. */
async function selectTools(context: InvocationContext, { request, modelContext }: ModelCall): Promise<void> {
  const tools = await context.pluginManager.ask('beforeToolSelection', {
    callbackContext: modelContext,
    tools: request.toolsDict,
  })
  if (tools) offerOnly(request, tools)
}

async function askBeforeModel(
  agent: LlmAgent,
  context: InvocationContext,
  { request, modelContext }: ModelCall,
): Promise<LlmResponse | undefined> {
  const hook = 'beforeModelCallback'
  const params = { callbackContext: modelContext, llmRequest: request }
  return (
    (await context.pluginManager.ask(hook, params)) ??
    askCallbacks(agent[hook], { context: modelContext, request }, { hook, agent, kind: 'response' })
  )
}

async function askAfterModel(
  agent: LlmAgent,
  context: InvocationContext,
  { modelContext }: ModelCall,
  response: LlmResponse,
): Promise<LlmResponse | undefined> {
  const hook = 'afterModelCallback'
  const params = { callbackContext: modelContext, llmResponse: response }
  const replaced =
    (await context.pluginManager.ask(hook, params)) ??
    (await askCallbacks(agent[hook], { context: modelContext, response }, { hook, agent, kind: 'response' }))
  return replaced && withEnvelope(replaced, response)
}

/** A replaced chunk is still a chunk: what a callback forgot to copy is kept. */
function withEnvelope(
  replaced: LlmResponse,
  { partial, turnComplete, usageMetadata }: LlmResponse,
): LlmResponse {
  return {
    ...(partial !== undefined && { partial }),
    ...(turnComplete !== undefined && { turnComplete }),
    ...(usageMetadata && { usageMetadata }),
    ...replaced,
  }
}

async function* callModel(
  agent: LlmAgent,
  context: InvocationContext,
  call: ModelCall,
): AsyncGenerator<LlmResponse, void> {
  const { request, modelContext } = call
  context.incrementLlmCallCount()
  let span: ModelSpan | undefined
  try {
    const model = context.resolveModel(agent.inheritedModel)
    request.model ??= model.model
    const streaming = context.runConfig.streamingMode === 'sse'
    span = new ModelSpan(context, call, model)
    yield* wholeAnswer(model, model.generateContentAsync(request, streaming, context.abortSignal), span)
  } catch (error) {
    if (context.abortSignal.aborted) throw error
    span?.end(error)
    const failure = error instanceof Error ? error : new Error(publicMessage(error))
    const params = { callbackContext: modelContext, llmRequest: request, error: failure }
    const recovered = await context.pluginManager.ask('onModelErrorCallback', params)
    if (!recovered) throw failure
    yield recovered
  } finally {
    span?.end()
  }
}

/** Passes an answer on. One that says nothing, or stops after a chunk, would end the run in silence. */
async function* wholeAnswer(
  { model }: BaseLlm,
  responses: AsyncIterable<LlmResponse>,
  span: ModelSpan,
): AsyncGenerator<LlmResponse, void> {
  let said: 'nothing' | 'chunks' | 'all' = 'nothing'
  for await (const response of responses) {
    if (!isResponse(response)) {
      throw new TypeError(`The model "${model}" yielded ${nameType(response)}, which is not an LlmResponse`)
    }
    span.receive(response)
    yield response
    if (response.content?.parts?.length || response.errorCode) {
      if (!response.partial) said = 'all'
      else if (said === 'nothing') said = 'chunks'
    }
  }
  if (said === 'nothing') throw new ModelError('EMPTY_RESPONSE', `The model "${model}" returned no answer`)
  if (said === 'chunks') {
    throw new ModelError('INCOMPLETE_RESPONSE', `The model "${model}" stopped in the middle of its answer`)
  }
}
