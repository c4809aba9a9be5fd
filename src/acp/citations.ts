// Where an answer has its facts from. Models count in bytes of UTF-8, the protocol in characters.
import type { Event } from '../core/event.js'
import type { AcpPart } from '../schema/acp.js'

interface Source {
  url?: string | undefined
  title?: string | undefined
}

interface Range extends Source {
  /** In bytes of the text. */
  start?: number | undefined
  end?: number | undefined
  description?: string | undefined
}

/** The citations of an event; `text` is what it says, `before` the characters of its message that come before. */
export function citationsOf(event: Event, text: string, before: number): AcpPart[] {
  const ranges = [...groundings(event), ...citations(event)]
  if (ranges.length === 0) return []
  const bytes = Buffer.from(text)
  const place = (offset: number | undefined) =>
    offset === undefined ? undefined : before + lengthOf(bytes.subarray(0, offset).toString())
  return ranges.map(({ url, title, start, end, description }) => {
    const [start_index, end_index] = end === undefined ? [] : [place(start ?? 0), place(end)]
    const metadata = { kind: 'citation' as const, url, title, description, start_index, end_index }
    return { content_type: 'text/plain', metadata }
  })
}

/** In characters, not in halves of them. */
export function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}

function* groundings({ groundingMetadata }: Event): Generator<Range> {
  const sources = groundingMetadata?.groundingChunks?.map(({ web, retrievedContext }): Source => {
    return { url: web?.uri ?? retrievedContext?.uri, title: web?.title ?? retrievedContext?.title }
  })
  const used = new Set<number>()
  for (const { segment, groundingChunkIndices } of groundingMetadata?.groundingSupports ?? []) {
    for (const index of groundingChunkIndices ?? []) {
      used.add(index)
      const range = { start: segment?.startIndex, end: segment?.endIndex, description: segment?.text }
      if (sources?.[index]) yield { ...sources[index], ...range }
    }
  }
  for (const [index, source] of sources?.entries() ?? []) if (!used.has(index)) yield source
}

function* citations({ citationMetadata }: Event): Generator<Range> {
  for (const { uri, title, startIndex, endIndex } of citationMetadata?.citations ?? []) {
    yield { url: uri, title, start: startIndex, end: endIndex }
  }
}
