// Runs one scenario: slices of all servers in turn (A B C A B C), so that a disturbance hits them alike.
import { performance } from 'node:perf_hooks'
import { neighbourCpuMs, startServer, stop } from './processes.mjs'

const SLICES = { full: 5, quick: 3 }
const WARM_UP_SECONDS = { full: 3, quick: 1 }
/** Cores used by others, from which on a slice counts as disturbed. */
const DISTURBED = 0.25

/** In quick mode only the ceilings that a budget names. */
function participants(scenario, servers, quick, store) {
  if (scenario.serverless) return [{ name: 'ours' }]
  if (store) {
    const [ours] = servers
    return [{ ...ours, command: [...ours.command, '--session_service_uri', store.uri] }]
  }
  const named = new Set(['ours', ...scenario.measures.map(({ budget }) => budget?.times)])
  return quick ? servers.filter(({ name }) => named.has(name)) : servers
}

async function sample(scenario, context) {
  const [cpuBefore, before] = [neighbourCpuMs(), performance.now()]
  const values = await scenario.run(context)
  const neighbours = (neighbourCpuMs() - cpuBefore) / (performance.now() - before)
  return { values, neighbours }
}

/** Resolves to `[{ ours, sdk, bare }, …]`, one entry per slice, each with `values` and the cores others used. */
export async function measure(scenario, { servers, request, options, progress }) {
  const mode = options.quick ? 'quick' : 'full'
  const startedAt = performance.now()
  const slices = options.slices ?? scenario.slices?.[mode] ?? SLICES[mode]
  const store = await scenario.store?.()
  const contenders = participants(scenario, servers, options.quick, store)
  const running = new Map()

  const begin = async (contender) => {
    const server = await startServer(contender, '/list-apps')
    running.set(contender.name, server)
    const load = (job) => request({ url: server.url, ...job })
    return { server, load, quick: options.quick, seconds: options.seconds }
  }
  const end = async (name) => {
    const server = running.get(name)
    running.delete(name)
    await stop(server.child)
  }
  const once = async (contender, slice) => {
    if (scenario.serverless) return sample(scenario, { quick: options.quick })
    const context = scenario.fresh ? await begin(contender) : contender.context
    const again = async () => {
      await end(contender.name)
      return begin(contender)
    }
    const result = await sample(scenario, { ...context, slice, again })
    if (scenario.fresh) await end(contender.name)
    return result
  }

  try {
    if (!scenario.fresh && !scenario.serverless) {
      for (const contender of contenders) contender.context = await warm(scenario, await begin(contender))
    }
    const results = []
    for (let slice = 0; slice < slices; slice++) {
      progress(`${scenario.name} ${slice + 1}/${slices}`)
      const row = {}
      for (const contender of contenders) row[contender.name] = await once(contender, slice)
      results.push(row)
    }
    return {
      slices: results,
      disturbed: countDisturbed(results),
      took: (performance.now() - startedAt) / 1000,
    }
  } finally {
    for (const name of running.keys()) await end(name)
    await store?.end()
  }
}

async function warm(scenario, context) {
  const seconds = (scenario.warmUpSeconds ?? WARM_UP_SECONDS)[context.quick ? 'quick' : 'full']
  await scenario.prepare?.(context)
  await (scenario.warmUp ?? scenario.run)({ ...context, seconds, slice: 'warm-up' })
  return context
}

const countDisturbed = (slices) =>
  slices.flatMap((row) => Object.values(row)).filter(({ neighbours }) => neighbours > DISTURBED).length
