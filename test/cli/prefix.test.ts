// Behind a proxy that serves the server under a path: one that takes the path away before it passes requests on, and one
// that leaves it. Whoever comes through the proxy finds nothing outside that path.
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { createSession, folder, messageTo, post, serve, sessionPath, waiter, write } from './support.js'

const PREFIX = '/adk'

interface ProxyOptions {
  strips: boolean
  /** The name under which it is known, which it passes on. */
  host?: string
}

/** Resolves to where clients find the server. */
async function proxyTo(target: string, { strips, host }: ProxyOptions): Promise<string> {
  const { hostname, port } = new URL(target)
  const proxy = createServer((request, response) => {
    const path = request.url ?? '/'
    if (!path.startsWith(PREFIX)) {
      response.writeHead(404).end('not mine')
      return
    }
    const passed = httpRequest(
      {
        host: hostname,
        port,
        method: request.method,
        path: strips ? path.slice(PREFIX.length) || '/' : path,
        headers: { ...request.headers, ...(host !== undefined && { host }) },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    request.pipe(passed)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return `http://localhost:${(proxy.address() as AddressInfo).port}${PREFIX}`
}

interface Options extends ProxyOptions {
  files?: Record<string, string>
  flags?: string[]
}

async function behindProxy({ files = {}, flags = [], ...options }: Options): Promise<string> {
  const { url } = await serve([await folder(files), '--url_prefix', PREFIX, ...flags])
  return proxyTo(url, options)
}

describe.each([
  { name: 'strips', strips: true },
  { name: 'keeps', strips: false },
])('a proxy that $name the prefix', ({ strips }) => {
  verifies('route.prefix-proxy', 'pages and documents', async () => {
    const url = await behindProxy({ strips })
    for (const path of ['/docs', '/docs/']) {
      const page = await fetch(`${url}${path}`)
      expect(page).toMatchObject({ status: 200, url: expect.stringContaining(PREFIX) })
      const links = [...(await page.text()).matchAll(/ (?:src|href)="([^"#]+)"/g)].map(
        ([, link = '']) => link,
      )
      expect(links.length).toBeGreaterThan(5)
      for (const link of [...links, `${page.url.replace(/\/$/, '')}/json`]) {
        expect({ link, status: (await fetch(new URL(link, page.url))).status }).toEqual({ link, status: 200 })
      }
    }

    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { servers: { url: string }[] }
    expect(document.servers).toEqual([{ url: PREFIX }])
    const base = new URL(document.servers[0]?.url ?? '', url)
    expect(await (await fetch(`${base.href}/list-apps`)).json()).toEqual([])
    expect(await (await fetch(`${base.href}/list-apps/`)).json()).toEqual([])
    expect((await fetch(`${base.href}/nowhere`)).status).toBe(404)
    const refused = await fetch(`${base.href}/run`)
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST'])
  })

  verifies('route.prefix-proxy', 'a stream arrives as it happens', async () => {
    const gates = await folder()
    const files = { 'slow/agent.ts': waiter(join(gates, 'open')) }
    const url = await behindProxy({ strips, files })
    await createSession(url, 'slow')
    const response = await post(`${url}/run_sse`, { ...messageTo('slow'), streaming: true })
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
    const first = await reader.read()
    expect(Buffer.from(first.value ?? []).toString()).toMatch(/^data: \{.*"partial":true.*\}\n\n$/)
    await write(gates, { open: '' })
    let rest = ''
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      rest += Buffer.from(next.value).toString()
    }
    expect(rest).toContain('one two')
    const session = (await (await fetch(`${url}${sessionPath('slow')}`)).json()) as { events: unknown[] }
    expect(session.events).toHaveLength(2)
  })

  verifies('route.prefix-proxy', 'pages of a public name, once it is listed', async () => {
    const origin = 'https://public.example'
    const options = { strips, host: 'public.example' }
    const closed = await behindProxy(options)
    const refused = await fetch(`${closed}/list-apps`, { headers: { origin } })
    expect(refused.status).toBe(403)
    const open = await behindProxy({ ...options, flags: ['--allow_origins', origin] })
    const answer = await fetch(`${open}/list-apps`, { headers: { origin } })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin])
  })
})
