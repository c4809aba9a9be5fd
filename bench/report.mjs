// Turns samples into figures: medians per server, geometric mean of the ratios per slice, and the verdict.
import { cpus, release, totalmem, type } from 'node:os'

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
const geometricMean = (numbers) =>
  Math.exp(numbers.reduce((total, number) => total + Math.log(number), 0) / numbers.length)

function verdict(budget, median, ratio) {
  const figure = budget?.times ? ratio : median
  if (budget === undefined || figure === undefined || Number.isNaN(figure)) return ''
  return figure <= (budget.atMost ?? Infinity) && figure >= (budget.atLeast ?? -Infinity) ? 'ok' : 'OVER'
}

/** The figures of one measure. `ratio` compares ours with the ceiling that the budget names, else with `sdk`. */
export function figures({ key, label, unit, budget }, slices) {
  const medians = {}
  for (const name of Object.keys(slices[0]))
    medians[name] = median(slices.map((row) => row[name].values[key]))
  const times = budget?.times ?? 'sdk'
  const pairs = slices.map((row) => row.ours.values[key] / row[times]?.values[key])
  const mean = geometricMean(pairs)
  const ratio = Number.isFinite(mean) ? mean : undefined
  return { key, label, unit, medians, times, ratio, budget, verdict: verdict(budget, medians.ours, ratio) }
}

export function describeMachine() {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  }
}

function show(number) {
  if (number === undefined || Number.isNaN(number)) return ''
  if (Math.abs(number) >= 1000) return Math.round(number).toLocaleString('en-US')
  return number.toFixed(
    Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : Math.abs(number) >= 1 ? 2 : 3,
  )
}

function showBudget(budget, unit) {
  if (!budget) return ''
  const sign = budget.atMost === undefined ? '≥' : '≤'
  const bound = budget.atMost ?? budget.atLeast
  return budget.times ? `${sign} ${bound} × ${budget.times}` : `${sign} ${bound} ${unit}`
}

const HEADERS = ['measure', 'ours', 'sdk', 'bare', 'ratio', 'budget', '']

const cells = ({ label, unit, medians, times, ratio, budget, verdict }) => [
  `${label}, ${unit}`,
  ...['ours', 'sdk', 'bare'].map((name) => show(medians[name])),
  ratio === undefined ? '' : `${show(ratio)} × ${times}`,
  showBudget(budget, unit),
  verdict,
]

const machineLine = ({ cpu, cores, memoryGb, system, node, date }) =>
  `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, ${date}`

const conditions = ({ target, seconds, quick, disturbed, samples }) =>
  `Ours: ${target}. Slices of ${seconds} s${quick ? ' (quick)' : ''}; ` +
  `${disturbed} of ${samples} samples with neighbours above 0.25 cores.`

/** A table for the terminal. */
export function toText(report) {
  const width = (at) => Math.max(...rows.map((row) => row[at].length))
  const rows = [HEADERS, ...report.scenarios.flatMap(({ measures }) => measures.map(cells))]
  const widths = HEADERS.map((_, at) => width(at))
  const line = (row) =>
    `  ${row.map((cell, at) => (at > 0 && at < 5 ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join('  ')}`
  const blocks = report.scenarios.map(({ name, title, measures, error }) =>
    [
      `${name}: ${title}`,
      ...measures.map((figure) => line(cells(figure))),
      ...(error ? [`  FAILED: ${error}`] : []),
    ]
      .map((text) => text.trimEnd())
      .join('\n'),
  )
  return [machineLine(report.machine), conditions(report), '', line(HEADERS).trimEnd(), ...blocks].join('\n')
}

const row = (texts) => `| ${texts.join(' | ')} |`

/** The same as Markdown. */
export function toMarkdown(report) {
  const head = ['scenario', ...HEADERS]
  const lines = report.scenarios.flatMap(({ title, measures, error }) => [
    ...measures.map((figure, at) => row([at === 0 ? title : '', ...cells(figure)])),
    ...(error ? [row([title, `failed: ${error.split('\n', 1)[0]}`, '', '', '', '', '', ''])] : []),
  ])
  return [
    `${machineLine(report.machine)}.`,
    '',
    conditions(report),
    '',
    row(head),
    row(head.map((_, at) => (at > 1 && at < 6 ? '---:' : '---'))),
    ...lines,
  ].join('\n')
}
