import { describe, expect, test } from 'vitest'
import { AgentTool } from '../../src/agents/agent-tool.js'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { LoopAgent, ParallelAgent, SequentialAgent } from '../../src/agents/workflow.js'
import { BaseToolset, type BaseTool } from '../../src/core/tool.js'
import { agentTree, groupsOf, nodeAt } from '../../src/graph/agent-tree.js'
import { FunctionTool } from '../../src/tools/function-tool.js'
import { WorkingAgent } from '../support/agents.js'
import { scriptedModel } from '../support/scripted-model.js'

const leaf = (name: string) => new LlmAgent({ name })

class Drawer extends BaseToolset {
  override async getTools(): Promise<BaseTool[]> {
    throw new Error('must not be asked')
  }
}

const team = () =>
  new LlmAgent({
    name: 'team',
    description: 'Does it all.',
    model: 'gemini-2.5-flash',
    tools: [
      new FunctionTool({ name: 'add', description: 'Adds.', execute: () => 3 }),
      new AgentTool({ agent: new LlmAgent({ name: 'helper' }) }),
      new Drawer(),
      new Drawer([], 'files'),
    ],
    subAgents: [
      new SequentialAgent({ name: 'steps', subAgents: [leaf('one'), leaf('two')] }),
      new ParallelAgent({ name: 'both', subAgents: [leaf('left')] }),
      new LoopAgent({ name: 'again', subAgents: [new LlmAgent({ name: 'own', model: scriptedModel([]) })] }),
      new WorkingAgent(async function* () {}, 'custom'),
    ],
  })

test('a tree tells what every agent is', () => {
  const { sub_agents, ...root } = agentTree(team())
  expect(root).toEqual({
    name: 'team',
    type: 'agent',
    description: 'Does it all.',
    model: 'gemini-2.5-flash',
    tools: [
      { name: 'add', type: 'tool' },
      { name: 'helper', type: 'agent' },
      { name: 'Drawer', type: 'toolset' },
      { name: 'files', type: 'toolset' },
    ],
  })
  expect(sub_agents.map(({ name, type }) => [name, type])).toEqual([
    ['steps', 'sequential'],
    ['both', 'parallel'],
    ['again', 'loop'],
    ['custom', 'custom'],
  ])
  expect(sub_agents[0]?.sub_agents[0]).toMatchObject({ name: 'one', model: 'gemini-2.5-flash' })
})

test('groups are the agents that have others below them', () => {
  const groups = [...groupsOf(agentTree(team()))]
  expect(groups.map(([path, { name }]) => [path, name])).toEqual([
    ['', 'team'],
    ['steps', 'steps'],
    ['both', 'both'],
    ['again', 'again'],
  ])
  expect([...groupsOf(agentTree(leaf('alone')))].map(([path]) => path)).toEqual([''])
})

describe('the node at a path', () => {
  const cases: [path: string[], name: string | undefined][] = [
    [[], 'team'],
    [['team'], 'team'],
    [['steps'], 'steps'],
    [['team', 'steps', 'two'], 'two'],
    [['steps', 'two'], 'two'],
    [['two'], undefined],
    [['steps', 'steps'], undefined],
    [['team', 'team'], undefined],
    [['__proto__'], undefined],
  ]
  for (const [path, name] of cases) {
    test(path.join('/') || 'none', () => {
      expect(nodeAt(agentTree(team()), path)?.name).toBe(name)
    })
  }
})
