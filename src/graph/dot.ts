// An agent tree in the DOT language of Graphviz. The name of a node is the name of its agent or tool, because clients
// match it with the events they show.
import type { AgentNode, AgentType, ToolNode } from './agent-tree.js'

/** What an event is about: an edge and both of its ends, or one node. */
export interface Highlight {
  from: string
  to?: string
}

export interface DotOptions {
  dark: boolean
  highlights?: readonly Highlight[]
}

interface Colors {
  background: string
  node: string
  line: string
  text: string
  active: string
  activeLine: string
}

const DARK: Colors = {
  background: '#333537',
  node: '#4a4d50',
  line: '#cccccc',
  text: '#e8e8e8',
  active: '#0F5223',
  activeLine: '#69CB87',
}
const LIGHT: Colors = {
  background: '#ffffff',
  node: '#f1f3f4',
  line: '#80868b',
  text: '#202124',
  active: '#ceead6',
  activeLine: '#137333',
}

/** Agents that are drawn as a frame around those that they lead. */
const FRAMES: Partial<Record<AgentType, string>> = {
  sequential: 'Sequential Agent',
  parallel: 'Parallel Agent',
  loop: 'Loop Agent',
}

const SYMBOLS: Record<ToolNode['type'], string> = { tool: '🔧', toolset: '🧰', agent: '🤖' }

export function toDot(root: AgentNode, { dark, highlights = [] }: DotOptions): string {
  const drawing = new Drawing(dark ? DARK : LIGHT, highlights)
  drawing.addAgent(root, '  ')
  return [
    `digraph ${quote(root.name)} {`,
    `  graph [rankdir="LR", bgcolor=${quote(drawing.colors.background)}];`,
    ...drawing.nodes,
    ...drawing.edges,
    '}',
    '',
  ].join('\n')
}

class Drawing {
  readonly nodes: string[] = []
  readonly edges: string[] = []
  readonly #active: Set<string>
  readonly #activeEdges: Map<string, 'forward' | 'back'>
  readonly #drawn = new Set<string>()
  #frames = 0

  constructor(
    readonly colors: Colors,
    highlights: readonly Highlight[],
  ) {
    this.#active = new Set(highlights.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to])))
    // Edges lead from agents to tools; a response goes the other way.
    this.#activeEdges = new Map(
      highlights.flatMap(({ from, to = from }) => [
        [edgeKey(to, from), 'back'] as const,
        [edgeKey(from, to), 'forward'] as const,
      ]),
    )
  }

  /** The agent, its tools and everything below it. */
  addAgent(agent: AgentNode, indent: string): void {
    const frame = frameOf(agent)
    if (frame !== undefined) return this.#addFrame(agent, frame, indent)
    this.#addNode(agent.name, `🤖 ${agent.name}`, 'ellipse', indent)
    for (const tool of agent.tools) this.#addTool(agent.name, tool, indent)
    for (const child of agent.sub_agents) {
      this.addAgent(child, indent)
      for (const first of firstNodes(child)) this.#addEdge(agent.name, first)
    }
  }

  #addFrame(agent: AgentNode, kind: string, indent: string): void {
    const inner = `${indent}  `
    const { line, activeLine, text } = this.colors
    const title = `${agent.name} (${kind})`
    const color = this.#active.has(agent.name) ? activeLine : line
    // Of two frames with one name Graphviz would make one.
    const id = this.#drawn.has(title) ? `${title} ${++this.#frames}` : title
    this.#drawn.add(title)
    this.nodes.push(
      `${indent}subgraph ${quote(`cluster_${id}`)} {`,
      `${inner}label=${quoteLabel(title)}; style="rounded"; color=${quote(color)}; fontcolor=${quote(text)};`,
    )
    for (const child of agent.sub_agents) this.addAgent(child, inner)
    this.nodes.push(`${indent}}`)
    if (agent.type !== 'parallel') this.#connect(agent)
  }

  /** One after the other; a loop leads back to its beginning. */
  #connect({ type, sub_agents: steps }: AgentNode): void {
    for (const [index, step] of steps.entries()) {
      const next = steps[index + 1] ?? (type === 'loop' ? steps[0] : undefined)
      if (!next) return
      for (const last of lastNodes(step))
        for (const first of firstNodes(next)) this.#addEdge(last, first, 'normal')
    }
  }

  #addTool(agent: string, { name, type }: ToolNode, indent: string): void {
    this.#addNode(name, `${SYMBOLS[type]} ${name}`, type === 'agent' ? 'ellipse' : 'box', indent)
    this.#addEdge(agent, name)
  }

  /** Agents that share a tool share its node. */
  #addNode(name: string, label: string, shape: string, indent: string): void {
    const key = `node ${name}`
    if (this.#drawn.has(key)) return
    this.#drawn.add(key)
    const { active, activeLine, node, line, text } = this.colors
    const isActive = this.#active.has(name)
    const attributes = [
      `label=${quoteLabel(label)}`,
      `shape=${quote(shape)}`,
      'style="filled,rounded"',
      `fillcolor=${quote(isActive ? active : node)}`,
      `color=${quote(isActive ? activeLine : line)}`,
      `fontcolor=${quote(text)}`,
    ]
    this.nodes.push(`${indent}${quote(name)} [${attributes.join(', ')}];`)
  }

  #addEdge(from: string, to: string, arrow = 'none'): void {
    const direction = this.#activeEdges.get(edgeKey(from, to))
    const color = `color=${quote(direction ? this.colors.activeLine : this.colors.line)}`
    const head = direction === 'back' ? 'dir="back"' : `arrowhead=${quote(direction ? 'normal' : arrow)}`
    this.edges.push(`  ${quote(from)} -> ${quote(to)} [${color}, ${head}];`)
  }
}

const edgeKey = (from: string, to: string): string => JSON.stringify([from, to])

function frameOf(agent: AgentNode): string | undefined {
  return agent.sub_agents.length > 0 ? FRAMES[agent.type] : undefined
}

/** A frame is not a node: edges go to what is inside, where a parallel one begins and ends with everything. */
function firstNodes(agent: AgentNode): string[] {
  if (frameOf(agent) === undefined) return [agent.name]
  const steps = agent.type === 'parallel' ? agent.sub_agents : agent.sub_agents.slice(0, 1)
  return steps.flatMap(firstNodes)
}

function lastNodes(agent: AgentNode): string[] {
  if (frameOf(agent) === undefined) return [agent.name]
  const steps = agent.type === 'parallel' ? agent.sub_agents : agent.sub_agents.slice(-1)
  return steps.flatMap(lastNodes)
}

/** What neither DOT nor SVG can carry. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu

/** A DOT string. A backslash would begin an escape sequence, or take the quote after it along, so it is doubled. */
function quote(text: string): string {
  return `"${text.replace(UNFIT, ' ').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Labels also know the entities of HTML. */
const quoteLabel = (text: string): string => quote(text.replaceAll('&', '&amp;'))
