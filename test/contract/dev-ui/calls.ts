// Every call of Google's dev UI (adk-web), with the fields that it reads, in the order in which somebody who tries
// everything causes them. Where its versions differ, the calls of both are here.
import { expect } from 'vitest'
import type { RequirementId } from '../requirements.js'

export interface DevUiCall {
  verifies: RequirementId
  /** What makes it ask. */
  on: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As it is sent: names are pasted into paths as they are. `{name}` stands for what was kept before. */
  path: string
  headers?: Record<string, string>
  /** `null` is sent as no body. */
  body?: unknown
  /** 200 unless it says otherwise. */
  status?: number
  /** What it reads: fields of JSON, the events of a stream, or a text. */
  reads?: unknown
  /** What later calls need of it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies are looked into as they are expected to be
  keeps?: Record<string, (body: any) => unknown>
}

const APP = '/dev/apps/desk'
const SESSIONS = '/apps/desk/users/user/sessions'
const ONE = `${SESSIONS}/{session}`

const text = expect.any(String)
/** The UI multiplies by 1000. */
const seconds = expect.toSatisfy((time: number) => Math.abs(time - Date.now() / 1000) < 1000)
const dot = expect.stringMatching(/^digraph /)

const event = (author: string, fields: object) => ({ id: text, author, invocationId: text, ...fields })
const says = (...parts: object[]) => event('desk', { content: { parts }, timestamp: seconds })
const calls = (name: string, args: object) => says({ functionCall: { id: text, name, args } })
const answers = (name: string, response: object, fields: object = {}) => ({
  ...says({ functionResponse: { id: text, name, response } }),
  ...fields,
})

/** A message as it sends it: the state is `null` unless somebody changed it. */
const message = (parts: object[], fields: object = {}) => ({
  appName: 'desk',
  userId: 'user',
  sessionId: '{session}',
  newMessage: { role: 'user', parts },
  streaming: false,
  stateDelta: null,
  ...fields,
})
const response = (name: string, answer: object) => ({
  functionResponse: { id: '{call}', name, response: answer },
})

const run = (on: string, body: object, reads: unknown[], keeps?: DevUiCall['keeps']): DevUiCall => ({
  verifies: 'run.events',
  on,
  method: 'POST',
  path: '/run_sse',
  headers: { Accept: 'text/event-stream' },
  body,
  reads,
  ...(keeps && { keeps }),
})

const get = (verifies: RequirementId, on: string, path: string, reads: unknown): DevUiCall => ({
  verifies,
  on,
  method: 'GET',
  path,
  reads,
})

const artifact = (name: string, version: number, reads: object): DevUiCall =>
  get('artifact.name', 'artifactDelta of an event', `${ONE}/artifacts/${name}/versions/${version}`, reads)

/** What this server does not do is told in a way that the UI can show. */
const absent = (method: DevUiCall['method'], path: string, status: 404 | 405, body?: unknown): DevUiCall => ({
  verifies: 'dev.empty',
  on: 'what there is not',
  method,
  path,
  ...(body !== undefined && { body }),
  status,
  reads: { detail: text, error: text },
})

const nanoseconds = expect.toSatisfy((time: number) => Math.abs(time / 1e9 - Date.now() / 1000) < 1000)
const json = expect.stringMatching(/^\{.*\}$/)
const ofInvocation = { 'gcp.vertex.agent.invocation_id': text }

const span = (name: string, attributes: object) => ({
  name,
  trace_id: text,
  span_id: text,
  start_time: nanoseconds,
  end_time: nanoseconds,
  attributes,
})
const modelCall = (eventId: unknown) =>
  span('call_llm', {
    ...ofInvocation,
    'gcp.vertex.agent.event_id': eventId,
    'gcp.vertex.agent.llm_request': json,
    'gcp.vertex.agent.llm_response': json,
  })

const METADATA = { displayName: 'What is the weather in "New York"?' }
const WRITTEN = {
  author: 'user',
  content: { role: 'user', parts: [{ text: 'Hello' }] },
  timestamp: 1763650000.5,
}

export const DEV_UI_CALLS: DevUiCall[] = [
  get('version.fields', 'start', '/version', {
    version: '1.2.3',
    language: 'typescript',
    language_version: process.versions.node,
  }),
  get('dev.config', 'start', '/config/telemetry', { telemetry: false }),
  get('list-apps.names', 'start', '/list-apps?relative_path=./', ['desk', 'weather']),
  {
    verifies: 'dev.config',
    on: 'consent to telemetry',
    method: 'POST',
    path: '/config/telemetry',
    headers: { 'X-ADK-Telemetry-Request': 'true' },
    body: { telemetry: true },
    reads: { telemetry: false },
  },

  get('graph.structure', 'choosing an app', `${APP}/build_graph`, {
    root_agent: {
      name: 'desk',
      type: 'agent',
      description: text,
      tools: [
        { name: 'get_weather', type: 'tool' },
        { name: 'save_report', type: 'tool' },
        { name: 'pay_expense', type: 'tool' },
        { name: 'request_budget', type: 'tool' },
      ],
      sub_agents: [{ name: 'clerk', type: 'agent', description: text, tools: [], sub_agents: [] }],
    },
    readme: '# The desk\n',
  }),
  get('graph.image', 'choosing an app', `${APP}/build_graph_image?dark_mode=false`, { '': { dotSrc: dot } }),
  get('graph.image', 'choosing an app', `${APP}/build_graph_image?dark_mode=true`, { '': { dotSrc: dot } }),
  get('graph.image', 'a look into an agent', `${APP}/build_graph_image?dark_mode=true&node=clerk`, {
    dotSrc: expect.stringMatching(/^digraph "clerk"/),
  }),
  get('dev.empty', 'choosing an app', `${APP}/builder?ts=1763650000000`, ''),
  get('dev.empty', 'choosing an app', `${APP}/eval_sets`, []),
  get('dev.empty', 'choosing an app', `${APP}/eval_results`, []),
  get('dev.empty', 'the tab of evaluations', `${APP}/metrics-info`, { metricsInfo: [] }),
  get('dev.empty', 'the tab of tests', `${APP}/tests`, []),

  get('session.list', 'the list of sessions, before there is one', SESSIONS, []),
  {
    verifies: 'session.create',
    on: 'the first message',
    method: 'POST',
    path: SESSIONS,
    body: { state: { __session_metadata__: METADATA } },
    reads: { id: text, state: { __session_metadata__: METADATA } },
    keeps: { session: ({ id }) => id },
  },
  run(
    'a message',
    message([{ text: METADATA.displayName }]),
    [
      calls('get_weather', { city: 'New York' }),
      answers('get_weather', { status: 'success' }),
      { ...says({ text: 'It is sunny in New York.' }), usageMetadata: { totalTokenCount: 15 } },
    ],
    { event: ([{ id }]) => id },
  ),
  get('trace.session', 'the end of a run', `${APP}/debug/trace/session/{session}`, [
    span('invocation', ofInvocation),
    span('invoke_agent desk', {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.conversation.id': '{session}',
    }),
    modelCall('{event}'),
    span('execute_tool get_weather', { 'gcp.vertex.agent.event_id': text }),
    modelCall(text),
  ]),
  get(
    'trace.event',
    'an event, in older versions',
    `${APP}/debug/trace/{event}`,
    modelCall('{event}').attributes,
  ),
  get('trace.event', 'an event, in older versions', '/debug/trace/{event}', modelCall('{event}').attributes),
  run('a message, with streaming', message([{ text: 'And the time?' }], { streaming: true }), [
    { ...says({ text: 'It is ' }), partial: true },
    { ...says({ text: 'noon.' }), partial: true },
    says({ text: 'It is noon.' }),
  ]),
  run(
    'a message with a file',
    message([
      { text: 'What is this?' },
      { inlineData: { displayName: 'dot.png', data: 'iVBORw0KGgo=', mimeType: 'image/png' } },
    ]),
    [says({ text: 'A picture.' })],
  ),

  run('a tool that saves artifacts', message([{ text: 'Save a report.' }]), [
    calls('save_report', {}),
    answers(
      'save_report',
      { status: 'success' },
      {
        actions: {
          stateDelta: { reports: 1 },
          artifactDelta: { 'report.txt': 0, 'dir/sub pic.png': 0, 'user:plain.txt': 0 },
        },
      },
    ),
    says({ text: 'Saved.' }),
  ]),
  artifact('report.txt', 0, { inlineData: { mimeType: 'text/plain', data: 'U3Vubnku' } }),
  artifact('dir/sub%20pic.png', 0, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }),
  artifact('user:plain.txt', 0, { text: 'Sunny.' }),
  get('artifact.versions', 'a file of an event', `${ONE}/artifacts/report.txt`, {
    inlineData: { mimeType: 'text/plain', data: 'U3Vubnku' },
  }),

  run(
    'a tool that has to be confirmed',
    message([{ text: 'Pay 500 euros.' }]),
    [
      calls('pay_expense', { amount: 500 }),
      {
        ...calls('adk_request_confirmation', {
          originalFunctionCall: { name: 'pay_expense', args: { amount: 500 } },
          toolConfirmation: { hint: text, confirmed: false },
        }),
        longRunningToolIds: [text],
      },
    ],
    {
      asking: ([, { id }]) => id,
      call: ([, { content }]) => content.parts[0].functionCall.id,
    },
  ),
  run(
    'a confirmation',
    message([response('adk_request_confirmation', { confirmed: true, payload: { amount: 500 } })], {
      functionCallEventId: '{asking}',
    }),
    [answers('pay_expense', { status: 'paid' }), says({ text: 'Paid.' })],
  ),
  run(
    'a tool that is answered later',
    message([{ text: 'Ask for a budget.' }]),
    [
      { ...calls('request_budget', {}), longRunningToolIds: [text] },
      answers('request_budget', { status: 'pending' }),
      says({ text: 'Asked.' }),
    ],
    {
      asking: ([{ id }]) => id,
      call: ([{ content }]) => content.parts[0].functionCall.id,
    },
  ),
  run(
    'the answer of a person',
    message([response('request_budget', { result: 'ok then' })], { functionCallEventId: '{asking}' }),
    [says({ text: 'Approved.' })],
  ),
  run('a failure of the model', message([{ text: 'Fail.' }]), [
    event('desk', { errorCode: text, errorMessage: 'out of order' }),
  ]),
  run(
    'a change of state, sent with the next message',
    message([{ text: 'Go on.' }], { stateDelta: { mood: 'good' } }),
    [says({ text: 'Gladly.' })],
  ),

  get('graph.event', 'an event, in older versions', `/dev${ONE}/events/{event}/graph`, { dotSrc: dot }),
  get('graph.event', 'an event, in older versions', `${ONE}/events/{event}/graph`, { dotSrc: dot }),

  {
    verifies: 'session.patch',
    on: 'renaming a session',
    method: 'PATCH',
    path: ONE,
    body: { stateDelta: { __session_metadata__: { displayName: 'Büro & "Geld"' } } },
    reads: { id: '{session}' },
  },
  get('session.list', 'the list of sessions', SESSIONS, [
    {
      id: '{session}',
      lastUpdateTime: seconds,
      state: { __session_metadata__: { displayName: 'Büro & "Geld"' } },
    },
  ]),
  {
    ...get('session.get', 'choosing a session, and exporting it', ONE, {
      id: '{session}',
      appName: 'desk',
      userId: 'user',
      state: { __session_metadata__: {}, reports: 1, mood: 'good' },
      events: expect.toSatisfy(([first]: { author: string }[]) => first?.author === 'user'),
    }),
    keeps: { exported: ({ events }) => events, state: ({ state }) => state },
  },
  {
    verifies: 'session.import',
    on: 'importing a session',
    method: 'POST',
    path: SESSIONS,
    body: { events: '{exported}', state: '{state}' },
    reads: {
      id: text,
      state: { __session_metadata__: { displayName: 'Büro & "Geld"' }, reports: 1 },
      events: expect.toSatisfy((events: unknown[]) => events.length > 20),
    },
    keeps: { imported: ({ id }) => id },
  },
  {
    verifies: 'session.import',
    on: 'importing a session that a person wrote',
    method: 'POST',
    path: SESSIONS,
    body: { events: [WRITTEN], state: {} },
    reads: { id: text, state: {}, events: [{ ...WRITTEN, id: text }] },
  },
  {
    verifies: 'session.create-empty',
    on: 'a call before any message',
    method: 'POST',
    path: SESSIONS,
    body: null,
    reads: { id: text, state: {} },
  },
  {
    verifies: 'session.delete',
    on: 'deleting a session',
    method: 'DELETE',
    path: ONE,
    status: 204,
    reads: '',
  },
  {
    verifies: 'session.missing',
    on: 'the address of a session that is gone',
    method: 'GET',
    path: ONE,
    status: 404,
    reads: { error: text },
  },
  {
    verifies: 'sse.error-before',
    on: 'a message to a session that is gone',
    method: 'POST',
    path: '/run_sse',
    body: message([{ text: 'Hello?' }]),
    status: 404,
    reads: { error: text },
  },

  absent('GET', '/run_live?app_name=desk&user_id=user&session_id={imported}&modalities=AUDIO', 404),
  get('dev.empty', 'the builder, by its address', `${APP}/builder?ts=1763650000000&tmp=true`, ''),
  get('dev.empty', 'the builder', `${APP}/builder?ts=1763650000000&file_path=plugins.yaml&tmp=true`, ''),
  {
    verifies: 'session.create-any-app',
    on: 'the assistant of the builder',
    method: 'POST',
    path: '/apps/__adk_agent_builder_assistant/users/user/sessions',
    body: null,
    reads: { id: text },
    keeps: { session: ({ id }) => id },
  },
  {
    verifies: 'run.unknown-app',
    on: 'the assistant of the builder, which there is not',
    method: 'POST',
    path: '/run_sse',
    body: message([{ text: 'hello' }], {
      appName: '__adk_agent_builder_assistant',
      stateDelta: { root_directory: 'desk/tmp/desk' },
    }),
    status: 404,
    reads: { error: text },
  },
  absent('POST', `${APP}/builder/save?tmp=true`, 404),
  absent('POST', `${APP}/builder/cancel`, 404, {}),
  absent('POST', `${APP}/eval-sets`, 405, { eval_set: { eval_set_id: 'one', eval_cases: [] } }),
  absent('GET', `${APP}/eval-sets/one`, 404),
  absent('DELETE', `${APP}/eval-sets/one`, 404),
  absent('GET', `${APP}/eval_sets/one/evals`, 404),
  absent('POST', `${APP}/eval_sets/one/add_session`, 404, { evalId: 'a', sessionId: 's', userId: 'user' }),
  absent('GET', `${APP}/eval_sets/one/evals/a`, 404),
  absent('PUT', `${APP}/eval_sets/one/evals/a`, 404, { evalId: 'a', conversation: [], sessionInput: {} }),
  absent('DELETE', `${APP}/eval_sets/one/evals/a`, 404),
  absent('POST', `${APP}/eval-sets/one/run`, 404, { eval_case_ids: [], eval_metrics: [] }),
  absent('POST', `${APP}/eval_sets/one/run_eval`, 404, { evalIds: [], evalMetrics: [] }),
  absent('GET', `${APP}/eval_results/desk_one_1763650000.5`, 404),
  absent('GET', `${APP}/tests/one`, 404),
  absent('PUT', `${APP}/tests/one`, 404, { session_data: {} }),
  absent('DELETE', `${APP}/tests/one`, 404),
  absent('POST', `${APP}/tests/rebuild`, 404, {}),
  absent('POST', `${APP}/tests/run`, 404, {}),
  absent('GET', `${APP}/deploy/defaults`, 404),
  absent('POST', `${APP}/deploy/cloud_run`, 404, {}),
  absent('POST', '/agent-identity/finalize', 404, { connectorName: 'x' }),
]
