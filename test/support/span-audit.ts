import type { RecordedSpan, SpanReader } from '../../src/telemetry/tracer.js'

/** Watches spans: which began, which ended, and how often. */
export class SpanAudit implements SpanReader {
  readonly started: RecordedSpan[] = []
  readonly ended: RecordedSpan[] = []

  onStart(span: RecordedSpan): void {
    this.started.push(span)
  }

  onEnd(span: RecordedSpan): void {
    this.ended.push(span)
  }

  /** What is wrong with the spans so far, one sentence each. */
  problems(): string[] {
    return this.started.flatMap((span) => {
      const ends = this.ended.filter((ended) => ended === span).length
      const parent = span.parent
      const isWithin =
        !parent || (parent.startTime <= span.startTime && (parent.endTime ?? 0) >= (span.endTime ?? 0))
      return [
        ...(ends === 1 ? [] : [`"${span.name}" ended ${ends} times`]),
        ...(isWithin ? [] : [`"${span.name}" is not within "${parent.name}"`]),
        ...(Object.values(span.attributes).includes(null as never) ? [`"${span.name}" says null`] : []),
      ]
    })
  }

  /** The spans as a tree: children are indented, in order of their beginning. */
  tree(parent?: RecordedSpan, indent = ''): string[] {
    return this.started
      .filter((span) => span.parent === parent)
      .flatMap((span) => [`${indent}${span.name}`, ...this.tree(span, `${indent}  `)])
  }

  named(name: string): RecordedSpan {
    const [span, ...others] = this.started.filter((candidate) => candidate.name === name)
    if (!span || others.length > 0) throw new Error(`There should be one span "${name}"`)
    return span
  }
}
