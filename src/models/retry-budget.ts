/** Repetitions that are possible at any time, for a model that has had none lately. */
const RESERVE = 10
/** What one call earns, and what one second does. */
const PER_CALL = 0.1
const PER_SECOND = 1

/**
 * Keeps the repetitions of a model's calls to a tenth of the calls and one per second. Each call for itself may be
 * repeated; all of them together would keep down a model that is overloaded, and use up the quota of the calls that
 * could succeed.
 */
export class RetryBudget {
  #left = RESERVE
  #countedAt = performance.now()

  /** A new call is made. */
  earn(): void {
    this.#left = Math.min(RESERVE, this.#left + PER_CALL)
  }

  /** Whether a call may be repeated. */
  spend(): boolean {
    const now = performance.now()
    this.#left = Math.min(RESERVE, this.#left + ((now - this.#countedAt) / 1000) * PER_SECOND)
    this.#countedAt = now
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
