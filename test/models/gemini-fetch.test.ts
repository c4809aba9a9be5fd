import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Gemini } from '../../src/models/gemini/gemini.js'
import { GeminiStandIn, pointEnvironmentAt, setEnvironment } from '../support/gemini-stand-in.js'
import { ask, says, STOP } from './ask.js'

// Which way requests take to the API.

const NAME = 'gemini-test'
const OK = { [NAME]: [{ response: says('ok', STOP) }] }

let standIn: GeminiStandIn
let undo: (() => unknown)[]

beforeEach(async () => {
  standIn = await new GeminiStandIn().start(OK)
  undo = [() => standIn.close(), pointEnvironmentAt(standIn)]
})

afterEach(async () => {
  for (const each of undo.toReversed()) await each()
})

/** A proxy that notes where it was asked to connect to. */
async function openProxy(): Promise<{ url: string; targets: string[] }> {
  const targets: string[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer()
  server.on('connect', ({ url = '' }, socket: Socket) => {
    targets.push(url)
    const [host = '', port] = url.split(':')
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    for (const each of [socket, target]) {
      sockets.add(each)
      each.on('error', () => {})
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  undo.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { url: `http://127.0.0.1:${port}`, targets }
}

it.each([false, true])('goes through the proxy of the environment (stream: %s)', async (stream) => {
  const proxy = await openProxy()
  undo.push(setEnvironment({ HTTP_PROXY: proxy.url, NO_PROXY: undefined }))
  await ask(new Gemini({ model: NAME }), { stream })
  expect(proxy.targets).toEqual([new URL(standIn.url).host])
  expect(standIn.requests).toHaveLength(1)
})

it('goes straight to hosts that need no proxy', async () => {
  const proxy = await openProxy()
  undo.push(setEnvironment({ HTTP_PROXY: proxy.url, NO_PROXY: 'localhost,127.0.0.1' }))
  await ask(new Gemini({ model: NAME }))
  expect(proxy.targets).toEqual([])
  expect(standIn.requests).toHaveLength(1)
})

it('says what is wrong with a proxy that is none', async () => {
  undo.push(setEnvironment({ HTTP_PROXY: 'proxy:port', NO_PROXY: undefined }))
  await expect(ask(new Gemini({ model: NAME }))).rejects.toMatchObject({
    name: 'ModelError',
    message: 'HTTP_PROXY or HTTPS_PROXY does not name a proxy, such as http://proxy.example:3128',
  })
})

it('tries again after a failure once the environment is right', async () => {
  const gemini = new Gemini({ model: NAME })
  const restore = setEnvironment({ HTTP_PROXY: 'proxy:port' })
  await expect(ask(gemini)).rejects.toThrow('does not name a proxy')
  restore()
  await ask(gemini)
  expect(standIn.requests).toHaveLength(1)
})

it('gives requests to a global fetch that somebody has replaced', async () => {
  const fetch = vi.fn(async () => Response.json(says('from elsewhere', STOP)))
  vi.stubGlobal('fetch', fetch)
  undo.push(() => vi.unstubAllGlobals())
  const answer = await ask(new Gemini({ model: NAME }))
  expect(answer).toMatchObject([{ content: { parts: [{ text: 'from elsewhere' }] } }])
  expect(fetch).toHaveBeenCalledOnce()
  expect(standIn.requests).toEqual([])
})

it('prefers the fetch of the request to every other', async () => {
  const fetch = vi.fn(async () => Response.json(says('from the author', STOP)))
  const request = {
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
    config: { httpOptions: { fetch } },
    toolsDict: {},
  }
  const answer = await ask(new Gemini({ model: NAME }), { request })
  expect(answer).toMatchObject([{ content: { parts: [{ text: 'from the author' }] } }])
  expect(standIn.requests).toEqual([])
})

it('asks for answers that need not be unpacked, whatever the author says', async () => {
  const gemini = new Gemini({ model: NAME, headers: { 'Accept-Encoding': 'gzip', 'x-own': 'kept' } })
  await ask(gemini)
  expect(standIn.requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity', 'x-own': 'kept' })
})

it('leaves the client of the global fetch as it is', async () => {
  await ask(new Gemini({ model: NAME }))
  const symbol = Symbol.for('undici.globalDispatcher.1')
  const { EnvHttpProxyAgent, Agent } = await import('undici')
  const dispatcher: unknown = Reflect.get(globalThis, symbol)
  expect(dispatcher).toBeDefined()
  expect(dispatcher).not.toBeInstanceOf(Agent)
  expect(dispatcher).not.toBeInstanceOf(EnvHttpProxyAgent)
})
