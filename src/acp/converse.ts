import { unlessAborted } from '../core/abort.js'
import type { BaseArtifactService } from '../core/artifact.js'
import type { Content } from '../core/content.js'
import { AdkError, publicMessage } from '../core/errors.js'
import type { BaseSessionService, SessionKey } from '../core/session.js'
import type { Run, Runs } from '../runs/runs.js'
import type { AcpMessage } from '../schema/acp.js'
import type { AcpApps } from './agents.js'
import { artifactsOf } from './artifacts.js'
import { appendMessages } from './history.js'
import { Output } from './output.js'
import { now, type AcpRun } from './run.js'
import { newsFor } from './sessions.js'

/** The user of all ADK sessions that are made here: the protocol knows no users. */
export const ACP_USER = 'acp'

export interface ConverseDeps {
  apps: AcpApps
  sessions: BaseSessionService
  artifacts: BaseArtifactService
  runs: Runs
}

/** Most that is kept of one run, in characters. */
const MAX_CHARACTERS = 64 * 1024 * 1024

/**
 * Has the agent answer a message, and tells the run what it says. A new run also brings what was said before; one that
 * is resumed has told it already. Throws when the agent failed, or the run was cancelled.
 */
export async function converse(
  run: AcpRun,
  message: Content,
  history: readonly AcpMessage[] | undefined,
  { apps, sessions, artifacts, runs }: ConverseDeps,
): Promise<void> {
  const { agentName, appName, session, streaming, baseUrl, traceOrigin } = run.request
  const { rootAgent, runner } = await unlessAborted(apps.load(appName), run.signal)
  run.output ??= new Output(agentName, rootAgent.name, now)
  session.appName = appName
  const key = { appName, userId: ACP_USER, sessionId: session.id }
  if (history) await tellHistory(run, key, { history, rootAgent: rootAgent.name }, { sessions, runs })
  const isResumed = !history && runner.resumabilityConfig?.isResumable === true
  const inner = runs.start({
    runner,
    key,
    message,
    streaming,
    signal: run.signal,
    traceOrigin,
    ...(isResumed && run.invocationId !== undefined && { invocationId: run.invocationId }),
  })
  run.invocationId = inner.invocationId
  await inner.started
  if (run.status === 'created') run.begin()
  try {
    for await (const { event } of inner.events()) {
      const saved = await artifactsOf(event, { artifacts, key, baseUrl })
      if (run.signal.aborted) break
      run.questions.notice(event)
      run.say(run.output.add(event, saved))
      if (run.characters > MAX_CHARACTERS) throw new AdkError('agent_failed', 'The agent says too much')
    }
  } catch (error) {
    // What cannot be told is of no use: nobody would ever read it here, and the session is needed.
    inner.cancel(error instanceof AdkError ? error : new AdkError('internal', publicMessage(error)))
    await inner.done
    throw error
  }
  await checkEnd(inner, run)
}

/** When it is the turn of the session: a run that is under way there would be cut off by what it did not know of. */
async function tellHistory(
  run: AcpRun,
  key: SessionKey,
  { history, rootAgent }: { history: readonly AcpMessage[]; rootAgent: string },
  { sessions, runs }: Pick<ConverseDeps, 'sessions' | 'runs'>,
): Promise<void> {
  const find = () => sessions.getSession({ ...key, config: { numRecentEvents: 0 } })
  const isNew = !(await find())
  if (isNew) await sessions.createSession(key)
  const { agentName, session: conversation } = run.request
  const news = newsFor(conversation, key.appName, { isNew })
  const messages = [...news.map(({ message }) => message), ...history]
  if (messages.length === 0) return
  const release = await runs.reserve(key, run.signal)
  try {
    const session = await find()
    if (session) await appendMessages(sessions, session, messages, { agentName, rootAgent })
    for (const { knownTo } of news) knownTo.add(key.appName)
  } finally {
    release()
  }
}

async function checkEnd(inner: Run, run: AcpRun): Promise<void> {
  await inner.done
  run.signal.throwIfAborted()
  if (inner.failure) throw inner.failure
  if (run.output?.failure !== undefined) throw new AdkError('agent_failed', run.output.failure)
}
