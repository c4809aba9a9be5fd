import { instance } from '@viz-js/viz'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AgentNode, AgentType, ToolNode } from '../../src/graph/agent-tree.js'
import { toDot, type DotOptions } from '../../src/graph/dot.js'
import { verifies } from '../contract/verifies.js'
import { parseDot } from './parse-dot.js'

const tool = (name: string, type: ToolNode['type'] = 'tool'): ToolNode => ({ name, type })
const agent = (
  name: string,
  type: AgentType = 'agent',
  sub_agents: AgentNode[] = [],
  tools: ToolNode[] = [],
): AgentNode => ({ name, type, description: '', tools, sub_agents })

const draw = (root: AgentNode, options: Partial<DotOptions> = {}) =>
  parseDot(toDot(root, { dark: true, ...options }))
const edgesOf = (root: AgentNode) => draw(root).edges.map(({ from, to }) => `${from} -> ${to}`)

const TEAM = agent(
  'team',
  'agent',
  [
    agent('weather', 'agent', [], [tool('get_weather'), tool('files', 'toolset')]),
    agent('review', 'loop', [agent('write'), agent('judge', 'agent', [], [tool('get_weather')])]),
    agent('both', 'parallel', [agent('left'), agent('steps', 'sequential', [agent('one'), agent('two')])]),
    agent('empty', 'sequential'),
    agent('own', 'custom'),
  ],
  [tool('helper', 'agent')],
)

describe('a drawing', () => {
  test('has one node for every agent and every tool, and frames for workflows', () => {
    const { name, nodes, clusters } = draw(TEAM)
    expect(name).toBe('team')
    expect([...nodes].map(([node, { label, shape }]) => [node, label, shape])).toEqual([
      ['team', '🤖 team', 'ellipse'],
      ['helper', '🤖 helper', 'ellipse'],
      ['weather', '🤖 weather', 'ellipse'],
      ['get_weather', '🔧 get_weather', 'box'],
      ['files', '🧰 files', 'box'],
      ['write', '🤖 write', 'ellipse'],
      ['judge', '🤖 judge', 'ellipse'],
      ['left', '🤖 left', 'ellipse'],
      ['one', '🤖 one', 'ellipse'],
      ['two', '🤖 two', 'ellipse'],
      ['empty', '🤖 empty', 'ellipse'],
      ['own', '🤖 own', 'ellipse'],
    ])
    expect(
      [...clusters].map(([id, { attributes, nodes: inside }]) => [id, attributes['label'], inside]),
    ).toEqual([
      ['cluster_review (Loop Agent)', 'review (Loop Agent)', ['write', 'judge']],
      ['cluster_both (Parallel Agent)', 'both (Parallel Agent)', ['left', 'one', 'two']],
      ['cluster_steps (Sequential Agent)', 'steps (Sequential Agent)', ['one', 'two']],
    ])
  })

  test('leads from agents to their tools, and through workflows', () => {
    expect(edgesOf(TEAM)).toEqual([
      'team -> helper',
      'weather -> get_weather',
      'weather -> files',
      'team -> weather',
      'judge -> get_weather',
      'write -> judge',
      'judge -> write',
      'team -> write',
      'one -> two',
      'team -> left',
      'team -> one',
      'team -> empty',
      'team -> own',
    ])
  })

  test('leads through everything that runs in parallel', () => {
    const both = (name: string, ...inside: string[]) =>
      agent(
        name,
        'parallel',
        inside.map((each) => agent(each)),
      )
    const root = agent('root', 'sequential', [agent('a'), both('b', 'b1', 'b2'), both('c', 'c1', 'c2')])
    expect(edgesOf(root)).toEqual(['a -> b1', 'a -> b2', 'b1 -> c1', 'b1 -> c2', 'b2 -> c1', 'b2 -> c2'])
  })

  test('has one node where an agent and a tool have one name', () => {
    const root = agent('a', 'agent', [agent('b', 'sequential', [agent('a')])], [tool('a'), tool('a')])
    expect([...draw(root).nodes.keys()]).toEqual(['a'])
  })

  test('has two frames where two workflows have one name', () => {
    const steps = () => agent('steps', 'sequential', [agent('one')])
    const root = agent('a', 'agent', [steps(), agent('b', 'agent', [steps()])])
    expect(draw(root).clusters.size).toBe(2)
  })

  verifies('graph.app', () => {
    for (const [dark, background] of [
      [true, '#333537'],
      [false, '#ffffff'],
    ] as const) {
      expect(draw(TEAM, { dark }).graph).toEqual({ rankdir: 'LR', bgcolor: background })
    }
  })
})

describe('what stands out', () => {
  const active = (highlights: DotOptions['highlights'] = []) => {
    const { nodes, edges, clusters } = draw(TEAM, { highlights })
    return {
      nodes: [...nodes].filter(([, { fillcolor }]) => fillcolor === '#0F5223').map(([name]) => name),
      edges: edges
        .filter(({ attributes: { color } }) => color === '#69CB87')
        .map(({ from, to, attributes: { dir = 'forward' } }) => `${from} -> ${to} ${dir}`),
      frames: [...clusters]
        .filter(([, { attributes }]) => attributes['color'] === '#69CB87')
        .map(([id]) => id),
    }
  }

  verifies('graph.event', 'nothing', () => {
    expect(active()).toEqual({ nodes: [], edges: [], frames: [] })
    expect(active([{ from: 'user' }])).toEqual({ nodes: [], edges: [], frames: [] })
  })

  verifies('graph.event', 'a call', () => {
    expect(active([{ from: 'weather', to: 'get_weather' }])).toEqual({
      nodes: ['weather', 'get_weather'],
      edges: ['weather -> get_weather forward'],
      frames: [],
    })
  })

  verifies('graph.event', 'a response', () => {
    expect(active([{ from: 'get_weather', to: 'weather' }])).toEqual({
      nodes: ['weather', 'get_weather'],
      edges: ['weather -> get_weather back'],
      frames: [],
    })
  })

  verifies('graph.event', 'a workflow', () => {
    expect(active([{ from: 'review' }])).toEqual({
      nodes: [],
      edges: [],
      frames: ['cluster_review (Loop Agent)'],
    })
  })
})

const HOSTILE = [
  'a"b',
  'a\\',
  'a\\"b',
  '\\N \\G \\l',
  'line\nbreak\r\n',
  'tab\tand\u0000nul\u0007',
  '<b>&amp;</b>',
  '<<TABLE>>',
  '&lt;script&gt; &#64; &',
  'a:b:c',
  'a -> b; c [label=x]',
  '{}[];,=',
  '# // /* comment',
  'digraph',
  'node',
  'Grüße 世界 🌍',
  '\u202eright to left',
  '\ud800 half',
  '"',
  '',
  '__proto__',
  'x'.repeat(3000),
]

const hostileTree = (name: string): AgentNode =>
  agent(
    name,
    'agent',
    [agent(`${name} steps`, 'loop', [agent(`${name} one`), agent(`${name} two`)])],
    [tool(`${name} tool`)],
  )

for (const name of HOSTILE) {
  verifies('graph.dot', JSON.stringify(name).slice(0, 60), () => {
    const { nodes, clusters, edges } = draw(hostileTree(name), { highlights: [{ from: name, to: name }] })
    expect(nodes.size).toBe(4)
    expect(clusters.size).toBe(1)
    expect(edges).toHaveLength(4)
  })
}

verifies('graph.dot', 'labels show names as they are', () => {
  const { nodes, clusters } = draw(agent('&lt;', 'agent', [agent('\\N "&"', 'loop', [agent('a')])]))
  // In labels Graphviz would read an entity as the character that it stands for.
  expect(nodes.get('&lt;')?.['label']).toBe('🤖 &amp;lt;')
  const [cluster] = clusters.values()
  expect(cluster?.attributes['label']).toBe('\\N "&amp;" (Loop Agent)')
})

verifies('graph.dot', 'any names', () => {
  const names = fc.array(fc.string({ unit: 'binary' }), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(names, ([root = '', child = '', last = '']) => {
      const tree = agent(root, 'agent', [agent(child, 'sequential', [agent(last)])], [tool(last)])
      expect(() => draw(tree)).not.toThrow()
    }),
  )
})

// Graphviz itself, as the dev UI has it.
const graphviz = await instance()

/** What Graphviz draws. It warns of characters whose width it does not know. */
function render(dot: string): string {
  const { output = '', errors } = graphviz.render(dot, { format: 'svg' })
  expect(errors.filter(({ level }) => level === 'error')).toEqual([])
  return output
}

describe('Graphviz', () => {
  for (const [what, root] of [
    ['a team', TEAM],
    ...HOSTILE.map((name) => [JSON.stringify(name).slice(0, 60), hostileTree(name)] as const),
  ] as const) {
    test(`draws ${what}`, () => {
      for (const dark of [true, false]) {
        const svg = render(toDot(root, { dark, highlights: [{ from: root.name }] }))
        expect(svg.match(/class="node"/g) ?? []).toHaveLength(draw(root).nodes.size)
      }
    })
  }

  test('calls nodes by the names that events carry', () => {
    const titles = [...render(toDot(TEAM, { dark: true })).matchAll(/class="node">\s*<title>(.*?)<\/title>/g)]
    expect(new Set(titles.map(([, title = '']) => title))).toEqual(new Set(draw(TEAM).nodes.keys()))
  })

  test('complains about what is no drawing', () => {
    const [complaint] = graphviz.render('digraph { a - }', { format: 'svg' }).errors
    expect(complaint).toMatchObject({ level: 'error', message: expect.stringContaining('syntax error') })
  })
})
