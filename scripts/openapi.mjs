// Writes openapi/openapi.json, the description of the API, as the server itself gives it; with --check, says whether
// the file is up to date. Needs a build. Another file may be named.
import { readFile, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compose } from '../dist/compose.js'
import { createLog } from '../dist/telemetry/log.js'

/** No agent has a part in it, and no setting but those that add routes: all of them are described. */
async function describeApi() {
  const config = {
    agentsDir: 'none',
    host: 'localhost',
    port: 0,
    allowOrigins: [],
    logLevel: 'silent',
    urlPrefix: '',
    reloadAgents: false,
    autoCreateSession: false,
    offline: 'never',
    maxBodyMb: 50,
    defaultApp: undefined,
    drainMs: 0,
    configFile: undefined,
    toolAccess: {},
    acp: { keepMs: 0, confirmations: true },
    metrics: true,
    telemetry: { keepContents: true, exportTraces: false, exportContents: false },
  }
  const { app } = await compose(config, await createLog({ level: 'silent', pretty: false }))
  await app.ready()
  const document = app.swagger()
  await app.close()
  return `${JSON.stringify(document, undefined, 2)}\n`
}

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true })
const file = positionals[0] ?? fileURLToPath(new URL('../openapi/openapi.json', import.meta.url))
const name = relative(process.cwd(), file)
const text = await describeApi()
if (!values.check) {
  await writeFile(file, text)
  console.log(`${name} written`)
} else if ((await readFile(file, 'utf8').catch(() => '')) === text) {
  console.log(`${name} is up to date`)
} else {
  console.error(`${name} does not describe the API as it is now; run "npm run openapi" and commit the result`)
  process.exitCode = 1
}
