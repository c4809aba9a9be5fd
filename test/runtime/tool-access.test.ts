import {
  AgentTool,
  App,
  BasePlugin,
  BaseTool,
  BaseToolset,
  BuiltInCodeExecutor,
  CODE_EXECUTION,
  FunctionTool,
  GOOGLE_SEARCH,
  LlmAgent,
  LOAD_MEMORY,
  LongRunningFunctionTool,
  ParallelAgent,
  SequentialAgent,
  type LlmAgentConfig,
  type ToolUnion,
} from 'adk-ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { declareTool } from '../../src/core/tool.js'
import { scriptedModel, type ScriptedModel, type Turn } from '../support/scripted-model.js'
import {
  answerTo,
  ask,
  Conversation,
  expectUsable,
  idOf,
  open,
  outline,
  responsesOf,
} from './conversation.js'

const AFTER = 'still here'
const ASK = 'adk_request_confirmation'

class Tools extends BaseToolset {
  asked = 0

  constructor(private readonly tools: BaseTool[]) {
    super()
  }

  override async getTools() {
    this.asked++
    return this.tools
  }
}

/** A tool that remembers its calls. */
function tool(name: string) {
  const calls: unknown[] = []
  const made = new FunctionTool({
    name,
    description: `Does ${name}.`,
    parameters: z.looseObject({}),
    execute: (args) => {
      calls.push(args)
      return { done: name }
    },
  })
  return Object.assign(made, { calls })
}

const llmAgent = (model: ScriptedModel, tools: ToolUnion[], config: Partial<LlmAgentConfig> = {}) =>
  new LlmAgent({ name: 'root', model, tools, ...config })

/** What the model was told it can do in its last request: functions by name, else the kind of tool. */
function offered({ last }: ScriptedModel): string[] {
  return (last.request.config?.tools ?? []).flatMap((entry) =>
    'functionDeclarations' in entry
      ? (entry.functionDeclarations ?? []).map(({ name = '' }) => name)
      : Object.keys(entry),
  )
}

const notAllowed = (name: string, ...others: string[]) => {
  const available = others.length > 0 ? `Available tools: ${others.join(', ')}.` : 'There are no tools.'
  return { error: `Tool '${name}' is not allowed by the tool access of this app. ${available}` }
}

const only = (...names: string[]) => ({ allowedTools: new Set(names) })

describe('tools that are not allowed', () => {
  it('are not offered, and all are where nothing is said', async () => {
    const model = scriptedModel([], AFTER)
    const agent = llmAgent(model, [tool('a'), tool('b'), GOOGLE_SEARCH, CODE_EXECUTION])
    await ask(agent)
    expect(offered(model)).toEqual(['a', 'b', 'googleSearch', 'codeExecution'])
    await ask(agent, 'hi', only('b', 'google_search'))
    expect(offered(model)).toEqual(['b', 'googleSearch'])
    await ask(agent, 'hi', only())
    expect(offered(model)).toEqual([])
  })

  it('are answered with an error when a model calls them anyway, and do not run', async () => {
    const [a, b] = [tool('a'), tool('b')]
    const model = scriptedModel([[{ call: 'a' }, { call: 'b' }]], AFTER)
    const conversation = await open(llmAgent(model, [a, b]), only('b'))
    const events = await conversation.say('go')
    expect(outline(events)).toEqual(['root: call a + call b', 'root: answer a + answer b', `root: ${AFTER}`])
    expect(responsesOf(events)).toEqual([notAllowed('a', 'b'), { done: 'b' }])
    expect([a.calls.length, b.calls.length]).toEqual([0, 1])
    await expectUsable(conversation, model)
  })

  it('are told apart from tools that do not exist where everything is allowed', async () => {
    const events = await ask(llmAgent(scriptedModel([{ call: 'nope' }], AFTER), [tool('a')]))
    expect(responsesOf(events)).toEqual([{ error: "Tool 'nope' not found. Available tools: a." }])
  })

  it('with none allowed the model is told so', async () => {
    const events = await ask(llmAgent(scriptedModel([{ call: 'a' }], AFTER), [tool('a')]), 'go', only())
    expect(responsesOf(events)).toEqual([notAllowed('a')])
  })

  it('do not wait for an answer when they are long-running', async () => {
    const slow = new LongRunningFunctionTool({ name: 'slow', description: '', execute: () => null })
    const events = await ask(llmAgent(scriptedModel([{ call: 'slow' }], AFTER), [slow]), 'go', only())
    expect(events.flatMap(({ longRunningToolIds = [] }) => longRunningToolIds)).toEqual([])
    expect(responsesOf(events)).toEqual([notAllowed('slow')])
  })

  it('do not touch the request in other ways', async () => {
    const model = scriptedModel([], AFTER)
    const agent = llmAgent(model, [LOAD_MEMORY], { codeExecutor: new BuiltInCodeExecutor() })
    await ask(agent, 'hi', only('code_execution'))
    expect(offered(model)).toEqual(['codeExecution'])
    await ask(agent, 'hi', only('load_memory'))
    expect(offered(model)).toEqual(['load_memory'])
  })

  it('do not run either when a person has confirmed the call before the policy changed', async () => {
    const work = tool('work')
    work.checkRequireConfirmation = async () => true
    const before = await open(llmAgent(scriptedModel([{ call: 'work' }]), [work]))
    const id = idOf(await before.say('go'), ASK)
    const agent = llmAgent(scriptedModel([], AFTER), [work])
    const after = new Conversation(agent, { sessionService: before.sessions, ...only() })
    const events = await after.say(answerTo(id, ASK, { confirmed: true }))
    expect(responsesOf(events)).toEqual([notAllowed('work')])
    expect(work.calls).toHaveLength(0)
  })
})

describe('a policy applies to', () => {
  it('toolsets, which are not even asked when nothing is allowed', async () => {
    const model = scriptedModel([{ call: 'x' }], AFTER)
    const tools = new Tools([tool('x'), tool('y')])
    expect(responsesOf(await ask(llmAgent(model, [tools]), 'go', only('y')))).toEqual([notAllowed('x', 'y')])
    expect(offered(model)).toEqual(['y'])
    expect(tools.asked).toBe(2)
    await ask(llmAgent(model, [tools]), 'go', only())
    expect(tools.asked).toBe(2)
  })

  const workers = {
    'one in a row': (inner: LlmAgent) => new SequentialAgent({ name: 'outer', subAgents: [inner] }),
    'one beside others': (inner: LlmAgent) => new ParallelAgent({ name: 'outer', subAgents: [inner] }),
    'one that was handed over to': (inner: LlmAgent) =>
      llmAgent(scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'inner' } }]), [], {
        subAgents: [inner],
      }),
  }
  it.each(Object.entries(workers))('agents below: %s', async (_, outer) => {
    const work = tool('work')
    const model = scriptedModel([{ call: 'work' }], AFTER)
    const inner = llmAgent(model, [work], { name: 'inner', disallowTransferToParent: true })
    const answers = responsesOf(await ask(outer(inner), 'go', only()))
    expect(answers.at(-1)).toEqual(notAllowed('work'))
    expect(work.calls).toHaveLength(0)
  })

  it('agents that are used as tools, by their names, and what they do', async () => {
    const work = tool('work')
    const innerModel = scriptedModel([{ call: 'work' }], 'inner is done')
    const answersWith = async (...names: string[]) => {
      const inner = llmAgent(innerModel, [work], { name: 'inner' })
      const model = scriptedModel([{ call: 'inner', args: { request: 'help' } }], AFTER)
      return responsesOf(await ask(llmAgent(model, [new AgentTool({ agent: inner })]), 'go', only(...names)))
    }
    expect(await answersWith()).toEqual([notAllowed('inner')])
    expect(innerModel.calls).toHaveLength(0)
    expect(await answersWith('inner')).toEqual([{ result: 'inner is done' }])
    expect(offered(innerModel)).toEqual([])
    expect(work.calls).toHaveLength(0)
  })

  it('tools that other tools, plugins and callbacks bring in', async () => {
    const hidden = tool('hidden')
    class Smuggler extends BaseTool {
      override async runAsync() {
        return {}
      }
      override async processLlmRequest({ llmRequest }: Parameters<BaseTool['processLlmRequest']>[0]) {
        declareTool(llmRequest, hidden)
      }
    }
    class Plugin extends BasePlugin {
      override beforeToolSelection() {
        return { hidden }
      }
    }
    const smuggler = new Smuggler({ name: 'smuggler', description: '' })
    const call: Turn[] = [{ call: 'hidden' }]
    const model = scriptedModel(call, AFTER)
    expect(responsesOf(await ask(llmAgent(model, [smuggler]), 'go', only('smuggler')))).toEqual([
      notAllowed('hidden'),
    ])
    expect(offered(model)).toEqual([])
    const byPlugin = new App({
      name: 'app',
      rootAgent: llmAgent(scriptedModel(call, AFTER), []),
      plugins: [new Plugin('p')],
    })
    const byCallback = llmAgent(scriptedModel(call, AFTER), [], {
      beforeModelCallback: ({ request }) => declareTool(request, hidden),
    })
    for (const root of [byPlugin, byCallback]) {
      expect(responsesOf(await ask(root, 'go', only()))).toEqual([notAllowed('hidden')])
    }
    expect(hidden.calls).toHaveLength(0)
  })
})

describe('what agents need to work stays', () => {
  it('handing over', async () => {
    const model = scriptedModel([{ call: 'transfer_to_agent', args: { agentName: 'inner' } }])
    const inner = llmAgent(scriptedModel(['at your service']), [], { name: 'inner' })
    const events = await ask(llmAgent(model, [tool('a')], { subAgents: [inner] }), 'go', only())
    expect(offered(model)).toEqual(['transfer_to_agent'])
    expect(outline(events).at(-1)).toBe('inner: at your service')
  })

  it('the final answer in a form', async () => {
    const model = scriptedModel([{ call: 'set_model_response', args: { n: 1 } }])
    const agent = llmAgent(model, [tool('a')], { outputSchema: z.object({ n: z.number() }) })
    expect(outline(await ask(agent, 'go', only()))).toEqual(['root: {"n":1}'])
    expect(offered(model)).toEqual(['set_model_response'])
  })

  it('but a tool of the author is not one of them for its name', async () => {
    const own = tool('transfer_to_agent')
    const events = await ask(llmAgent(scriptedModel([{ call: own.name }], AFTER), [own]), 'go', only())
    expect(responsesOf(events)).toEqual([notAllowed(own.name)])
    expect(own.calls).toHaveLength(0)
  })
})
