import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { measure } from './measure.mjs'
import { USAGE, readOptions } from './options.mjs'
import { start, stopAll } from './processes.mjs'
import { describeMachine, figures, toMarkdown, toText } from './report.mjs'
import { scenarios } from './scenarios.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Starts one of our own helpers and resolves with its first message. */
async function startHelper(name, env) {
  const child = start(process.execPath, [here(name)], { ipc: true, env })
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended: ${child.output}`))),
  ])
  return { child, message }
}

/** The load generator as a function: a job goes in, its result comes out. */
function requester(child) {
  const waiting = new Map()
  let jobs = 0
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error) reject(new Error(error))
    else resolve(result)
  })
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error(`The load generator ended: ${child.output}`))
  })
  return (job) =>
    new Promise((resolve, reject) => {
      waiting.set(++jobs, { resolve, reject })
      child.send({ id: jobs, job })
    })
}

function choose({ names, install, quick }) {
  const usual = ({ onRequest, fullOnly }) => (!onRequest || install) && !(fullOnly && quick)
  if (!names) return scenarios.filter(usual)
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown.length > 0) throw new Error(`No scenario is named ${unknown.join(', ')}; --list names them`)
  return scenarios.filter(({ name, onRequest }) => names.includes(name) || (onRequest && install))
}

const ceiling = (name) => [process.execPath, here(`ceilings/${name}.mjs`)]

function contenders(options, modelPort) {
  const env = {
    GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${modelPort}`,
    GEMINI_API_KEY: 'test',
    GOOGLE_GENAI_USE_VERTEXAI: 'false',
    NO_PROXY: '127.0.0.1',
  }
  return [
    { name: 'ours', command: options.target, env },
    { name: 'sdk', command: ceiling('fastify-sdk'), env },
    { name: 'bare', command: ceiling('bare'), env },
  ]
}

const progress = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

async function runAll(chosen, tools) {
  const done = []
  for (const scenario of chosen) {
    const { name, title } = scenario
    try {
      const { slices, disturbed, took } = await measure(scenario, tools)
      const measures = scenario.measures.map((each) => figures(each, slices))
      done.push({ name, title, measures, disturbed, took, slices })
    } catch (error) {
      done.push({ name, title, measures: [], disturbed: 0, slices: [], error: error.message })
    }
  }
  progress('')
  return done
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)

async function main() {
  const options = readOptions(process.argv.slice(2))
  if (options.help) return console.log(USAGE)
  if (options.list) return console.log(scenarios.map(({ name, title }) => `${name}: ${title}`).join('\n'))
  const chosen = choose(options)
  const model = await startHelper('model-stand-in.mjs')
  const load = await startHelper('load.mjs', { BENCH_APP: options.app })
  const servers = contenders(options, model.message.port)
  const done = await runAll(chosen, { servers, request: requester(load.child), options, progress })
  await stopAll()

  const report = {
    machine: describeMachine(),
    target: options.target.join(' '),
    seconds: options.seconds,
    quick: options.quick,
    disturbed: sum(done.map(({ disturbed }) => disturbed)),
    samples: sum(done.flatMap(({ slices }) => slices.map((row) => Object.keys(row).length))),
    scenarios: done,
  }
  if (options.json) await writeFile(options.json, JSON.stringify(report, undefined, 2))
  console.log(options.markdown ? toMarkdown(report) : toText(report))
  if (done.some(({ error }) => error)) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  await stopAll()
}
