import { AsyncLocalStorage } from 'node:async_hooks'
import { context, ROOT_CONTEXT, trace, type Context, type ContextManager } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { FunctionTool, LlmAgent } from 'adk-ts'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open } from '../runtime/conversation.js'
import { speakingAgent, WEATHER_TURN } from '../support/agents.js'
import { scriptedModel } from '../support/scripted-model.js'

/** What `@opentelemetry/context-async-hooks` does. */
class AsyncContexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>()
  active = () => this.#storage.getStore() ?? ROOT_CONTEXT
  with: ContextManager['with'] = (active, work, self, ...args) =>
    this.#storage.run(active, () => work.apply(self as ThisParameterType<typeof work>, args))
  bind: ContextManager['bind'] = (_active, target) => target
  enable = () => this
  disable = () => this
}

/** OpenTelemetry as a program sets it up that has runners of its own. */
function setUp(...processors: SpanProcessor[]): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter()
  const spanProcessors = [...processors, new SimpleSpanProcessor(exporter)]
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }))
  context.setGlobalContextManager(new AsyncContexts())
  onTestFinished(() => {
    trace.disable()
    context.disable()
  })
  return exporter
}

describe('a runner in a program that has set up OpenTelemetry', () => {
  it('sends its spans there, within what the program does', async () => {
    const exporter = setUp()
    const conversation = await open(speakingAgent(...WEATHER_TURN))
    const outer = trace.getTracer('program').startSpan('outer')
    await context.with(trace.setSpan(context.active(), outer), () => conversation.say('go'))
    outer.end()
    const spans = exporter.getFinishedSpans()
    expect(spans.map(({ name }) => name).sort()).toEqual([
      'call_llm',
      'call_llm',
      'execute_tool get_weather',
      'invocation',
      'invoke_agent weather',
      'outer',
    ])
    const invocation = spans.find(({ name }) => name === 'invocation')
    expect(invocation?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId)
    expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('Sunny')
  })

  it('is where the spans of a tool belong', async () => {
    const exporter = setUp()
    const tool = new FunctionTool({
      name: 'look_up',
      description: 'Looks it up.',
      execute: async () => {
        await Promise.resolve()
        trace.getTracer('tool').startSpan('query').end()
        return { found: 1 }
      },
    })
    const model = scriptedModel([{ call: 'look_up' }, 'done'])
    await (await open(new LlmAgent({ name: 'root', model, tools: [tool] }))).say('go')
    const spans = exporter.getFinishedSpans()
    const execution = spans.find(({ name }) => name === 'execute_tool look_up')
    const query = spans.find(({ name }) => name === 'query')
    expect(query?.parentSpanContext?.spanId).toBe(execution?.spanContext().spanId)
  })

  it('goes on when what the program has set up fails', async () => {
    const fail = () => {
      throw new Error('full disk')
    }
    setUp({
      onStart: fail,
      onEnd: fail,
      shutdown: async () => {},
      forceFlush: async () => {},
    })
    const conversation = await open(speakingAgent(...WEATHER_TURN))
    expect(await conversation.say('go')).toHaveLength(3)
  })
})

it('a runner in any other program has nothing to do with it', async () => {
  const exporter = setUp()
  trace.disable()
  await (await open(speakingAgent(...WEATHER_TURN))).say('go')
  expect(exporter.getFinishedSpans()).toEqual([])
})
