import { expect, vi } from 'vitest'
import { verifies } from '../contract/verifies.js'
import { message, openSession, SESSION } from '../support/server.js'

const URL = '/apps/weather/users/u1/memory'

for (const body of [{ sessionId: 's1' }, { session_id: 's1', more: 1 }]) {
  verifies('memory.add', JSON.stringify(body), async () => {
    const { send, memory } = await openSession()
    await send('POST', '/run', message())
    const find = async (userId: string) =>
      (await memory.searchMemory({ appName: 'weather', userId, query: 'degrees' })).memories
    expect(await find('u1')).toEqual([])
    const reply = await send('PATCH', URL, body)
    expect(reply).toMatchObject({ status: 200, text: 'null' })
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(await find('u1')).toMatchObject([{ author: 'weather' }])
    expect(await find('u2')).toEqual([])
    await send('PATCH', URL, body)
    expect(await find('u1')).toHaveLength(1)
  })
}

verifies('memory.missing', async () => {
  const { send } = await openSession()
  const text = 'Session not found: s9'
  for (const [url, sessionId] of [
    [URL, 's9'],
    ['/apps/weather/users/u2/memory', 's9'],
    ['/apps/nowhere/users/u1/memory', 's9'],
  ]) {
    const reply = await send('PATCH', url ?? '', { sessionId })
    expect(reply).toMatchObject({ status: 404, body: { detail: text, error: text } })
  }
  expect((await send('PATCH', '/apps/weather/users/u2/memory', { sessionId: 's1' })).status).toBe(404)
})

verifies('memory.missing', 'a body without a session is 422', async () => {
  const { send } = await openSession()
  for (const body of [undefined, {}, { sessionId: null }, { sessionId: 5 }, { sessionId: ' ' }, [], 'null']) {
    expect((await send('PATCH', URL, body)).status).toBe(422)
  }
  expect((await send('POST', URL, { sessionId: 's1' })).status).toBe(405)
})

verifies('memory.deleted', async () => {
  const server = await openSession()
  const { send, memory } = server
  await send('POST', '/run', message())
  const add = memory.addSessionToMemory.bind(memory)
  vi.spyOn(memory, 'addSessionToMemory').mockImplementation(async (session) => {
    await send('DELETE', SESSION)
    await add(session)
  })
  expect((await send('PATCH', URL, { sessionId: 's1' })).status).toBe(404)
  const request = { appName: 'weather', userId: 'u1', query: 'degrees' }
  expect((await memory.searchMemory(request)).memories).toEqual([])
})
