// The HTTP server, put together but not listening. It knows nothing of how apps are found or sessions stored.
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { AcpOptions } from '../acp/options.js'
import { acceptJsonBodies } from './body.js'
import { allowListedOrigins } from './cors.js'
import type { ServerDeps } from './deps.js'
import { closeWaitingReplies } from './disconnect.js'
import { describeBeforeLoading, documentApi } from './docs.js'
import { drainOnClose } from './drain.js'
import { answerUnknownRoutes, frameworkErrorHandler, handleClientErrors, handleErrors } from './errors.js'
import { guard } from './guard.js'
import { mountRoutes, openMounts, requireMountedApp } from './mounts.js'
import { logRequests, requestIdOf } from './request-log.js'
import { readTarget } from './route-path.js'
import { appInfoRoutes } from './routes/app-info.js'
import { artifactRoutes } from './routes/artifacts.js'
import { devRoutes } from './routes/dev.js'
import { graphRoutes } from './routes/graph.js'
import { memoryRoutes } from './routes/memory.js'
import { metricsRoutes } from './routes/metrics.js'
import { runRoutes } from './routes/run.js'
import { runsRoutes } from './routes/runs.js'
import { sessionRoutes } from './routes/sessions.js'
import { traceRoutes } from './routes/traces.js'
import { utilityRoutes } from './routes/utility.js'
import { useZod, type ZodServer } from './schemas.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the run that the request started, for its line in the log. */
    invocationId?: string
  }
}

/** Longest name in a path, in bytes of the encoded URL; the schemas have the last word. */
const MAX_PARAM_LENGTH = 8192

/** All routes, ready for `listen` or `inject`. Closing it drains the runs. */
export async function buildServer(given: ServerDeps): Promise<FastifyInstance> {
  const { log, options } = given
  // Our own lines say what happened; Fastify speaks up only when something is wrong.
  const loggerInstance: FastifyBaseLogger = log.child({}, { level: quieter(log.level) })
  const app: FastifyInstance = fastify({
    loggerInstance,
    childLoggerFactory: (logger) => logger, // lines that need the id of a request name it
    logController: new LogController({ disableRequestLogging: true }),
    // drain.ts answers while closing, in the form of every other error.
    return503OnClosing: false,
    genReqId: requestIdOf,
    rewriteUrl: (request) => readTarget(request.url ?? '/', options).path,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    bodyLimit: options.bodyLimit,
    // Keys such as `__proto__` are data here: bodies are parsed by body.ts and never merged into anything.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    frameworkErrors: frameworkErrorHandler(given),
    clientErrorHandler: handleClientErrors,
    forceCloseConnections: true,
    pluginTimeout: 0, // it would cut off what drain.ts waits for, which has limits of its own
    // Time for a request to arrive, in milliseconds; answers may take as long as they need.
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    // A missing Host header is refused by guard.ts, in words.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000, requireHostHeader: false },
  })
  const deps = { ...given, apps: describeBeforeLoading(app, given.apps) }
  handleErrors(app)
  answerUnknownRoutes(app)
  closeWaitingReplies(app)
  logRequests(app, deps)
  await allowListedOrigins(app, options.allowOrigins)
  openMounts(app, options)
  drainOnClose(app, deps)
  guard(app, options)
  requireMountedApp(app, deps)
  acceptJsonBodies(app)
  await documentApi(app, options)
  await app.register(async (scope) => {
    mountRoutes(scope)
    adkRoutes(useZod(scope), deps)
  })
  if (options.acp) await acpScope(app, deps, options.acp)
  if (deps.metrics) metricsRoutes(useZod(app), deps.metrics)
  return app
}

/** What is served at the root, and for each app under `/agent/{name}`. */
function adkRoutes(server: ZodServer, deps: ServerDeps): void {
  utilityRoutes(server, deps)
  sessionRoutes(server, deps)
  runRoutes(server, deps)
  runsRoutes(server, deps)
  artifactRoutes(server, deps)
  memoryRoutes(server, deps)
  appInfoRoutes(server, deps)
  graphRoutes(server, deps)
  traceRoutes(server, deps)
  devRoutes(server)
}

async function acpScope(app: FastifyInstance, deps: ServerDeps, options: AcpOptions): Promise<void> {
  const { acpRoutes } = await import('./routes/acp.js')
  await app.register(async (scope) => acpRoutes(useZod(scope), deps, options))
}

const quieter = (level: string): string => (level === 'debug' || level === 'info' ? 'warn' : level)
