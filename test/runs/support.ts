import type { BaseAgent } from '../../src/core/agent.js'
import type { Event } from '../../src/core/event.js'
import { Runner } from '../../src/runner/runner.js'
import { Runs, type AttachedRun, type Run, type RunsOptions, type StartRun } from '../../src/runs/runs.js'
import { InMemorySessionService } from '../../src/sessions/memory.js'
import { createLog } from '../../src/telemetry/log.js'
import { weatherAgent } from '../support/agents.js'
import { scriptedModel, type Turn } from '../support/scripted-model.js'

export const KEY = { appName: 'app', userId: 'u', sessionId: 's' }

/** Runs of one agent on sessions that exist. */
export async function openRuns(agent: BaseAgent, options: Partial<RunsOptions> = {}) {
  const sessions = new InMemorySessionService()
  for (const sessionId of ['s', 's2']) await sessions.createSession({ ...KEY, sessionId })
  const log = await createLog({ level: 'silent', pretty: false })
  const runs = new Runs({ log, ...options })
  const request = {
    runner: new Runner({ appName: 'app', agent, sessionService: sessions, log }),
    key: KEY,
    message: { role: 'user', parts: [{ text: 'Hi' }] },
    streaming: false,
    signal: new AbortController().signal,
  }
  const start = (changes: Partial<StartRun> = {}): Run => runs.start({ ...request, ...changes })
  const attach = (changes: Partial<typeof request> = {}): Promise<AttachedRun> =>
    runs.attach({ ...request, ...changes })
  const stored = async (): Promise<Event[]> => (await sessions.getSession(KEY))?.events ?? []
  return { runs, start, attach, stored }
}

export const modelAgent = (...turns: Turn[]) => weatherAgent(scriptedModel(turns))
