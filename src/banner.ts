import type { Config } from './config.js'
import { isLoopback } from './server/guard.js'
import { whereArtifactsAre, whereSessionsAre } from './stores.js'

/** Of the inside of the box, in characters. */
const WIDTH = 77

/** The box that tells where the server is, as the ADK prints it, and below it what a newcomer should know. */
export function banner(url: string, appNames: readonly string[], config: Config): string {
  const edge = `+${'-'.repeat(WIDTH)}+`
  const line = (text = '') => `|${` ${text}`.padEnd(WIDTH)}|`
  return [
    '',
    edge,
    line('ADK Web Server started'),
    line(),
    line(`For local testing, access at ${url}.`),
    edge,
    '',
    ...notes(url, appNames, config).map(([name, text]) => `  ${name.padEnd(10)}${text}`),
    '',
  ].join('\n')
}

function notes(url: string, appNames: readonly string[], config: Config): [string, string][] {
  const result: [string, string][] = [
    ['Agents', appNames.join(', ') || `none found in ${config.agentsDir}; an agent is <name>/agent.ts`],
    ['API docs', `${url}/docs`],
    ['Sessions', whereSessionsAre(config)],
  ]
  const artifacts = whereArtifactsAre(config)
  if (artifacts !== undefined) result.push(['Artifacts', artifacts])
  if (config.configFile !== undefined) result.push(['Config', config.configFile])
  if (config.offline === 'always') result.push(['Offline', 'a built-in stand-in answers, no model is called'])
  if (config.offline === 'auto') {
    result.push(['Offline', 'auto: a built-in stand-in answers for Gemini models without credentials'])
  }
  if (!isLoopback(config.host)) {
    const text = `bound to ${config.host}: anyone who can reach it can use it, there is no authentication`
    result.push(['Warning', text])
  }
  return result
}

/** An address that a browser on this machine can open. */
export function urlOf(host: string, port: number): string {
  const isWildcard = host === '0.0.0.0' || host === '::'
  const name = isWildcard ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}
