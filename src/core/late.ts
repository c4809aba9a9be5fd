interface Closable {
  close(): Promise<void>
}

/** What is opened when it is first needed. A failure is for whoever needed it; the next one tries again. */
export class Late<T extends Closable> {
  #opening: Promise<T> | undefined

  constructor(private readonly open: () => Promise<T>) {}

  async get(): Promise<T> {
    this.#opening ??= this.open()
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  /** Does nothing where nothing was opened. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined)
    await opened?.close()
  }
}
