import { expect, it } from 'vitest'
import type { AuthCredential } from '../../src/core/auth.js'
import { getFunctionCalls } from '../../src/core/event.js'
import type { OpenAPIToolsetOptions } from '../../src/tools/openapi/openapi.js'
import { callTool, documentOf, openSession, startApi } from './openapi-support.js'

const OPERATION = { '/a': { get: { operationId: 'op' } } }
const securedBy = (url: string, scheme: object, operation: object = {}) =>
  documentOf(
    url,
    { '/a': { get: { operationId: 'op', ...operation } } },
    { security: [{ way: [] }], components: { securitySchemes: { way: scheme } } },
  )

const API_KEY = { type: 'apiKey', in: 'header', name: 'X-Key' }
const OAUTH2 = { type: 'oauth2', flows: {} }
const withToken = { http: { scheme: 'bearer', credentials: { token: 't0ken' } } }
const withPassword = { http: { scheme: 'basic', credentials: { username: 'me', password: 'pä' } } }

it.each<[object, AuthCredential, object]>([
  [API_KEY, { apiKey: 'k3y' }, { headers: { 'x-key': 'k3y' } }],
  [{ ...API_KEY, in: 'query' }, { apiKey: 'k&y' }, { url: '/a?X-Key=k%26y' }],
  [{ ...API_KEY, in: 'cookie' }, { apiKey: 'k3y' }, { headers: { cookie: 'X-Key=k3y' } }],
  [{ type: 'http', scheme: 'bearer' }, withToken, { headers: { authorization: 'Bearer t0ken' } }],
  [
    { type: 'http', scheme: 'Basic' },
    withPassword,
    { headers: { authorization: `Basic ${Buffer.from('me:pä').toString('base64')}` } },
  ],
  [OAUTH2, { oauth2: { accessToken: 't0ken' } }, { headers: { authorization: 'Bearer t0ken' } }],
])('a configured credential lets in: %j', async (scheme, authCredential, expected) => {
  const { url, seen } = await startApi()
  expect(await callTool({ specDict: securedBy(url, scheme), authCredential }, 'op')).toEqual({ ok: true })
  expect(seen).toMatchObject([expected])
})

it('the scheme may be configured, and headers added', async () => {
  const { url, seen } = await startApi()
  await callTool(
    {
      specDict: documentOf(url, OPERATION),
      authScheme: API_KEY,
      authCredential: { apiKey: 'k3y' },
      headerProvider: ({ userId }) => ({ 'x-user': userId }),
    },
    'op',
  )
  expect(seen[0]?.headers).toMatchObject({ 'x-key': 'k3y', 'x-user': 'u' })
})

it('nothing is sent where a document asks for nothing, or leaves it open', async () => {
  const { url, seen } = await startApi()
  const authCredential = { apiKey: 'k3y' }
  for (const security of [[], [{}, { way: [] }]]) {
    await callTool({ specDict: securedBy(url, API_KEY, { security }), authCredential }, 'op')
  }
  expect(seen).toHaveLength(2)
  for (const { headers } of seen) expect(headers).not.toHaveProperty('x-key')
})

it.each<[object, AuthCredential]>([
  [API_KEY, { apiKey: 'k3y' }],
  [OAUTH2, { oauth2: { accessToken: 't0ken' } }],
])(
  'without a credential the client is asked, and the call goes on with the answer: %j',
  async (scheme, sent) => {
    const { url, seen } = await startApi()
    const options: OpenAPIToolsetOptions = {
      specDict: securedBy(url, scheme),
      authCredential: { oauth2: { clientId: 'app', clientSecret: 'hush' } },
    }
    const { runner, send } = await openSession(options, 'op')
    expect(await send([{ text: 'go' }])).toEqual([{ pending: true, message: expect.any(String) }])
    expect(seen).toEqual([])
    const { sessions } = await runner.sessionService.listSessions({ appName: runner.appName, userId: 'u' })
    const session = await runner.sessionService.getSession({
      appName: runner.appName,
      userId: 'u',
      sessionId: sessions[0]?.id ?? '',
    })
    expect(JSON.stringify(session)).not.toContain('hush')
    const question = session?.events
      .flatMap(getFunctionCalls)
      .find(({ name }) => name === 'adk_request_credential')
    expect(question?.args).toMatchObject({
      functionCallId: 'call-1',
      authConfig: { authScheme: scheme, rawAuthCredential: { oauth2: { clientId: 'app' } } },
    })
    const answer = { authConfig: undefined, exchangedAuthCredential: sent }
    const functionResponse = { id: question?.id, name: question?.name, response: answer }
    expect(await send([{ functionResponse }])).toEqual([{ ok: true }])
    expect(JSON.stringify(seen[0]?.headers)).toMatch(/k3y|t0ken/)
  },
)

it('a key that cannot be sent is not told', async () => {
  const { url } = await startApi()
  const options = { specDict: securedBy(url, API_KEY), authCredential: { apiKey: 'hunter\n22' } }
  expect(await callTool(options, 'op')).toEqual({
    error:
      'Error in tool \'op\': the header "X-Key" cannot be sent; look for line breaks in its configured value',
  })
})
