// What makes one message a better match than another, for every engine.

/** The words of a text, in lower case: runs of letters and digits of any script. */
export function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
}

/** Those that share words with the query, best first. A word that few messages hold says more about them. */
export function rank<T extends { words: ReadonlySet<string> }>(
  messages: readonly T[],
  query: ReadonlySet<string>,
  total = messages.length,
): T[] {
  const weights = [...query].map((word) => {
    const holding = messages.filter(({ words }) => words.has(word)).length
    return { word, weight: holding === 0 ? 0 : Math.log(1 + total / holding) }
  })
  return messages
    .map((message) => ({
      message,
      score: weights.reduce((sum, { word, weight }) => sum + (message.words.has(word) ? weight : 0), 0),
    }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .map(({ message }) => message)
}
