export interface AcpOptions {
  /** How long runs and sessions are kept after their end, and a run waits for an answer, in milliseconds. */
  keepMs: number
  /** Whether who starts a run may also confirm its tools. */
  confirmations: boolean
}
