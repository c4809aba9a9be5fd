import { expect } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { buildTestServer } from '../support/server.js'

verifies('dev.config', async () => {
  const { send } = await buildTestServer()
  expect((await send('GET', '/config/telemetry')).body).toEqual({ telemetry: false })
  expect((await send('GET', '/dev-ui/config')).body).toEqual({ logo_text: null, logo_image_url: null })
})

const HEADER = { 'x-adk-telemetry-request': 'true' }

verifies('dev.config', 'a choice is accepted', async () => {
  const { send } = await buildTestServer()
  for (const telemetry of [true, false]) {
    const reply = await send('POST', '/config/telemetry', { telemetry }, HEADER)
    expect(reply).toMatchObject({ status: 200, body: { telemetry: false } })
  }
  expect((await send('POST', '/config/telemetry', { telemetry: 'perhaps' }, HEADER)).status).toBe(422)
  expect((await send('POST', '/config/telemetry', undefined, HEADER)).status).toBe(422)
})

for (const headers of [undefined, { 'x-adk-telemetry-request': 'yes' }]) {
  verifies('dev.telemetry-header', JSON.stringify(headers) ?? 'none', async () => {
    const { send } = await buildTestServer()
    const reply = await send('POST', '/config/telemetry', { telemetry: true }, headers)
    expect(reply).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('X-ADK-Telemetry-Request') },
    })
  })
}

const ANSWERS: [path: string, body: unknown][] = [
  ['tests', []],
  ['eval_sets', []],
  ['eval-sets', { evalSetIds: [] }],
  ['eval_results', []],
  ['metrics-info', { metricsInfo: [] }],
]
for (const [path, body] of ANSWERS) {
  verifies('dev.empty', path, async () => {
    const { send } = await buildTestServer()
    for (const app of ['weather', 'nowhere']) {
      const reply = await send('GET', `/dev/apps/${app}/${path}`)
      expect(reply.status).toBe(200)
      expect(reply.body).toEqual(body)
    }
  })
}

verifies('dev.empty', 'the builder', async () => {
  const { send } = await buildTestServer()
  const reply = await send('GET', '/dev/apps/weather/builder?ts=1763650000000&file_path=../agent.ts&tmp=true')
  expect(reply).toMatchObject({ status: 200, text: '' })
  expect(reply.headers).toMatchObject({
    'content-type': 'application/x-yaml',
    'cache-control': 'no-store',
  })
})

verifies('dev.empty', 'nothing can be written', async () => {
  const { send } = await buildTestServer()
  for (const [method, path, status] of [
    ['POST', 'builder/save', 404],
    ['POST', 'builder/cancel', 404],
    ['POST', 'builder', 405],
    ['PUT', 'tests/x', 404],
    ['POST', 'tests/run', 404],
    ['POST', 'eval-sets', 405],
    ['POST', 'eval_sets/x', 404],
    ['GET', 'eval_sets/x/evals', 404],
    ['GET', 'eval_results/x', 404],
  ] as const) {
    expect((await send(method, `/dev/apps/weather/${path}`, {})).status).toBe(status)
  }
})
