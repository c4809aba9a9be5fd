import type { Session } from '../core/session.js'
import { ATTRIBUTE, type Span, type Tracer } from '../core/trace.js'
import type { RunRequest } from './runner-config.js'

/** The span of one turn. */
export function startInvocation(
  tracer: Tracer,
  { appName, userId, id }: Session,
  { span, traceOrigin, invocationId }: RunRequest,
): Span {
  const name = 'invocation'
  const attributes = {
    [ATTRIBUTE.appName]: appName,
    [ATTRIBUTE.userId]: userId,
    [ATTRIBUTE.conversation]: id,
    [ATTRIBUTE.sessionId]: id,
    [ATTRIBUTE.invocationId]: invocationId,
  }
  return span ? span.start(name, attributes) : tracer.start(name, attributes, traceOrigin)
}

/** What an abort brings about is no failure. */
export function endInvocation(span: Span, { abortSignal }: RunRequest, error?: unknown): void {
  if (abortSignal?.aborted) return leaveInvocation(span)
  span.set({ [ATTRIBUTE.runStatus]: error === undefined ? 'completed' : 'failed' })
  span.end({ error })
}

/** Nobody reads the events any more. An end that was noted before counts. */
export function leaveInvocation(span: Span): void {
  span.set({ [ATTRIBUTE.runStatus]: 'cancelled' })
  span.end()
}
