import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LlmAgent } from '../../src/agents/llm-agent.js'
import { SequentialAgent } from '../../src/agents/workflow.js'
import { createEvent } from '../../src/core/event.js'
import { readReadme } from '../../src/graph/readme.js'
import { verifies } from '../contract/verifies.js'
import { parseDot } from '../graph/parse-dot.js'
import { buildTestServer, loadFailure, message, openSession, SESSION } from '../support/server.js'

const DEV = '/dev/apps/weather'
const team = () =>
  new LlmAgent({
    name: 'team',
    subAgents: [
      new SequentialAgent({
        name: 'steps',
        subAgents: [new LlmAgent({ name: 'one' }), new LlmAgent({ name: 'two' })],
      }),
    ],
  })

const activeNodes = (dot: string, fill = '#0F5223'): string[] =>
  [...parseDot(dot).nodes].filter(([, { fillcolor }]) => fillcolor === fill).map(([name]) => name)

verifies('graph.event', 'of a turn', async () => {
  const { send, sessions } = await openSession()
  await send('POST', '/run', message())
  const session = await sessions.getSession({ appName: 'weather', userId: 'u1', sessionId: 's1' })
  const graphs = []
  for (const { id } of session?.events ?? []) {
    const reply = await send('GET', `${SESSION}/events/${id}/graph`)
    expect(reply.status).toBe(200)
    expect(Object.keys(reply.body)).toEqual(['dotSrc', 'dot_src'])
    expect(reply.body.dot_src).toBe(reply.body.dotSrc)
    expect((await send('GET', `/dev${SESSION}/events/${id}/graph`)).body).toEqual(reply.body)
    graphs.push(reply.body.dotSrc)
  }
  expect(graphs.map((dot) => activeNodes(dot))).toEqual([
    [],
    ['weather', 'get_weather'],
    ['weather', 'get_weather'],
    ['weather'],
  ])
  expect(graphs.map((dot) => parseDot(dot).edges[0]?.attributes)).toEqual([
    { color: '#cccccc', arrowhead: 'none' },
    { color: '#69CB87', arrowhead: 'normal' },
    { color: '#69CB87', dir: 'back' },
    { color: '#cccccc', arrowhead: 'none' },
  ])
})

verifies('graph.event', 'in light colours', async () => {
  const { send, sessions } = await openSession()
  const session = await sessions.getSession({ appName: 'weather', userId: 'u1', sessionId: 's1' })
  if (session) await sessions.appendEvent({ session, event: createEvent({ id: 'e1', author: 'weather' }) })
  const { body } = await send('GET', `${SESSION}/events/e1/graph?dark_mode=false`)
  expect(activeNodes(body.dotSrc, '#ceead6')).toEqual(['weather'])
})

verifies('graph.nothing', async () => {
  const { send } = await openSession()
  for (const path of [
    `${SESSION}/events/zzz`,
    `${SESSION}/events/__proto__`,
    '/apps/weather/users/u1/sessions/other/events/zzz',
    '/apps/other/users/u1/sessions/s1/events/zzz',
  ]) {
    for (const prefix of ['', '/dev']) {
      expect(await send('GET', `${prefix}${path}/graph`)).toMatchObject({ status: 200, text: '{}' })
    }
  }
})

verifies('graph.app', 'over HTTP', async () => {
  const { send } = await buildTestServer()
  for (const [query, background] of [
    ['', '#ffffff'],
    ['?dark_mode=false', '#ffffff'],
    ['?dark_mode=true', '#333537'],
  ]) {
    const { status, body } = await send('GET', `${DEV}/graph${query}`)
    expect(status).toBe(200)
    expect(body.dot_src).toBe(body.dotSrc)
    expect(parseDot(body.dotSrc).graph['bgcolor']).toBe(background)
    expect([...parseDot(body.dotSrc).nodes.keys()]).toEqual(['weather', 'get_weather'])
  }
  expect((await send('GET', `${DEV}/graph?dark_mode=perhaps`)).status).toBe(422)
})

verifies('graph.structure', async () => {
  const { send } = await buildTestServer()
  expect(await send('GET', `${DEV}/build_graph`)).toMatchObject({ status: 200 })
  expect((await send('GET', `${DEV}/build_graph`)).body).toEqual({
    name: 'weather',
    root_agent: {
      name: 'weather',
      type: 'agent',
      description: 'Tells the weather.',
      model: expect.any(String),
      tools: [{ name: 'get_weather', type: 'tool' }],
      sub_agents: [],
    },
    readme: null,
  })
})

verifies('graph.structure', 'the README', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'readme-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  expect(await readReadme(dir)).toBeNull()
  expect(await readReadme(undefined)).toBeNull()
  writeFileSync(join(dir, 'secret.txt'), 'secret')
  symlinkSync(join(dir, 'secret.txt'), join(dir, 'README.md'))
  expect(await readReadme(dir)).toBeNull()
  rmSync(join(dir, 'README.md'))
  writeFileSync(join(dir, 'README.md'), '# Grüße')
  expect(await readReadme(dir)).toBe('# Grüße')
  const { send } = await buildTestServer({ dirs: { weather: dir } })
  expect((await send('GET', `${DEV}/build_graph`)).body.readme).toBe('# Grüße')
})

verifies('graph.image', async () => {
  const { send } = await buildTestServer({ apps: { team: team() } })
  const url = '/dev/apps/team/build_graph_image'
  const light = await send('GET', `${url}?dark_mode=false`)
  expect(light.status).toBe(200)
  expect(Object.keys(light.body)).toEqual(['', 'steps', 'dotSrc'])
  expect(light.body['']).toEqual({ dotSrc: light.body.dotSrc })
  expect([...parseDot(light.body.dotSrc).nodes.keys()]).toEqual(['team', 'one', 'two'])
  expect([...parseDot(light.body.steps.dotSrc).nodes.keys()]).toEqual(['one', 'two'])
  const dark = await send('GET', `${url}?dark_mode=true`)
  expect(parseDot(dark.body.dotSrc).graph['bgcolor']).toBe('#333537')
})

verifies('graph.image', 'of a node', async () => {
  const { send } = await buildTestServer({ apps: { team: team() } })
  for (const [node, path, nodes] of [
    ['steps', 'steps', ['one', 'two']],
    ['team/steps', 'team/steps', ['one', 'two']],
    ['steps/one', 'steps/one', ['one']],
    ['', '', ['team', 'one', 'two']],
  ] as const) {
    const { status, body } = await send(
      'GET',
      `/dev/apps/team/build_graph_image?node=${encodeURIComponent(node)}`,
    )
    expect(status).toBe(200)
    expect(body[path]).toEqual({ dotSrc: body.dotSrc })
    expect([...parseDot(body.dotSrc).nodes.keys()]).toEqual(nodes)
    expect([...parseDot(body[''].dotSrc).nodes.keys()]).toEqual(['team', 'one', 'two'])
  }
})

verifies('graph.missing', async () => {
  const { send } = await buildTestServer({ apps: { broken: loadFailure('broken', 'no') } })
  for (const path of ['graph', 'build_graph', 'build_graph_image', 'build_graph_image?node=x']) {
    const text = 'App not found: nowhere'
    expect(await send('GET', `/dev/apps/nowhere/${path}`)).toMatchObject({
      status: 404,
      body: { detail: text, error: text },
    })
    expect((await send('GET', `/dev/apps/broken/${path}`)).status).toBe(500)
  }
  for (const node of ['nope', 'weather/nope', 'get_weather', '__proto__']) {
    const text = `Node not found: ${node}`
    const reply = await send('GET', `${DEV}/build_graph_image?node=${node}`)
    expect(reply).toMatchObject({ status: 404, body: { detail: text, error: text } })
  }
})

test('nothing of a drawing comes from the request', async () => {
  const { send } = await buildTestServer()
  const reply = await send('GET', `${DEV}/build_graph_image?node=${encodeURIComponent('weather//')}`)
  expect(Object.keys(reply.body)).toEqual(['', 'weather', 'dotSrc'])
})
