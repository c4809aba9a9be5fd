interface Arrival<T> {
  stream: AsyncGenerator<T, void>
  result: Promise<IteratorResult<T, void>>
}

/**
 * Yields the values of several streams in the order in which they come. A stream goes on only once its last value was
 * taken, so the consumer sets the pace. When one fails, or the consumer leaves, all are closed.
 */
export async function* mergeStreams<T>(streams: AsyncGenerator<T, void>[]): AsyncGenerator<T, void> {
  const arrived: Arrival<T>[] = []
  let wake = () => {}
  const advance = (stream: AsyncGenerator<T, void>) => {
    const result = stream.next()
    const arrive = () => {
      arrived.push({ stream, result })
      wake()
    }
    result.then(arrive, arrive)
  }
  const open = new Set(streams)
  try {
    for (const stream of streams) advance(stream)
    while (open.size > 0) {
      if (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      const next = arrived.shift()
      if (!next) continue
      const { done, value } = await next.result
      if (done) {
        open.delete(next.stream)
        continue
      }
      yield value
      advance(next.stream)
    }
  } finally {
    // Those still at work close when they next come up for air; nobody waits for them, or hears what they say.
    for (const stream of open) stream.return().catch(() => {})
  }
}
