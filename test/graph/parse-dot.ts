// As much of a parser for DOT as it takes to know that Graphviz would read a drawing, and what it would read.

type Attributes = Record<string, string>

export interface ParsedDot {
  name: string
  graph: Attributes
  nodes: Map<string, Attributes>
  edges: { from: string; to: string; attributes: Attributes }[]
  /** By id: the names of the nodes inside, at any depth. */
  clusters: Map<string, { attributes: Attributes; nodes: string[] }>
}

type Token = { text: string; isString: boolean }

function tokensOf(dot: string): Token[] {
  const tokens: Token[] = []
  let rest = dot
  while ((rest = rest.trimStart()) !== '') {
    const [token, string] = /^"((?:[^"\\]|\\[^])*)"|^->|^[{}[\];,=]|^[\w.]+/.exec(rest) ?? []
    if (token === undefined) throw new Error(`DOT is broken at: ${rest.slice(0, 60)}`)
    tokens.push({ text: string ?? token, isString: string !== undefined })
    rest = rest.slice(token.length)
  }
  return tokens
}

/** What a DOT string stands for in a name. */
const unescaped = (text: string): string => text.replaceAll('\\"', '"').replaceAll('\\\\', '\\')

export function parseDot(dot: string): ParsedDot {
  const tokens = tokensOf(dot)
  const parsed: ParsedDot = { name: '', graph: {}, nodes: new Map(), edges: [], clusters: new Map() }
  const open: string[] = []
  let position = 0
  const peek = () => tokens[position]?.text
  const is = (text: string) => tokens[position]?.isString === false && peek() === text
  const take = (text: string) => {
    if (!is(text)) throw new Error(`DOT has ${JSON.stringify(peek())} instead of ${text}`)
    position++
  }
  const id = (): string => {
    const token = tokens[position++]
    if (!token || (!token.isString && !/^\w/.test(token.text))) throw new Error('DOT lacks a name')
    return token.isString ? unescaped(token.text) : token.text
  }
  const attribute = (): [string, string] => {
    const name = id()
    take('=')
    return [name, id()]
  }
  const attributes = (): Attributes => {
    const found: [string, string][] = []
    take('[')
    while (!is(']')) {
      found.push(attribute())
      if (!is(']')) take(',')
    }
    take(']')
    return Object.fromEntries(found)
  }
  const statement = () => {
    if (is('subgraph')) {
      take('subgraph')
      const cluster = id()
      if (parsed.clusters.has(cluster)) throw new Error(`DOT has two subgraphs "${cluster}"`)
      parsed.clusters.set(cluster, { attributes: {}, nodes: [] })
      open.push(cluster)
      block()
      open.pop()
      return
    }
    if (tokens[position + 1]?.text === '=') {
      const [name, value] = attribute()
      const cluster = parsed.clusters.get(open.at(-1) ?? '')
      ;(cluster?.attributes ?? parsed.graph)[name] = value
    } else if (is('graph')) {
      take('graph')
      Object.assign(parsed.graph, attributes())
    } else {
      const from = id()
      if (is('->')) {
        take('->')
        parsed.edges.push({ from, to: id(), attributes: attributes() })
      } else {
        if (parsed.nodes.has(from)) throw new Error(`DOT has two nodes "${from}"`)
        parsed.nodes.set(from, attributes())
        for (const cluster of open) parsed.clusters.get(cluster)?.nodes.push(from)
      }
    }
    take(';')
  }
  const block = () => {
    take('{')
    while (!is('}')) statement()
    take('}')
  }
  take('digraph')
  parsed.name = id()
  block()
  if (position !== tokens.length) throw new Error('DOT goes on after its end')
  for (const { from, to } of parsed.edges) {
    // Graphviz would make up a node, and draw it in its own colours.
    for (const end of [from, to]) if (!parsed.nodes.has(end)) throw new Error(`DOT has no node "${end}"`)
  }
  return parsed
}
