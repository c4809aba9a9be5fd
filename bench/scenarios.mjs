// What is measured, as data. A scenario starts its servers once (`fresh`: anew for every slice), and `run` gives one
// sample per slice. With a `store`, our server alone takes part, on that; `serverless` ones need none. A measure names a
// key of the samples, its unit and its budget: at most or at least so much, or so many times what the named ceiling needed
// in the same slice. `fullOnly` ones are left out of quick mode unless named.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { installedMb } from './install.mjs'
import { cpuMs, rssMb } from './processes.mjs'
import { engines, newEvent, openStore } from './stores.mjs'

const TOOL_TEXT = 'tool: what is the weather in Paris?'

const cpu = (per, budget) => ({ key: 'cpu', label: `CPU per ${per}`, unit: 'ms', budget })
const rate = (what, budget) => ({ key: 'rate', label: `${what} per second`, unit: '/s', budget })
const delay = (key, label, budget) => ({ key, label, unit: 'ms', budget })

async function withCpu({ server, load }, job) {
  const before = cpuMs(server.pid)
  const result = await load(job)
  return { ...result, cpuMs: cpuMs(server.pid) - before }
}

/** Repeats one operation for the length of a slice. */
const repeated = (job) => async (context) => {
  const result = await withCpu(context, { ...job, seconds: context.seconds })
  return { rate: result.count / result.seconds, cpu: result.cpuMs / result.count, ...result.latency }
}

const plain = (title, operation, session) => ({
  title: `${title}, 16 connections`,
  slices: { full: 4, quick: 2 },
  warmUpSeconds: { full: 1, quick: 0.5 },
  prepare: session && (({ load }) => load({ operation: 'create', session, count: 1 })),
  run: repeated({ operation, session, connections: 16 }),
  measures: [
    cpu('request', { atMost: 1.67, times: 'sdk' }),
    rate('requests', { atLeast: 0.6, times: 'sdk' }),
    delay('p50', 'latency p50'),
  ],
})

const turns = (title, text) => ({
  title: `/run, ${title}, 16 connections`,
  run: repeated({ operation: 'turn', text, connections: 16 }),
  measures: [
    cpu('turn', { atMost: 1.5, times: 'sdk' }),
    rate('turns'),
    delay('p50', 'latency p50'),
    delay('p99', 'latency p99'),
  ],
})

const burst = { operation: 'stream', text: 'stream:200:0', connections: 4 }

/** `streams` streams at once, begun within a tenth of their length; delays count from when the model wrote. */
const paced = (streams, gap, chunks) => ({
  title: `/run_sse, ${streams} streams, a chunk each ${gap} ms`,
  slices: { full: 3, quick: 2 },
  warmUp: ({ load, seconds }) => load({ ...burst, seconds }),
  async run(context) {
    const count = context.quick ? chunks.quick : chunks.full
    const result = await withCpu(context, {
      operation: 'stream',
      text: `stream:${count}:${gap}`,
      connections: streams,
      count: streams,
      spread: (count * gap) / 10,
    })
    return {
      first: result.first.p50,
      token: result.token.p50,
      late: result.token.p99,
      rate: result.events / result.seconds,
      cpu: result.cpuMs / result.events,
    }
  },
  measures: [
    delay('first', 'first event p50', { atMost: 1.5, times: 'sdk' }),
    delay('token', 'token p50', { atMost: 1.5, times: 'sdk' }),
    delay('late', 'token p99', { atMost: 1.5, times: 'sdk' }),
    rate('events'),
    cpu('event'),
  ],
})

const dot = (a, b) => a.reduce((total, value, at) => total + value * b[at], 0)

/** Least-squares slope of evenly spaced values. */
function slope(values) {
  const middle = (values.length - 1) / 2
  const weights = values.map((_, at) => at - middle)
  return dot(weights, values) / dot(weights, weights)
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/** Appends so many events one after the other; resolves to the time that each took, in µs. */
async function append(store, session, count) {
  const times = []
  for (let number = 0; number < count; number++) {
    const event = await newEvent(number)
    const from = performance.now()
    await store.appendEvent({ session, event })
    times.push((performance.now() - from) * 1000)
  }
  return times
}

/** Events that precede the last ones that are measured. */
const MANY = { full: 100_000, quick: 5000 }

/** The store alone, in this process: the first events of a session, and those that follow many others. */
const appends = (engine) => ({
  title: `appending to a session, ${engine}`,
  serverless: true,
  slices: { full: 1, quick: 1 },
  async run({ quick }) {
    const { uri, end } = await engines[engine]()
    try {
      const store = await openStore(uri)
      const key = { appName: 'bench', userId: 'u' }
      await append(store, await store.createSession({ ...key, sessionId: 'warm-up' }), 500)
      const session = await store.createSession({ ...key, sessionId: 'long' })
      const first = median(await append(store, session, 1000))
      await append(store, session, MANY[quick ? 'quick' : 'full'] - 1000)
      const { user, system } = process.cpuUsage()
      const times = await append(store, session, 1000)
      const used = process.cpuUsage({ user, system })
      await store.close()
      const deep = median(times)
      return { first, deep, growth: deep / first, cpu: (used.user + used.system) / times.length }
    } finally {
      await end()
    }
  },
  measures: [
    { key: 'first', label: 'events 1-1000, p50', unit: 'µs' },
    { key: 'deep', label: 'after 100,000 others (quick: 5,000), p50', unit: 'µs' },
    { key: 'growth', label: 'the latter by the former', unit: '×', budget: { atMost: 1.5 } },
    { key: 'cpu', label: 'CPU per append, without that of the database', unit: 'µs' },
  ],
})

/** A server on a store of its own: a session that it has not read yet, and one that it has. */
const gets = (engine) => ({
  title: `GET of a session with 2,000 events, ${engine}`,
  store: engines[engine],
  fresh: true,
  slices: { full: 3, quick: 1 },
  async run({ again, ...context }) {
    const session = `get-${context.slice}`
    await context.load({ operation: 'import', session, count: 1, events: 2000 })
    const restarted = engine === 'memory' ? context : await again()
    const cold = await restarted.load({ operation: 'get', session, count: 1 })
    const hot = await withCpu(restarted, { operation: 'get', session, count: 200 })
    return { cold: cold.latency.p50, hot: hot.latency.p50, cpu: hot.cpuMs / hot.count }
  },
  measures: [
    delay('cold', 'the first one after a start'),
    delay('hot', 'the next ones, p50'),
    { key: 'cpu', label: 'CPU per GET', unit: 'ms' },
  ],
})

const all = {
  'text-turn': turns('text turn'),
  'tool-turn': turns('tool turn', TOOL_TEXT),
  'stream-burst': {
    title: '/run_sse, 200 chunks without delay, 4 connections',
    async run(context) {
      const result = await withCpu(context, { ...burst, seconds: context.seconds })
      return { rate: result.events / result.seconds, cpu: result.cpuMs / result.events }
    },
    measures: [cpu('event', { atMost: 1.3, times: 'sdk' }), rate('events')],
  },
  'stream-40ms': paced(100, 40, { full: 100, quick: 40 }),
  'stream-5ms': paced(200, 5, { full: 200, quick: 100 }),
  'long-session': {
    title: 'one session of 1,000 turns, 1 connection',
    slices: { full: 4, quick: 1 },
    warmUp: () => undefined,
    async run(context) {
      const { load, slice } = context
      const session = `long-${slice}`
      await load({ operation: 'create', session, count: 1 })
      await load({ operation: 'turn', session, count: 900 })
      const turn = await withCpu(context, { operation: 'turn', session, count: 100 })
      const get = await withCpu(context, { operation: 'get', session, count: 100 })
      return {
        turn: turn.latency.p50,
        cpu: turn.cpuMs / turn.count,
        get: get.latency.p50,
        getCpu: get.cpuMs / get.count,
      }
    },
    measures: [
      delay('turn', 'turns 901-1000, p50', { atMost: 1.5, times: 'sdk' }),
      cpu('turn', { atMost: 1.5, times: 'sdk' }),
      delay('get', 'GET of its 2,000 events, p50', { atMost: 1, times: 'bare' }),
      { key: 'getCpu', label: 'CPU per GET', unit: 'ms', budget: { atMost: 1, times: 'bare' } },
    ],
  },
  'list-apps': plain('GET /list-apps', 'list'),
  'create-session': plain('POST session', 'create'),
  'get-session': plain('GET empty session', 'get', 'empty'),
  'append-memory': appends('memory'),
  'append-sqlite': appends('sqlite'),
  'append-postgres': appends('postgres'),
  'get-memory': gets('memory'),
  'get-sqlite': gets('sqlite'),
  'get-postgres': gets('postgres'),
  memory: {
    title: 'sessions of four events, 5,000 of them',
    fresh: true,
    fullOnly: true,
    slices: { full: 1, quick: 1 },
    async run({ server, load }) {
      const count = 5000
      const job = { text: TOOL_TEXT, connections: 16 }
      // The heap finds its size first, which is not the cost of a session; then its slack fills up.
      await load({ ...job, operation: 'forgottenTurn', count: 4000 })
      await load({ ...job, operation: 'turn', count: 1500 })
      const before = rssMb(server.pid)
      await load({ ...job, operation: 'turn', count })
      await sleep(1000)
      const after = rssMb(server.pid)
      return { before, after, each: ((after - before) * 1024) / count }
    },
    measures: [
      { key: 'each', label: 'RSS per session', unit: 'KB', budget: { atMost: 15 } },
      { key: 'after', label: 'RSS afterwards', unit: 'MB' },
    ],
  },
  'long-run': {
    title: 'text turns on sessions that are deleted, 16 connections',
    fresh: true,
    fullOnly: true,
    slices: { full: 1, quick: 1 },
    async run({ server, load }) {
      const count = 3500
      const levels = []
      for (let block = 0; block < 8; block++) {
        await load({ operation: 'forgottenTurn', connections: 16, count })
        levels.push(rssMb(server.pid))
      }
      // The first blocks are left out: that is the heap finding its size.
      return { growth: (slope(levels.slice(3)) * 1024) / count, after: levels.at(-1) }
    },
    measures: [
      { key: 'growth', label: 'RSS growth per turn', unit: 'KB', budget: { atMost: 2 } },
      { key: 'after', label: 'RSS afterwards', unit: 'MB' },
    ],
  },
  'cold-start': {
    title: 'from spawn to rest',
    fresh: true,
    async run({ server }) {
      await sleep(500)
      return { start: server.startMs, cpu: server.startCpuMs, idle: rssMb(server.pid) }
    },
    measures: [
      delay('start', 'first /list-apps', { atMost: 500 }),
      { key: 'cpu', label: 'CPU until then', unit: 'ms' },
      { key: 'idle', label: 'idle RSS', unit: 'MB', budget: { atMost: 95 } },
    ],
  },
  install: {
    title: 'npm install of the package, without dev dependencies',
    onRequest: true,
    serverless: true,
    slices: { full: 1, quick: 1 },
    run: async () => ({ size: await installedMb() }),
    measures: [{ key: 'size', label: 'on disk', unit: 'MB', budget: { atMost: 95 } }],
  },
}

export const scenarios = Object.entries(all).map(([name, scenario]) => ({ name, ...scenario }))
