// What the two ceilings share: sessions in a Map, events in the shape of the API, and the loop that calls the model until
// it answers without a call. No validation, no logs, no limits: this is what the same input and output cost at least.
import { randomUUID } from 'node:crypto'

export const MODEL = 'gemini-2.5-flash'
export const INSTRUCTION = 'Answer briefly. Use the tool for questions about the weather.'
export const TOOLS = [
  {
    functionDeclarations: [
      {
        name: 'get_weather',
        description: 'Tells the current weather in a city.',
        parametersJsonSchema: {
          type: 'object',
          properties: { city: { type: 'string', description: 'Name of the city.' } },
          required: ['city'],
        },
      },
    ],
  },
]

const getWeather = ({ city }) => ({ status: 'success', report: `It is sunny in ${city}.` })

export const sessions = new Map()

export function createSession(id = randomUUID()) {
  const session = {
    id,
    appName: 'bench_agent',
    userId: 'u',
    state: {},
    events: [],
    lastUpdateTime: Date.now() / 1000,
  }
  sessions.set(id, session)
  return session
}

function newEvent(invocationId, author, fields) {
  return {
    id: randomUUID(),
    invocationId,
    author,
    timestamp: Date.now() / 1000,
    actions: { stateDelta: {}, artifactDelta: {}, requestedAuthConfigs: {}, requestedToolConfirmations: {} },
    ...fields,
  }
}

function fieldsOf(answer) {
  const { content, finishReason } = answer.candidates[0]
  return { content, finishReason, usageMetadata: answer.usageMetadata, modelVersion: answer.modelVersion }
}

/** Streams one answer of the model as partial events; resolves to the fields of the whole. */
async function streamAnswer(model, contents, emitPartial) {
  let text = ''
  let last
  const otherParts = []
  await model.stream(contents, (answer) => {
    last = fieldsOf(answer)
    for (const part of last.content.parts) {
      if (part.text === undefined) otherParts.push(part)
      else text += part.text
    }
    if (otherParts.length === 0) emitPartial({ ...last, partial: true })
  })
  const parts = text ? [{ text }, ...otherParts] : otherParts
  return { ...last, content: { role: 'model', parts } }
}

/** Runs one turn; `emit` gets every event except the user's own. */
export async function runTurn(session, { newMessage, streaming }, model, emit) {
  const invocationId = `e-${randomUUID()}`
  const store = (event) => {
    session.events.push(event)
    session.lastUpdateTime = event.timestamp
    return event
  }
  store(newEvent(invocationId, 'user', { content: newMessage }))
  for (;;) {
    const contents = session.events.map((event) => event.content)
    const fields = streaming
      ? await streamAnswer(model, contents, (partial) => emit(newEvent(invocationId, 'bench_agent', partial)))
      : fieldsOf(await model.generate(contents))
    emit(store(newEvent(invocationId, 'bench_agent', fields)))
    const calls = fields.content.parts.filter((part) => part.functionCall)
    if (calls.length === 0) return
    const parts = calls.map(({ functionCall: { id, name, args } }) => ({
      functionResponse: { id, name, response: getWeather(args) },
    }))
    emit(store(newEvent(invocationId, 'bench_agent', { content: { role: 'user', parts } })))
  }
}
