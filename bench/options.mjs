import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

export const USAGE = `Usage: npm run bench -- [options]

  --quick              fewer and shorter slices, no memory scenarios, fewer ceilings (under 90 s)
  --scenarios a,b      only these; --list names them
  --seconds n          length of a slice (default 2, quick 0.5)
  --slices n           slices per scenario and server (default 5 or fewer, quick 3 or fewer)
  --target "command"   measure another server; {port} is replaced, else --port <n> is appended
  --app name           the app to run there (default bench_agent)
  --install            also measure the size of a default installation (slow, needs the network)
  --json file          write everything, each sample included
  --markdown           print a table for RESULTS.md instead
  --list, --help`

const ours = ['node', 'dist/cli.js', 'api_server', 'bench/agents', '--log_level', 'error']

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      scenarios: { type: 'string' },
      seconds: { type: 'string' },
      slices: { type: 'string' },
      target: { type: 'string' },
      app: { type: 'string', default: 'bench_agent' },
      install: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    ...values,
    target: values.target?.trim().split(/\s+/) ?? ours,
    names: values.scenarios?.split(','),
    seconds: positive('--seconds', values.seconds) ?? (values.quick ? 0.5 : 2),
    slices: positive('--slices', values.slices),
  }
}

function positive(name, text) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!(number > 0)) throw new Error(`${name} wants a number above 0, not "${text}"`)
  return number
}
