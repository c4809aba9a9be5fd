// What this server answers to each recorded request. The order matters: later requests see what earlier ones did.
import { expect } from 'vitest'
import type { RequirementId } from '../requirements.js'

export interface Expected {
  verifies: RequirementId
  /** 0: the client leaves without an answer. */
  status: number
  headers?: Record<string, unknown>
  /** What the parsed body holds, at least. */
  body?: unknown
  /** The events of a stream: exactly as many, holding at least this. */
  frames?: unknown[]
  text?: string | RegExp
  /** Why this is not what was answered when the request was recorded, where the recording tells that. */
  differs?: string
}

const error = (text: unknown) => ({ detail: text, error: text })
const invalid = (...items: [type: string, ...loc: (string | number)[]][]) => ({
  detail: items.map(([type, ...loc]) => expect.objectContaining({ type, loc })),
  error: expect.any(String),
})
const session = (id: string, state: object, events: unknown = []) => ({ id, state, events })
const spoken = (text: string) => ({ content: { role: 'model', parts: [{ text }] } })

const call = { content: { role: 'model', parts: [{ functionCall: { name: 'get_weather' } }] } }
const response = { content: { role: 'user', parts: [{ functionResponse: { name: 'get_weather' } }] } }
const answer = spoken('Sunny in New York, 25 degrees.')
const turn = [call, response, answer]
const chunks = ['Sunny ', 'in New York, ', '25 degrees.'].map((text) => ({ ...spoken(text), partial: true }))
const seconds = expect.toSatisfy((time: number) => Math.abs(time - Date.now() / 1000) < 1000)

export const EXPECTED: Record<string, Expected> = {
  '01-health': { verifies: 'health.ok', status: 200, body: { status: 'ok' } },
  '02-root': { verifies: 'error.not-found', status: 404, body: error('Not Found') },
  '03-version': { verifies: 'version.fields', status: 200, body: { language: 'typescript' } },
  '04-list-apps': {
    verifies: 'list-apps.names',
    status: 200,
    body: [
      'artifact_agent',
      'broken_agent',
      'fails_agent',
      'my_sample_agent',
      'noexport_agent',
      'slow_agent',
      'thrower_agent',
      'weather',
    ],
  },
  '05-list-apps-detailed': {
    verifies: 'list-apps.detailed',
    status: 200,
    body: { apps: expect.toSatisfy((apps: unknown[]) => apps.length === 6) },
  },
  '06-docs': { verifies: 'docs.page', status: 200, text: /<title>adk-ts<\/title>/ },
  '07-openapi': { verifies: 'docs.document', status: 200, body: { openapi: '3.1.0' } },
  '08-create-with-id-raw-state': {
    verifies: 'session.create-body',
    status: 200,
    body: { ...session('s_raw', { key1: 'value1', key2: 42 }), lastUpdateTime: seconds },
  },
  '09-create-with-id-state-wrapper': {
    verifies: 'session.create-body',
    status: 200,
    body: session('s_123', { key1: 'value1', key2: 42 }),
  },
  '10-create-duplicate': {
    verifies: 'session.duplicate',
    status: 400,
    body: error('Session already exists: s_123'),
  },
  '11-create-with-id-empty-object': {
    verifies: 'session.create-empty',
    status: 200,
    body: session('s_e', {}),
  },
  '12-create-with-id-no-body': {
    verifies: 'session.create-empty',
    status: 200,
    body: session('s_nobody', {}),
  },
  '13-create-with-id-no-body-ctype-json': {
    verifies: 'session.create-empty',
    status: 200,
    body: session('s_nobody2', {}),
  },
  '14-create-server-id': { verifies: 'session.own-id', status: 200, body: { state: {}, events: [] } },
  '15-create-server-id-no-body': { verifies: 'session.create-empty', status: 200, body: { state: {} } },
  '16-create-server-id-with-sessionId': {
    verifies: 'session.own-id',
    status: 200,
    body: session('chosen', { a: 1 }),
  },
  '17-create-state-not-object': {
    verifies: 'session.create-body',
    status: 200,
    body: session('s_badstate', { state: 'notanobject' }),
  },
  '18-create-state-array': {
    verifies: 'session.create-body',
    status: 200,
    body: session('s_badstate2', { state: [1, 2] }),
  },
  '19-create-body-array': {
    verifies: 'session.create-body',
    status: 422,
    body: invalid(['dict_type', 'body']),
  },
  '20-create-body-null': { verifies: 'session.create-empty', status: 200, body: session('s_null', {}) },
  '21-create-body-string': {
    verifies: 'session.create-body',
    status: 422,
    body: invalid(['dict_type', 'body']),
  },
  '22-create-unknown-app': {
    verifies: 'session.create-any-app',
    status: 200,
    body: { appName: 'no_such_app' },
  },
  '23-create-prefixed-state': {
    verifies: 'session.scopes',
    status: 200,
    body: { state: expect.toSatisfy((state: object) => !('temp:t' in state)) },
  },
  '24-get-prefixed-state': {
    verifies: 'session.scopes',
    status: 200,
    body: session('s_pref', { 'app:a': 1, 'user:u': 2, p: 4 }),
  },
  '25-get-session': {
    verifies: 'session.scopes',
    status: 200,
    body: session('s_123', { key1: 'value1', key2: 42, 'app:a': 1, 'user:u': 2 }),
  },
  '26-get-session-missing': {
    verifies: 'session.missing',
    status: 404,
    body: error('Session not found: nope'),
  },
  '27-list-sessions': {
    verifies: 'session.list',
    status: 200,
    body: expect.toSatisfy((found: { events: unknown[] }[]) => {
      return found.length === 12 && found.every(({ events }) => events.length === 0)
    }),
  },
  '28-list-sessions-unknown-user': { verifies: 'session.list', status: 200, text: '[]' },
  '29-list-sessions-unknown-app': { verifies: 'session.list', status: 200, text: '[]' },
  '30-patch-session': {
    verifies: 'session.patch',
    status: 200,
    body: session('s_123', { visit_count: 5 }, [
      { author: 'user', actions: { stateDelta: { visit_count: 5 } } },
    ]),
  },
  '31-run': { verifies: 'run.events', status: 200, body: turn },
  '32-run-sse-streaming-false': { verifies: 'sse.always', status: 200, frames: turn },
  '33-run-sse-streaming-true': {
    verifies: 'sse.partial',
    status: 200,
    frames: [call, response, ...chunks, answer],
  },
  '34-run-streaming-true-on-run': { verifies: 'run.never-partial', status: 200, body: turn },
  '35-run-state-delta': { verifies: 'run.state-delta', status: 200, body: turn },
  '36-get-session-after-runs': {
    verifies: 'run.stored',
    status: 200,
    body: {
      state: { key1: 'value1', key2: 42, d: 1, 'user:name': 'z' },
      events: expect.toSatisfy(
        (events: object[]) => events.length === 21 && !events.some((event) => 'partial' in event),
      ),
    },
  },
  '37-run-inline-data': { verifies: 'run.events', status: 200, body: turn },
  '38-run-snake-case': { verifies: 'naming.both', status: 200, body: turn },
  '39-run-new-message-string': { verifies: 'run.message-string', status: 200, body: turn },
  '40-run-new-message-missing': {
    verifies: 'run.message-invalid',
    status: 422,
    body: invalid(['missing', 'body', 'newMessage']),
  },
  '41-run-new-message-null': {
    verifies: 'run.message-invalid',
    status: 422,
    body: invalid(['missing', 'body', 'newMessage']),
  },
  '42-run-new-message-empty-parts': {
    verifies: 'run.message-invalid',
    status: 422,
    body: invalid(['too_short', 'body', 'newMessage', 'parts']),
  },
  '43-run-new-message-no-role': { verifies: 'run.events', status: 200, body: turn },
  '44-run-parts-string': {
    verifies: 'run.message-invalid',
    status: 422,
    body: invalid(['list_type', 'body', 'newMessage', 'parts']),
  },
  '45-run-unknown-session': {
    verifies: 'run.unknown-session',
    status: 404,
    body: error(expect.stringMatching(/^Session not found: nope\./)),
  },
  '46-run-unknown-app': { verifies: 'run.unknown-app', status: 404, body: error('App not found: nope') },
  '47-run-sse-unknown-session': {
    verifies: 'sse.error-before',
    status: 404,
    body: error(expect.stringMatching(/^Session not found: nope\./)),
  },
  '48-create-session-unknown-app-for-run': { verifies: 'session.create-any-app', status: 200 },
  '49-run-unknown-app-existing-session': {
    verifies: 'run.unknown-app',
    status: 404,
    body: error('App not found: ghost'),
  },
  '50-run-sse-unknown-app-existing-session': {
    verifies: 'sse.error-before',
    status: 404,
    body: error('App not found: ghost'),
  },
  '51-create-session-broken-app': { verifies: 'session.create-any-app', status: 200 },
  '52-run-broken-app': {
    verifies: 'run.load-failure',
    status: 500,
    body: error('App "broken_agent" failed to load: broken_agent/agent.js: cannot find package "x"'),
  },
  '53-create-session-fails': { verifies: 'session.create', status: 200 },
  '54-run-model-throws': {
    verifies: 'run.model-failure',
    status: 200,
    body: [{ errorCode: 'UNKNOWN_ERROR', errorMessage: 'model exploded' }],
  },
  '55-run-sse-model-throws': {
    verifies: 'run.model-failure',
    status: 200,
    frames: [{ errorCode: 'UNKNOWN_ERROR', errorMessage: 'model exploded' }],
  },
  '56-run-sse-model-throws-midstream': {
    verifies: 'run.model-failure',
    status: 200,
    frames: [{ partial: true }, { errorCode: 'UNKNOWN_ERROR', errorMessage: 'model exploded' }],
  },
  '57-create-session-thrower': { verifies: 'session.create', status: 200 },
  '58-run-agent-throws': {
    verifies: 'run.agent-failure',
    status: 500,
    body: error('Agent "thrower_agent" failed: agent exploded'),
  },
  '59-run-sse-agent-throws': {
    verifies: 'run.agent-failure',
    status: 200,
    frames: [
      spoken('before the fall'),
      { error: 'Agent "thrower_agent" failed: agent exploded', error_details: {} },
    ],
  },
  '65-event-graph-missing-event': {
    verifies: 'graph.nothing',
    status: 200,
    text: '{}',
    differs: 'nothing to draw is {}, as the documentation has it: the dev UI takes a 404 for a failure',
  },
  '66-event-graph-missing-session': {
    verifies: 'graph.nothing',
    status: 200,
    text: '{}',
    differs: 'nothing to draw is {}, as the documentation has it: the dev UI takes a 404 for a failure',
  },
  '67-trace-event-missing': {
    verifies: 'trace.unknown-event',
    status: 404,
    body: error('Trace not found'),
  },
  '68-trace-session': {
    verifies: 'trace.session',
    status: 200,
    body: expect.arrayContaining(
      ['invocation', 'call_llm', 'execute_tool get_weather'].map((name) => expect.objectContaining({ name })),
    ),
  },
  '69-trace-session-missing': { verifies: 'trace.unknown-session', status: 200 },
  '70-build-graph': {
    verifies: 'graph.structure',
    status: 200,
    body: {
      name: 'my_sample_agent',
      root_agent: { name: 'weather', type: 'agent', tools: [{ name: 'get_weather', type: 'tool' }] },
    },
    differs: 'another agent; and rerun_on_resume is a word of the engine that was recorded',
  },
  '71-build-graph-image': {
    verifies: 'graph.image',
    status: 200,
    body: {
      '': { dotSrc: expect.stringContaining('"weather" -> "get_weather"') },
      dotSrc: expect.any(String),
    },
  },
  '72-build-graph-missing': { verifies: 'graph.missing', status: 404, body: error('App not found: zzz') },
  '73-build-graph-image-node-missing': {
    verifies: 'graph.missing',
    status: 404,
    body: error('Node not found: zzz'),
  },
  '74-artifact-create-session': { verifies: 'session.create', status: 200 },
  '75-artifact-run-sse': {
    verifies: 'sse.one-frame',
    status: 200,
    frames: [
      { content: { parts: [{ functionCall: { name: 'save_report' } }] } },
      {
        content: { parts: [{ functionResponse: {} }] },
        actions: { artifactDelta: { 'report.txt': 0, 'user:shared.png': 0, 'dir/sub file.txt': 0 } },
      },
      spoken('Saved.'),
    ],
  },
  '76-artifact-get-session': { verifies: 'session.get', status: 200, body: { events: [{}, {}, {}, {}] } },
  '77-artifact-list': { verifies: 'artifact.list', status: 200 },
  '78-artifact-get': { verifies: 'artifact.versions', status: 200 },
  '79-artifact-get-version-query': {
    verifies: 'artifact.versions',
    status: 404,
    body: error('Artifact not found: report.txt'),
    differs: '?version= is heeded, as in the official OpenAPI',
  },
  '80-artifact-versions': { verifies: 'artifact.versions', status: 200 },
  '81-artifact-version-0': { verifies: 'artifact.versions', status: 200 },
  '82-artifact-version-9': { verifies: 'artifact.missing', status: 404 },
  '83-artifact-version-latest': {
    verifies: 'artifact.versions',
    status: 200,
    body: { text: 'hello artifact' },
    differs: 'latest is a version, as in the official OpenAPI',
  },
  '84-artifact-version-abc': {
    verifies: 'artifact.bad-version',
    status: 422,
    body: invalid(['int_parsing', 'path', 'version_id']),
    differs: 'what is no version is 422, as in the official OpenAPI',
  },
  '85-artifact-version-negative': {
    verifies: 'artifact.bad-version',
    status: 422,
    body: invalid(['int_parsing', 'path', 'version_id']),
    differs: 'what is no version is 422, as in the official OpenAPI',
  },
  '86-artifact-user-prefix': { verifies: 'artifact.scope', status: 200 },
  '87-artifact-user-prefix-encoded': { verifies: 'artifact.scope', status: 200 },
  '88-artifact-slash-raw': {
    verifies: 'artifact.name',
    status: 200,
    body: { text: 'slash' },
    differs: 'slashes may be sent as they are: the dev UI does',
  },
  '89-artifact-slash-encoded': { verifies: 'artifact.name', status: 200 },
  '90-artifact-metadata': {
    verifies: 'artifact.metadata',
    status: 200,
    body: { version: 0, canonicalUri: expect.any(String), customMetadata: {}, mimeType: 'text/plain' },
    differs: 'metadata exist, as in the official OpenAPI',
  },
  '91-artifact-versions-metadata': {
    verifies: 'artifact.metadata',
    status: 200,
    body: [{ version: 0 }],
    differs: 'metadata exist, as in the official OpenAPI',
  },
  '92-artifact-missing': { verifies: 'artifact.missing', status: 404 },
  '93-artifact-versions-missing': { verifies: 'artifact.versions', status: 200, text: '[]' },
  '94-artifact-bad-percent': { verifies: 'route.bad-url', status: 400, body: error(expect.any(String)) },
  '95-artifact-save': {
    verifies: 'artifact.save',
    status: 200,
    body: { version: 0, mimeType: 'text/plain' },
    differs: 'clients can save artifacts, as in the official OpenAPI',
  },
  '96-artifact-delete': { verifies: 'artifact.delete', status: 204, text: '' },
  '97-artifact-delete-missing': { verifies: 'artifact.delete', status: 204, text: '' },
  '98-artifact-user-other-session': { verifies: 'session.create', status: 200 },
  '99-artifact-list-other-session': { verifies: 'artifact.scope', status: 200 },
  '100-memory-patch': {
    verifies: 'memory.add',
    status: 200,
    text: 'null',
    differs: 'sessions can be remembered, as in the official OpenAPI',
  },
  '116-delete-session': { verifies: 'session.delete', status: 204, text: '' },
  '117-delete-session-again': { verifies: 'session.delete-missing', status: 204, text: '' },
  '118-malformed-json': { verifies: 'error.json', status: 422, body: invalid(['json_invalid', 'body']) },
  '119-malformed-json-session': {
    verifies: 'error.json',
    status: 422,
    body: invalid(['json_invalid', 'body']),
  },
  '120-run-wrong-content-type': {
    verifies: 'body.media-type',
    status: 415,
    body: error(expect.stringContaining('should be JSON')),
  },
  '121-run-sse-wrong-content-type': {
    verifies: 'body.media-type',
    status: 415,
    body: error(expect.stringContaining('should be JSON')),
  },
  '122-run-form-urlencoded': {
    verifies: 'body.media-type',
    status: 415,
    body: error(expect.stringContaining('should be JSON')),
  },
  '123-unknown-route': { verifies: 'error.not-found', status: 404, body: error('Not Found') },
  '124-method-not-allowed': {
    verifies: 'error.method',
    status: 405,
    headers: { allow: 'POST' },
    body: error('Method Not Allowed'),
  },
  '125-options-run': {
    verifies: 'guard.origin',
    status: 403,
    body: error(expect.stringContaining('origin not allowed')),
  },
  '126-origin-foreign': {
    verifies: 'guard.origin',
    status: 403,
    body: error(expect.stringContaining('origin not allowed')),
  },
  '127-head-list-apps': { verifies: 'route.head', status: 200, text: '' },
  '128-proto-app-name': { verifies: 'naming.proto', status: 200, body: { appName: '__proto__' } },
  '129-proto-get': { verifies: 'naming.proto', status: 200, body: { appName: '__proto__', state: {} } },
  '130-proto-session-id': {
    verifies: 'naming.proto',
    status: 404,
    body: error('Session not found: __proto__'),
  },
  '131-trace-proto': { verifies: 'naming.proto', status: 404 },
  '132-run-app-name-object': {
    verifies: 'error.validation',
    status: 422,
    body: invalid(['string_type', 'body', 'appName']),
  },
  '133-run-session-id-number': {
    verifies: 'error.validation',
    status: 422,
    body: invalid(['string_type', 'body', 'sessionId']),
  },
  '134-run-user-id-null': {
    verifies: 'error.validation',
    status: 422,
    body: invalid(['missing', 'body', 'userId']),
  },
  '135-run-body-array': { verifies: 'error.validation', status: 422, body: invalid(['dict_type', 'body']) },
  '136-run-body-null': { verifies: 'error.validation', status: 422, body: invalid(['missing', 'body']) },
  '201-crash-run-appname-unprintable-object': {
    verifies: 'error.survives',
    status: 422,
    body: invalid(['string_type', 'body', 'appName']),
  },
  '202-crash-run-sse-appname-unprintable-object': {
    verifies: 'error.survives',
    status: 422,
    body: invalid(['string_type', 'body', 'appName']),
  },
  '203-crash-reasoning-engine-text-null': {
    verifies: 'error.survives',
    status: 404,
    body: error('Not Found'),
  },
  '204-reasoning-engine-text-garbage': { verifies: 'error.not-found', status: 404, body: error('Not Found') },
  '205-huge-body-51mb': {
    verifies: 'body.size',
    status: 413,
    headers: { connection: 'close' },
    body: error(expect.stringContaining('too large')),
  },
  '206-huge-body-49mb-text': {
    verifies: 'body.size',
    status: 404,
    body: error(expect.stringMatching(/^Session not found: nope\./)),
  },
  '207-deep-nesting-json': { verifies: 'body.depth', status: 422, body: invalid(['too_deep', 'body']) },
  '208-deep-nesting-get': { verifies: 'body.depth', status: 404, body: error('Session not found: s_deep') },
  '209-deep-nesting-list': { verifies: 'session.list', status: 200 },
  '210-duplicate-content-length': {
    verifies: 'route.bad-http',
    status: 400,
    body: error(expect.any(String)),
  },
  '211-charset-unsupported': {
    verifies: 'body.media-type',
    status: 415,
    body: error('The request body should be UTF-8'),
  },
  '212-content-encoding-gzip-garbage': {
    verifies: 'body.encoding',
    status: 415,
    body: error(expect.stringContaining('should not be compressed')),
  },
  '213-session-id-very-long': {
    verifies: 'route.too-long',
    status: 414,
    body: error('A name in the path is too long'),
  },
  '214-path-over-16k': {
    verifies: 'route.too-long',
    status: 431,
    body: error(expect.stringContaining('16 KB')),
  },
  '215-create-bigstate-then-get': {
    verifies: 'naming.proto',
    status: 200,
    text: /"state":\{"__proto__":\{"x":1\},"constructor":5,"toString":"x",/,
  },
  '216-get-proto-state': { verifies: 'naming.proto', status: 200, text: /"state":\{"__proto__":\{"x":1\},/ },
  '217-slow-create': { verifies: 'session.create', status: 200 },
  '218-disconnect-run-sse-stream': { verifies: 'disconnect.cancels', status: 0 },
  '219-disconnect-run-sse': { verifies: 'disconnect.cancels', status: 0 },
  '220-disconnect-run': { verifies: 'disconnect.cancels', status: 0 },
  '221-after-disconnect-get-session': {
    verifies: 'disconnect.history',
    status: 200,
    body: { events: [{ author: 'user' }, { author: 'user' }, { author: 'user' }] },
  },
  '222-concurrent-same-session-result': {
    verifies: 'queue.order',
    status: 200,
    body: {
      events: [
        { author: 'user' },
        { author: 'user' },
        { author: 'user' },
        { author: 'user' },
        spoken('At last.'),
        { author: 'user' },
        spoken('At last.'),
      ],
    },
  },
  '307-web-cors-simple': {
    verifies: 'cors.listed',
    status: 200,
    headers: { 'access-control-allow-origin': 'http://good.example' },
  },
  '308-web-cors-bad-origin': { verifies: 'guard.origin', status: 403 },
  '309-web-cors-preflight': {
    verifies: 'cors.listed',
    status: 204,
    headers: {
      'access-control-allow-origin': 'http://good.example',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'content-type',
    },
  },
  '310-web-cors-version': {
    verifies: 'cors.listed',
    status: 200,
    headers: { 'access-control-allow-origin': 'http://good.example' },
  },
  '318-sqlite-run-session-id-object': {
    verifies: 'error.survives',
    status: 422,
    body: invalid(['string_type', 'body', 'sessionId']),
  },
  '319-sqlite-run-session-id-bogus-operator': {
    verifies: 'error.survives',
    status: 422,
    body: invalid(['string_type', 'body', 'sessionId']),
  },
  '331-foreign-host-accepted': {
    verifies: 'guard.host',
    status: 403,
    body: error(expect.stringContaining('host not allowed')),
  },
  '332-short-body-waits': { verifies: 'error.survives', status: 0 },
  '334-missing-export-run-create': { verifies: 'session.create-any-app', status: 200 },
  '335-missing-export-run': {
    verifies: 'run.load-failure',
    status: 500,
    body: error('App "noexport_agent" failed to load: noexport_agent/agent.js: exports no agent'),
  },
  '338-snake-part-keys': { verifies: 'session.create', status: 200 },
  '339-run-snake-part-keys': { verifies: 'naming.both', status: 200, body: turn },
  '340-get-snake-part-keys': {
    verifies: 'naming.both',
    status: 200,
    body: {
      events: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } }, ...turn],
    },
  },
  '341-run-unknown-extra-fields': {
    verifies: 'naming.extra',
    status: 200,
    body: turn.map((event) => ({ ...event, customMetadata: { a: 1 } })),
  },
  '342-run-role-model': { verifies: 'run.events', status: 200, body: turn },
  '343-run-streaming-string': { verifies: 'sse.always', status: 200, frames: turn },
  '344-run-reserved-function-call': {
    verifies: 'run.forged-call',
    status: 422,
    body: invalid(['value_error', 'body', 'newMessage', 'parts', 0]),
  },
  '345-run-no-body': { verifies: 'error.validation', status: 422, body: invalid(['missing', 'body']) },
  '346-run-sse-no-body': { verifies: 'error.validation', status: 422, body: invalid(['missing', 'body']) },
  '347-run-empty-json-body': {
    verifies: 'error.validation',
    status: 422,
    body: invalid(['missing', 'body']),
  },
  '348-run-sse-malformed-json': {
    verifies: 'error.json',
    status: 422,
    body: invalid(['json_invalid', 'body']),
  },
  '349-delete-with-json-content-type': { verifies: 'session.delete-missing', status: 204, text: '' },
}
