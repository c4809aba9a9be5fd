/** How model answers reach the client. */
export const StreamingMode = { NONE: 'none', SSE: 'sse', BIDI: 'bidi' } as const
export type StreamingMode = (typeof StreamingMode)[keyof typeof StreamingMode]

/** Settings of one run. */
export interface RunConfig {
  /** `sse`: chunks of the model arrive as partial events. Default `none`. */
  streamingMode?: StreamingMode
  /** Most model calls of one run, over all its agents; 0 or less is no limit. Default 500. */
  maxLlmCalls?: number
  /** Store uploaded data as artifacts and leave a note in the message. Default false. */
  saveInputBlobsAsArtifacts?: boolean
  /** End the run at function calls instead of executing them; the client answers them. Default false. */
  pauseOnToolCalls?: boolean
}

export const DEFAULT_MAX_LLM_CALLS = 500
