// The text format of Prometheus, version 0.0.4, read strictly: whatever a scraper could stumble over throws.

interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

interface Family {
  type: string
  help: string
  samples: Sample[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{([^\n]*)\\})? (\\S+)$`)
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/
const SUFFIX = /_(?:bucket|sum|count)$/

export function parseMetrics(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  if (!text.endsWith('\n')) throw new Error('The last line should end')
  let current: [name: string, family: Family] | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', rest = ''] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line) ?? []
    if (kind === 'HELP') {
      if (families.has(name)) throw new Error(`${name} comes twice`)
      current = [name, { type: '', help: rest, samples: [] }]
      families.set(...current)
    } else if (kind === 'TYPE') {
      if (current?.[0] !== name || current[1].type) throw new Error(`TYPE of ${name} is out of place`)
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`${name} is a ${rest}`)
      current[1].type = rest
    } else {
      const sample = parseSample(line)
      const family = current?.[1].type === 'histogram' ? sample.name.replace(SUFFIX, '') : sample.name
      if (!current || family !== current[0]) throw new Error(`${line} is out of place`)
      current[1].samples.push(sample)
    }
  }
  for (const [name, family] of families) check(name, family)
  return families
}

function parseSample(line: string): Sample {
  const [, name = '', inside = '', number = ''] = SAMPLE.exec(line) ?? []
  if (!name || !NUMBER.test(number)) throw new Error(`Not a sample: ${line}`)
  const labels: Record<string, string> = {}
  for (let rest = inside; rest !== '';) {
    const [all = '', label = '', value = ''] = LABEL.exec(rest) ?? []
    if (!all || label in labels) throw new Error(`Not labels: ${line}`)
    labels[label] = value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
    rest = rest.slice(all.length)
  }
  return { name, labels, value: number.endsWith('Inf') ? Number(`${number}inity`) : Number(number) }
}

function check(name: string, { type, samples }: Family): void {
  const keys = samples.map((sample) => JSON.stringify([sample.name, sample.labels]))
  if (new Set(keys).size !== keys.length) throw new Error(`${name} has a series twice`)
  if (type === 'counter' && (!name.endsWith('_total') || samples.some(({ value }) => value < 0))) {
    throw new Error(`${name} is no good counter`)
  }
  if (type === 'histogram') checkHistogram(name, samples)
}

function checkHistogram(name: string, samples: Sample[]): void {
  const groups = new Map<string, Sample[]>()
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels
    const key = JSON.stringify(labels)
    groups.set(key, [...(groups.get(key) ?? []), sample])
  }
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace('+Inf', 'Infinity')))
    const counts = buckets.map(({ value }) => value)
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const isAscending = (list: number[], isNext: (a: number, b: number) => boolean) =>
      list.every((item, index) => index === 0 || isNext(list[index - 1] ?? 0, item))
    if (!isAscending(bounds, (a, b) => a < b) || bounds.at(-1) !== Infinity)
      throw new Error(`${name}: bounds`)
    if (!isAscending(counts, (a, b) => a <= b) || counts.at(-1) !== count) throw new Error(`${name}: counts`)
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name} has no sum`)
  }
}

/** The value of the only series with these labels; undefined where there is none. */
export function valueOf(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const family = parseMetrics(text).get(name) ?? parseMetrics(text).get(name.replace(SUFFIX, ''))
  const found = (family?.samples ?? []).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  if (found.length > 1) throw new Error(`${name} has ${found.length} series of ${JSON.stringify(labels)}`)
  return found[0]?.value
}
