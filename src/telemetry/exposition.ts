// Numbers in the text format of Prometheus, version 0.0.4. Nothing here knows what is counted.

type Labels = Readonly<Record<string, string>>

/** Most series of one metric. What comes later is counted together, with `other` in the place of its labels. */
const MAX_SERIES = 500

abstract class Metric<Series> {
  readonly #series = new Map<string, { labels: Labels; series: Series }>()

  constructor(
    readonly name: string,
    private readonly help: string,
    private readonly type: 'counter' | 'gauge' | 'histogram',
  ) {}

  protected abstract create(): Series
  protected abstract lines(series: Series, labels: Labels): string[]

  protected of(labels: Labels): Series {
    const key = render(labels)
    const known = this.#series.get(key)
    if (known) return known.series
    if (this.#series.size >= MAX_SERIES) {
      const others = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']))
      return this.#series.get(render(others))?.series ?? this.#add(others)
    }
    return this.#add(labels)
  }

  #add(labels: Labels): Series {
    const series = this.create()
    this.#series.set(render(labels), { labels, series })
    return series
  }

  toText(): string {
    const lines = [...this.#series.values()].flatMap(({ series, labels }) => this.lines(series, labels))
    return [`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} ${this.type}`, ...lines, ''].join('\n')
  }
}

/** A number that only grows. */
export class Counter extends Metric<{ value: number }> {
  constructor(name: string, help: string) {
    super(name, help, 'counter')
  }

  add(labels: Labels, amount = 1): void {
    if (amount > 0) this.of(labels).value += amount
  }

  protected override create() {
    return { value: 0 }
  }

  protected override lines({ value }: { value: number }, labels: Labels): string[] {
    return [line(this.name, labels, value)]
  }
}

/** A number that goes up and down. */
export class Gauge extends Metric<{ value: number }> {
  constructor(name: string, help: string) {
    super(name, help, 'gauge')
  }

  add(labels: Labels, amount: number): void {
    this.of(labels).value += amount
  }

  set(labels: Labels, value: number): void {
    this.of(labels).value = value
  }

  protected override create() {
    return { value: 0 }
  }

  protected override lines({ value }: { value: number }, labels: Labels): string[] {
    return [line(this.name, labels, value)]
  }
}

interface Distribution {
  /** How many were in each bucket; the last one is for whatever is larger. */
  readonly counts: number[]
  sum: number
}

/** How many numbers were how large. */
export class Histogram extends Metric<Distribution> {
  constructor(
    name: string,
    help: string,
    /** Upper bounds, ascending. */
    private readonly bounds: readonly number[],
  ) {
    super(name, help, 'histogram')
  }

  observe(labels: Labels, value: number): void {
    const distribution = this.of(labels)
    const index = this.bounds.findIndex((bound) => value <= bound)
    const bucket = index === -1 ? this.bounds.length : index
    distribution.counts[bucket] = (distribution.counts[bucket] ?? 0) + 1
    distribution.sum += value
  }

  protected override create() {
    return { counts: Array.from({ length: this.bounds.length + 1 }, () => 0), sum: 0 }
  }

  protected override lines({ counts, sum }: Distribution, labels: Labels): string[] {
    let total = 0
    const buckets = counts.map((count, index) => {
      total += count
      return line(`${this.name}_bucket`, { ...labels, le: number(this.bounds[index] ?? Infinity) }, total)
    })
    return [...buckets, line(`${this.name}_sum`, labels, sum), line(`${this.name}_count`, labels, total)]
  }
}

const line = (name: string, labels: Labels, value: number): string =>
  `${name}${render(labels)} ${number(value)}`

function number(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

function render(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

const escape = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
