// The ceiling of the libraries: Fastify in front, @google/genai behind, and no logic of a product in between.
import { GoogleGenAI } from '@google/genai'
import fastify from 'fastify'
import { parseArgs } from 'node:util'
import { INSTRUCTION, MODEL, TOOLS, createSession, runTurn, sessions } from './turn.mjs'

const { values } = parseArgs({ options: { port: { type: 'string', default: '8000' } } })
const ai = new GoogleGenAI({
  apiKey: process.env.GEMINI_API_KEY,
  httpOptions: { baseUrl: process.env.GOOGLE_GEMINI_BASE_URL },
})
const config = { systemInstruction: INSTRUCTION, tools: TOOLS }

const model = {
  generate: (contents) => ai.models.generateContent({ model: MODEL, contents, config }),
  async stream(contents, onAnswer) {
    const answers = await ai.models.generateContentStream({ model: MODEL, contents, config })
    for await (const answer of answers) onAnswer(answer)
  },
}

const app = fastify({ keepAliveTimeout: 60_000 })
const notFound = (reply) => reply.code(404).send({ detail: 'Session not found' })
const path = '/apps/:app/users/:user/sessions'

app.get('/list-apps', async () => ['bench_agent'])
app.post(path, async () => createSession())
app.post(`${path}/:id`, async (request) => createSession(request.params.id))
app.get(`${path}/:id`, async (request, reply) => sessions.get(request.params.id) ?? notFound(reply))
app.delete(`${path}/:id`, async (request, reply) => {
  sessions.delete(request.params.id)
  return reply.code(204).send()
})
app.post('/run', async (request, reply) => {
  const session = sessions.get(request.body.sessionId)
  if (!session) return notFound(reply)
  const events = []
  await runTurn(session, { ...request.body, streaming: false }, model, (event) => events.push(event))
  return events
})
app.post('/run_sse', async (request, reply) => {
  const session = sessions.get(request.body.sessionId)
  if (!session) return notFound(reply)
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
  const emit = (event) => reply.raw.write(`data: ${JSON.stringify(event)}\n\n`)
  await runTurn(session, request.body, model, emit)
  reply.raw.end()
  return reply
})

await app.listen({ port: Number(values.port), host: '127.0.0.1' })
