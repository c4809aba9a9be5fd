#!/usr/bin/env node
// The command line. What it loads, `--help` has to wait for: the server itself is imported once it is to start.
import { Command, Option } from 'commander'
import { fromEnvironment, OFFLINE_MODES, type Config, type OfflineMode } from './config.js'
import { messageOf } from './core/errors.js'
import {
  normalizeArguments,
  parseDuration,
  parseLogLevel,
  parseMegabytes,
  parseMinutes,
  parseOrigins,
  parsePort,
  parsePrefix,
} from './flags.js'
import { LOG_LEVELS, type LogLevel } from './telemetry/levels.js'
import { VERSION } from './core/version.js'

interface ServerFlags {
  host: string
  port: number
  allow_origins?: string[]
  log_level: LogLevel
  verbose?: true
  url_prefix?: string
  reload_agents?: true
  auto_create_session?: true
  offline?: OfflineMode
  max_body_mb: number
  no_acp?: true
  no_acp_confirmations?: true
  acp_keep_minutes: number
  session_service_uri?: string
  artifact_service_uri?: string
  memory_service_uri?: string
  use_local_storage?: true
  session_ttl?: number
  metrics?: true
}

const HELP_WIDTH = 100

const EXAMPLES = `
Examples:
  $ adk-ts api_server                         serve the agents in ./agents on http://localhost:8000
  $ adk-ts api_server --offline auto          try them without a key: a stand-in answers for Gemini
  $ adk-ts api_server my/agents --port 9000   another folder, another port
  $ cd agents/weather && adk-ts api_server    serve one agent from inside its folder`

const ENVIRONMENT = `
Models:
  Set GEMINI_API_KEY or GOOGLE_API_KEY; or, for Vertex AI, GOOGLE_GENAI_USE_VERTEXAI=true with
  GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION. --offline needs none of them.

Environment:
  Variables may stand in a .env file, in this folder or in the folder of an agent; those that are
  set already win. ADK_DISABLE_LOAD_DOTENV=1 ignores .env files. ADK_DEFAULT_APP_NAME names the
  app of requests that name none.
  OTEL_EXPORTER_OTLP_ENDPOINT sends traces to a collector of OpenTelemetry; the packages that it
  takes are named when they are missing.

Configuration:
  adk-ts.config.json, or .ts with a default export, in this folder says which tools models may
  call, in all apps or in single ones:
  {"tool_access": {"mode": "allow_none"}, "apps": {"demo": {"tool_access": {"mode": "allow_all"}}}}

Flags may be written with dashes, as in --reload-agents, and with =, as in --port=9000.
Once the server runs, its API is described at /docs.`

function buildProgram(): Command {
  const program = new Command('adk-ts')
    .description('Serve ADK agents over HTTP, compatible with the official ADK API servers.')
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', `${EXAMPLES}\n\nAll flags: adk-ts api_server --help`)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({
      getOutHelpWidth: () => Math.min(process.stdout.columns ?? HELP_WIDTH, HELP_WIDTH),
      outputError: (text, write) => write(`adk-ts: ${oneLine(text)}\n`),
    })
  addApiServer(program)
  addDb(program)
  return program
}

/** Commander writes `error: …`, and its suggestions in a line of their own. */
const oneLine = (text: string): string =>
  text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ')

function addApiServer(program: Command): void {
  program
    .command('api_server')
    .description('Serve the agents of a folder over the ADK API.')
    .argument(
      '[agents_dir]',
      'folder of agents, or of one agent, or the file of one (default: ./agents, or this folder if it is an agent)',
    )
    .option('-h, --host <address>', 'address to bind to; 0.0.0.0 for all', 'localhost')
    .option('-p, --port <number>', 'port to listen on; 0 picks a free one', parsePort, 8000)
    .option(
      '--allow_origins <origins>',
      'origins that may call from a browser: a comma list, "*" or "regex:<pattern>"; repeatable (default: local ones)',
      parseOrigins,
    )
    .addOption(
      new Option('--log_level <level>', 'how much to log')
        .choices(LOG_LEVELS)
        .default('info')
        .argParser(parseLogLevel),
    )
    .option('-v, --verbose', 'the same as --log_level debug')
    .option('--url_prefix <path>', 'path under which a proxy serves this server, such as /adk', parsePrefix)
    .option('--reload_agents', 'pick up edits of agents without a restart')
    .option('--auto_create_session', 'create a missing session when a run names one')
    .addOption(
      new Option(
        '--offline [mode]',
        'a built-in stand-in answers instead of a model; "auto": only without Gemini credentials',
      ).choices(OFFLINE_MODES),
    )
    .option(
      '--session_service_uri <uri>',
      'where sessions are kept: memory://, sqlite:///sessions.db or postgresql://user:password@host/database ' +
        '(default: DATABASE_URL, else in memory)',
    )
    .option(
      '--artifact_service_uri <uri>',
      'where artifacts are kept: memory://, file:///absolute/folder or gs://bucket (default: in memory)',
    )
    .option(
      '--memory_service_uri <uri>',
      'where memory is kept: memory://, sqlite:///memory.db or postgresql://… (default: in memory)',
    )
    .addOption(
      new Option(
        '--use_local_storage',
        'keep sessions and artifacts in .adk in the folder of the agents',
      ).conflicts(['session_service_uri', 'artifact_service_uri']),
    )
    .option(
      '--session_ttl <duration>',
      'delete sessions that had no update for so long, such as 30m or 7d (default: never)',
      parseDuration,
    )
    .option('--max_body_mb <number>', 'largest request body, in MiB', parseMegabytes, 50)
    .option('--no_acp', 'do not speak the Agent Communication Protocol (ACP)')
    .option('--no_acp_confirmations', 'over ACP, nobody may confirm the tools of a run')
    .option(
      '--acp_keep_minutes <number>',
      'how long ACP keeps runs and sessions, and waits for answers',
      parseMinutes,
      60,
    )
    .option('--metrics', 'count what happens, for Prometheus at /metrics')
    .helpOption('--help', 'show this help')
    .addHelpText('after', `${EXAMPLES}\n${ENVIRONMENT}`)
    .action(startServer)
}

function addDb(program: Command): void {
  const db = program
    .command('db')
    .description('Look after the database of sessions.')
    .helpCommand(false)
    .helpOption('--help', 'show this help')
  const tasks = {
    check: 'tell what is in it, and what is wrong with it; changes nothing',
    migrate: 'make what is missing in it: tables, indexes, rows that other ADKs need',
  } as const
  for (const task of ['check', 'migrate'] as const) {
    db.command(task)
      .description(tasks[task])
      .option('--session_service_uri <uri>', 'the database (default: DATABASE_URL)')
      .helpOption('--help', 'show this help')
      .action(async (flags: { session_service_uri?: string }) => {
        const { runDatabaseTask } = await import('./db-command.js')
        const isWell = await runDatabaseTask(
          task,
          flags.session_service_uri ?? fromEnvironment().sessionServiceUri,
        )
        if (!isWell) process.exitCode = 1
      })
  }
}

async function startServer(agentsDir: string | undefined, flags: ServerFlags): Promise<void> {
  const { chooseAgentsFolder } = await import('./loader/agents-folder.js')
  const folder = chooseAgentsFolder(agentsDir)
  const { loadDotenv } = await import('./loader/dotenv.js')
  await loadDotenv(process.cwd())
  const { readConfigFile } = await import('./config-file.js')
  const { serve } = await import('./serve.js')
  const config: Config = Object.freeze({
    agentsDir: folder,
    host: flags.host,
    port: flags.port,
    allowOrigins: flags.allow_origins ?? [],
    logLevel: flags.verbose ? 'debug' : flags.log_level,
    urlPrefix: flags.url_prefix ?? '',
    reloadAgents: flags.reload_agents ?? false,
    autoCreateSession: flags.auto_create_session ?? false,
    offline: flags.offline ?? 'never',
    maxBodyMb: flags.max_body_mb,
    acp: flags.no_acp
      ? undefined
      : { keepMs: flags.acp_keep_minutes * 60_000, confirmations: !flags.no_acp_confirmations },
    sessionTtl: flags.session_ttl,
    metrics: flags.metrics ?? false,
    drainMs: 8000,
    ...fromEnvironment(),
    ...(await readConfigFile(process.cwd())),
    ...(flags.session_service_uri !== undefined && { sessionServiceUri: flags.session_service_uri }),
    artifactServiceUri: flags.artifact_service_uri,
    memoryServiceUri: flags.memory_service_uri,
    useLocalStorage: flags.use_local_storage ?? false,
  })
  await serve(config)
}

try {
  await buildProgram().parseAsync(normalizeArguments(process.argv.slice(2)), { from: 'user' })
} catch (error) {
  process.stderr.write(`adk-ts: ${messageOf(error)}\n`)
  process.exit(1)
}
