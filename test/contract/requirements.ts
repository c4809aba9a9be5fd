// What the server promises over HTTP, as data. Every entry is cited by at least one test; coverage.test.ts sees to it.

/** Where a requirement comes from. */
export type Source =
  /** The page "Use the API Server" of the ADK documentation. */
  | 'docs'
  /** The REST reference of the ADK documentation. */
  | 'reference'
  /** The official OpenAPI document. */
  | 'openapi'
  /** The server of adk-python, where the documents are silent. */
  | 'python'
  /** What Google's dev UI sends and reads. */
  | 'web'
  /** What the API client of `@google/adk` sends and reads. */
  | 'client'
  /** The Agent Communication Protocol: its specification, and what its clients send and read. */
  | 'acp'
  /** The HTTP standards. */
  | 'http'
  /** Ours: a decision where the above disagree, or a promise that none of them makes. */
  | 'own'

interface Requirement {
  sentence: string
  source: Source
}

export const REQUIREMENTS = {
  'health.ok': { sentence: 'GET /health answers {"status":"ok"}', source: 'openapi' },
  'version.fields': {
    sentence: 'GET /version answers version, language "typescript" and language_version',
    source: 'openapi',
  },
  'list-apps.names': {
    sentence: 'GET /list-apps answers the sorted names and loads nothing',
    source: 'docs',
  },
  'list-apps.detailed': {
    sentence: 'with detailed=true it describes the apps and leaves out those that fail to load',
    source: 'openapi',
  },
  'docs.page': { sentence: '/docs is a page that needs nothing from elsewhere', source: 'docs' },
  'docs.document': {
    sentence: '/openapi.json is OpenAPI 3.1, complete, and every reference in it leads somewhere',
    source: 'docs',
  },
  'docs.examples': { sentence: 'every example of a request body is a request that works', source: 'own' },

  'session.create': { sentence: 'creating a session answers 200 and the session', source: 'openapi' },
  'session.create-body': {
    sentence: 'the body of create-with-id is the state itself, or {"state", "events"} around it',
    source: 'own',
  },
  'session.create-empty': { sentence: 'no body and null are an empty state', source: 'web' },
  'session.create-any-app': {
    sentence: 'sessions of an app that is not loaded can be created and listed',
    source: 'own',
  },
  'session.own-id': {
    sentence: 'create-without-id honours an id in the body, else makes a UUID',
    source: 'openapi',
  },
  'session.duplicate': { sentence: 'a duplicate is 400 "Session already exists: <id>"', source: 'docs' },
  'session.scopes': {
    sentence: 'app: and user: state is shared from the start, temp: state is not kept',
    source: 'docs',
  },
  'session.import': { sentence: 'events in the body of create are kept, in order', source: 'openapi' },
  'session.import-settled': {
    sentence: 'imported events are history: what would act, ask or wait is left out, and the rest is kept',
    source: 'own',
  },
  'session.get': { sentence: 'GET answers the session with all its events', source: 'docs' },
  'session.get-long': {
    sentence: 'a long session is sent piece by piece, as its reader takes it',
    source: 'own',
  },
  'session.missing': {
    sentence: 'GET and PATCH of an unknown session are 404 with its name',
    source: 'openapi',
  },
  'session.list': { sentence: 'list is an array, never null: no events, merged state', source: 'openapi' },
  'session.list-hides-eval': { sentence: 'list leaves out the sessions of evaluations', source: 'python' },
  'session.patch': {
    sentence: 'PATCH applies a state delta, records it as an event, answers the session',
    source: 'docs',
  },
  'session.delete': { sentence: 'DELETE answers 204 without a body', source: 'docs' },
  'session.end': {
    sentence: 'DELETE takes the events, artifacts and memory of a session, and nothing of another one',
    source: 'own',
  },
  'session.end-again': { sentence: 'what a failed DELETE left behind, the next one takes', source: 'own' },
  'session.end-late': {
    sentence: 'nothing that a cancelled run does later reaches the session',
    source: 'own',
  },
  'session.delete-missing': { sentence: 'DELETE of something missing is 204, too', source: 'openapi' },
  'session.isolated': {
    sentence: 'sessions of other apps and users are not reached, whatever the ids',
    source: 'own',
  },

  'naming.both': { sentence: 'requests may use camelCase and snake_case', source: 'reference' },
  'naming.conflict': { sentence: 'both spellings of a field with different values are 422', source: 'own' },
  'naming.user-owned': {
    sentence: 'keys inside state, args, response and customMetadata stay as they are',
    source: 'own',
  },
  'naming.null': { sentence: 'an optional field may be null', source: 'openapi' },
  'naming.out': { sentence: 'responses are camelCase and leave out what is absent', source: 'docs' },
  'naming.proto': { sentence: 'keys and ids such as __proto__ are data like any other', source: 'own' },
  'naming.extra': { sentence: 'unknown fields of a request are ignored', source: 'python' },

  'time.seconds': { sentence: 'times are seconds, with fractions', source: 'docs' },
  'id.event': { sentence: 'event ids are UUIDs', source: 'python' },
  'id.invocation': {
    sentence: 'invocation ids are e- and a UUID, those of state changes p- and a UUID',
    source: 'docs',
  },
  'id.call': { sentence: 'function calls without an id get adk- and a UUID', source: 'python' },
  'id.trimmed': { sentence: 'blanks around an id are not part of it', source: 'python' },
  'id.limit': { sentence: 'an id has 1 to 512 characters', source: 'own' },
  'id.unfit': { sentence: 'an id without a place in URLs and databases is 422', source: 'own' },
  'id.slash': { sentence: 'an id may hold any other character, encoded in the path', source: 'own' },

  'event.actions': { sentence: 'actions always hold the four maps', source: 'docs' },
  'event.long-running': { sentence: 'longRunningToolIds is on events with calls only', source: 'docs' },
  'event.encoding': { sentence: 'events fit the documented schema, in every answer the same', source: 'own' },

  'run.events': {
    sentence: 'POST /run answers the events of the agent, of one invocation, in order',
    source: 'docs',
  },
  'run.stored': {
    sentence: 'events and the message of the user are in the session once they are answered',
    source: 'docs',
  },
  'run.message-string': { sentence: 'newMessage may be a string', source: 'reference' },
  'run.message-invalid': {
    sentence: 'a message without parts, or with empty or too many parts, is 422',
    source: 'own',
  },
  'run.forged-call': {
    sentence: 'a message with a function call is 422 and nothing is stored',
    source: 'python',
  },
  'run.resume': {
    sentence: 'with its invocationId an interrupted invocation is continued where the app allows it',
    source: 'python',
  },
  'run.resume-refused': {
    sentence:
      'without a message, an invocation that cannot be continued is 404 or 422; with one, a new one begins',
    source: 'own',
  },
  'run.forged-response': {
    sentence: 'a response to a call that was never made is 422 and nothing is stored',
    source: 'own',
  },
  'run.state-delta': { sentence: 'stateDelta is set together with the message', source: 'reference' },
  'run.custom-metadata': {
    sentence: 'customMetadata is copied to every event of the run',
    source: 'openapi',
  },
  'run.default-app': { sentence: 'a request without app goes to the default app', source: 'openapi' },
  'run.app-missing': { sentence: 'without app and default app a run is 400', source: 'openapi' },
  'run.unknown-app': { sentence: 'an unknown app is 404 with its name', source: 'python' },
  'run.unknown-session': { sentence: 'an unknown session is 404 with its name', source: 'openapi' },
  'run.auto-create': { sentence: 'with auto_create_session an unknown session is created', source: 'python' },
  'run.load-failure': {
    sentence: 'an app that fails to load is 500 with file and reason; other apps work',
    source: 'own',
  },
  'run.model-failure': {
    sentence: 'a failure of the model is a stored event with errorCode, status 200',
    source: 'own',
  },
  'run.tool-failure': {
    sentence: 'a failure of a tool is told to the model, which goes on',
    source: 'python',
  },
  'run.agent-failure': {
    sentence: "an exception of the agent's own code is 500 on /run and the error frame on /run_sse",
    source: 'python',
  },
  'run.never-partial': { sentence: '/run never holds partial events', source: 'docs' },
  'run.same-as-sse': { sentence: '/run and /run_sse give the same events for the same input', source: 'own' },
  'run.after-failure': {
    sentence: 'after a failed, refused or cancelled run the next one works',
    source: 'own',
  },

  'sse.frames': {
    sentence: 'each event is exactly "data: {json}" and an empty line, nothing else',
    source: 'client',
  },
  'sse.always': { sentence: '/run_sse streams whatever "streaming" says', source: 'docs' },
  'sse.headers': { sentence: 'the headers keep proxies from holding the stream back', source: 'own' },
  'sse.early': { sentence: 'the headers are sent before the first event', source: 'own' },
  'sse.partial': {
    sentence: 'with streaming the chunks come as partial events, which are not stored',
    source: 'docs',
  },
  'sse.one-frame': { sentence: 'an event is one frame, with its artifactDelta', source: 'own' },
  'sse.error-frame': {
    sentence: 'a failure inside the stream is one last frame {"error", "error_details"}',
    source: 'client',
  },
  'sse.error-before': {
    sentence: 'a failure before the first byte is a JSON answer with its status',
    source: 'own',
  },
  'sse.ping': { sentence: 'a silent stream is kept awake by comments', source: 'own' },
  'sse.slow-reader': { sentence: 'nothing is produced for a client that does not read', source: 'own' },
  'sse.stalled': { sentence: 'a client that does not read for a minute is let go', source: 'own' },
  'sse.stored-first': { sentence: 'an event is stored before it is sent', source: 'own' },

  'disconnect.cancels': {
    sentence: 'a client that leaves cancels its run, down to the model',
    source: 'python',
  },
  'disconnect.history': {
    sentence: 'what was stored stays, and every call in it is answered',
    source: 'own',
  },
  'disconnect.queue': {
    sentence: 'a waiting run whose client leaves is taken out of the queue',
    source: 'own',
  },

  'queue.order': { sentence: 'runs on one session take turns and never mix', source: 'own' },
  'queue.parallel': { sentence: 'runs on different sessions do not wait for each other', source: 'own' },
  'queue.bounded': {
    sentence: 'too many runs on one session are 409 with Retry-After, and not stored',
    source: 'own',
  },
  'queue.limit': { sentence: 'too many runs on the server are 503 with Retry-After', source: 'own' },
  'queue.delete': {
    sentence: 'DELETE cancels a run: its stream ends with an error, nothing reaches a new session of that id',
    source: 'own',
  },
  'queue.patch': { sentence: 'PATCH during a run works, and both are kept', source: 'own' },

  'servers.conflict': {
    sentence:
      'of two runs of two servers on one session, one ends with session_conflict, and their events do not mix',
    source: 'own',
  },
  'servers.patch': {
    sentence: 'of changes of state that come to two servers at once, none is lost',
    source: 'own',
  },
  'servers.create': { sentence: 'an id that two servers are asked for at once is given once', source: 'own' },

  'runs.start': {
    sentence: 'POST …/runs answers 202 with the status and its Location; the run needs nobody to watch it',
    source: 'own',
  },
  'runs.start-refused': { sentence: 'what /run refuses is refused there too', source: 'own' },
  'runs.list': {
    sentence: 'GET …/runs lists the runs of a session, however they were started',
    source: 'own',
  },
  'runs.status': { sentence: 'GET …/runs/{id} tells how a run is going, and how it went', source: 'own' },
  'runs.missing': { sentence: 'an unknown run is 404 with its name', source: 'own' },
  'runs.watch': {
    sentence: 'its events are a stream with ids, complete for any number of watchers at any time',
    source: 'own',
  },
  'runs.leave': { sentence: 'a watcher that leaves disturbs nothing', source: 'own' },
  'runs.slow-watcher': { sentence: 'a slow watcher holds up neither the run nor others', source: 'own' },
  'runs.resume': {
    sentence: 'Last-Event-ID goes on where a connection broke, without a gap or a duplicate',
    source: 'http',
  },
  'runs.resume-end': { sentence: 'when nothing follows any more the answer is 204', source: 'http' },
  'runs.resume-refused': {
    sentence: 'a Last-Event-ID that is none of the stream is 422; one whose events are gone 410',
    source: 'own',
  },
  'runs.cancel': {
    sentence: 'POST …/cancel ends a run at whatever it is, and is harmless afterwards',
    source: 'own',
  },
  'runs.order': { sentence: 'many runs on one session have their turns in order', source: 'own' },
  'runs.deleted': { sentence: 'a session that is deleted takes its runs along', source: 'own' },
  'runs.shutdown': { sentence: 'closing lets background runs finish, or cuts them off', source: 'own' },
  'runs.kept': { sentence: 'only so many runs are kept after their end', source: 'own' },
  'runs.continued': {
    sentence: 'an invocation that is continued gets a run with an id of its own',
    source: 'own',
  },

  'once.same': {
    sentence: 'a request that is sent again with the same Idempotency-Key gets the answer of the first',
    source: 'own',
  },
  'once.leave': { sentence: 'its run goes on when the client leaves', source: 'own' },
  'once.other': { sentence: 'another request with the same key is 422', source: 'own' },

  'artifact.save': {
    sentence: 'POST saves a part under a name, in either spelling, and answers what its version is',
    source: 'openapi',
  },
  'artifact.metadata': { sentence: 'metadata tells of one version or of all', source: 'openapi' },
  'artifact.versions': {
    sentence: 'versions count from 0; the latest is read unless one is named by ?version= or in the path',
    source: 'openapi',
  },
  'artifact.bad-version': {
    sentence: 'a version is digits or latest; anything else is 422 "Invalid version ID"',
    source: 'python',
  },
  'artifact.list': {
    sentence: 'list is the sorted names of the session and of its user, never null',
    source: 'openapi',
  },
  'artifact.scope': {
    sentence: 'user: artifacts belong to the user, all others to one session, which need not exist',
    source: 'openapi',
  },
  'artifact.name': {
    sentence: 'a name may hold anything, and slashes may be sent as they are or encoded',
    source: 'web',
  },
  'artifact.bad-name': { sentence: 'a name without a place in URLs is 422', source: 'own' },
  'artifact.precedence': { sentence: 'a path is read from the right', source: 'python' },
  'artifact.missing': { sentence: 'what is missing or empty is 404 with its name', source: 'openapi' },
  'artifact.content': {
    sentence: 'an artifact without text, data or file is 422 and not stored',
    source: 'python',
  },
  'artifact.base64': {
    sentence: 'base64 of either alphabet is taken and answered in the standard one, byte for byte',
    source: 'own',
  },
  'artifact.media': {
    sentence: 'alt=media, or Accept without JSON, answers the content itself',
    source: 'own',
  },
  'artifact.media-safe': {
    sentence: 'no name and no type of an artifact can break a header or run in a browser',
    source: 'own',
  },
  'artifact.delete': { sentence: 'DELETE is 204 and removes all versions, or nothing', source: 'openapi' },
  'artifact.session-delete': {
    sentence: 'deleting a session deletes its artifacts, not those of the user',
    source: 'own',
  },
  'artifact.concurrent': { sentence: 'n saves at a time are versions 0 to n - 1', source: 'own' },

  'memory.add': { sentence: 'PATCH memory adds a session to the memory and answers null', source: 'openapi' },
  'memory.deleted': {
    sentence: 'a session that is deleted while it is added is not remembered',
    source: 'own',
  },
  'memory.missing': { sentence: 'PATCH memory with an unknown session is 404', source: 'openapi' },

  'app-info.agents': {
    sentence: 'app-info describes the root agent and every LLM agent below it, with its tools',
    source: 'openapi',
  },
  'app-info.refused': {
    sentence: 'app-info is 404 for an unknown app, 400 for a root that is no LlmAgent',
    source: 'openapi',
  },

  'graph.event': {
    sentence: 'the graph of an event shows the agents, and what the event is about stands out',
    source: 'reference',
  },
  'graph.nothing': { sentence: 'without such an event or session the graph is {}', source: 'reference' },
  'graph.app': { sentence: 'the graph of an app is drawn light or dark', source: 'python' },
  'graph.structure': { sentence: 'build_graph is the tree of agents and the README', source: 'web' },
  'graph.image': {
    sentence: 'build_graph_image is DOT under "" and dotSrc, of the app or of a node',
    source: 'web',
  },
  'graph.missing': { sentence: 'an unknown app or node is 404 with its name', source: 'web' },
  'graph.dot': { sentence: 'the DOT is valid, whatever names agents, tools and apps have', source: 'own' },

  'trace.session': {
    sentence: 'the trace of a session is its spans: invocation, agents, model calls, tool calls',
    source: 'web',
  },
  'trace.unknown-session': { sentence: 'an unknown session has the trace []', source: 'reference' },
  'trace.event': {
    sentence: 'the trace of an event is what is known of its model call or tool call, flat',
    source: 'reference',
  },
  'trace.unknown-event': {
    sentence: 'an event without a trace is 404 "Trace not found"',
    source: 'reference',
  },
  'trace.readable': {
    sentence: 'every span is one that the dev UI accepts, however the run ended',
    source: 'web',
  },
  'trace.scope': {
    sentence: 'under /dev/apps/{app} there are the spans of that app only',
    source: 'own',
  },
  'trace.bounded': {
    sentence: 'traces take bounded memory: the oldest go first, long contents are shortened',
    source: 'own',
  },
  'trace.deleted': { sentence: 'the traces of a session go with it', source: 'own' },
  'trace.secrets': { sentence: 'a trace holds no credentials of the connection', source: 'own' },

  'metrics.off': { sentence: 'without --metrics there is no /metrics', source: 'own' },
  'metrics.format': { sentence: '/metrics is the text format of Prometheus', source: 'own' },
  'metrics.requests': {
    sentence: 'requests are counted and timed by the pattern of their route, never by their path',
    source: 'own',
  },
  'metrics.runs': { sentence: 'runs are counted by app, when they start and by how they end', source: 'own' },
  'metrics.models': { sentence: 'tokens, times and errors are counted by model', source: 'own' },
  'metrics.tools': { sentence: 'times and errors are counted by tool', source: 'own' },
  'metrics.process': { sentence: 'memory, CPU and the delay of the event loop are told', source: 'own' },
  'metrics.bounded': { sentence: 'however many names there are, a metric has few series', source: 'own' },

  'dev.config': {
    sentence: 'the dev UI reads that there is no telemetry and no logo of its own',
    source: 'web',
  },
  'dev.telemetry-header': {
    sentence: 'POST /config/telemetry without its header is 400',
    source: 'python',
  },
  'dev.empty': {
    sentence: 'what the dev UI asks of builder, tests and evaluations is empty, and other routes 404',
    source: 'web',
  },

  'error.shape': { sentence: 'every error is JSON with the same text as detail and error', source: 'own' },
  'error.validation': {
    sentence: '422 lists what is wrong where, in the form of FastAPI',
    source: 'openapi',
  },
  'error.json': {
    sentence: 'a body that is not JSON is 422 with the position, and is not repeated',
    source: 'openapi',
  },
  'error.not-found': { sentence: 'an unknown path is 404', source: 'http' },
  'error.method': { sentence: 'a wrong method is 405 with Allow', source: 'http' },
  'error.internal': {
    sentence: 'a bug is 500 without stack, path or secret, and is in the log',
    source: 'own',
  },
  'error.survives': { sentence: 'no input stops the server', source: 'own' },

  'route.slash': { sentence: 'a slash at the end of a path does not matter', source: 'python' },
  'route.head': { sentence: 'HEAD answers like GET, without the body', source: 'http' },
  'route.bad-url': { sentence: 'bad percent-encoding is 400', source: 'http' },
  'route.too-long': {
    sentence: 'a path or a header that is too long is 414 or 431, in JSON',
    source: 'http',
  },
  'route.bad-http': { sentence: 'bytes that are not HTTP are answered with 400, in JSON', source: 'http' },
  'route.timeouts': {
    sentence: 'headers have ten seconds to arrive, a request a minute; answers have no limit',
    source: 'own',
  },
  'route.prefix': { sentence: 'with url_prefix the routes answer with and without it', source: 'python' },
  'route.prefix-proxy': {
    sentence: 'behind a proxy that strips or keeps the prefix, pages, documents and streams are complete',
    source: 'own',
  },

  'body.empty': { sentence: 'an empty body is no body, whatever its content type', source: 'client' },
  'body.media-type': { sentence: 'a body that does not claim to be JSON is 415', source: 'own' },
  'body.encoding': { sentence: 'a compressed body, or one that is not UTF-8, is refused', source: 'own' },
  'body.size': { sentence: 'a body over the limit is 413, and the client can read it', source: 'own' },
  'body.depth': { sentence: 'more than 64 levels are 422 and nothing is stored', source: 'own' },
  'body.width': {
    sentence: 'an object with more than 10,000 keys, and a body with more than 1,000,000 values, is 422',
    source: 'own',
  },
  'body.numbers': { sentence: 'a number that JSON cannot carry back is 422', source: 'own' },
  'body.text': { sentence: 'any text comes back as it was sent', source: 'own' },

  'guard.host': { sentence: 'a server on a local address answers to local names only', source: 'python' },
  'guard.one-host': { sentence: 'a request has exactly one Host header', source: 'http' },
  'guard.origin': { sentence: 'pages from elsewhere are refused unless listed', source: 'python' },
  'cors.off': { sentence: 'without allow_origins there are no CORS headers', source: 'python' },
  'cors.listed': {
    sentence: 'a listed origin gets CORS headers on every answer, preflights included',
    source: 'python',
  },

  'mount.routes': {
    sentence: 'all routes of the ADK answer under /agent/{name} as at the root',
    source: 'own',
  },
  'mount.list-apps': { sentence: 'list-apps under a mount answers exactly its name', source: 'own' },
  'mount.shared': { sentence: 'a mount and the root have the same sessions', source: 'own' },
  'mount.run': { sentence: 'under a mount all forms of a run body work', source: 'own' },
  'mount.app-name': {
    sentence: 'a request that names another app than its mount is 404, before anything is looked up',
    source: 'own',
  },
  'mount.default-app': { sentence: 'a request that names no app means that of its mount', source: 'own' },
  'mount.unknown': {
    sentence: 'an app that is not there is 404; names are compared exactly and never become paths',
    source: 'own',
  },
  'mount.paths': {
    sentence: 'paths under a mount are treated as at the root, without redirects',
    source: 'own',
  },
  'mount.cors': {
    sentence: 'without allow_origins every answer under a mount may be read by pages, preflights included',
    source: 'own',
  },
  'mount.guard': {
    sentence: 'a mount refuses pages and hosts from elsewhere, as the root does',
    source: 'own',
  },
  'tools.access': {
    sentence: 'tools that the tool access of an app forbids are not called, at the root and under its mount',
    source: 'own',
  },
  'mount.reload': {
    sentence: 'mounts appear and vanish with their folders, and sessions stay',
    source: 'own',
  },

  'log.line': { sentence: 'every request leaves one line: what, who, how it went, how long', source: 'own' },
  'log.private': { sentence: 'the log holds no messages, headers, queries or secrets', source: 'own' },
  'log.request-id': {
    sentence: 'x-request-id is taken over if plain, else made, and always answered',
    source: 'own',
  },

  'acp.ping': { sentence: 'GET /ping answers an object', source: 'acp' },
  'acp.agents': {
    sentence: 'GET /agents lists the apps in pages of ten, or of limit after offset',
    source: 'acp',
  },
  'acp.manifest': {
    sentence:
      'an agent is described under a DNS label and under the name of its folder, even if it fails to load',
    source: 'acp',
  },
  'acp.sync': { sentence: 'mode sync answers with the finished run, the default', source: 'acp' },
  'acp.async': { sentence: 'mode async answers 202 with the run as it was created', source: 'acp' },
  'acp.stream': {
    sentence: 'mode stream answers with the events of the run, in the order of the grammar',
    source: 'acp',
  },
  'acp.events': { sentence: 'GET /runs/{id}/events has all events, whatever the mode', source: 'acp' },
  'acp.failed': { sentence: 'an agent that fails is a run that failed, not an HTTP error', source: 'acp' },
  'acp.input': {
    sentence: 'earlier messages are history, the last ones of the user the question',
    source: 'own',
  },
  'acp.artifacts': { sentence: 'artifacts are named parts; big ones are URLs', source: 'own' },
  'acp.await': { sentence: 'a run that needs somebody is awaiting, and says what for', source: 'acp' },
  'acp.resume': { sentence: 'the answer resumes the same run, once', source: 'acp' },
  'acp.cancel': { sentence: 'a run can be cancelled until it is over', source: 'acp' },
  'acp.leave': { sentence: 'a run goes on when its client leaves', source: 'acp' },
  'acp.shutdown': { sentence: 'closing ends runs and their streams in words', source: 'own' },
  'acp.queue': {
    sentence: 'runs on one session have their turns in order, those on others do not mix',
    source: 'own',
  },
  'acp.sessions': {
    sentence: 'a session has a URL for every message of its completed runs, with any agent',
    source: 'acp',
  },
  'acp.retention': { sentence: 'what is over is kept for an hour, and not without bound', source: 'own' },
  'acp.deleted': { sentence: 'deleting the session of an agent takes what was said to it', source: 'own' },
  'acp.tolerant': { sentence: 'no content type is JSON, and null is the same as absent', source: 'acp' },
  'acp.errors': { sentence: 'errors are {code, message, data}, with three codes', source: 'acp' },
  'acp.seed': { sentence: 'the example of the documentation works as it stands', source: 'acp' },
  'acp.client': { sentence: "the protocol's own client works unchanged", source: 'acp' },
  'acp.off': { sentence: 'without the protocol its routes are 404 and not documented', source: 'own' },

  'shutdown.drains': { sentence: 'closing lets runs finish', source: 'own' },
  'shutdown.refuses': { sentence: 'while closing new requests are 503', source: 'own' },
  'shutdown.cuts': { sentence: 'runs that take too long are told and cut off', source: 'own' },
} as const satisfies Record<string, Requirement>

export type RequirementId = keyof typeof REQUIREMENTS
