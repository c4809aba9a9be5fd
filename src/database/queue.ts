/** Lets one task at a time through, in order of arrival. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {})
    return result
  }
}

/** A queue per name. Names that nobody waits for take no memory. */
export class Queues {
  readonly #queues = new Map<string, { queue: Queue; size: number }>()

  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const entry = this.#queues.get(name) ?? { queue: new Queue(), size: 0 }
    this.#queues.set(name, entry)
    entry.size++
    try {
      return await entry.queue.run(task)
    } finally {
      if (--entry.size === 0) this.#queues.delete(name)
    }
  }
}
