// A local stand-in of the Gemini REST API. It must cost little, so nothing is parsed: the behaviour is chosen by
// searching the body for the latest directive, a user text that starts with
//
//   stream:<chunks>:<ms>   that many chunks, so far apart; 0 sends all of them at once
//   tool:                  first a call of get_weather, then a text once its response is there
//
// Anything else is answered with one short text. A paced chunk carries the time it was written at, as @<microseconds>;
// of the monotonic clock, which all processes of a machine share.
import { createServer } from 'node:http'

const STREAM = /"stream:(\d+):(\d+)/
const SHORT = 'It is sunny and pleasant.'
const USAGE = { promptTokenCount: 40, candidatesTokenCount: 8, totalTokenCount: 48 }

const answer = (part, finishReason) => ({
  candidates: [
    { content: { role: 'model', parts: [part] }, ...(finishReason && { finishReason }), index: 0 },
  ],
  usageMetadata: USAGE,
  modelVersion: 'stand-in',
  responseId: 'stand-in',
})
const frame = (value) => `data: ${JSON.stringify(value)}\r\n\r\n`

const text = JSON.stringify(answer({ text: SHORT }, 'STOP'))
const call = JSON.stringify(
  answer({ functionCall: { name: 'get_weather', args: { city: 'Paris' } } }, 'STOP'),
)
const encoded = {
  text: Buffer.from(text),
  call: Buffer.from(call),
  textFrame: Buffer.from(`data: ${text}\r\n\r\n`),
  callFrame: Buffer.from(`data: ${call}\r\n\r\n`),
}
const [chunkHead, chunkTail] = frame(answer({ text: '%' })).split('%')
const [lastHead, lastTail] = frame(answer({ text: '%' }, 'STOP')).split('%')

const bursts = new Map()

/** All chunks of an unpaced stream as one buffer. */
function burst(count) {
  const known = bursts.get(count)
  if (known) return known
  const chunk = `${chunkHead}some words ${chunkTail}`
  const bytes = Buffer.from(`${chunk.repeat(count - 1)}${lastHead}some words.${lastTail}`)
  bursts.set(count, bytes)
  return bytes
}

const stamp = () => `@${process.hrtime.bigint() / 1000n}; words `

function paced(res, count, gap) {
  let left = count
  const write = () => {
    left -= 1
    if (left > 0) {
      res.write(`${chunkHead}${stamp()}${chunkTail}`)
    } else {
      clearInterval(timer)
      res.end(`${lastHead}${stamp()}${lastTail}`)
    }
  }
  const timer = setInterval(write, gap)
  res.on('close', () => clearInterval(timer))
  write()
}

/** Whether the latest user text asks for a tool that has not answered yet. */
function wantsTool(body, asked) {
  return asked >= 0 && body.lastIndexOf('"functionResponse"') < asked
}

function reply(res, url, body) {
  const streams = url.includes(':streamGenerateContent')
  const asked = { tool: body.lastIndexOf('"tool:'), stream: body.lastIndexOf('"stream:') }
  res.setHeader('content-type', streams ? 'text/event-stream' : 'application/json')
  if (streams && asked.stream > asked.tool) {
    const [, count, gap] = STREAM.exec(body.toString('latin1', asked.stream, asked.stream + 40))
    if (Number(gap) > 0) paced(res, Number(count), Number(gap))
    else res.end(burst(Number(count)))
  } else {
    const kind = wantsTool(body, asked.tool) ? 'call' : 'text'
    res.end(encoded[streams ? `${kind}Frame` : kind])
  }
}

const server = createServer((req, res) => {
  const pieces = []
  req.on('data', (piece) => pieces.push(piece))
  req.on('end', () => reply(res, req.url, pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit())
