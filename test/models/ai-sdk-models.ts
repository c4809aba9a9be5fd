// Language models of the AI SDK, made by hand.
import type { AiSdkModel, CallOptions, GenerateResult, PlainData } from '../../src/models/ai-sdk/spec.js'

// Tests look into options as they expect them to be.
// oxlint-disable-next-line typescript/no-explicit-any
type Options = CallOptions<PlainData> & { prompt: any[] }

export interface HandMade extends AiSdkModel {
  /** What each call was given. */
  calls: Options[]
  /** Why the stream was cancelled, once it was. */
  cancelled: Promise<unknown>
}

export interface Answers {
  version?: 'v2' | 'v3' | 'v4'
  /** What `doGenerate` returns or throws. */
  answer?: Partial<GenerateResult> | Error
  /** What `doStream` streams; an `Error` breaks the stream, `'hang'` leaves it open. */
  parts?: (object | Error | 'hang')[]
}

export const NO_USAGE = { inputTokens: {}, outputTokens: {} }
export const STOP = { unified: 'stop', raw: 'stop' }
export const FINISH = { type: 'finish', finishReason: STOP, usage: NO_USAGE }

export function handMade({ version = 'v3', answer = {}, parts = [] }: Answers = {}): HandMade {
  const calls: Options[] = []
  let cancel: (reason: unknown) => void = () => {}
  const cancelled = new Promise<unknown>((resolve) => (cancel = resolve))
  return {
    specificationVersion: version,
    provider: 'hand.made',
    modelId: 'by-hand-1',
    calls,
    cancelled,
    async doGenerate(options) {
      calls.push(options as Options) // the only kind that is ever passed
      if (answer instanceof Error) throw answer
      return { content: [], finishReason: STOP, usage: NO_USAGE, ...answer }
    },
    async doStream(options) {
      calls.push(options as Options) // likewise
      return { stream: streamOf(parts, cancel) }
    },
  }
}

function streamOf(parts: readonly (object | Error | 'hang')[], cancel: (reason: unknown) => void) {
  const rest = [...parts]
  return new ReadableStream<{ type: string }>({
    pull(controller) {
      const part = rest.shift()
      if (part === 'hang') return new Promise<void>(() => {})
      if (part instanceof Error) controller.error(part)
      else if (part) controller.enqueue(part as { type: string })
      else controller.close()
      return undefined
    },
    cancel,
  })
}
