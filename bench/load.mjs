// The load generator, a process of its own. It gets jobs as messages: an operation, and how often and how widely to
// repeat it. Every answer is checked, so that a server cannot be fast by failing.
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'

const APP = process.env.BENCH_APP ?? 'bench_agent'
const GOLDEN = 0.618033988749895

/** Collects one answer; `onData` takes the pieces of a streamed one instead. */
class Answer {
  pieces = []
  constructor(resolve, reject, onData) {
    Object.assign(this, { resolve, reject })
    this.onData = onData ?? ((piece) => this.pieces.push(piece))
  }
  onRequestStart() {}
  onResponseStart(_controller, status) {
    this.status = status
  }
  onResponseData(_controller, piece) {
    this.onData(piece)
  }
  onResponseEnd() {
    const body = Buffer.concat(this.pieces)
    if (this.status < 300) this.resolve(body)
    else this.reject(new Error(`Status ${this.status}: ${body.toString().slice(0, 500)}`))
  }
  onResponseError(_controller, error) {
    this.reject(error)
  }
}

const jsonHeaders = { 'content-type': 'application/json' }

function send(pool, method, path, body, onData) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : jsonHeaders
    pool.dispatch(
      { method, path, headers, body, headersTimeout: 60_000 },
      new Answer(resolve, reject, onData),
    )
  })
}

function expect(body, ...words) {
  const missing = words.find((word) => !body.includes(word))
  if (missing) throw new Error(`No ${missing} in the answer: ${body.toString().slice(0, 500)}`)
}

const sessionPath = (id) => `/apps/${APP}/users/u/sessions/${id}`
const prefix = randomBytes(4).toString('hex')
let made = 0
const newId = () => `${prefix}-${++made}`

const runBody = (sessionId, text, streaming) =>
  JSON.stringify({
    appName: APP,
    userId: 'u',
    sessionId,
    newMessage: { role: 'user', parts: [{ text }] },
    streaming,
  })

async function run({ pool, text = 'Hello there' }, id) {
  const body = await send(pool, 'POST', '/run', runBody(id, text, false))
  if (text.startsWith('tool:')) expect(body, '"functionCall"', '"functionResponse"')
  expect(body, 'sunny and pleasant', '"usageMetadata"')
}

async function create({ pool }, id) {
  expect(await send(pool, 'POST', sessionPath(id), '{}'), id, '"events":[]')
}

const now = () => Number(process.hrtime.bigint() / 1000n) / 1000

/** Reads the frames of one stream; `onDelay` gets the age of each stamped chunk in ms. */
function readFrames(onDelay) {
  let rest = ''
  const reader = { partial: 0, whole: 0, error: undefined }
  reader.onData = (piece) => {
    const frames = (rest + piece.latin1Slice()).split('\n\n')
    rest = frames.pop()
    for (const frame of frames) {
      if (frame.startsWith('data: {"error"') || frame.includes('"errorCode"')) reader.error = frame
      if (!frame.includes('"partial":true')) reader.whole += 1
      else {
        reader.partial += 1
        const at = frame.indexOf('@')
        if (at > 0) onDelay(now() - Number(frame.slice(at + 1, frame.indexOf(';', at))) / 1000)
      }
    }
  }
  return reader
}

async function stream(context) {
  const { pool, text, tally } = context
  const id = newId()
  await create(context, id)
  let first = true
  const reader = readFrames((delay) => {
    if (first) tally.first.push(delay)
    tally.token.push(delay)
    first = false
  })
  await send(pool, 'POST', '/run_sse', runBody(id, text, true), reader.onData)
  const chunks = Number(text.split(':')[1])
  const enough = reader.partial >= chunks - 1 && reader.whole >= 1
  if (reader.error ?? !enough) throw new Error(reader.error ?? `Only ${reader.partial} of ${chunks} chunks`)
  tally.events += reader.partial + reader.whole
}

const operations = {
  list: async ({ pool }) => expect(await send(pool, 'GET', '/list-apps'), APP),
  create: (context) => create(context, context.session ?? newId()),
  /** Creates a session that has a history. */
  async import({ pool, session, events: count }) {
    const text = 'It is sunny and pleasant in Paris today, with 25 degrees and a light breeze from the west.'
    const events = Array.from({ length: count }, (_, number) => {
      const isUser = number % 2 === 0
      return {
        author: isUser ? 'user' : APP,
        invocationId: `e-${number >> 1}`,
        content: { role: isUser ? 'user' : 'model', parts: [{ text: `${number}: ${text}` }] },
      }
    })
    const body = await send(pool, 'POST', sessionPath(session), JSON.stringify({ events }))
    expect(body, session, `"${count - 1}: ${text}"`)
  },
  get: async ({ pool, session }) => expect(await send(pool, 'GET', sessionPath(session)), session),
  async turn(context) {
    const id = context.session ?? newId()
    if (!context.session) await create(context, id)
    await run(context, id)
  },
  async forgottenTurn(context) {
    const id = newId()
    await create(context, id)
    await run(context, id)
    await send(context.pool, 'DELETE', sessionPath(id))
  },
  stream,
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

function summary(numbers) {
  const sorted = Float64Array.from(numbers).sort()
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}

/**
 * Repeats an operation on `connections` connections for `seconds`, or `count` times. With `spread`, the connections
 * start within that many ms, at times that fall evenly over any shorter period.
 */
async function repeat({
  url,
  operation,
  connections = 1,
  seconds = 60,
  count = Infinity,
  spread = 0,
  ...rest
}) {
  const pool = new Pool(url, { connections, pipelining: 1, bodyTimeout: 60_000 })
  const tally = { times: [], first: [], token: [], events: 0 }
  const context = { ...rest, pool, tally }
  const begin = performance.now()
  const end = begin + seconds * 1000
  let started = 0
  const worker = async (_, at) => {
    if (spread) await sleep(((at * GOLDEN) % 1) * spread)
    while (started < count && performance.now() < end) {
      started += 1
      const from = performance.now()
      await operations[operation](context)
      tally.times.push(performance.now() - from)
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, worker))
    const done = tally.times.length
    const wanted = Number.isFinite(count) ? count : 1
    if (done < wanted) throw new Error(`Only ${done} of ${wanted} operations in ${seconds} s`)
    return {
      count: done,
      events: tally.events,
      seconds: (performance.now() - begin) / 1000,
      latency: summary(tally.times),
      first: summary(tally.first),
      token: summary(tally.token),
    }
  } finally {
    await pool.destroy()
  }
}

process.on('message', ({ id, job }) => {
  repeat(job).then(
    (result) => process.send({ id, result }),
    (error) => process.send({ id, error: error.message }),
  )
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
