import { describe, expect, vi } from 'vitest'
import type { AcpRun } from '../../src/schema/acp.js'
import { verifies } from '../contract/verifies.js'
import {
  acpServer,
  answerOf,
  askingAgent,
  eventsIn,
  json,
  runRequest,
  says,
  text,
  textsOf,
} from '../support/acp.js'
import { WEATHER_TURN } from '../support/agents.js'
import { gate } from '../support/gate.js'
import type { Turn } from '../support/scripted-model.js'

const REFUND: Turn = { call: 'refund', args: { amount: 90 } }

const server = (...turns: Turn[]) => acpServer({ apps: { refunds: askingAgent(...turns) } })

/** Starts a run that comes to wait. */
async function waiting(...turns: Turn[]) {
  const { run, ...rest } = await server(...turns)
  const waits = await run({ agent_name: 'refunds' })
  expect(waits).toMatchObject({ status: 'awaiting', finished_at: null, error: null })
  return { ...rest, run, waits, id: waits.run_id }
}

/** What is asked: the words, and the JSON. */
function questionsOf({ await_request }: AcpRun) {
  const parts = await_request?.message.parts ?? []
  return {
    words: parts.flatMap(({ name, content }) => (name ? [] : [content])),
    json: parts.flatMap(({ name, content }) => (name ? [{ name, ...JSON.parse(content ?? '') }] : [])),
  }
}

const trajectories = ({ output }: AcpRun) =>
  output.flatMap(({ parts }) =>
    parts.flatMap(({ metadata }) => (metadata?.kind === 'trajectory' ? [metadata] : [])),
  )

describe('a confirmation', () => {
  verifies('acp.await', 'a confirmation', async () => {
    const { waits, get, id } = await waiting(REFUND)
    expect(waits.await_request).toMatchObject({ type: 'message', message: { role: 'agent/refunds' } })
    const { words, json: asked } = questionsOf(waits)
    expect(words).toEqual(['Please approve: refund(amount=90)'])
    expect(asked).toEqual([
      {
        name: 'refund',
        function_call_id: expect.stringMatching(/^adk-/),
        args: { amount: 90 },
        hint: expect.any(String),
      },
    ])
    expect(waits.output).toEqual([])
    expect(await get(id)).toEqual(waits)
  })

  const yes = [text('yes'), text(' OK. '), text('Approve'), json({ confirmed: true }), json(true)]
  for (const part of yes) {
    verifies('acp.resume', `confirmed by ${part.content}`, async () => {
      const { resume, id } = await waiting(REFUND)
      const { status, body, headers } = await resume(id, { await_resume: answerOf(part) })
      expect(status).toBe(200)
      expect(headers['run-id']).toBeUndefined()
      expect(body).toMatchObject({ run_id: id, status: 'completed', await_request: null })
      expect(trajectories(body)).toMatchObject([
        { tool_name: 'refund', tool_input: { amount: 90 }, tool_output: { refunded: 90 } },
      ])
      expect(textsOf(body)).toEqual([['Done.']])
    })
  }

  for (const part of [text('no'), text('yes, if you must'), json({ confirmed: false })]) {
    verifies('acp.resume', `refused by ${part.content}`, async () => {
      const { resume, id } = await waiting(REFUND)
      const { body } = await resume(id, { await_resume: answerOf(part) })
      expect(trajectories(body)).toMatchObject([
        { tool_output: { error: expect.stringContaining('rejected') } },
      ])
    })
  }
})

describe('other questions', () => {
  const credential = { authType: 'apiKey', apiKey: 'k' }
  for (const answer of [
    { exchangedAuthCredential: credential },
    { auth_config: { authScheme: {}, credentialKey: 'mail', exchangedAuthCredential: credential } },
    { auth_config: { exchanged_auth_credential: { auth_type: 'apiKey', api_key: 'k' } } },
  ]) {
    verifies(
      'acp.await',
      `a credential, given as ${Object.keys(Object.values(answer)[0] ?? {}).join(', ')}`,
      async () => {
        const { waits, resume, id } = await waiting({ call: 'read_mail' })
        const { words, json: asked } = questionsOf(waits)
        expect(words).toEqual(['Please sign in: https://example.com/sign-in'])
        expect(asked).toMatchObject([
          { name: 'adk_request_credential', auth_config: { credentialKey: 'mail' } },
        ])
        expect(JSON.stringify(waits)).not.toContain('very secret')
        expect((await resume(id, { await_resume: answerOf(text('my password')) })).status).toBe(422)
        const { body } = await resume(id, { await_resume: answerOf(json(answer)) })
        expect(body).toMatchObject({ status: 'completed' })
        expect(trajectories(body).at(-1)).toMatchObject({ tool_name: 'read_mail', tool_output: { key: 'k' } })
      },
    )
  }

  for (const [part, payload] of [
    [text('blue'), 'blue'],
    [json({ colour: 'blue' }), { colour: 'blue' }],
    [json({ payload: ['blue'] }), ['blue']],
  ] as const) {
    verifies('acp.await', `a request for input, answered by ${part.content}`, async () => {
      const { waits, resume, id, send } = await waiting({
        call: 'adk_request_input',
        args: { message: 'Which colour?' },
      })
      expect(questionsOf(waits)).toMatchObject({
        words: ['Which colour?'],
        json: [{ name: 'adk_request_input', message: 'Which colour?' }],
      })
      const { body } = await resume(id, { await_resume: answerOf(part) })
      expect(body).toMatchObject({ status: 'completed' })
      const { events } = (await send('GET', `/apps/refunds/users/acp/sessions/${waits.session_id}`)).body
      expect(events.at(-2).content.parts[0].functionResponse).toMatchObject({ response: { payload } })
    })
  }

  for (const [part, response] of [
    [text('granted'), { result: 'granted' }],
    [json({ status: 'granted' }), { status: 'granted' }],
    [json(['granted']), { result: ['granted'] }],
  ] as const) {
    verifies('acp.await', `a long-running tool, answered by ${part.content}`, async () => {
      const { waits, resume, id, send } = await waiting({ call: 'approve', args: { what: 'this' } })
      expect(questionsOf(waits)).toMatchObject({
        words: ['Please give the result of approve(what=this)'],
        json: [{ name: 'approve', args: { what: 'this' } }],
      })
      expect(trajectories(waits)).toEqual([
        { kind: 'trajectory', tool_name: 'approve', tool_input: { what: 'this' }, tool_output: null },
      ])
      const { body } = await resume(id, { await_resume: answerOf(part) })
      expect(body).toMatchObject({ status: 'completed' })
      const { events } = (await send('GET', `/apps/refunds/users/acp/sessions/${waits.session_id}`)).body
      expect(events.at(-2).content.parts[0].functionResponse).toMatchObject({ name: 'approve', response })
    })
  }
})

describe('several questions', () => {
  const THREE: Turn = [{ call: 'approve' }, REFUND, { call: 'refund', args: { amount: 5 } }]

  verifies('acp.resume', 'one after the other', async () => {
    const { waits, resume, id, send } = await waiting(THREE)
    const { json: asked } = questionsOf(waits)
    expect(asked).toHaveLength(3)
    const answer = (index: number, fields: object) =>
      json({ function_call_id: asked[index]?.function_call_id, ...fields })
    const first = await resume(id, { await_resume: answerOf(answer(1, { confirmed: true })) })
    expect(first.body).toMatchObject({ run_id: id, status: 'awaiting' })
    expect(questionsOf(first.body).json).toEqual([asked[0], asked[2]])
    const types = async () =>
      (await send('GET', `/runs/${id}/events`)).body.events.map(({ type }: { type: string }) => type)
    expect((await types()).slice(-3)).toEqual(['run.awaiting', 'run.in-progress', 'run.awaiting'])
    const rest = answerOf(answer(2, { confirmed: false }), text('by the way'), answer(0, { by: 'the boss' }))
    const { body } = await resume(id, { await_resume: rest })
    expect(body).toMatchObject({ status: 'completed' })
    expect(trajectories(body).slice(-2)).toMatchObject([
      { tool_output: { refunded: 90 } },
      { tool_output: { error: expect.any(String) } },
    ])
  })

  verifies('acp.resume', 'what is no answer changes nothing', async () => {
    const { waits, resume, id, get } = await waiting(THREE)
    const [, first] = questionsOf(waits).json
    const wrong = [
      answerOf(text('yes')),
      answerOf(json({ confirmed: true })),
      answerOf(json({ function_call_id: 'adk-unknown', confirmed: true })),
      answerOf(json({ function_call_id: first?.function_call_id, confirmed: 'yes' })),
      answerOf(
        json({ function_call_id: first?.function_call_id, confirmed: true }),
        json({ function_call_id: first?.function_call_id, confirmed: false }),
      ),
      answerOf({ content_type: 'application/json', content: '{' }),
      answerOf({ content_type: 'application/json', content: '['.repeat(1e5) + ']'.repeat(1e5) }),
      answerOf({ content: '' }),
    ]
    for (const await_resume of wrong) {
      const { status, body } = await resume(id, { await_resume })
      expect([status, body.code]).toEqual([422, 'invalid_input'])
    }
    expect(await get(id)).toEqual(waits)
  })
})

describe('POST /runs/{id}', () => {
  const await_resume = answerOf(text('yes'))

  for (const mode of ['async', 'stream'] as const) {
    verifies('acp.resume', `mode ${mode}`, async () => {
      const { resume, id, until, send } = await waiting(REFUND)
      const before = (await send('GET', `/runs/${id}/events`)).body.events
      const reply = await resume(id, { await_resume, mode })
      if (mode === 'async') {
        expect(reply).toMatchObject({ status: 202, body: { status: 'in-progress', await_request: null } })
      } else {
        expect(eventsIn(reply).map(({ type }) => type)).toEqual([
          'run.in-progress',
          'message.created',
          'message.part',
          'message.part',
          'message.completed',
          'run.completed',
        ])
      }
      expect(await until(id, 'completed')).toMatchObject({ run_id: id })
      const { events } = (await send('GET', `/runs/${id}/events`)).body
      if (mode === 'stream') expect(events).toEqual([...before, ...eventsIn(reply)])
    })
  }

  verifies('acp.resume', 'only once', async () => {
    const { resume, id, get } = await waiting(REFUND)
    const { body } = await resume(id, { await_resume })
    const again = await resume(id, { await_resume })
    expect(again).toMatchObject({ status: 403, body: { code: 'invalid_input' } })
    expect(await get(id)).toEqual(body)
    const { run } = await acpServer({ always: 'Hi.' }).then(async (other) => ({ run: await other.run() }))
    expect(run.status).toBe('completed')
  })

  verifies('acp.resume', 'of two at once, one', async () => {
    const { resume, id } = await waiting(REFUND)
    const statuses = (await Promise.all([1, 2].map(() => resume(id, { await_resume })))).map(
      ({ status }) => status,
    )
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 403])
  })

  verifies('acp.resume', 'what does not fit', async () => {
    const { send, id } = await waiting(REFUND)
    const wrong = [
      {},
      { await_resume },
      { mode: 'sync' },
      { mode: 'sync', await_resume: {} },
      { mode: 'sync', await_resume: { ...await_resume, type: 'other' } },
      { mode: 'sync', await_resume: { type: 'message' } },
      { mode: 'sync', await_resume, run_id: 'x' },
    ]
    for (const body of wrong) {
      expect(await send('POST', `/runs/${id}`, body)).toMatchObject({
        status: 422,
        body: { code: 'invalid_input' },
      })
    }
    expect(await send('POST', `/runs/${id}`, { mode: 'sync', await_resume, run_id: id })).toMatchObject({
      status: 200,
    })
  })

  verifies('acp.await', 'in a stream, which ends', async () => {
    const { send } = await server(REFUND)
    const reply = await send('POST', '/runs', runRequest({ agent_name: 'refunds', mode: 'stream' }))
    expect(eventsIn(reply).map(({ type }) => type)).toEqual([
      'run.created',
      'run.in-progress',
      'run.awaiting',
    ])
  })

  verifies('acp.await', 'again and again', async () => {
    const { resume, id } = await waiting(REFUND, { call: 'approve' })
    const second = await resume(id, { await_resume })
    expect(second.body).toMatchObject({ run_id: id, status: 'awaiting' })
    expect(questionsOf(second.body).json).toMatchObject([{ name: 'approve' }])
    expect((await resume(id, { await_resume })).body).toMatchObject({ status: 'completed' })
  })

  verifies('acp.await', 'other runs on the session need not wait', async () => {
    const { run, waits, resume, id, send } = await waiting(REFUND, 'Meanwhile.')
    const { session_id } = waits
    expect(textsOf(await run({ agent_name: 'refunds', session_id, input: says('And now?') }))).toEqual([
      ['Meanwhile.'],
    ])
    expect((await resume(id, { await_resume })).body).toMatchObject({ status: 'completed' })
    expect((await send('GET', `/sessions/${session_id}`)).body.history).toHaveLength(4)
  })

  verifies('acp.resume', 'not by a confirmation, where that is not allowed', async () => {
    const { run, resume } = await acpServer({
      apps: { refunds: askingAgent([REFUND, { call: 'approve' }]) },
      acp: { keepMs: 60_000, confirmations: false },
    })
    const waits = await run({ agent_name: 'refunds' })
    const asked = questionsOf(waits).json
    const answer = (name: string, fields: object) => {
      const { function_call_id } = asked.find((question) => question.name === name) ?? {}
      return resume(waits.run_id, { await_resume: answerOf(json({ function_call_id, ...fields })) })
    }
    expect(await answer('refund', { confirmed: true })).toMatchObject({
      status: 403,
      body: { code: 'invalid_input', message: expect.stringContaining('takes no confirmations') },
    })
    expect((await answer('approve', { by: 'the boss' })).body).toMatchObject({ status: 'awaiting' })
  })

  verifies('acp.await', 'not for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { id, get, resume } = await waiting(REFUND)
      vi.advanceTimersByTime(60 * 60 * 1000)
      expect(await get(id)).toMatchObject({
        status: 'failed',
        error: { code: 'server_error', message: expect.stringContaining('timed out') },
      })
      expect((await resume(id, { await_resume })).status).toBe(403)
    } finally {
      vi.useRealTimers()
    }
  })
})

verifies('acp.resume', 'an answer that comes when the server has no room is not lost', async () => {
  const { opened, open } = gate()
  const { run, get, resume, send, sessions, runs } = await acpServer({
    apps: { refunds: askingAgent(REFUND) },
    always: [{ until: opened }, { say: 'Sunny.' }],
    maxRuns: 1,
  })
  const { run_id } = await run({ agent_name: 'refunds' })
  const key = { appName: 'weather', userId: 'u1', sessionId: 's1' }
  await sessions.createSession(key)
  const other = send('POST', '/run', { ...key, newMessage: 'Hello?' })
  await vi.waitFor(() => expect(runs.size).toBe(1))
  const answer = { await_resume: answerOf(text('yes')) }
  const full = { status: 503, headers: { 'retry-after': '1' }, body: { code: 'server_error' } }
  expect(await resume(run_id, answer)).toMatchObject(full)
  expect(await send('POST', '/runs', runRequest())).toMatchObject(full)
  expect((await get(run_id)).status).toBe('awaiting')
  open()
  await other
  expect(await resume(run_id, answer)).toMatchObject({ status: 200, body: { status: 'completed' } })
})

describe('POST /runs/{id}/cancel', () => {
  verifies('acp.cancel', 'while it runs', async () => {
    const { send, run, until, model } = await acpServer({
      turns: [...WEATHER_TURN.slice(0, 1), { hang: true }],
      always: 'Hi.',
    })
    const { run_id, session_id } = await run({ mode: 'async' })
    await vi.waitFor(() => expect(model.calls).toHaveLength(2))
    const reply = await send('POST', `/runs/${run_id}/cancel`)
    expect(reply).toMatchObject({ status: 202, body: { run_id, status: 'cancelling', finished_at: null } })
    const cancelled = await until(run_id, 'cancelled')
    expect(cancelled).toMatchObject({ error: null, output: [{ completed_at: null }] })
    const { events } = (await send('GET', `/runs/${run_id}/events`)).body
    expect(events.at(-1)).toEqual({ type: 'run.cancelled', run: cancelled })
    expect(await send('POST', `/runs/${run_id}/cancel`)).toMatchObject({
      status: 403,
      body: { code: 'invalid_input' },
    })
    expect((await send('GET', `/sessions/${session_id}`)).body.history).toEqual([])
    expect(await run({ session_id })).toMatchObject({ status: 'completed' })
  })

  verifies('acp.cancel', 'while it waits for its turn', async () => {
    const { opened, open } = gate()
    const { send, run, until, model } = await acpServer({
      turns: [[{ until: opened }, { say: 'First.' }]],
      always: 'Next.',
    })
    const { session_id, run_id } = await run({ mode: 'async' })
    const second = await run({ mode: 'async', session_id })
    await vi.waitFor(() => expect(model.calls).toHaveLength(1))
    await send('POST', `/runs/${second.run_id}/cancel`)
    await until(second.run_id, 'cancelled')
    const { events } = (await send('GET', `/runs/${second.run_id}/events`)).body
    expect(events.map(({ type }: { type: string }) => type)).toEqual(['run.created', 'run.cancelled'])
    open()
    await until(run_id, 'completed')
    expect(model.calls).toHaveLength(1)
  })

  verifies('acp.cancel', 'while it awaits an answer', async () => {
    const { send, id, get, resume } = await waiting(REFUND)
    expect((await send('POST', `/runs/${id}/cancel`)).body).toMatchObject({
      status: 'cancelling',
      await_request: null,
    })
    expect(await get(id)).toMatchObject({ status: 'cancelled', await_request: null })
    expect((await resume(id, { await_resume: answerOf(text('yes')) })).status).toBe(403)
  })

  verifies('acp.cancel', 'of a run that is over', async () => {
    const { send, run } = await acpServer({ always: 'Hi.' })
    const { run_id } = await run()
    expect((await send('POST', `/runs/${run_id}/cancel`)).status).toBe(403)
  })
})
