// The lowest ceiling: node:http, and one undici request per model call.
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { INSTRUCTION, MODEL, TOOLS, createSession, runTurn, sessions } from './turn.mjs'

const { values } = parseArgs({ options: { port: { type: 'string', default: '8000' } } })
const base = `${process.env.GOOGLE_GEMINI_BASE_URL}/v1beta/models/${MODEL}`
const headers = { 'content-type': 'application/json', 'x-goog-api-key': process.env.GEMINI_API_KEY }
const dispatcher = new Agent({ connections: 256 })
const settings = { systemInstruction: { parts: [{ text: INSTRUCTION }] }, tools: TOOLS }

const ask = (method, contents) =>
  request(`${base}:${method}`, {
    method: 'POST',
    headers,
    dispatcher,
    body: JSON.stringify({ contents, ...settings }),
  })

const model = {
  async generate(contents) {
    const { body } = await ask('generateContent', contents)
    return JSON.parse(await body.text())
  },
  async stream(contents, onAnswer) {
    const { body } = await ask('streamGenerateContent?alt=sse', contents)
    let rest = ''
    for await (const piece of body.setEncoding('utf8')) {
      const frames = (rest + piece).split('\r\n\r\n')
      rest = frames.pop()
      for (const frame of frames) onAnswer(JSON.parse(frame.slice('data: '.length)))
    }
  },
}

const send = (res, value, status = 200) => {
  const body = JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  res.end(body)
}

// Events, since an async iterator over a request costs as much as the rest of a request.
const readJson = (req) =>
  new Promise((resolve, reject) => {
    let text = ''
    req.setEncoding('utf8').on('data', (piece) => (text += piece))
    req.on('end', () => resolve(JSON.parse(text))).on('error', reject)
  })

async function run(req, res) {
  const body = await readJson(req)
  const session = sessions.get(body.sessionId)
  if (!session) return send(res, { detail: 'Session not found' }, 404)
  if (req.url === '/run') {
    const events = []
    await runTurn(session, { ...body, streaming: false }, model, (event) => events.push(event))
    return send(res, events)
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  await runTurn(session, body, model, (event) => res.write(`data: ${JSON.stringify(event)}\n\n`))
  res.end()
}

function answerSession(req, res) {
  const id = req.url.slice(req.url.lastIndexOf('/') + 1)
  if (req.method === 'POST') return send(res, createSession(id === 'sessions' ? undefined : id))
  if (req.method === 'DELETE') {
    sessions.delete(id)
    return res.writeHead(204).end()
  }
  const session = sessions.get(id)
  return session ? send(res, session) : send(res, { detail: 'Session not found' }, 404)
}

async function handle(req, res) {
  if (req.url.startsWith('/run')) return run(req, res)
  req.resume()
  return req.url === '/list-apps' ? send(res, ['bench_agent']) : answerSession(req, res)
}

const server = createServer((req, res) => {
  handle(req, res).catch((error) => res.destroy(error))
})
server.keepAliveTimeout = 60_000
server.listen(Number(values.port), '127.0.0.1')
